"""The ROS 2 nodes: messages in, perception objects through, messages out."""
