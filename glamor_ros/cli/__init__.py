"""The command glamor-ros."""
