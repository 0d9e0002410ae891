"""The error of the checkpoint reader."""


class TensorFlowCheckpointError(ValueError):
    """A checkpoint cannot be read: the message names the file or variable and what to do."""
