"""A written video in a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from glamor_ros.media.videos import VideoWriter

from .browser import Page, needs_chromium
from .ros_peer import wait_for

pytestmark = [pytest.mark.integration, needs_chromium]

PLAYER = """<!doctype html><title>player</title>
<video src="video.webm" muted autoplay></video>
"""
VIDEO = "document.querySelector('video')"


def test_a_browser_plays_what_is_written(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "video.webm", 15.0) as writer:
        for index in range(30):
            writer.write(np.full((240, 320, 3), 8 * index, np.uint8))
    (tmp_path / "player.html").write_text(PLAYER)
    page = Page(tmp_path / "profile")
    try:
        page.open((tmp_path / "player.html").as_uri())
        wait_for(lambda: page.run(f"{VIDEO}.ended") is True, "the end of the video")
        size = page.run(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]")
        times_s = page.run(f"[{VIDEO}.currentTime, {VIDEO}.duration]")
        error = page.run(f"{VIDEO}.error")
    finally:
        page.close()
    assert error is None
    assert size == [320, 240]
    assert times_s == pytest.approx([2.0, 2.0], abs=0.1)
