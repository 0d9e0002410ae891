"""Scenes composed of single faces, in which it is known who depends on whom.

Data sets of faces have no scenes, and data sets of scenes do not tell what in a scene matters. Here
it is known: in most scenes the own face is hidden, blurred, turned away, too small or half out of
the picture, and one of the others decides (see `composed_scenes_plan`, also for what is made up).
They are for networks whose context shows the others (`others_visible`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...network.input_spec import InputSpec
from ...perception.geometry import Box, Region
from ...perception.recognition.preprocessing import Preprocessor
from .composed_scenes_painting import (
    background,
    decoy,
    finish,
    impair,
    paint_body,
    paint_head,
    surroundings,
)
from .composed_scenes_plan import (
    Casting,
    Kind,
    PlannedScene,
    SceneShares,
    Stage,
    plan_scene,
)
from .emotion_dataset import Batch, EmotionDataset, Indices, as_batch, as_uint8
from .face_crops import FaceCrops
from .samples import DatasetError, SettingsError

# Scenes are painted larger than the context, so that faces in them have the detail of FER+.
PAINTED_SCALE = 2
# Faces of which fewer agree are no company to learn from.
LEAST_AGREEMENT = 0.5
# Pictures with larger faces show nothing beside them.
MOSTLY_FACE = 0.7
# Decoys have either of the outlines that heads have.
DECOY_SHARES = (0.6, 0.85)
USUAL_SHARES = SceneShares()


class ComposedScenes(EmotionDataset):
    """Scenes of one to four people, each asking for the emotion of one of them.

    A scene depends on the seed, its number and the people alone.

    Args:
        people: Who may be in the scenes; only from data to train on. A crop's face is as wide as
            its first box, in the middle; where there are no boxes, the crop is what the network is
            to see of it.
        input_spec: The network's inputs, with context_faces "others_visible".
        scenes: How many there are; none is kept, so any number costs little.
        seed: Decides everything.
        photographs: Backgrounds besides plain ones and people's own, (H, W, 3) uint8 BGR.
        shares: How often each kind of scene is composed.
        rarity: 0 lets people in company feel what is frequent among the pictures, 1 all emotions
            alike.
        face_margin_px: Around each face, in pixels of the network's face, for augmentation.
        with_deciders: Whether contexts have a fifth channel, where the deciding person is.

    Raises:
        SettingsError: The network takes no such scenes, or a setting is out of range.
        DatasetError: There are no people, or none with an emotion that can be read.
    """

    def __init__(
        self,
        people: Sequence[FaceCrops],
        input_spec: InputSpec,
        *,
        scenes: int,
        seed: int,
        photographs: Sequence[NDArray[np.uint8]] = (),
        shares: SceneShares = USUAL_SHARES,
        rarity: float = 0.6,
        face_margin_px: int = 0,
        with_deciders: bool = False,
    ) -> None:
        _require_settings(input_spec, scenes, shares, rarity)
        if not sum(len(some) for some in people):
            raise DatasetError("there are no people to compose scenes of")
        self._people = tuple(people)
        self._ends = np.cumsum([len(some) for some in people])
        self._face_shares = np.concatenate(
            [_face_shares(some, input_spec.face_box_scale) for some in people]
        )
        self._input_spec = input_spec
        self._uncropped = Preprocessor(replace(input_spec, context_crop=input_spec.context_resize))
        self._seed = seed
        self._photographs = tuple(photographs)
        self._shares = shares
        self._face_margin_px = face_margin_px
        self._with_deciders = with_deciders
        distributions = np.concatenate([some.distributions for some in people])
        clear = distributions.max(axis=1) >= LEAST_AGREEMENT
        if not clear.any():
            raise DatasetError("no picture of people has a class that half of the votes agree on")
        self._casting = Casting(distributions.argmax(axis=1), clear, rarity)
        self._kinds, self._own, self._decider_emotions = self._casting.draw(scenes, shares, seed)
        self._distributions = distributions[self._own].astype(np.float32)
        self._stage = _stage(input_spec)

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._distributions

    @property
    def names(self) -> Sequence[str]:
        return [f"scene {self._seed}/{index}" for index in range(len(self))]

    @property
    def kinds(self) -> Sequence[Kind]:
        """What each scene can tell."""
        return self._kinds

    def plan(self, index: int) -> PlannedScene:
        """Who is where in a scene."""
        return plan_scene(
            self._kinds[index],
            int(self._own[index]),
            int(self._decider_emotions[index]),
            self._casting,
            self._stage,
            self._shares,
            np.random.default_rng([self._seed, index, 0]),
        )

    def paint(self, index: int) -> NDArray[np.uint8]:
        """A scene as a camera would give it, (256, 342, 3), uint8, BGR."""
        return self._painted(self.plan(index), index)

    def _painted(self, scene: PlannedScene, index: int) -> NDArray[np.uint8]:
        rng = np.random.default_rng([self._seed, index, 1])
        image = background(self._stage.height_px, self._stage.width_px, self._backgrounds(rng), rng)
        faces = sorted((*scene.others, scene.own), key=lambda face: face.box.width)
        for face in faces:
            if rng.random() < 0.7:
                paint_body(image, face.box, rng)
        for place in scene.decoys:
            head = self._picture(int(rng.integers(self._ends[-1])))
            thing = decoy(head, self._photographs, rng)
            paint_head(image, thing, float(rng.choice(DECOY_SHARES)), place, rng)
        for face in faces:
            share = float(self._face_shares[face.picture])
            paint_head(image, self._picture(face.picture), share, face.box, rng)
        if scene.impairment is not None:
            impair(image, scene.own.box, scene.impairment, rng)
        return finish(image, rng)

    def batch(self, indices: Indices) -> Batch:
        faces, contexts = [], []
        for index in indices:
            scene = self.plan(int(index))
            own = self._region(scene.own.box)
            image = torch.from_numpy(self._painted(scene, int(index)))
            face = self._face(image, own)
            context = self._uncropped.contexts(image, [[]])
            place = self._uncropped.own_faces(image, [own])
            faces.append(as_uint8(face[0]))
            places = [place[0], *([self._decider(scene)] if self._with_deciders else ())]
            channels = [one.numpy() * np.uint8(255) for one in places]
            contexts.append(np.dstack([as_uint8(context[0]), *channels]))
        chosen = np.asarray(indices, np.int64)
        return as_batch(np.stack(faces), np.stack(contexts), self._distributions[chosen])

    def deciders(self, indices: Indices) -> Tensor:
        """Where the face of the deciding person is in each context, (N, 128, 171), bool.

        Nowhere, if the person is alone.
        """
        return torch.stack([self._decider(self.plan(int(index))) for index in indices])

    def _decider(self, scene: PlannedScene) -> Tensor:
        """Where the face of the deciding person is in the context, (128, 171), bool."""
        if scene.decider is None:
            return torch.zeros(self._input_spec.context_resize, dtype=torch.bool)
        image = torch.empty(self._stage.height_px, self._stage.width_px, 0)
        region = self._region(scene.others[scene.decider].box)
        return self._uncropped.own_faces(image, [region])[0]

    def _face(self, image: Tensor, own: Region) -> Tensor:
        if self._face_margin_px == 0:
            return self._uncropped.faces(image, [own])
        return self._uncropped.faces_with_margin(image, [own], self._face_margin_px)

    def _region(self, box: Box) -> Region:
        scaled = box.scaled(self._input_spec.face_box_scale)
        return scaled.clipped(self._stage.width_px, self._stage.height_px)

    def _picture(self, number: int) -> NDArray[np.uint8]:
        """The crop of one of all people, (s, s, 3) BGR, or (s, s) if it has no colour."""
        source = int(np.searchsorted(self._ends, number, side="right"))
        crops = self._people[source].images
        crop = crops[number - int(self._ends[source]) + len(crops)]
        if (crop == crop[..., :1]).all():
            return np.ascontiguousarray(crop[..., 0])
        return np.ascontiguousarray(crop[..., ::-1])

    def _backgrounds(self, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
        """A photograph to choose, and what is beside someone's head."""
        chosen = []
        if self._photographs:
            chosen.append(self._photographs[rng.integers(len(self._photographs))])
        number = int(rng.integers(self._ends[-1]))
        share = float(self._face_shares[number])
        if share < MOSTLY_FACE:
            chosen.append(surroundings(self._picture(number), share, rng))
        return chosen


def _face_shares(crops: FaceCrops, face_box_scale: float) -> NDArray[np.float64]:
    """The width of each face's first box in parts of its crop's, (N,)."""
    if crops.boxes is None:
        return np.full(len(crops), 1 / face_box_scale)
    first = np.isfinite(crops.boxes[..., 2]).argmax(axis=1)
    shares: NDArray[np.float64] = crops.boxes[np.arange(len(crops)), first, 2].astype(np.float64)
    return shares


def _require_settings(
    input_spec: InputSpec, scenes: int, shares: SceneShares, rarity: float
) -> None:
    if not input_spec.leaves_out_own_face:
        raise SettingsError(
            f"composed scenes show all faces: they are for a network with context_faces "
            f"'others_visible', not '{input_spec.context_faces}'"
        )
    if scenes < 1:
        raise SettingsError(f"scenes is {scenes}; there must be at least 1")
    if min(shares.of_kinds) < 0 or sum(shares.of_kinds) <= 0:
        raise SettingsError(f"the shares {shares.of_kinds} must not be negative, nor all 0")
    if not 0 <= rarity <= 1:
        raise SettingsError(f"rarity is {rarity}; it must be 0 to 1")


def _stage(input_spec: InputSpec) -> Stage:
    height, width = (PAINTED_SCALE * side for side in input_spec.context_resize)
    top, left = (PAINTED_SCALE * start for start in input_spec.context_crop_offset)
    seen_height, seen_width = (PAINTED_SCALE * side for side in input_spec.context_crop)
    seen = Box(left, top, left + seen_width, top + seen_height)
    return Stage(width, height, seen, PAINTED_SCALE)
