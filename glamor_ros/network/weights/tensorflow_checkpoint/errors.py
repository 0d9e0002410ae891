"""The error of the checkpoint reader."""

from ....errors import GlamorError


class TensorFlowCheckpointError(GlamorError, ValueError):
    """A checkpoint cannot be read: the message names the file or variable and what to do."""
