"""Labelled images: reading, splitting, augmenting and batching them."""
