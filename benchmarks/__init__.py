"""How fast and how exact the package is, beside its rivals, in one run: `make benchmark`."""
