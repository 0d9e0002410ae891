"""The node that tells the emotions of the people in view."""
