"""A reader of TensorFlow 2 object-based checkpoints that needs no TensorFlow."""

from .bundle import TensorFlowCheckpoint
from .bundle_messages import VariableInfo
from .wire import TensorFlowCheckpointError

__all__ = ["TensorFlowCheckpoint", "TensorFlowCheckpointError", "VariableInfo"]
