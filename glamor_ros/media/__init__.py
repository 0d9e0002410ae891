"""Pictures and videos: from files and cameras, and to files."""
