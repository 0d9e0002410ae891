"""Who is in a composed scene, what they feel, where they are, and whose face decides.

Two rules tell which of the others a person follows, and both can be seen in the picture:

- the nearest: someone whose face is much larger than everybody else's, whatever it shows;
- the expressive one: of faces about as large, the only one that is not neutral.

What the person then feels follows `relations`. Both the rules and the table are made up, so that
scenes of known cause exist at all; nobody has measured them on people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ...network.emotions import EMOTIONS
from ...perception.geometry import Box, intersection_area

SAME_MOOD_SHARE = 0.75
# What people feel who do not share the other's mood. Made up, see above.
REACTIONS: Mapping[str, Mapping[str, float]] = {
    "Anger": {"Fear": 0.6, "Sad": 0.2, "Surprise": 0.2},
    "Disgust": {"Surprise": 0.4, "Anger": 0.3, "Fear": 0.3},
    "Fear": {"Surprise": 0.6, "Sad": 0.2, "Neutral": 0.2},
    "Happy": {"Surprise": 0.5, "Neutral": 0.5},
    "Neutral": {"Happy": 0.4, "Sad": 0.3, "Surprise": 0.3},
    "Sad": {"Fear": 0.4, "Neutral": 0.4, "Surprise": 0.2},
    "Surprise": {"Fear": 0.5, "Happy": 0.5},
}
NEUTRAL = EMOTIONS.index("Neutral")

# Widths of faces in pixels of the context (128 x 171); a cell of the attention is 16.
DECIDER_WIDTH_PX = (16.0, 40.0)
CLEAR_OWN_WIDTH_PX = (22.0, 60.0)
SMALL_OWN_WIDTH_PX = (5.0, 8.0)
LEAST_FACE_WIDTH_PX = 14.0
# Cameras do not centre faces either: so much of the decider's width may be out of sight.
DECIDER_BEYOND = 0.2
# Of the decider's width: what is that much smaller, or about as large.
FARTHER = (0.35, 0.55)
AS_FAR = (0.7, 1.0)
MAX_DISTRACTORS = 2
# Things as large as faces that are none.
MAX_DECOYS = 3
DECOY_WIDTH_PX = (12.0, 45.0)
# Faces keep this many widths apart, so that nobody's hair covers another's face.
ELBOW_ROOM = 1.35
TRIES = 30


def relations(same_mood_share: float = SAME_MOOD_SHARE) -> NDArray[np.float64]:
    """What a person feels given what another feels: (7, 7), a row for each of the other's emotions.

    Args:
        same_mood_share: The share of people who feel the same; the others follow REACTIONS.
    """
    reactions = np.array(
        [[REACTIONS[other].get(own, 0.0) for own in EMOTIONS] for other in EMOTIONS]
    )
    return same_mood_share * np.eye(len(EMOTIONS)) + (1 - same_mood_share) * reactions


class Kind(Enum):
    """What a scene can tell of a person.

    ALONE: nobody else is there.
    COMPANY: the own face is clear, and others are there.
    DECIDED: the own face tells next to nothing; another person's face does.
    """

    ALONE = "alone"
    COMPANY = "company"
    DECIDED = "decided"


class Impairment(Enum):
    """Why a face tells next to nothing."""

    HIDDEN = "hidden"
    BLURRED = "blurred"
    TURNED = "turned"
    SMALL = "small"
    CUT = "cut"


@dataclass(frozen=True)
class SceneShares:
    """How often each kind of scene is composed; parts of any sum.

    Attributes:
        alone: Of Kind.ALONE.
        company: Of Kind.COMPANY.
        decided: Of Kind.DECIDED.
        unclear_alone: The probability that a person who is alone has an unclear face.
    """

    alone: float = 0.25
    company: float = 0.25
    decided: float = 0.5
    unclear_alone: float = 0.15

    @property
    def of_kinds(self) -> tuple[float, ...]:
        """In the order of Kind."""
        return self.alone, self.company, self.decided


@dataclass(frozen=True)
class PlannedFace:
    """A face that is to be painted.

    Attributes:
        picture: The number of its picture among all people's.
        box: Where the detector would find it, in pixels of the scene.
    """

    picture: int
    box: Box


@dataclass(frozen=True)
class PlannedScene:
    """A scene that is to be painted.

    Attributes:
        kind: What it tells.
        own: The person whose emotion is asked for.
        impairment: What is wrong with the own face; None if nothing is.
        others: The others.
        decider: Which of the others the person follows; None if there are none.
        decoys: Where things are that could be taken for faces.
    """

    kind: Kind
    own: PlannedFace
    impairment: Impairment | None
    others: tuple[PlannedFace, ...]
    decider: int | None
    decoys: tuple[Box, ...]


class Casting:
    """Who plays in which scene.

    Args:
        labels: The class of each picture of a face, (M,).
        clear: Whether a picture's class is clear enough to be read by others, (M,).
        rarity: 0 draws the emotions of people in company as often as they are in the pictures, 1
            draws all alike.
    """

    def __init__(self, labels: NDArray[np.int64], clear: NDArray[np.bool_], rarity: float) -> None:
        self._count = len(labels)
        self._of_class = [
            np.flatnonzero((labels == emotion) & clear) for emotion in range(len(EMOTIONS))
        ]
        sizes = np.array([len(pictures) for pictures in self._of_class], np.float64)
        weights = np.where(sizes > 0, np.maximum(sizes, 1) ** (1 - rarity), 0)
        self._prior = weights / weights.sum()
        # Nobody can be shown with an emotion of which there is no picture.
        shown = relations() * (sizes > 0)
        self._relations = shown / np.maximum(shown.sum(axis=1, keepdims=True), 1e-9)

    def draw(
        self, scenes: int, shares: SceneShares, seed: int
    ) -> tuple[list[Kind], NDArray[np.int64], NDArray[np.int64]]:
        """The kind, the own picture and the decider's emotion of each scene.

        Scene i is the same however many scenes there are. Who is alone has no decider; the emotion
        is then of no account.
        """
        uniform = np.random.default_rng(seed).random((scenes, 4))
        of_kinds = np.cumsum(shares.of_kinds) / sum(shares.of_kinds)
        kinds = [list(Kind)[i] for i in _below(of_kinds[None], uniform[:, 0])]
        deciders = _below(np.cumsum(self._prior)[None], uniform[:, 1])
        emotions = _below(np.cumsum(self._relations, axis=1)[deciders], uniform[:, 2])
        alone = np.array([kind is Kind.ALONE for kind in kinds], np.bool_)
        sizes = np.array([len(pictures) for pictures in self._of_class])
        own = np.array(
            [
                self._of_class[emotion][int(at * sizes[emotion])]
                for emotion, at in zip(emotions, uniform[:, 3], strict=True)
            ],
            np.int64,
        )
        return kinds, np.where(alone, (uniform[:, 3] * self._count).astype(np.int64), own), deciders

    def picture(self, emotion: int, rng: np.random.Generator) -> int:
        """A picture of someone with this emotion."""
        return int(rng.choice(self._of_class[emotion]))

    def expressive(self, rng: np.random.Generator) -> int:
        """Any emotion of which there are pictures, all alike."""
        return int(rng.choice(np.flatnonzero(self._prior)))


def _below(bounds: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first place of each row of ascending bounds that is above the row's value."""
    above: NDArray[np.int64] = (values[:, None] >= bounds[:, :-1]).sum(axis=1)
    return above


@dataclass(frozen=True)
class Stage:
    """The room in which people are placed.

    Attributes:
        width_px: Of the scene.
        height_px: Of the scene.
        seen: The part that the network sees.
        scale: Pixels of the scene to one of the context.
    """

    width_px: int
    height_px: int
    seen: Box
    scale: float

    @property
    def whole(self) -> Box:
        """All of it."""
        return Box(0, 0, self.width_px, self.height_px)


def plan_scene(
    kind: Kind,
    own_picture: int,
    decider_emotion: int,
    casting: Casting,
    stage: Stage,
    shares: SceneShares,
    rng: np.random.Generator,
) -> PlannedScene:
    """A scene with everybody at their places.

    Args:
        kind: What it is to tell.
        own_picture: The picture of the person whose emotion is asked for.
        decider_emotion: What the person whom that one follows feels.
        casting: Who else may play.
        stage: Where they are.
        shares: How often a person who is alone has an unclear face.
        rng: The source of everything that is drawn.
    """
    unclear = kind is Kind.DECIDED or (kind is Kind.ALONE and rng.random() < shares.unclear_alone)
    impairment = list(Impairment)[rng.integers(len(Impairment))] if unclear else None
    others: list[PlannedFace] = []
    taken: list[Box] = []
    decider_width = _between(DECIDER_WIDTH_PX, rng) * stage.scale
    if kind is not Kind.ALONE:
        box = _inside(_widened(stage.seen, DECIDER_BEYOND * decider_width), decider_width, rng)
        taken.append(box)
        others.append(PlannedFace(casting.picture(decider_emotion, rng), box))
    own = _own_box(impairment, stage, taken, rng)
    taken.append(own)
    if kind is not Kind.ALONE:
        nearest = decider_emotion == NEUTRAL or rng.random() < 0.5
        for _ in range(rng.integers(MAX_DISTRACTORS + 1)):
            width = decider_width * _between(FARTHER if nearest else AS_FAR, rng)
            if width < LEAST_FACE_WIDTH_PX * stage.scale:
                continue
            place = _free(stage.whole, width, taken, rng)
            if place is not None:
                emotion = casting.expressive(rng) if nearest else NEUTRAL
                taken.append(place)
                others.append(PlannedFace(casting.picture(emotion, rng), place))
    decoys = []
    for _ in range(rng.integers(MAX_DECOYS + 1)):
        place = _free(stage.whole, _between(DECOY_WIDTH_PX, rng) * stage.scale, taken, rng)
        if place is not None:
            taken.append(place)
            decoys.append(place)
    return PlannedScene(
        kind,
        PlannedFace(own_picture, own),
        impairment,
        tuple(others),
        None if kind is Kind.ALONE else 0,
        tuple(decoys),
    )


def _between(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    """Drawn such that all ratios are alike."""
    low, high = bounds
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _own_box(
    impairment: Impairment | None,
    stage: Stage,
    taken: Sequence[Box],
    rng: np.random.Generator,
) -> Box:
    bounds = SMALL_OWN_WIDTH_PX if impairment is Impairment.SMALL else CLEAR_OWN_WIDTH_PX
    width = _between(bounds, rng) * stage.scale
    while True:
        if impairment is Impairment.CUT:
            place = _at_the_edge(stage.whole, width, taken, rng)
        else:
            place = _free(stage.whole, width, taken, rng)
        if place is not None:
            return place
        width *= 0.8


def _widened(room: Box, by_px: float) -> Box:
    return Box(room.left - by_px, room.top - by_px, room.right + by_px, room.bottom + by_px)


def _inside(room: Box, width: float, rng: np.random.Generator) -> Box:
    """A face's box somewhere in a room; detectors' boxes are square."""
    left = rng.uniform(room.left, room.right - width)
    top = rng.uniform(room.top, room.bottom - width)
    return Box(left, top, left + width, top + width)


def _free(room: Box, width: float, taken: Sequence[Box], rng: np.random.Generator) -> Box | None:
    """A place that nobody has taken; None if none was found."""
    for _ in range(TRIES):
        place = _inside(room, width, rng)
        if _is_free(place, taken):
            return place
    return None


def _at_the_edge(
    room: Box, width: float, taken: Sequence[Box], rng: np.random.Generator
) -> Box | None:
    """A place of which the room's edge cuts off a half or more; None if none was found."""
    for _ in range(TRIES):
        place = _inside(room, width, rng)
        outside = rng.uniform(0.5, 0.75) * width
        moves = [
            (-place.left - outside, 0.0),
            (room.right - place.right + outside, 0.0),
            (0.0, -place.top - outside),
            (0.0, room.bottom - place.bottom + outside),
        ]
        right, down = moves[rng.integers(len(moves))]
        moved = Box(place.left + right, place.top + down, place.right + right, place.bottom + down)
        if _is_free(moved, taken):
            return moved
    return None


def _is_free(place: Box, taken: Sequence[Box]) -> bool:
    own = place.scaled(ELBOW_ROOM)
    return all(intersection_area(own, other.scaled(ELBOW_ROOM)) == 0 for other in taken)
