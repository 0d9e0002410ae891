"""The node that publishes videos and photographs as a camera would."""
