from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

if any(find_spec(name) is None for name in ("mcap", "mcap_ros2", "rosbags")):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def picture(images_dir: Path) -> NDArray[np.uint8]:
    """BGR, 640x360, two faces."""
    from .made_bags import small_picture

    return small_picture(images_dir)
