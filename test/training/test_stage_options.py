"""What a stage may ask for: blends, teachers, growing faces, the face's own loss, frozen parts."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import nn

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from glamor_ros.training.data.emotion_dataset import NetworkInputs
from glamor_ros.training.data.joint_augmentation import JointAugmentation
from glamor_ros.training.fit.context_classifier import (
    CONTEXT_CLASSIFIER_UNITS,
    build_context_classifier,
)
from glamor_ros.training.fit.distillation import Distillation, TeacherError, Teachers
from glamor_ros.training.fit.lightning_module import NetworkBatch, StageModule
from glamor_ros.training.fit.losses import attention_concentration, attention_guidance
from glamor_ros.training.fit.mixup import Mixup
from glamor_ros.training.fit.optimizers import Muon
from glamor_ros.training.fit.recipe import Recipe
from glamor_ros.training.fit.run_settings import TrainingError
from glamor_ros.training.fit.stage_recipe import FacePhase, StageRecipe
from glamor_ros.training.fit.start_weights import StartError, begin_as_face, take_parts

from .made_datasets import ArrayDataset, face_and_context_dataset
from .small_runs import SMALL_INPUTS, WITHOUT_CHANGES, run, same_weights, small_recipe

FACE = Architecture(classifier_inputs="face", classifier_units=16)
WHOLE = Architecture(classifier_units=16)
FEW = face_and_context_dataset(64, 2)


def checkpoint(architecture: Architecture, seed: int, spec: InputSpec = SMALL_INPUTS) -> Checkpoint:
    torch.manual_seed(seed)
    return Checkpoint(build_glamor_net(architecture).eval(), architecture, spec)


def saved(path: Path, architecture: Architecture, seed: int) -> Path:
    save_checkpoint(checkpoint(architecture, seed), path)
    return path


def some_inputs(count: int = 4) -> NetworkInputs:
    generator = torch.Generator().manual_seed(0)
    faces, contexts = torch.rand(2, count, 3, 32, 32, generator=generator)
    return NetworkInputs(faces, contexts, None)


def test_blends_keep_half_of_each_sample_and_blend_labels_alike() -> None:
    inputs, labels = some_inputs(256), torch.eye(256)
    torch.manual_seed(0)
    mixed, distributions = Mixup(alpha=0.4, probability=0.5)(inputs, labels)
    share = distributions.diagonal()
    assert share.min() >= 0.5
    assert 0.4 < (share == 1).float().mean() < 0.65
    assert torch.allclose(distributions.sum(dim=1), torch.ones(256))
    # Each picture is the same blend of the same two samples as its label.
    for mine, images in ((mixed.faces, inputs.faces), (mixed.contexts, inputs.contexts)):
        assert torch.allclose(mine, torch.einsum("nm,mchw->nchw", distributions, images), atol=1e-5)
    with_places = inputs._replace(own_faces=torch.eye(16).bool().view(256, 1, 1).expand(-1, 8, 8))
    torch.manual_seed(0)
    places = Mixup()(with_places, labels)[0].own_faces
    assert places is not None
    blended = (distributions > 0).float() @ with_places.own_faces.flatten(1).float()  # type: ignore[union-attr]
    assert torch.equal(places.flatten(1), blended > 0)
    unchanged, same = Mixup(probability=0.0)(inputs, labels)
    assert torch.equal(unchanged.faces, inputs.faces)
    assert torch.equal(same, labels)


def test_teachers_say_the_mean_of_their_probabilities_at_their_own_size() -> None:
    inputs = some_inputs()
    large = replace(SMALL_INPUTS, face_size=(48, 48))
    checkpoints = [checkpoint(FACE, 1), checkpoint(FACE, 2, large)]
    said = Teachers(checkpoints, SMALL_INPUTS).probabilities(inputs, temperature=2.0)
    resized = torch.nn.functional.interpolate(inputs.faces, size=(48, 48), mode="bilinear")
    with torch.no_grad():
        expected = [
            torch.softmax(one.network(faces, inputs.contexts).logits / 2, dim=1)
            for one, faces in zip(checkpoints, (inputs.faces, resized), strict=True)
        ]
    torch.testing.assert_close(said, torch.stack(expected).mean(dim=0), atol=1e-5, rtol=1e-4)
    with pytest.raises(TeacherError, match="teacher 1 was trained with context_faces masked, the"):
        Teachers([checkpoint(WHOLE, 1)], replace(SMALL_INPUTS, context_faces="visible"))


def module(stage: dict[str, Any], architecture: Architecture = WHOLE, **more: Any) -> StageModule:
    recipe = small_recipe(architecture, epochs=1, **stage).stages.joint
    network = checkpoint(architecture, 0).network
    return StageModule(network, SMALL_INPUTS, recipe, WITHOUT_CHANGES, 0, **more).eval()


def loss_of(stage: StageModule, labels: torch.Tensor) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # There is no trainer to log to.
        return float(stage.training_step(NetworkBatch(some_inputs(len(labels)), labels), 0))


def cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()


@torch.no_grad()
def test_distillation_is_the_cross_entropy_with_labels_and_teachers() -> None:
    labels, inputs = torch.eye(7)[:4], some_inputs()
    teachers = Teachers([checkpoint(FACE, 5)], SMALL_INPUTS)
    stage = module({"distillation": Distillation(weight=0.25, temperature=2.0)}, teachers=teachers)
    logits = stage.network(inputs.faces, inputs.contexts).logits
    said = teachers.probabilities(inputs, 2.0)
    expected = 0.75 * cross_entropy(logits, labels) + 0.25 * 4 * cross_entropy(logits / 2, said)
    assert loss_of(stage, labels) == pytest.approx(float(expected), abs=1e-5)


@torch.no_grad()
def test_the_faces_own_loss_and_the_attentions_unevenness_are_added() -> None:
    labels, inputs = torch.eye(7)[:4], some_inputs()
    torch.manual_seed(4)
    own = nn.Sequential(nn.Linear(256, 7))
    stage = module(
        {"face_loss_weight": 0.5, "attention_concentration_weight": 0.1}, face_classifier=own
    )
    output = stage.network(inputs.faces, inputs.contexts)
    assert output.attention is not None
    expected = (
        cross_entropy(output.logits, labels)
        + 0.5 * cross_entropy(own(output.face_vector), labels)
        + 0.1 * attention_concentration(output.attention)
    )
    assert loss_of(stage, labels) == pytest.approx(float(expected), abs=1e-5)


def test_guidance_is_the_negative_logarithm_of_the_attention_on_who_decides() -> None:
    attention = torch.full((3, 4, 4), 1 / 16)
    deciders, own_faces = torch.zeros(2, 3, 32, 32, dtype=torch.bool)
    deciders[0, :8, :16] = True  # two cells, of which the own face takes one
    own_faces[0, :8, :8] = True
    deciders[1, 8:16, 8:16] = True  # all the attention
    attention[1] = torch.eye(4)[1].outer(torch.eye(4)[1])
    # Nobody decides the third.
    found = attention_guidance(attention, deciders, own_faces)
    assert float(found) == pytest.approx(np.log(16) / 2, abs=1e-5)
    assert float(attention_guidance(attention, torch.zeros_like(deciders), None)) == 0
    none_on_them = attention_guidance(attention[1:2], deciders[:1], None)
    assert float(none_on_them) == pytest.approx(np.log(1000), abs=1e-4)


@torch.no_grad()
def test_who_decides_says_of_whom_face_and_context_are_learnt() -> None:
    labels, inputs = torch.eye(7)[:4], some_inputs()
    deciders = torch.zeros(4, 32, 32, dtype=torch.bool)
    deciders[:2, 4:20, 4:20] = True
    teachers = Teachers([checkpoint(FACE, 5)], SMALL_INPUTS)
    own = build_context_classifier(WHOLE).eval()
    stage = module(
        {
            "distillation": Distillation(weight=1.0, samples="undecided"),
            "context_loss_weight": 0.5,
            "attention_guidance_weight": 0.25,
        },
        context_classifier=own,
        teachers=teachers,
    )
    output = stage.network(inputs.faces, inputs.contexts)
    target = torch.cat([labels[:2], teachers.probabilities(inputs, 1.0)[2:]])
    expected = (
        cross_entropy(output.logits, target)
        + 0.5 * cross_entropy(own(output.context_vector[:2]), labels[:2])
        + 0.25 * attention_guidance(output.attention, deciders, None)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # There is no trainer to log to.
        batch = NetworkBatch(inputs._replace(deciders=deciders), labels)
        assert float(stage.training_step(batch, 0)) == pytest.approx(float(expected), abs=1e-5)


@torch.no_grad()
def test_a_whole_network_begins_as_the_face_alone() -> None:
    face, network = checkpoint(FACE, 8), checkpoint(WHOLE, 3).network
    parts = dict(network.named_children())
    take_parts(parts, {"face_encoder": "one", "classifier": "one"}, {"one": face})
    begin_as_face(network, 0.7)
    inputs = some_inputs()
    output = network(inputs.faces, inputs.contexts)
    assert torch.allclose(output.fusion_weights, torch.tensor([[0.7, 0.3]]), atol=1e-6)
    expected = face.network(inputs.faces, inputs.contexts).logits
    torch.testing.assert_close(output.logits, expected, atol=1e-5, rtol=1e-4)


def test_each_batch_has_a_size_of_its_own() -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = [FacePhase(1, 12, smallest_px=10).draw_size_px(generator) for _ in range(60)]
    assert set(sizes) == {10, 11, 12}
    assert FacePhase(1, 12).draw_size_px(generator) == 12
    with pytest.raises(ValueError, match="smallest_px is 13; it must be at most size_px, 12"):
        FacePhase(1, 12, smallest_px=13)


def test_even_attention_is_not_concentrated() -> None:
    even = torch.full((2, 3, 4), 1 / 12)
    single = torch.zeros(1, 3, 4)
    single[0, 1, 2] = 1
    assert float(attention_concentration(even)) == pytest.approx(0, abs=1e-6)
    assert float(attention_concentration(single)) == pytest.approx(2.4849, abs=1e-3)


class _Seen(Callback):
    """The sizes of the faces that the network has seen in each epoch."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int, bool]] = []

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        seen = (trainer.current_epoch, batch.inputs.faces.shape[-1], True)
        self.sizes.append(seen)

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, *_: Any
    ) -> None:
        self.sizes.append((trainer.current_epoch, batch.inputs.faces.shape[-1], False))


def test_faces_grow_and_are_validated_at_their_final_size(tmp_path: Path) -> None:
    phases = (FacePhase(1, 16), FacePhase(2, 24, 0.5))
    recipe = small_recipe(FACE, epochs=3, face_sizes_px=phases)
    seen = _Seen()
    run(recipe, FEW, FEW, tmp_path / "run", lambda stage: [seen])
    training = [(epoch, size) for epoch, size, trains in seen.sizes if trains]
    assert training == [(0, 16)] * 2 + [(1, 24)] * 2 + [(2, 24)] * 2
    assert {size for _, size, trains in seen.sizes if not trains} == {32}
    strengths = [recipe.stages.joint.face_phase(epoch) for epoch in range(3)]
    assert [one and one.augmentation_strength for one in strengths] == [1.0, 0.5, 0.5]
    with pytest.raises(ValueError, match="face_sizes_px has 3 epochs, the stage 4"):
        replace(recipe.stages.joint, epochs=4)


def test_weaker_augmentation() -> None:
    weaker = JointAugmentation(rotation_deg=20.0, face_shift_px=6).at_strength(0.5)
    assert (weaker.rotation_deg, weaker.face_shift_px) == (10.0, 3)


def test_frozen_parts_keep_weights_and_statistics(tmp_path: Path) -> None:
    recipe = small_recipe(
        WHOLE, epochs=2, frozen=("face_encoder",), learning_rate_factors={"classifier": 1e-9}
    )
    torch.manual_seed(recipe.seed)
    before = build_glamor_net(WHOLE).state_dict()
    trained = run(recipe, FEW, FEW, tmp_path / "run")
    after = load_checkpoint(trained.last).network.state_dict()
    compared = [key for key in after if "num_batches" not in key]
    changed = {
        key.split(".")[0] for key in compared if (after[key] - before[key]).abs().max() > 1e-6
    }
    assert changed == {"context_encoder", "attention", "fusion"}


def test_parts_start_from_trained_ones_and_a_wider_classifier_from_the_faces() -> None:
    face = checkpoint(FACE, 8).network
    parts = dict(build_glamor_net(WHOLE).named_children())
    start = {
        "face_encoder": "one",
        "context_encoder": "one.face_encoder",
        "classifier": "one",
    }
    take_parts(parts, start, {"one": checkpoint(FACE, 8)})
    encoder = face.get_submodule("face_encoder").state_dict()
    for name in ("face_encoder", "context_encoder"):
        taken = parts[name].state_dict()
        assert all(torch.equal(taken[key], encoder[key]) for key in encoder)
    vectors = torch.rand(5, 256)
    wider = torch.cat([vectors, torch.rand(5, 256)], dim=1)
    with torch.no_grad():
        expected = face.classifier(vectors)
        assert torch.allclose(parts["classifier"].eval()(wider), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"attention": "one"}, "'start.attention' is 'one', but this network has no attention; it"),
        ({"face_encoder": "one.nose"}, "has no nose; it has face_encoder"),
        ({"fusion": "one.classifier"}, "a part of another kind: one of them has no"),
        ({"classifier": "two"}, r"whose 0.weight is \(8, 256\), expected \(16, 512\)"),
    ],
)
def test_parts_that_do_not_fit_are_named(start: dict[str, str], message: str) -> None:
    parts = dict(build_glamor_net(WHOLE).named_children())
    given = {
        "one": checkpoint(FACE, 1),
        "two": checkpoint(replace(FACE, classifier_units=8), 1),
    }
    with pytest.raises(StartError, match=message):
        take_parts(parts, start, given)


# All that a stage may ask for at once.
EVERYTHING: dict[str, Any] = {
    "optimizer": Muon(),
    "learning_rate_factors": {"face_encoder": 0.1},
    "frozen": ("attention",),
    "mixup": Mixup(),
    "distillation": Distillation(),
    "face_sizes_px": (FacePhase(1, 16), FacePhase(2, 32, 0.5)),
    "face_loss_weight": 0.5,
    "attention_concentration_weight": 0.05,
    "averaged_weights_decay": 0.9,
    "channels_last": True,
    "precision": "bf16-mixed",
}


def everything(**changes: Any) -> Recipe:
    recipe = small_recipe(WHOLE, epochs=3, learning_rate=0.005, **{**EVERYTHING, **changes})
    start: Any = {"face_encoder": "face", "face_classifier": "face.classifier"}
    augmentation = JointAugmentation(rotation_deg=0.0)
    return replace(recipe, augmentation=augmentation, start=start)


class _Stop(Callback):
    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.current_epoch == 2:
            raise InterruptedError


def test_an_interrupted_run_with_everything_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    teacher = saved(tmp_path / "teacher.safetensors", FACE, 5)
    given: dict[str, Any] = {"teachers": (teacher,), "start": {"face": teacher}}
    whole = run(everything(), FEW, FEW, tmp_path / "whole", **given)
    output = tmp_path / "run"
    with pytest.raises(InterruptedError):
        run(everything(), FEW, FEW, output, lambda stage: [_Stop()], **given)
    run(everything(), FEW, FEW, output, resume=True, **given)
    names = ("best", "last", "best_face", "last_face")
    for name in names:
        mine, expected = (folder / f"{name}.safetensors" for folder in (output, tmp_path / "whole"))
        assert same_weights(mine, expected)
    last, face = (load_checkpoint(output / f"{name}.safetensors") for name in ("last", "last_face"))
    assert face.architecture == replace(FACE, attention="global_local")
    ours, theirs = (one.network.get_submodule("face_encoder").state_dict() for one in (last, face))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    provenance = load_checkpoint(whole.last).provenance["data"]
    assert list(provenance["start"]) == ["face"]
    assert provenance["teachers"] == [provenance["start"]["face"]]
    assert len(provenance["teachers"][0]) == 64


def scenes_with_deciders() -> ArrayDataset:
    """The faces and contexts of FEW, in half of which somebody decides."""
    batch = FEW.batch(range(len(FEW)))
    faces, contexts = (images.permute(0, 2, 3, 1).numpy() for images in batch[:2])
    places = np.zeros((*contexts.shape[:3], 2), np.uint8)
    places[:, :16, :16, 0] = places[::2, 16:, 16:, 1] = 255
    return ArrayDataset(faces, np.concatenate([contexts, places], axis=3), FEW.distributions)


def test_an_interrupted_run_on_scenes_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    paths = {"face": saved(tmp_path / "face.safetensors", FACE, 5)}
    linear = replace(FACE, classifier_units=CONTEXT_CLASSIFIER_UNITS)
    paths["context"] = saved(tmp_path / "context.safetensors", linear, 6)
    given: dict[str, Any] = {"teachers": (paths["face"],), "start": paths}
    joint = small_recipe(
        WHOLE,
        epochs=3,
        learning_rate=0.005,
        frozen=("face_encoder",),
        distillation=Distillation(weight=1.0, samples="undecided"),
        context_loss_weight=0.5,
        attention_guidance_weight=0.5,
        averaged_weights_decay=0.9,
        face_sizes_px=(FacePhase(3, 32, smallest_px=24),),
    )
    recipe = replace(
        joint,
        inputs=replace(SMALL_INPUTS, context_faces="others_visible"),
        start={
            "face_encoder": "face",
            "classifier": "face",
            "context_encoder": "context.face_encoder",
            "context_classifier": "context.classifier",
        },
        start_face_weight=0.6,
    )
    scenes, output = scenes_with_deciders(), tmp_path / "run"
    run(recipe, scenes, scenes, tmp_path / "whole", **given)
    with pytest.raises(InterruptedError):
        run(recipe, scenes, scenes, output, lambda stage: [_Stop()], **given)
    run(recipe, scenes, scenes, output, resume=True, **given)
    for name in ("best", "last"):
        mine, expected = (folder / f"{name}.safetensors" for folder in (output, tmp_path / "whole"))
        assert same_weights(mine, expected)
    last, face = (load_checkpoint(path) for path in (output / "last.safetensors", paths["face"]))
    ours, theirs = (one.network.get_submodule("face_encoder").state_dict() for one in (last, face))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    for name in ("context_encoder", "fusion", "classifier"):
        changed = last.network.get_submodule(name).parameters()
        assert all(torch.isfinite(values).all() for values in changed)


def test_given_weights_must_be_those_that_the_recipe_needs(tmp_path: Path) -> None:
    teacher = saved(tmp_path / "teacher.safetensors", FACE, 5)
    output = tmp_path / "run"
    with pytest.raises(TrainingError, match=r"learns of teachers \(distillation\); .*--teacher"):
        run(everything(), FEW, None, output, start={"face": teacher})
    with pytest.raises(TrainingError, match="teachers are given, but the recipe has no distillat"):
        run(
            everything(distillation=None),
            FEW,
            None,
            output,
            teachers=(teacher,),
            start={"face": teacher},
        )
    with pytest.raises(TrainingError, match=r"checkpoints face, given are \(none\); .*--start NA"):
        run(everything(), FEW, None, output, teachers=(teacher,))
    assert not output.exists()


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"epochs": "3"}, {"mixup": {"alpha": 1}}, {"precision": "64"}]
)
def test_stages_are_strict(wrong: dict[str, Any]) -> None:
    values: dict[str, Any] = {"epochs": 1, "batch_size": 1, "learning_rate": 0.1, **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StageRecipe(**values)
