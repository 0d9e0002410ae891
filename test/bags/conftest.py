from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from .made_bags import small_picture


@pytest.fixture(scope="session")
def picture(images_dir: Path) -> NDArray[np.uint8]:
    """BGR, 640x360, two faces."""
    return small_picture(images_dir)
