"""The parts of the starter weights' recipe, on small made data."""

import copy
import math
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from glamor_ros.media.pictures import MediaError
from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.data.ferplus import LabelledFaces, load_ferplus
from glamor_ros.training.data.samples import DatasetError
from glamor_ros.training.starter_weights.calibration import (
    adjust_logits,
    divide_logits,
    fitted_temperature,
)
from glamor_ros.training.starter_weights.face_stage import (
    GENTLE_AUGMENTATION,
    FaceBranch,
    FaceSchedule,
    Phase,
    train_face_branch,
)
from glamor_ros.training.starter_weights.heads import Heads, load_heads, train_and_test
from glamor_ros.training.starter_weights.joint_stage import (
    JointSchedule,
    attention_concentration,
    start_from_linear,
    train_joint,
)
from glamor_ros.training.starter_weights.optimization import (
    WEIGHT_DECAY,
    AveragedWeights,
    StarterOptimizer,
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"votes": None, "vote_columns": None}, r"faces\.npz lacks vote_columns, votes: a FER\+"),
        ({"votes": np.zeros((4, 10))}, r"votes is float64 \(4, 10\); .* make or fetch it again"),
        ({"votes": np.zeros((4, 9), np.uint8)}, r"votes is uint8 \(4, 9\)"),
        ({"images": np.zeros((3, 48, 48), np.uint8)}, r"images is uint8 \(3, 48, 48\)"),
        ({"images": np.full((4, 48, 48), "x")}, r"images is <U1"),
        ({"vote_columns": np.arange(10)}, "vote_columns lacks anger, disgust"),
        ({"votes": np.zeros((4, 10), np.uint8)}, "holds no face with one of Anger"),
        ({"votes": np.array({})}, r"cannot be read: .*allow_pickle"),
    ],
)
def test_other_archives_are_refused(
    tmp_path: Path, changes: dict[str, np.ndarray | None], message: str
) -> None:
    arrays = {
        "images": np.zeros((4, 48, 48), np.uint8),
        "votes": np.ones((4, 10), np.uint8),
        "vote_columns": np.array(COLUMNS),
    } | changes
    path = tmp_path / "faces.npz"
    chosen: dict[str, Any] = {name: array for name, array in arrays.items() if array is not None}
    np.savez(path, **chosen)
    with pytest.raises(DatasetError, match=message) as error:
        load_ferplus(path)
    assert str(path) in str(error.value)


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    with pytest.raises(DatasetError, match=r"there is no .*faces\.npz; a FER\+ archive holds"):
        load_ferplus(path)
    noise = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    np.savez_compressed(path, images=noise, votes=np.ones((4, 10), np.uint8), vote_columns=COLUMNS)
    whole = path.read_bytes()
    assert len(load_ferplus(path)) == 4
    for content in (b"", whole[: len(whole) // 2], whole[:200] + bytes(50) + whole[250:]):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="cannot be read"):
            load_ferplus(path)


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


def grey_heads(count: int) -> Heads:
    """Neutral, of even grey; everybody is somebody else."""
    return Heads(
        tuple(Path(f"{index}.png") for index in range(count)),
        torch.full((count, 3, 112, 112), 128, dtype=torch.uint8),
        torch.full((count,), EMOTIONS.index("Neutral")),
        tuple(str(index) for index in range(count)),
    )


def test_rare_classes_are_favoured_by_how_rare_they_are() -> None:
    layer = nn.Linear(4, 2)
    inputs = torch.rand(5, 4)
    before = layer(inputs)
    adjust_logits(layer, torch.tensor([0.8, 0.2]), 0.5)
    gained = layer(inputs) - before
    assert torch.allclose(gained[:, 1] - gained[:, 0], torch.full((5,), math.log(2)), atol=1e-5)


def test_the_face_stage_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    faces, heads = bright_and_dark(512), grey_heads(4)
    losses: list[float] = []
    schedule = FaceSchedule((Phase(24, 2), Phase(32, 1, GENTLE_AUGMENTATION)), 0.004)

    def note(branch: FaceBranch, epoch: int, size_px: int, loss: float) -> None:
        losses.append(loss)
        if len(losses) == 2:
            raise KeyboardInterrupt

    state = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train_face_branch(faces, heads, schedule, state, note)
    branch = train_face_branch(faces, heads, schedule, state, note)
    assert len(losses) == 4  # what the interruption lost was done again
    assert losses[-1] < 0.8 * losses[0]
    assert losses[2] == losses[1]

    again = train_face_branch(faces, heads, schedule, state, note)
    assert len(losses) == 4  # nothing was left to do
    assert not again.training
    for name, value in branch.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_muon_moves_a_filter_by_an_orthogonal_step() -> None:
    """All singular values of the first step on a filter matrix are alike, whatever the loss."""
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 16, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    before, bias = convolution.weight.detach().clone(), convolution.bias.detach().clone()
    optimizer = StarterOptimizer([(convolution, 0.5)])
    optimizer.set_learning_rate(0.01, progress=0.01)
    optimizer.step(convolution(torch.rand(4, 8, 9, 9)).pow(2).mean())

    kept = before * (1 - 0.5 * 0.01 * WEIGHT_DECAY)
    values = torch.linalg.svdvals((kept - convolution.weight.detach()).flatten(1))
    expected = 0.5 * 0.01 * 0.2 * math.sqrt(72)  # Muon's scale for a matrix of 16 x 72
    assert values.min().item() > 0.5 * expected
    assert values.max().item() < 1.5 * expected
    assert not torch.equal(convolution.bias, bias)
    assert convolution.weight.grad is None


def test_the_optimizer_goes_on_with_its_state() -> None:
    def train(steps: list[Tensor], optimizer: StarterOptimizer, network: nn.Module) -> None:
        for inputs in steps:
            optimizer.set_learning_rate(0.01, progress=0.5)
            optimizer.step(network(inputs).pow(2).mean())

    torch.manual_seed(0)
    steps = list(torch.rand(4, 2, 8, 9, 9))
    network = nn.Conv2d(8, 16, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    stopped = copy.deepcopy(network)
    train(steps, StarterOptimizer([(network, 1.0)]), network)

    first = StarterOptimizer([(stopped, 1.0)])
    train(steps[:2], first, stopped)
    state = copy.deepcopy(first.state())
    second = StarterOptimizer([(stopped, 1.0)])
    second.load_state(state)
    train(steps[2:], second, stopped)
    assert torch.equal(network.weight, stopped.weight)
    assert torch.equal(network.bias, stopped.bias)


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
    kept, tested = train_and_test(heads)
    assert (len(kept), len(tested)) == (21, 9)
    assert not set(kept.identities) & set(tested.identities)
    assert kept.faces.shape == (21, 3, 112, 112)


def test_an_unreadable_head_is_named(tmp_path: Path) -> None:
    write_heads(tmp_path, identities=1, each=1)
    (tmp_path / "images" / "Anger" / "0_0.png").write_bytes(b"no image")
    with pytest.raises(MediaError, match=r"0_0\.png is damaged, or no BMP, JPEG, PNG"):
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
