"""The node that shows cameras and people on a page, for robots without a screen."""
