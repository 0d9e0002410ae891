"""`glamor-ros demo`."""
