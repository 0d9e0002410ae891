"""Training of GLAMOR-Net."""
