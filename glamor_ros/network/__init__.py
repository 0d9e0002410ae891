"""GLAMOR-Net: its parts, their composition and the files that hold their weights."""
