"""Following people from image to image."""
