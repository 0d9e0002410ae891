"""The node that shows people as markers in space."""
