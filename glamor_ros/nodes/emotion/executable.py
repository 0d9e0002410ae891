"""The executable emotion_node."""

from __future__ import annotations

import sys

from ..common.node_process import ProcessNode, run_node


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is that of run_node."""
    return run_node(_make_node, args)


def _make_node() -> ProcessNode:
    # PyTorch takes seconds to import; by now a signal ends the process as it should.
    from .lifecycle_node import EmotionNode

    node: ProcessNode = EmotionNode()
    return node


if __name__ == "__main__":
    sys.exit(main())
