"""What the node publishes, one output a module."""
