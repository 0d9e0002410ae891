"""Recipes: those that ship are the paper's rows, and bad ones are refused by the key's name."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from glamor_ros.network.architecture import Architecture, build_glamor_net, stored_values
from glamor_ros.training.evaluation.paper_tables import PAPER_RESULTS, PaperResult
from glamor_ros.training.fit.context_classifier import CONTEXT_CLASSIFIER_UNITS
from glamor_ros.training.fit.distillation import Distillation
from glamor_ros.training.fit.optimizers import AdamW, Muon, Sgd
from glamor_ros.training.fit.recipe import (
    PaperRow,
    Recipe,
    find_recipe,
    load_recipe,
    shipped_recipes,
)
from glamor_ros.training.fit.recipe_errors import RecipeError

MINIMAL = {"model": {}, "stages": {"joint": {"epochs": 1, "batch_size": 2, "learning_rate": 0.1}}}
SHIPPED = shipped_recipes()


def write(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content))
    return path


def network_fields(recipe: Recipe) -> dict[str, object]:
    return {**asdict(recipe.model), **asdict(recipe.inputs)}


@pytest.mark.parametrize("row", [row for row in PAPER_RESULTS if row.network], ids=str)
def test_each_row_that_can_be_trained_has_its_recipe(row: PaperResult) -> None:
    wanted = PaperRow(row.table, row.method, row.dataset)
    (recipe,) = (recipe for recipe in map(load_recipe, SHIPPED.values()) if recipe.paper == wanted)
    assert row.is_of(row.dataset, network_fields(recipe))
    if row.stored_millions is not None:
        values = stored_values(build_glamor_net(recipe.model))
        assert round(values / 1e6, 2) == row.stored_millions


def test_each_recipe_for_the_paper_is_of_a_row_that_exists_and_uses_the_released_settings() -> None:
    rows = {PaperRow(row.table, row.method, row.dataset) for row in PAPER_RESULTS}
    for name, path in SHIPPED.items():
        recipe = load_recipe(path)
        assert (recipe.paper in rows) == name.startswith("table"), name
        if name == "modern" or name.startswith("starter"):
            continue
        joint = recipe.stages.joint
        figures = (joint.learning_rate, joint.batch_size, joint.epochs)
        if recipe.model.family in ("efficient_face", "ma_net"):
            # As the authors' log for CAER-S beside their code: halved every 50 epochs.
            assert figures == (0.1, 128, 400), name
            assert joint.schedule.at_epochs == tuple(range(50, 400, 50)), name
            assert (joint.schedule.factor, joint.weight_decay) == (0.5, 1e-4), name
        else:
            assert figures == (5e-4, 4, 60), name
            assert joint.schedule.at_epochs == (25, 40), name
        assert joint.optimizer == Sgd(momentum=0.9), name
        assert (joint.dropout, joint.label_smoothing) == (0.5, 0.0), name
        assert recipe.stages.branches in (None, joint), name


def test_modern_recipe() -> None:
    joint = load_recipe(find_recipe("modern")).stages.joint
    assert joint.schedule.kind == "cosine"
    assert joint.precision == "bf16-mixed"
    assert joint.batch_size > 4
    assert joint.label_smoothing > 0
    assert joint.averaged_weights_decay is not None


def test_the_starter_weights_recipes() -> None:
    teacher = load_recipe(find_recipe("starter_face_teacher_1"))
    other = load_recipe(find_recipe("starter_face_teacher_2"))
    # They err differently.
    assert (teacher.model.encoder, other.model.encoder) == ("original", "resnet18")
    assert (other.data, other.inputs, other.augmentation) == (
        teacher.data,
        teacher.inputs,
        teacher.augmentation,
    )
    assert other.seed != teacher.seed
    face = load_recipe(find_recipe("starter_face"))
    assert face.model == teacher.model
    assert face.stages.joint.distillation == Distillation(weight=0.5, temperature=1.0)
    assert set(face.start.values()) == {"previous"}
    for recipe in (teacher, face):
        assert recipe.data is not None
        assert [part.dataset for part in recipe.data.mixture] == ["ferplus", "heads"]
        assert recipe.stages.joint.face_phase(recipe.stages.joint.epochs - 1) is not None
    whole = load_recipe(find_recipe("starter"))
    assert whole.inputs.leaves_out_own_face
    assert whole.data is not None
    # The scenes' people come from both.
    assert whole.data.datasets == ("ferplus", "heads")
    assert whole.inputs.face_box_scale == face.inputs.face_box_scale
    small = load_recipe(find_recipe("starter_context"))
    assert set(small.start.values()) == {"face"}
    assert set(whole.start.values()) == {"face", "context.face_encoder", "context.classifier"}
    # The context's own classifier has the form of the one that it starts from.
    assert small.model.classifier_units == CONTEXT_CLASSIFIER_UNITS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": None}, "asks who decides .* which only composed_scenes tell"),
        ({"start_face_weight": 0.5, "start": {}}, "'start_face_weight' is for the fusion fusion_n"),
        ({"start_face_weight": 1.0}, "start_face_weight"),
        (
            {"model": Architecture(attention="none")},
            "'stages.joint.attention_guidance_weight' is for networks with an attention",
        ),
    ],
)
def test_what_the_whole_network_cannot_do_is_named(change: dict[str, Any], message: str) -> None:
    recipe = load_recipe(find_recipe("starter"))
    with pytest.raises(ValueError, match=message):
        replace(recipe, **change)


def test_a_recipe_survives_being_written(tmp_path: Path) -> None:
    for name in ("table3_caer_net_s", "starter_face", "starter_context", "starter"):
        recipe = load_recipe(SHIPPED[name])
        assert load_recipe(write(tmp_path / "again.yaml", recipe.as_dict())) == recipe


def test_a_base_is_merged_key_by_key(tmp_path: Path) -> None:
    write(tmp_path / "first.yaml", {**MINIMAL, "seed": 3})
    write(tmp_path / "second.yaml", {"base": "first.yaml", "model": {"classifier_units": 7}})
    changed = {"base": "second.yaml", "stages": {"joint": {"epochs": 9}}}
    recipe = load_recipe(write(tmp_path / "third.yaml", changed))
    assert (recipe.seed, recipe.model.classifier_units) == (3, 7)
    assert (recipe.stages.joint.epochs, recipe.stages.joint.batch_size) == (9, 2)


def test_another_optimizer_replaces_the_bases(tmp_path: Path) -> None:
    first = yaml.safe_load(yaml.safe_dump(MINIMAL))
    first["stages"]["joint"]["optimizer"] = {"name": "sgd", "momentum": 0.5}
    write(tmp_path / "first.yaml", first)

    def optimizer(**values: object) -> object:
        changed = {"base": "first.yaml", "stages": {"joint": {"optimizer": values}}}
        return load_recipe(write(tmp_path / "changed.yaml", changed)).stages.joint.optimizer

    assert optimizer(nesterov=True) == Sgd(momentum=0.5, nesterov=True)
    assert optimizer(name="adamw", betas=[0.8, 0.9]) == AdamW(betas=(0.8, 0.9))
    assert optimizer(name="muon") == Muon()


def test_momentum_beside_the_learning_rate_is_the_optimizers(tmp_path: Path) -> None:
    content = yaml.safe_load(yaml.safe_dump(MINIMAL))
    content["stages"]["joint"] |= {"momentum": 0.8, "nesterov": True}
    recipe = load_recipe(write(tmp_path / "flat.yaml", content))
    assert recipe.stages.joint.optimizer == Sgd(momentum=0.8, nesterov=True)
    content = {"base": "flat.yaml", "stages": {"joint": {"momentum": 0.7}}}
    recipe = load_recipe(write(tmp_path / "above.yaml", content))
    assert recipe.stages.joint.optimizer == Sgd(momentum=0.7, nesterov=True)


def test_numbers_without_a_point_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("model: {}\nstages: {joint: {epochs: 1, batch_size: 2, learning_rate: 5e-4}}\n")
    assert load_recipe(path).stages.joint.learning_rate == 5e-4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sead": 1}, "unknown key 'sead'; known are .*seed"),
        ({"stages": {}}, "'stages.joint' is missing"),
        ({"stages": {"joint": {"lr": 1}}}, "unknown key 'stages.joint.lr'; known are .*learning_"),
        (
            {"stages": {"joint": {"epochs": 1, "batch_size": 4}}},
            "'stages.joint.learning_rate' is m",
        ),
        ({"stages.joint.epochs": 0}, "'stages.joint.epochs' is 0: .* greater than or equal to 1"),
        ({"stages.joint.epochs": 1.5}, "'stages.joint.epochs' is 1.5: .* a valid integer"),
        ({"stages.joint.batch_size": True}, "'stages.joint.batch_size' is True: .* valid integer"),
        ({"stages.joint.learning_rate": "fast"}, "learning_rate' is 'fast': .* a valid number"),
        ({"stages.joint.learning_rate": 10**400}, "learning_rate' is 1000.* a finite number"),
        ({"stages.joint.learning_rate": -1}, "learning_rate' is -1.*: .* greater than 0"),
        (
            {"stages.joint.learning_rate": float("nan")},
            "learning_rate' is nan: .* than 0|learning_rate' is nan",
        ),
        ({"stages.joint.dropout": 1}, "stages.joint.dropout' is 1.*: .* less than 1"),
        ({"stages.joint.precision": "8"}, "joint.precision' is '8': it should be '32-true', 'bf16"),
        ({"stages.joint.schedule": {"kind": "stairs"}}, "schedule.kind' is 'stairs': .* 'cosine'"),
        ({"stages.joint.schedule": {"kind": "step"}}, "stages.joint.schedule: at_epochs is"),
        (
            {"stages.joint.schedule": {"kind": "step", "at_epochs": [2, "x"]}},
            r"'stages.joint.schedule.at_epochs\[1\]' is 'x'",
        ),
        ({"stages.joint.optimizer": {"name": "lion"}}, "optimizer.name' is 'lion': .* 'muon'"),
        ({"stages.joint.optimizer": {"betas": [0, 0]}}, "stages.joint.optimizer.name' is missing"),
        (
            {"stages.joint.optimizer": {"name": "adamw", "momentum": 0.9}},
            "unknown key 'stages.joint.optimizer.momentum'; known are name, betas",
        ),
        (
            {"stages.joint.optimizer": {"name": "adamw", "betas": [0.9]}},
            "stages.joint.optimizer.betas",
        ),
        ({"stages.joint.momentum": 1.5}, "'stages.joint.optimizer.momentum' is 1.5: .* less than"),
        (
            {"stages.joint.optimizer": {"name": "sgd", "momentum": 0.0, "nesterov": True}},
            "stages.joint.optimizer: nesterov needs a momentum above 0",
        ),
        ({"stages.joint.frozen": ["nose"]}, r"stages.joint.frozen\[0\]' is 'nose': .*'attention'"),
        (
            {"model": {"classifier_inputs": "face"}, "stages.joint.frozen": ["attention"]},
            "names the attention, which this model does not have; it has classifier, face_encoder",
        ),
        (
            {"stages.joint.learning_rate_factors": {"fusion": 0}},
            "'stages.joint.learning_rate_factors.fusion' is 0",
        ),
        ({"stages.joint": 5}, "'stages.joint' is 5: it should be an object"),
        ({"stages": 5}, "'stages' is 5: it should be an object"),
        ({"model": {"attention": "local"}}, "'model': unknown attention 'local'; .*global_local"),
        ({"model": {"family": "lenet"}}, "model: unknown family 'lenet'"),
        ({"model": {"classifier_units": "many"}}, "'model': classifier_units is 'many'"),
        ({"model": {"depth": 3}}, "model: an architecture has no 'depth'; its fields are encoder"),
        ({"inputs": {"face_size": [96]}}, r"inputs: face_size is \[96\], expected \[height, width"),
        ({"inputs": {"context_faces": "blurred"}}, "inputs: unknown context_faces 'blurred'"),
        ({"augmentation": {"rotation_deg": 300}}, "augmentation: rotation_deg is 300.0"),
        (
            {"augmentation": {"rotation": 30}},
            "unknown key 'augmentation.rotation'; .* rotation_deg",
        ),
        ({"data": {"mixture": []}}, "'data.mixture' is .*at least 1 item"),
        ({"data": {"mixture": [{"dataset": "fer"}]}}, r"data.mixture\[0\].dataset' is 'fer'"),
        (
            {"data": {"mixture": [{"dataset": "heads"}, {"dataset": "heads"}]}},
            "data: a dataset is named twice: heads, heads",
        ),
        ({"data": {"mixture": [{"dataset": "heads", "part": 1}]}}, "known are dataset, share, ra"),
        ({"start": {"nose": "face"}}, "'start.nose"),
        ({"without_face": "dog"}, "'without_face' is 'dog'"),
        ({"seed": -1}, "'seed' is -1"),
        ({"seed": 2.5, "without": 1}, "'seed' is 2.5: .*; unknown key 'without'"),
        (
            {
                "model": {"classifier_inputs": "face"},
                "stages.branches": {"epochs": 1, "batch_size": 1, "learning_rate": 1},
            },
            "'stages.branches' trains two encoders, but this model has one",
        ),
    ],
)
def test_bad_recipes_are_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    content = yaml.safe_load(yaml.safe_dump(MINIMAL))
    for key, value in changes.items():
        *parents, last = key.split(".")
        holder = content
        for parent in parents:
            holder = holder[parent]
        holder[last] = value
    path = write(tmp_path / "bad.yaml", content)
    with pytest.raises(RecipeError, match=message) as error:
        load_recipe(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", "is no recipe"),
        ("model: [", "is no YAML"),
        ("seed: 2001-13-45", "is no YAML: month must be in 1"),
        ("base: nowhere.yaml", "cannot read the recipe .*nowhere.yaml"),
        ("base: 3", "base is 3"),
        ("base: bad.yaml", "its own base"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_recipe(path)


def test_unknown_names_are_answered_with_the_known() -> None:
    with pytest.raises(RecipeError, match=r"no recipe .tabel3.; .* modern, .*table3_vgg16"):
        find_recipe("tabel3")
    with pytest.raises(RecipeError, match=r"cannot read the recipe missing\.yaml"):
        load_recipe(find_recipe("missing.yaml"))
