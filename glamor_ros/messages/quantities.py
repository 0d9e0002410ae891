"""Places, regions and durations as messages."""

from __future__ import annotations

import math

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from sensor_msgs.msg import RegionOfInterest

from ..perception.geometry import Position, Region


def region_message(region: Region) -> RegionOfInterest:
    """A region of the image in pixels."""
    return RegionOfInterest(
        x_offset=region.x, y_offset=region.y, width=region.width, height=region.height
    )


def point_message(position: Position | None) -> Point:
    """A position in metres; NaN where it is not known."""
    if position is None:
        return Point(x=math.nan, y=math.nan, z=math.nan)
    return Point(x=position.x, y=position.y, z=position.z)


def duration_message(seconds: float) -> Duration:
    """A duration of at least 0 s, to the nanosecond."""
    whole_s, nanoseconds = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(sec=whole_s, nanosec=nanoseconds)


def known_position(point: Point) -> Position | None:
    """The position that `point_message` made a message of; None where it is NaN."""
    if not (math.isfinite(point.x) and math.isfinite(point.y) and math.isfinite(point.z)):
        return None
    return Position(point.x, point.y, point.z)
