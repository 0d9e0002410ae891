"""Scenes composed of single faces: the same at every call, and as they say that they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.geometry import intersection_area
from glamor_ros.training.data.composed_scenes import ComposedScenes
from glamor_ros.training.data.composed_scenes_plan import (
    NEUTRAL,
    REACTIONS,
    Casting,
    Impairment,
    Kind,
    PlannedScene,
    SceneShares,
    relations,
)
from glamor_ros.training.data.face_crops import FaceCrops
from glamor_ros.training.data.samples import DatasetError, SettingsError

INPUTS = InputSpec(context_faces="others_visible", face_box_scale=1.2)
OF_EACH_CLASS = 6
# Brightness tells the pictures' classes apart: 40, 70, ... 220.
BRIGHTNESS = 40 + 30 * np.arange(len(EMOTIONS))


def crops(side_px: int, boxes_wide: float | None) -> FaceCrops:
    labels = np.repeat(np.arange(len(EMOTIONS)), OF_EACH_CLASS)
    images = np.empty((len(labels), side_px, side_px, 1), np.uint8)
    images[:] = BRIGHTNESS[labels, None, None, None]
    images[:, side_px // 2 :, side_px // 2 :] += 20
    boxes = None
    if boxes_wide is not None:
        boxes = np.full((len(labels), 2, 3), np.nan, np.float32)
        # The first detector has found every second face, the other one those between.
        boxes[::2, 0] = boxes[1::2, 1] = 0.5, 0.5, 1 / boxes_wide
    names = tuple(f"{side_px}/{number}" for number in range(len(labels)))
    return FaceCrops(images, boxes, np.eye(len(EMOTIONS), dtype=np.float32)[labels], names)


PEOPLE = (crops(48, None), crops(64, 1.7))


def scenes(count: int = 300, **settings: object) -> ComposedScenes:
    return ComposedScenes(PEOPLE, INPUTS, scenes=count, **{"seed": 5, **settings})  # type: ignore[arg-type]


def emotion(picture: int) -> int:
    return picture % (OF_EACH_CLASS * len(EMOTIONS)) // OF_EACH_CLASS


def plans(dataset: ComposedScenes, kind: Kind) -> list[PlannedScene]:
    return [dataset.plan(i) for i, one in enumerate(dataset.kinds) if one is kind]


def test_a_scene_depends_on_seed_and_number_alone() -> None:
    dataset, longer, other = scenes(20), scenes(300), scenes(20, seed=6)
    together = dataset.batch([3, 0, 11])
    for row, index in enumerate([3, 0, 11]):
        for values, alone, of_longer, of_other in zip(
            together, dataset[index], longer[index], other[index], strict=True
        ):
            assert torch.equal(values[row], alone)
            assert torch.equal(alone, of_longer)
            assert alone.shape == of_other.shape
    assert not torch.equal(together.contexts, other.batch([3, 0, 11]).contexts)
    assert np.array_equal(dataset.distributions, longer.distributions[:20])


def test_shapes_are_those_of_prepared_samples() -> None:
    dataset = scenes(4, face_margin_px=5)
    faces, contexts, distributions = dataset.batch([0, 1, 2, 3])
    assert faces.shape == (4, 3, 106, 106)
    assert contexts.shape == (4, 4, 128, 171)
    assert faces.dtype == contexts.dtype == torch.uint8
    assert np.array_equal(distributions.numpy(), dataset.distributions)
    assert set(contexts[:, 3].unique().tolist()) == {0, 255}
    without = scenes(4).batch([0, 1, 2, 3])
    assert torch.equal(contexts, without.contexts)
    assert torch.equal(faces[:, :, 5:-5, 5:-5], without.faces)


def test_the_fourth_channel_is_the_own_face_s_place() -> None:
    dataset = scenes(60)
    contexts = dataset.batch(range(60)).contexts
    for index in range(60):
        box = dataset.plan(index).own.box.scaled(INPUTS.face_box_scale)
        region = box.clipped(342, 256)
        # Two painted pixels are one of the context's.
        expected = region.width * region.height / 4
        found = int((contexts[index, 3] == 255).sum())
        assert abs(found - expected) <= region.width + region.height
        assert found > 0


def test_kinds_come_in_their_shares() -> None:
    kinds = scenes(4000, shares=SceneShares(alone=1, company=1, decided=2)).kinds
    counts = [kinds.count(kind) / 4000 for kind in Kind]
    assert counts == pytest.approx([0.25, 0.25, 0.5], abs=0.03)


def test_what_the_own_person_feels_follows_the_table() -> None:
    dataset = scenes(6000, rarity=1.0)
    found = np.zeros((7, 7))
    for scene in plans(dataset, Kind.DECIDED):
        assert scene.decider is not None
        found[emotion(scene.others[scene.decider].picture), emotion(scene.own.picture)] += 1
    assert found.sum() > 2500
    found /= found.sum(axis=1, keepdims=True)
    assert abs(found - relations()).max() < 0.07
    assert found.diagonal() == pytest.approx(np.full(7, 0.75), abs=0.07)


def test_the_table_is_whole() -> None:
    assert set(REACTIONS) == set(EMOTIONS)
    assert relations().sum(axis=1) == pytest.approx(np.ones(7))
    assert np.array_equal(relations(1.0), np.eye(7))
    assert relations()[EMOTIONS.index("Anger"), EMOTIONS.index("Fear")] == pytest.approx(0.15)


def test_the_decider_can_be_told() -> None:
    """It is much nearer than all others, or the only expressive one; its face is in sight."""
    dataset, rules = scenes(600), {"nearest": 0, "expressive": 0}
    seen = dataset._stage.seen
    for scene in plans(dataset, Kind.DECIDED) + plans(dataset, Kind.COMPANY):
        decider, *distractors = scene.others
        assert scene.decider == 0
        assert intersection_area(decider.box, seen) >= 0.8**2 * decider.box.area * 0.999
        for other in distractors:
            ratio = other.box.width / decider.box.width
            if emotion(decider.picture) != NEUTRAL and ratio > 0.6:
                assert emotion(other.picture) == NEUTRAL
                rules["expressive"] += 1
            else:
                assert ratio <= 0.55
                rules["nearest"] += 1
    assert min(rules.values()) > 30


def test_faces_do_not_cover_each_other_and_number_one_to_four() -> None:
    counts = set()
    for kind in Kind:
        for scene in plans(scenes(300), kind):
            boxes = [scene.own.box, *(other.box for other in scene.others)]
            counts.add(len(boxes))
            assert (len(boxes) == 1) == (kind is Kind.ALONE)
            assert (scene.decider is None) == (kind is Kind.ALONE)
            for i, box in enumerate(boxes):
                assert all(intersection_area(box, other) == 0 for other in boxes[:i])
    assert counts == {1, 2, 3, 4}


def test_own_faces_are_unclear_where_another_decides() -> None:
    dataset = scenes(600)
    assert {scene.impairment for scene in plans(dataset, Kind.DECIDED)} == set(Impairment)
    assert {scene.impairment for scene in plans(dataset, Kind.COMPANY)} == {None}
    alone = [scene.impairment is not None for scene in plans(dataset, Kind.ALONE)]
    assert 0.05 < np.mean(alone) < 0.3
    for scene in plans(dataset, Kind.DECIDED):
        if scene.impairment is Impairment.CUT:
            assert 0.2 < scene.own.box.visible_fraction(342, 256) <= 0.51
        if scene.impairment is Impairment.SMALL:
            assert scene.own.box.width <= 16


def test_a_clear_face_shows_its_picture_and_an_unclear_one_does_not() -> None:
    """The brighter the class, the brighter the face; a hidden face's brightness is the cover's."""
    dataset = scenes(600)
    kinds = np.array([kind.value for kind in dataset.kinds])
    company = np.flatnonzero(kinds == Kind.COMPANY.value)[:60]
    impaired = [dataset.plan(i).impairment is Impairment.HIDDEN for i in range(600)]
    hidden = np.flatnonzero(impaired)
    assert len(hidden) > 40

    def correlation(chosen: np.ndarray) -> float:
        faces = dataset.batch(chosen).faces.float()[:, :, 30:66, 30:66].mean(dim=(1, 2, 3)).numpy()
        return float(np.corrcoef(faces, BRIGHTNESS[dataset.labels[chosen]])[0, 1])

    assert correlation(company) > 0.8
    assert abs(correlation(hidden)) < 0.4


def test_the_decider_s_place_shows_the_decider() -> None:
    dataset = scenes(120)
    places = dataset.deciders(range(120))
    contexts = dataset.batch(range(120)).contexts
    assert places.shape == (120, 128, 171)
    alone = torch.tensor([kind is Kind.ALONE for kind in dataset.kinds])
    assert torch.equal(places.flatten(1).any(dim=1), ~alone)
    assert not (places & (contexts[:, 3] == 255)).any()
    shown, expected = [], []
    for index in torch.nonzero(~alone).flatten().tolist():
        scene = dataset.plan(index)
        assert scene.decider is not None
        shown.append(contexts[index, :3][:, places[index]].float().mean().item())
        expected.append(BRIGHTNESS[emotion(scene.others[scene.decider].picture)])
    assert np.corrcoef(shown, expected)[0, 1] > 0.8


def test_photographs_become_backgrounds() -> None:
    striped = np.zeros((200, 300, 3), np.uint8)
    striped[:, ::2] = 255
    plain, with_photograph = scenes(40), scenes(40, photographs=[striped])

    def detail(dataset: ComposedScenes) -> float:
        pictures = np.stack([dataset.paint(i) for i in range(40)]).astype(float)
        return float(abs(np.diff(pictures, axis=2)).mean())

    assert detail(with_photograph) > 1.2 * detail(plain)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scenes": 0}, "scenes is 0"),
        ({"rarity": 1.5}, "rarity is 1.5"),
        ({"shares": SceneShares(0, 0, 0)}, "nor all 0"),
        ({"shares": SceneShares(-1, 1, 1)}, "must not be negative"),
        ({"input_spec": InputSpec()}, "others_visible.*not 'masked'"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], message: str) -> None:
    given = {"people": PEOPLE, "input_spec": INPUTS, "scenes": 1, "seed": 0, **settings}
    with pytest.raises(SettingsError, match=message):
        ComposedScenes(**given)  # type: ignore[arg-type]


def test_nobody_and_unreadable_people_are_refused() -> None:
    with pytest.raises(DatasetError, match="no people"):
        ComposedScenes([], INPUTS, scenes=1, seed=0)
    vague = replace(PEOPLE[0], distributions=np.full((42, 7), 1 / 7, np.float32))
    with pytest.raises(DatasetError, match="half of the votes"):
        ComposedScenes([vague], INPUTS, scenes=1, seed=0)


def test_emotions_without_pictures_are_nobody_s() -> None:
    few = PEOPLE[0].subset(np.flatnonzero(PEOPLE[0].distributions.argmax(axis=1) >= 3))
    dataset = ComposedScenes([few], INPUTS, scenes=200, seed=1)
    assert set(dataset.labels.tolist()) == {3, 4, 5, 6}
    labels = few.distributions.argmax(axis=1)
    others = {int(labels[face.picture]) for i in range(200) for face in dataset.plan(i).others}
    assert others == {3, 4, 5, 6}
    happy = PEOPLE[0].subset(np.arange(18, 24))
    alike = ComposedScenes([happy], INPUTS, scenes=50, seed=1)
    assert set(alike.labels.tolist()) == {3}


def test_rarity_makes_classes_alike() -> None:
    labels = np.repeat(np.arange(7), [1, 2, 4, 64, 32, 8, 16])
    shares = SceneShares(0, 0, 1)
    spread = []
    for rarity in (0.0, 1.0):
        casting = Casting(labels, np.ones(len(labels), bool), rarity)
        _, _, deciders = casting.draw(4000, shares, seed=1)
        counts = np.bincount(deciders, minlength=7) / 4000
        spread.append(counts.max() - counts.min())
    assert spread[0] == pytest.approx(63 / 127, abs=0.03)
    assert spread[1] < 0.04


def test_who_decides_is_a_fifth_channel_where_it_is_asked_for() -> None:
    dataset, plain = scenes(40, with_deciders=True), scenes(40)
    contexts = dataset.batch(range(40)).contexts
    assert contexts.shape == (40, 5, 128, 171)
    assert torch.equal(contexts[:, :4], plain.batch(range(40)).contexts)
    assert torch.equal(contexts[:, 4] == 255, plain.deciders(range(40)))
    decided = (contexts[:, 4] == 255).flatten(1).any(dim=1)
    assert decided.tolist() == [kind is not Kind.ALONE for kind in dataset.kinds]
    assert 0 < decided.sum() < 40
