"""Where an emotion can no longer be told, and what limits on the evidence gain and cost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...perception.engine import SceneReader
from ...perception.evidence import Evidence, EvidenceLimits, Weakness, weakness
from ...perception.frame import Frame, Scene
from .damages import DAMAGES
from .photographs import Photograph

AS_TAKEN = "as taken"
_BATCH = 16
_NO_LIMITS = EvidenceLimits(0, 0, 0, 0, 0, 0)
_TURN_EDGES = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, math.inf)
_CONFIDENCE_EDGES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)


@dataclass(frozen=True)
class Reading:
    """What the network said of one face.

    Attributes:
        damage: The kind of damage, a key of DAMAGES, or AS_TAKEN.
        level: How much, in words.
        evidence: Of the face; its confidence is that of the one image.
        is_correct: Whether the likeliest class is the label.
    """

    damage: str
    level: str
    evidence: Evidence
    is_correct: bool


@dataclass(frozen=True)
class Level:
    """The faces of one level of damage, or with evidence of one range.

    Attributes:
        kind: Of the evidence that is weak here.
        name: The level in words.
        value: The median of that evidence; NaN where none measures the damage.
        count: How many faces there are.
        accuracy: The share of them that is recognized.
        unknown: The share of them that is unknown by all limits.
    """

    kind: str
    name: str
    value: float
    count: int
    accuracy: float
    unknown: float


@dataclass(frozen=True)
class Effect:
    """What limits do to a set of faces.

    Attributes:
        limits: Which of them.
        faces: The set.
        coverage: The share of the faces that is not unknown.
        accuracy: Of these; NaN: there are none.
        accuracy_of_unknown: Of the others; NaN: there are none.
    """

    limits: str
    faces: str
    coverage: float
    accuracy: float
    accuracy_of_unknown: float


def read_all(
    recognizer: SceneReader,
    photographs: Sequence[Photograph],
    report: Callable[[int, int], object] = lambda done, total: None,
) -> list[Reading]:
    """What the network says of the photographs as they were taken, and with all DAMAGES.

    Args:
        recognizer: The network.
        photographs: The faces.
        report: Takes the number of levels done and of all.
    """
    steps = [(AS_TAKEN, AS_TAKEN, None)] + [
        (kind, level, damage) for kind, of in DAMAGES.items() for level, damage in of.items()
    ]
    readings = []
    for done, (kind, level, damage) in enumerate(steps, 1):
        damaged = [damage(one) if damage else one for one in photographs]
        there = [one for one in damaged if one is not None]
        readings += [
            Reading(kind, level, evidence, is_correct)
            for evidence, is_correct in _read(recognizer, there)
        ]
        report(done, len(steps))
    return readings


def _read(
    recognizer: SceneReader, photographs: Sequence[Photograph]
) -> Iterator[tuple[Evidence, bool]]:
    for start in range(0, len(photographs), _BATCH):
        some = photographs[start : start + _BATCH]
        scenes = [Scene(Frame(one.image_bgr), (one.box,)) for one in some]
        for one, (estimate,) in zip(some, recognizer.recognize(scenes), strict=True):
            height, width = one.image_bgr.shape[:2]
            evidence = Evidence.of(
                one.box,
                (width, height),
                estimate.probabilities,
                sharpness=estimate.sharpness,
                turn=one.turn,
            )
            yield evidence, int(estimate.probabilities.argmax()) == one.label


def levels(readings: Sequence[Reading], limits: EvidenceLimits) -> list[Level]:
    """The accuracy by kind and amount of damage, and by turn and confidence as taken."""
    measured: Mapping[str, Callable[[Evidence], float]] = {
        "small": lambda evidence: evidence.size_px,
        "cut off": lambda evidence: evidence.visible_fraction,
        "blurred": lambda evidence: evidence.sharpness,
        AS_TAKEN: lambda evidence: evidence.sharpness,
        "noisy": lambda evidence: evidence.sharpness,
    }
    result = []
    for kind, name in dict.fromkeys((one.damage, one.level) for one in readings):
        some = [one for one in readings if (one.damage, one.level) == (kind, name)]
        result.append(_level(kind, name, some, measured[kind], limits))
    taken = [one for one in readings if one.damage == AS_TAKEN]
    result += _ranges("turned away", taken, lambda e: e.turn, _TURN_EDGES, limits)
    result += _ranges("unsure", readings, lambda e: e.confidence, _CONFIDENCE_EDGES, limits)
    return result


def _ranges(
    kind: str,
    readings: Sequence[Reading],
    value: Callable[[Evidence], float],
    edges: Sequence[float],
    limits: EvidenceLimits,
) -> Iterator[Level]:
    for low, high in itertools.pairwise(edges):
        some = [one for one in readings if low <= value(one.evidence) < high]
        if some:
            yield _level(kind, f"{low:g} to {high:g}", some, value, limits)


def _level(
    kind: str,
    name: str,
    some: Sequence[Reading],
    value: Callable[[Evidence], float],
    limits: EvidenceLimits,
) -> Level:
    return Level(
        kind,
        name,
        float(np.median([value(one.evidence) for one in some])),
        len(some),
        float(np.mean([one.is_correct for one in some])),
        float(np.mean([weakness(one.evidence, limits) is not None for one in some])),
    )


def effects(readings: Sequence[Reading], limits: EvidenceLimits) -> list[Effect]:
    """What each limit does by itself, and all together, to faces as taken and damaged."""
    alone = {
        "none": _NO_LIMITS,
        Weakness.SMALL.value: replace(_NO_LIMITS, min_size_px=limits.min_size_px),
        Weakness.CUT_OFF.value: replace(
            _NO_LIMITS, min_visible_fraction=limits.min_visible_fraction
        ),
        Weakness.BLURRED.value: replace(_NO_LIMITS, min_sharpness=limits.min_sharpness),
        Weakness.TURNED_AWAY.value: replace(_NO_LIMITS, max_turn=limits.max_turn),
        Weakness.UNSURE.value: replace(_NO_LIMITS, min_confidence=limits.min_confidence),
        "all": limits,
    }
    sets = {
        AS_TAKEN: [one for one in readings if one.damage == AS_TAKEN],
        "damaged": [one for one in readings if one.damage != AS_TAKEN],
    }
    return [
        _effect(name, faces, some, chosen)
        for faces, some in sets.items()
        if some
        for name, chosen in alone.items()
    ]


def _effect(name: str, faces: str, some: Sequence[Reading], limits: EvidenceLimits) -> Effect:
    known = np.array([weakness(one.evidence, limits) is None for one in some], bool)
    correct = np.array([one.is_correct for one in some], bool)
    return Effect(
        name,
        faces,
        float(known.mean()),
        float(correct[known].mean()) if known.any() else math.nan,
        float(correct[~known].mean()) if not known.all() else math.nan,
    )


def crossing(some: Sequence[Level], floor: float) -> float:
    """Where the accuracy falls below the floor, in the units of the levels' values.

    Args:
        some: Levels of one kind, the weakest damage first.
        floor: The accuracy.

    Returns:
        The value between the last level above the floor and the first below it, by linear
        interpolation; NaN: there are no such two.
    """
    for before, after in itertools.pairwise(some):
        if after.accuracy < floor <= before.accuracy:
            part = (before.accuracy - floor) / (before.accuracy - after.accuracy)
            return before.value + part * (after.value - before.value)
    return math.nan
