"""The checkpoints of the released code's layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def golden_checkpoint(request: pytest.FixtureRequest, golden_dir: Path) -> Callable[[str], Path]:
    """The prefix of a checkpoint by its layout.

    "two_shards" lies in the repository; "one_shard", the same values again, only beside it.
    """

    def prefix(layout: str) -> Path:
        if layout == "two_shards":
            return golden_dir / "tensorflow_checkpoint" / layout / "Model"
        shared_dir: Path = request.getfixturevalue("shared_dir")
        return shared_dir / "golden" / "tensorflow_checkpoint" / layout / "Model"

    return prefix
