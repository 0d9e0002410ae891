"""Where images can come from besides a camera's driver. Nothing here knows of ROS."""
