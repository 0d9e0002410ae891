"""Reader of TensorFlow 2 object-based checkpoints, without TensorFlow."""

from .bundle import TensorFlowCheckpoint
from .bundle_messages import VariableInfo
from .errors import TensorFlowCheckpointError

__all__ = ["TensorFlowCheckpoint", "TensorFlowCheckpointError", "VariableInfo"]
