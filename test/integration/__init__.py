"""Real nodes over real DDS."""
