"""`glamor-ros` on recordings."""
