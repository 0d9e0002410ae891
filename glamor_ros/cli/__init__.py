"""The command line, `glamor-ros`."""
