"""Recordings (rosbag2): read, also where they are damaged, annotated with emotions, and written."""
