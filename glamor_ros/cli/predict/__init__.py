"""`glamor-ros predict`."""
