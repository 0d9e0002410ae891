"""Files that hold the weights of GLAMOR-Net."""
