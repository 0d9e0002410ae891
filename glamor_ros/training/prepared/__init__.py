"""Samples prepared for training, kept on disk."""
