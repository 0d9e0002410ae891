"""Labelled images and what is done to them."""
