"""A run learns, is recorded, goes on after an interruption as if there had been none."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from safetensors.torch import save_file

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.attention import ContextEncoding
from glamor_ros.network.encoders import ResNet18Encoder
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.training.data.batch_sampling import BatchError
from glamor_ros.training.data.emotion_dataset import NetworkInputs
from glamor_ros.training.data.joint_augmentation import JointAugmentation
from glamor_ros.training.fit.branch_training import branch_architectures, take_encoders
from glamor_ros.training.fit.lightning_module import NetworkBatch, StageModule
from glamor_ros.training.fit.recipe import Recipe, Stages, load_recipe
from glamor_ros.training.fit.run_directory import RunDirectory, RunError
from glamor_ros.training.fit.run_settings import TrainingError
from glamor_ros.training.fit.training_callbacks import FusionCollapseWarning, FusionWatch

from .made_datasets import ArrayDataset, face_and_context_dataset, noise
from .small_runs import SMALL_INPUTS, WITHOUT_CHANGES, accuracy, run, same_weights, small_recipe

BOTH = small_recipe(Architecture(), epochs=3, branch_epochs=5, learning_rate=0.02)
# Random in all that can be random, and averaged.
CHANGING = replace(
    small_recipe(
        Architecture(classifier_units=16),
        epochs=3,
        branch_epochs=1,
        learning_rate=0.01,
        averaged_weights_decay=0.9,
        label_smoothing=0.1,
    ),
    augmentation=JointAugmentation(face_shift_px=0, rotation_deg=0.0, flip=True),
)
TRAIN, VALIDATION = face_and_context_dataset(256, 0), face_and_context_dataset(200, 1)
FEW = face_and_context_dataset(64, 2)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run in both stages."""
    output = tmp_path_factory.mktemp("learnt") / "run"
    with warnings.catch_warnings():
        warnings.simplefilter("error", FusionCollapseWarning)
        trained = run(BOTH, TRAIN, VALIDATION, output)
    assert trained.last == output / "last.safetensors"
    assert trained.best == output / "best.safetensors"
    return output


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("uninterrupted") / "run"
    run(CHANGING, FEW, FEW, output)
    return output


def rows_of(run_directory: Path, stage: str, column: str) -> list[float]:
    (file,) = run_directory.glob(f"{stage}/logs/version_0/metrics.csv")
    with file.open(newline="") as lines:
        return [float(row[column]) for row in csv.DictReader(lines) if row[column]]


def test_both_stages_learn(learnt: Path) -> None:
    assert accuracy(learnt / "best.safetensors", VALIDATION) >= 0.95
    assert accuracy(learnt / "last.safetensors", VALIDATION) >= 0.95
    # Two of four classes can be told by either branch alone: each has learnt its part, no more.
    for branch in ("face", "context"):
        assert 0.4 < accuracy(learnt / branch / "best.safetensors", VALIDATION) < 0.6


def test_branches_are_networks_of_their_own(learnt: Path) -> None:
    face = load_checkpoint(learnt / "face" / "last.safetensors")
    context = load_checkpoint(learnt / "context" / "last.safetensors")
    assert face.architecture.classifier_inputs == "face"
    assert context.architecture.classifier_inputs == "context"
    assert context.architecture.attention == "none"


def test_the_joint_stage_starts_from_the_branches_encoders() -> None:
    architecture = Architecture()
    branches = {
        name: build_glamor_net(branch)
        for name, branch in branch_architectures(architecture).items()
    }
    network = build_glamor_net(architecture)
    take_encoders(network, branches)
    for name, branch in branches.items():
        taken = network.get_submodule(f"{name}_encoder").state_dict()
        trained = branch.get_submodule(f"{name}_encoder").state_dict()
        assert all(torch.equal(taken[key], trained[key]) for key in trained)


@pytest.mark.parametrize(
    ("architecture", "names"),
    [
        (Architecture(attention="context_only"), ["face", "context"]),
        (Architecture(classifier_inputs="context"), ["face", "context"]),
        (Architecture(classifier_inputs="context", attention="context_only"), []),
        (Architecture(classifier_inputs="face"), []),
    ],
)
def test_which_networks_have_two_branches(architecture: Architecture, names: Sequence[str]) -> None:
    assert list(branch_architectures(architecture)) == names


def test_what_is_recorded(learnt: Path) -> None:
    best = load_checkpoint(learnt / "best.safetensors")
    provenance: dict[str, Any] = dict(best.provenance)
    assert provenance["recipe"] == BOTH.as_dict()
    assert provenance["data"]["train"]["samples"] == 256
    assert provenance["data"]["validation"]["classes"]["Anger"] == int(
        (VALIDATION.labels == 0).sum()
    )
    assert provenance["stage"] == "joint"
    assert provenance["versions"]["torch"] == torch.__version__
    assert best.input_spec == SMALL_INPUTS
    validated = rows_of(learnt, "joint", "validation/accuracy")
    assert len(validated) == 3
    assert provenance["figures"]["validation/accuracy"] == pytest.approx(max(validated))
    assert provenance["figures"]["epochs"] == validated.index(max(validated)) + 1
    assert accuracy(best, VALIDATION) == pytest.approx(max(validated), abs=1e-6)
    face = rows_of(learnt, "joint", "train/fusion_weight_face")
    context = rows_of(learnt, "joint", "train/fusion_weight_context")
    assert np.add(face, context) == pytest.approx(1, abs=1e-5)
    assert len(face) == 3
    assert list(learnt.glob("joint/tensorboard/events.out.tfevents.*"))
    assert load_recipe(learnt / "recipe.yaml") == BOTH
    assert json.loads((learnt / "run.json").read_bytes())["data"] == provenance["data"]


class _Stop(Callback):
    """Ends the process's run as a crash would, in the middle of an epoch."""

    def __init__(self, epoch: int, batch: int) -> None:
        self._at = (epoch, batch)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if (trainer.current_epoch, batch_idx) == self._at:
            raise InterruptedError


@pytest.mark.parametrize(
    ("stage", "epoch", "batch"), [("context", 0, 1), ("joint", 0, 0), ("joint", 2, 1)]
)
def test_an_interrupted_run_goes_on_to_the_same_weights(
    uninterrupted: Path, tmp_path: Path, stage: str, epoch: int, batch: int
) -> None:
    output = tmp_path / "run"
    with pytest.raises(InterruptedError):
        run(CHANGING, FEW, FEW, output, lambda name: [_Stop(epoch, batch)] * (name == stage))
    assert not (output / "last.safetensors").exists()
    run(CHANGING, FEW, FEW, output, resume=True)
    for name in ("best.safetensors", "last.safetensors"):
        assert same_weights(output / name, uninterrupted / name)


def test_a_finished_run_is_not_trained_again(uninterrupted: Path) -> None:
    before = (uninterrupted / "last.safetensors").read_bytes()
    trained = run(CHANGING, FEW, FEW, uninterrupted, lambda name: [_Stop(0, 0)], resume=True)
    assert trained.last.read_bytes() == before
    assert trained.figures["epochs"] == 3


def test_a_run_is_not_overwritten_nor_mixed_with_another(uninterrupted: Path) -> None:
    with pytest.raises(RunError, match=r"has a training run already; continue it \(--resume"):
        run(CHANGING, FEW, FEW, uninterrupted)
    with pytest.raises(RunError, match="'seed' was 0 and is now 1"):
        run(replace(CHANGING, seed=1), FEW, FEW, uninterrupted, resume=True)
    with pytest.raises(RunError, match=r"'train\.samples' was 64 and is now 256"):
        run(CHANGING, TRAIN, FEW, uninterrupted, resume=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b'{"data": {'),
        ("run.json", b"[]"),
        ("recipe.yaml", b"seed: [0"),
        ("recipe.yaml", b"\xff\xfe"),
        ("recipe.yaml", None),
    ],
)
def test_a_damaged_run_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    directory = RunDirectory(tmp_path)
    directory.begin(CHANGING, {}, resume=False)
    directory.stage("joint").path.mkdir()
    directory.stage("joint").resume.touch()
    directory.begin(CHANGING, {}, resume=True)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RunError, match=rf"(?s){name} .*; .* give another folder"):
        directory.begin(CHANGING, {}, resume=True)


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    stages = Stages(replace(CHANGING.stages.joint, epochs=1))
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        run(replace(CHANGING, stages=stages, seed=seed), FEW, None, tmp_path / name)
    first, again, other = (
        tmp_path / name / "last.safetensors" for name in ("first", "again", "other")
    )
    assert same_weights(first, again)
    assert not same_weights(first, other)


def test_without_validation_there_is_no_best(tmp_path: Path) -> None:
    recipe = replace(CHANGING, stages=Stages(replace(CHANGING.stages.joint, epochs=1)))
    trained = run(recipe, FEW, None, tmp_path / "run")
    assert trained.best is None
    assert not (tmp_path / "run/best.safetensors").exists()


def module(recipe: Recipe) -> StageModule:
    torch.manual_seed(0)
    return StageModule(
        build_glamor_net(recipe.model), SMALL_INPUTS, recipe.stages.joint, WITHOUT_CHANGES, 0
    )


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_loss_is_the_cross_entropy_with_the_distribution(label_smoothing: float) -> None:
    recipe = small_recipe(Architecture(), epochs=1, label_smoothing=label_smoothing)
    stage = module(recipe).eval()
    distributions = torch.tensor([[0.5, 0.3, 0.2, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1.0]])
    inputs = NetworkInputs(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), None)
    with torch.no_grad():
        loss = stage.training_step(NetworkBatch(inputs, distributions), 0)
        logits = stage.network(inputs.faces, inputs.contexts).logits
    smoothed = (1 - label_smoothing) * distributions + label_smoothing / 7
    assert loss == pytest.approx(float(-(smoothed * logits.log_softmax(1)).sum(1).mean()), abs=1e-6)


def test_each_decision_is_trained_by_itself() -> None:
    recipe = small_recipe(Architecture.from_fields({"family": "ma_net"}), epochs=1)
    stage = module(recipe).eval()
    labels = torch.eye(7)[[1, 4]]
    inputs = NetworkInputs(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), None)
    with torch.no_grad():
        loss = float(stage.training_step(NetworkBatch(inputs, labels), 0))
        output = stage.network(inputs.faces, inputs.contexts)
    local, whole = (
        float(-decision.logits.log_softmax(1)[[0, 1], [1, 4]].mean())
        for decision in output.decisions
    )
    assert loss == pytest.approx(0.6 * local + 0.4 * whole, abs=1e-5)
    assert abs(local - whole) > 1e-3


def test_the_own_face_is_left_out_in_training() -> None:
    recipe = small_recipe(Architecture(), epochs=1)
    stage = module(recipe).eval()
    # Three of the four cells: what the fourth says is all that counts.
    own_faces = torch.ones(2, 32, 32, dtype=torch.bool)
    own_faces[0, 16:, 16:] = own_faces[1, :16, 16:] = False
    inputs = NetworkInputs(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), own_faces)
    labels = torch.eye(7)[[1, 4]]
    with torch.no_grad():
        loss = stage.training_step(NetworkBatch(inputs, labels), 0)
        context = stage.network.encode_context(inputs.contexts)
        counting = torch.tensor([3, 1])
        alone = ContextEncoding(
            context.cells[[0, 1], counting][:, None],
            context.projection[[0, 1], counting][:, None],
            height=1,
            width=1,
        )
        logits = stage.network.recognize(stage.network.encode_faces(inputs.faces), alone).logits
        without = stage.network(inputs.faces, inputs.contexts).logits
    assert loss == pytest.approx(float(-(labels * logits.log_softmax(1)).sum(1).mean()), abs=1e-6)
    assert (logits - without).abs().max() > 1e-5


def test_label_distributions_are_learnt_as_such(tmp_path: Path) -> None:
    """All samples look alike and are 0.7 of one class and 0.3 of another: the network says so."""
    faces = noise(64, 32, np.random.default_rng(0))
    distributions = np.zeros((64, 7), np.float32)
    distributions[:, [2, 5]] = [0.7, 0.3]
    dataset = ArrayDataset(faces, faces, distributions)
    recipe = small_recipe(Architecture(classifier_inputs="face"), epochs=20, learning_rate=0.02)
    trained = run(recipe, dataset, None, tmp_path / "run")
    network = load_checkpoint(trained.last).network
    images = dataset[range(16)].faces.float() / 255
    with torch.no_grad():
        probabilities = network(images, images).probabilities.mean(dim=0)
    assert probabilities[2] == pytest.approx(0.7, abs=0.1)
    assert probabilities[5] == pytest.approx(0.3, abs=0.1)


def test_dropout_is_the_recipes() -> None:
    recipe = small_recipe(Architecture(), epochs=1, dropout=0.25)
    drops = [m.p for m in module(recipe).network.modules() if isinstance(m, torch.nn.Dropout)]
    assert drops == [0.25]


class _Collapsed(Callback):
    """Makes the fusion prefer one branch whatever it sees."""

    def __init__(self, branch: str) -> None:
        self._branch = branch

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        fusion = pl_module.get_submodule("network.fusion")
        torch.nn.init.constant_(fusion.get_parameter(f"{self._branch}_score.2.bias"), 20.0)


@pytest.mark.parametrize(("preferred", "ignored"), [("face", "context"), ("context", "face")])
def test_a_collapsed_fusion_is_warned_of_once(tmp_path: Path, preferred: str, ignored: str) -> None:
    recipe = small_recipe(Architecture(), epochs=2, learning_rate=1e-6)
    with pytest.warns(FusionCollapseWarning) as caught:
        run(recipe, FEW, None, tmp_path / "run", lambda stage: [_Collapsed(preferred)])
    messages = [str(one.message) for one in caught if one.category is FusionCollapseWarning]
    assert len(messages) == 1
    assert f"in epoch 0 the fusion ignores the {ignored}: the face's mean weight is" in messages[0]


def test_collapse_is_warned_of_anew_after_a_recovery_and_a_resume() -> None:
    trainer = Trainer(logger=False, enable_progress_bar=False, accelerator="cpu")
    watch = FusionWatch()

    def warned(weight: float) -> bool:
        trainer.callback_metrics["train/fusion_weight_face"] = torch.tensor(weight)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            watch.on_train_epoch_end(trainer, module(BOTH))
        return any(one.category is FusionCollapseWarning for one in caught)

    weights = (0.5, 0.94, 0.96, 0.97, 0.5, 0.96, 0.04, 0.06)
    assert [warned(w) for w in weights] == [False, False, True, False, False, True, True, False]
    assert warned(0.99)
    resumed = FusionWatch()
    resumed.load_state_dict(watch.state_dict())
    watch = resumed
    assert not warned(0.99)


def test_encoder_weights_are_asked_for_and_used(tmp_path: Path) -> None:
    recipe = replace(
        small_recipe(Architecture(encoder="resnet18"), epochs=1, learning_rate=1e-9),
        pretrained_encoders=True,
    )
    with pytest.raises(TrainingError, match=r"encoders trained elsewhere .*--encoder-weights"):
        run(recipe, FEW, None, tmp_path / "run")
    weights = tmp_path / "encoder.safetensors"
    torch.manual_seed(5)
    pretrained = ResNet18Encoder().state_dict()
    save_file(pretrained, weights)
    with pytest.raises(TrainingError, match="the recipe does not start from any"):
        run(CHANGING, FEW, None, tmp_path / "run", encoder_weights=weights)
    trained = run(recipe, FEW, None, tmp_path / "run", encoder_weights=weights, limit_batches=1)
    network = load_checkpoint(trained.last).network
    for encoder in (network.face_encoder, network.context_encoder):
        assert encoder is not None
        state = encoder.state_dict()
        assert torch.allclose(state["conv1.weight"], pretrained["conv1.weight"], atol=1e-6)
    assert load_checkpoint(trained.last).provenance["data"]["limit_batches"] == 1


def test_what_cannot_be_run_is_said_before_anything_is_written(tmp_path: Path) -> None:
    output = tmp_path / "run"
    stages = replace(BOTH.stages, joint=replace(BOTH.stages.joint, batch_size=128))
    large = replace(BOTH, stages=stages)
    with pytest.raises(BatchError, match="64 samples to train on, fewer than a batch_size of 128"):
        run(large, FEW, None, output)
    with pytest.raises(BatchError, match="32 cannot be divided among 3 devices"):
        run(BOTH, FEW, None, output, devices=3)
    assert not output.exists()
    with pytest.raises(TrainingError, match=r"Lightning cannot run this: .*telepathy"):
        run(BOTH, FEW, None, output, strategy="telepathy")
