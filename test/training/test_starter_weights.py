"""The parts of the starter weights' recipe, on small made data."""

import math
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.augmentation import FaceAugmentation
from glamor_ros.training.ferplus import LabelledFaces, load_ferplus
from glamor_ros.training.samples import DatasetError
from glamor_ros.training.starter_weights.averaging import AveragedWeights
from glamor_ros.training.starter_weights.calibration import divide_logits, fitted_temperature
from glamor_ros.training.starter_weights.face_stage import (
    FaceBranch,
    Phase,
    Round,
    train_face_branch,
)
from glamor_ros.training.starter_weights.heads import load_heads, train_and_test
from glamor_ros.training.starter_weights.joint_stage import (
    JointSchedule,
    attention_concentration,
    start_from_linear,
    train_joint,
)
from glamor_ros.training.starter_weights.surroundings import Surroundings, neutral_surroundings

COLUMNS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
COLUMNS += ["contempt", "unknown", "not_a_face"]


def bright_and_dark(count: int) -> LabelledFaces:
    """Bright faces are Happy, dark ones Sad."""
    rng = np.random.default_rng(0)
    happy = np.arange(count) % 2 == 0
    images = rng.integers(0, 60, (count, 48, 48)) + np.where(happy, 190, 5)[:, None, None]
    distributions = np.zeros((count, 7), np.float32)
    distributions[happy, EMOTIONS.index("Happy")] = 1
    distributions[~happy, EMOTIONS.index("Sad")] = 1
    return LabelledFaces(images.astype(np.uint8), distributions)


def test_ferplus_keeps_faces_of_the_seven_emotions_and_orders_their_votes(tmp_path: Path) -> None:
    votes = np.zeros((4, 10), np.uint8)
    votes[0, [0, 3]] = 3, 7  # sad
    votes[1, [7, 1]] = 6, 4  # contempt
    votes[2, [1, 6]] = 9, 1  # happy, with a single vote for fear
    votes[3, 9] = 10  # not a face
    path = tmp_path / "faces.npz"
    np.savez(path, images=np.zeros((4, 48, 48), np.uint8), votes=votes, vote_columns=COLUMNS)

    faces = load_ferplus(path)
    assert [EMOTIONS[label] for label in faces.labels] == ["Sad", "Happy"]
    assert faces.distributions[0] == pytest.approx([0, 0, 0, 0, 0.3, 0.7, 0])
    assert faces.distributions[1] == pytest.approx([0, 0, 0.1, 0.9, 0, 0, 0])
    assert load_ferplus(path, ignore_single_votes=True).distributions[1, 3] == 1


def test_another_archive_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", images=np.zeros((1, 48, 48)))
    with pytest.raises(ValueError, match=r"other\.npz lacks vote_columns, votes"):
        load_ferplus(tmp_path / "other.npz")


def test_augmented_faces_stay_in_range_and_repeat_with_the_seed() -> None:
    faces = torch.rand(16, 1, 48, 48)
    augment = FaceAugmentation()
    first = augment(faces, 96, torch.Generator().manual_seed(5))
    again = augment(faces, 96, torch.Generator().manual_seed(5))
    assert first.shape == (16, 3, 96, 96)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first[:, 0], first[:, 1])  # some are tinted


def test_the_average_follows_the_trained_weights() -> None:
    trained = nn.Linear(1, 1)
    average = AveragedWeights(trained, decay=0.9)
    with torch.no_grad():
        trained.weight.fill_(10.0)
        average.network.weight.fill_(0.0)
    average.update(trained, step=10_000)
    assert average.network.weight.item() == pytest.approx(1.0)


def test_the_temperature_undoes_overconfidence() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 7, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).flatten()
    assert fitted_temperature(logits * 3, labels) == pytest.approx(3, rel=0.05)
    layer = nn.Linear(4, 7)
    inputs = torch.rand(5, 4)
    before = layer(inputs)
    divide_logits(layer, 2.0)
    assert torch.allclose(layer(inputs), before / 2, atol=1e-6)


def test_the_face_stage_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    faces = bright_and_dark(512)
    losses: list[float] = []

    def note(branch: FaceBranch, epoch: int, size_px: int, loss: float) -> None:
        losses.append(loss)
        if len(losses) == 1:
            raise KeyboardInterrupt

    training = Round((Phase(24, 3), Phase(32, 1)), 0.08, FaceAugmentation())
    state = tmp_path / "state.pt"
    with pytest.raises(KeyboardInterrupt):
        train_face_branch(FaceBranch(), faces, training, state, note)
    branch = train_face_branch(FaceBranch(), faces, training, state, note)
    assert len(losses) == 5
    assert losses[-1] < losses[1]
    again = train_face_branch(FaceBranch(), faces, training, state, note)
    assert len(losses) == 5  # nothing was left to do
    assert not again.training
    for name, value in branch.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_surroundings_hide_a_face_and_hold_no_other_black_box() -> None:
    generator = torch.Generator().manual_seed(0)
    pool = torch.randint(1, 256, (20, 3, 112, 112), generator=generator).to(torch.uint8)
    labels = torch.arange(20) % 7
    contexts = Surroundings(pool, labels, generator).draw(labels)
    assert contexts.shape == (20, 3, 112, 112)
    assert contexts.min() >= 0
    assert contexts.max() <= 1
    hidden = (contexts == 0).all(dim=1).flatten(1).float().mean(dim=1)
    assert hidden.min() > 0.005
    neutral = neutral_surroundings(2)
    assert (neutral == 0).float().mean().item() == pytest.approx(1 / 9, abs=0.01)


def write_heads(directory: Path, identities: int, each: int) -> None:
    rng = np.random.default_rng(0)
    lines = ["emotion,image,identity"]
    for identity in range(identities):
        for index in range(each):
            emotion = EMOTIONS[(identity + index) % 7]
            path = directory / "images" / emotion / f"{identity}_{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), rng.integers(0, 256, (30, 30, 3), dtype=np.uint8))
            lines.append(f"{emotion},{path.name},person{identity}")
    (directory / "labels.csv").write_text("\n".join(lines))


def test_heads_are_split_by_identity(tmp_path: Path) -> None:
    write_heads(tmp_path, identities=10, each=3)
    heads = load_heads(tmp_path)
    kept, tested = train_and_test(heads, 0.3)
    assert (len(kept), len(tested)) == (21, 9)
    assert not set(kept.identities) & set(tested.identities)
    assert kept.faces.shape == (21, 3, 112, 112)


def test_an_unreadable_head_is_named(tmp_path: Path) -> None:
    write_heads(tmp_path, identities=1, each=1)
    (tmp_path / "images" / "Anger" / "0_0.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"0_0\.png is no readable image"):
        load_heads(tmp_path)


def test_the_joint_stage_trains_all_parts(tmp_path: Path) -> None:
    write_heads(tmp_path, identities=7, each=2)
    heads = load_heads(tmp_path)
    branch = FaceBranch()
    schedule = JointSchedule(context_steps=1, joint_steps=2, faces_per_batch=4, heads_per_batch=4)
    lines: list[str] = []
    net = train_joint(branch, bright_and_dark(16), heads, schedule, lines.append)
    before = branch.face_encoder.state_dict()
    face_encoder, context_encoder = net.glamor.face_encoder, net.glamor.context_encoder
    assert face_encoder is not None
    assert context_encoder is not None
    name = "blocks.4.convolution.weight"
    assert not torch.equal(face_encoder.state_dict()[name], before[name])
    assert not torch.equal(context_encoder.state_dict()[name], before[name])
    faces = torch.rand(2, 3, 96, 96)
    with torch.inference_mode():
        alone = net.face_network()(faces, neutral_surroundings(2))
        both = net.eval()(faces, neutral_surroundings(2))
    assert torch.allclose(alone.logits, both[1], atol=1e-5)
    assert alone.attention is None


def test_the_classifier_starts_as_the_face_s_own_head() -> None:
    head = FaceBranch().head
    classifier = cast(nn.Sequential, build_glamor_net(Architecture()).classifier).eval()
    start_from_linear(classifier, head)
    vectors = torch.rand(5, 512)
    assert torch.allclose(classifier(vectors), head(vectors[:, :256]), atol=1e-5)


def test_concentration_of_attention() -> None:
    even = torch.full((2, 7, 7), 1 / 49)
    single = torch.zeros(2, 7, 7)
    single[:, 3, 3] = 1
    assert attention_concentration(even).item() == pytest.approx(0, abs=1e-6)
    assert attention_concentration(single).item() == pytest.approx(math.log(49), abs=1e-4)
