"""Between perception's types and ROS messages, without rclpy."""
