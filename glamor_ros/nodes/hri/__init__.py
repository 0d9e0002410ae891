"""The node that shows people to ROS4HRI (REP-155)."""
