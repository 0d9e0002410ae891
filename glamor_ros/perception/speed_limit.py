"""Positions that move no faster than people do."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from .geometry import Position


@dataclass(frozen=True)
class _Place:
    position: Position
    stamp_s: float


class SpeedLimit:
    """The positions of the people before one camera, freed of jumps.

    A position that lies farther from the one before than a person can have gone is approached at
    the highest speed.

    Args:
        max_speed_m_s: Above 0; infinite: positions stay as they are.
    """

    def __init__(self, max_speed_m_s: float) -> None:
        self.max_speed_m_s = max_speed_m_s
        self._places: dict[str, _Place] = {}

    def update(self, person_id: str, position: Position, stamp_s: float) -> Position:
        """The person's position at this time, no farther from the last than can be gone.

        Args:
            person_id: Whose position it is.
            position: As it was estimated.
            stamp_s: When. A time that is not later than the last one begins anew.
        """
        last = self._places.get(person_id)
        if last is not None and stamp_s > last.stamp_s:
            position = _approach(
                last.position, position, self.max_speed_m_s * (stamp_s - last.stamp_s)
            )
        self._places[person_id] = _Place(position, stamp_s)
        return position

    def keep(self, person_ids: Collection[str]) -> None:
        """Forget everybody else."""
        self._places = {key: self._places[key] for key in person_ids if key in self._places}


def _approach(begin: Position, end: Position, reach_m: float) -> Position:
    way_m = math.dist((begin.x, begin.y, begin.z), (end.x, end.y, end.z))
    if way_m <= reach_m:
        return end
    part = reach_m / way_m
    return Position(
        begin.x + (end.x - begin.x) * part,
        begin.y + (end.y - begin.y) * part,
        begin.z + (end.z - begin.z) * part,
    )
