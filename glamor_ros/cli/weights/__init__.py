"""The commands that fetch, convert and export weights."""
