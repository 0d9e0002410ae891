"""The base of the package's errors."""


class GlamorError(Exception):
    """What this package raises where its user can do something about it."""
