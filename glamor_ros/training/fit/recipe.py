"""The recipe of a training run: all that decides its result, read from a YAML file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ...network.architecture import Architecture, ArchitectureError, build_glamor_net
from ...network.input_spec import InputSpec
from ...resources import share_directory
from ..data.joint_augmentation import JointAugmentation
from ..prepared.sample_preparation import WITHOUT_FACE, SamplePreparation
from .branch_training import branch_architectures
from .mixture_recipe import DataRecipe
from .recipe_errors import STRICT, RecipeError, told
from .recipe_reading import read_yaml
from .stage_recipe import Part, StageRecipe

MAX_SEED = 2**31
# Where momentum and nesterov were before there were several optimizers.
_FLAT_OF_SGD = ("momentum", "nesterov")


def _architecture(value: Any) -> Any:
    return Architecture.from_fields(value) if isinstance(value, Mapping) else value


def _input_spec(value: Any) -> Any:
    return InputSpec.from_fields(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True, config=STRICT)
class Stages:
    """The stages of a training.

    Attributes:
        joint: The whole network end to end.
        branches: Face and context encoder, each by itself; None starts with the joint stage.
    """

    joint: StageRecipe
    branches: StageRecipe | None = None


@dataclass(frozen=True, config=STRICT)
class PaperRow:
    """The row of a table of the paper that a recipe reproduces.

    Attributes:
        table: The number of the table.
        method: The name in its row.
        dataset: "caer_s" or "ncaer_s".
    """

    table: int
    method: str
    dataset: str


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """Everything that decides the result of a training run.

    Attributes:
        model: The parts of the network.
        stages: How it is trained.
        inputs: The sizes of its inputs.
        augmentation: Random changes to the training samples.
        data: The datasets that it mixes; None trains on a single one, which the run is given.
        start: For parts of the network, the trained weights from which they start: NAME, the part
            of the same name in the checkpoint that the run is given by this name, or NAME.PART,
            another part of it.
        start_face_weight: The weight that the fusion gives to everybody's face at first, above 0
            and below 1. The classifier's part for the face is scaled against it, so that a network
            whose encoder and classifier start from the face's begins as the face alone. None keeps
            the fusion's new weights.
        pretrained_encoders: Whether the encoders start from weights trained elsewhere, which the
            run is given.
        without_face: What becomes of images without a face; see SamplePreparation.
        seed: Decides everything that is drawn, 0 to MAX_SEED.
        deterministic: Whether the same run gives the same weights again, on a GPU at the cost of
            some speed.
        description: A text for the reader.
        paper: The result of the paper that it reproduces; None for none.
    """

    model: Annotated[Architecture, BeforeValidator(_architecture)]
    stages: Stages
    inputs: Annotated[InputSpec, BeforeValidator(_input_spec)] = field(default_factory=InputSpec)
    augmentation: JointAugmentation = field(default_factory=JointAugmentation)
    data: DataRecipe | None = None
    start: dict[Part, str] = field(default_factory=dict)
    start_face_weight: Annotated[float, Field(gt=0, lt=1)] | None = None
    pretrained_encoders: bool = False
    without_face: str = WITHOUT_FACE[0]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    deterministic: bool = True
    description: str = ""
    paper: PaperRow | None = None

    def __post_init__(self) -> None:
        if self.without_face not in WITHOUT_FACE:
            raise ValueError(
                f"'without_face' is '{self.without_face}'; known are {', '.join(WITHOUT_FACE)}"
            )
        parts = self._parts_of_network()
        for key, named in (
            ("stages.joint", self.stages.joint.named_parts()),
            ("start", set(self.start)),
        ):
            for part in sorted(named - parts):
                raise ValueError(
                    f"'{key}' names the {part}, which this model does not have; it has "
                    f"{', '.join(sorted(parts))}"
                )
        if self.stages.branches and self.start:
            raise ValueError(
                "'stages.branches' trains encoders from new weights, 'start' takes trained ones; "
                "leave one of them out"
            )
        self._require_whole_network(parts)
        self._require_deciders()
        if self.stages.branches and not branch_architectures(self.model):
            raise ValueError(
                "'stages.branches' trains two encoders, but this model has one; set it to null"
            )

    def _require_whole_network(self, parts: set[str]) -> None:
        """Make sure that what is for face and context together is asked of a network with both."""
        joint = self.stages.joint
        for key in ("face_loss_weight", "context_loss_weight", "attention_guidance_weight"):
            if getattr(joint, key) and not {"face_encoder", "context_encoder"} <= parts:
                raise ValueError(
                    f"'stages.joint.{key}' is for networks that look at face and context; set it "
                    "to 0"
                )
        if joint.attention_guidance_weight and "attention" not in parts:
            raise ValueError(
                "'stages.joint.attention_guidance_weight' is for networks with an attention; set "
                "it to 0"
            )
        if self.start_face_weight is not None and not (
            self.model.fusion == "fusion_net"
            and "fusion" in parts
            and {"face_encoder", "classifier"} <= self.start.keys()
        ):
            raise ValueError(
                "'start_face_weight' is for the fusion fusion_net, with a face_encoder and a "
                "classifier in 'start'; leave it out"
            )

    def _require_deciders(self) -> None:
        if self.stages.branches and self.stages.branches.needs_deciders:
            raise ValueError(
                "'stages.branches' asks who decides (context_loss_weight, "
                "attention_guidance_weight, distillation of undecided samples), which is for the "
                "joint stage"
            )
        if self.stages.joint.needs_deciders and not (self.data and self.data.has_scenes):
            raise ValueError(
                "'stages.joint' asks who decides (context_loss_weight, attention_guidance_weight, "
                "distillation of undecided samples), which only composed_scenes tell; put them "
                "into 'data.mixture'"
            )

    def _parts_of_network(self) -> set[str]:
        try:
            # Weights are neither computed nor kept on this device.
            with torch.device("meta"):
                network = build_glamor_net(self.model)
        except ArchitectureError as error:
            raise ValueError(f"'model': {error}") from error
        parts = {
            name
            for name, part in network.named_children()
            if next(part.parameters(), None) is not None
        }
        own_classifiers = {
            "face_classifier": self.stages.joint.face_loss_weight,
            "context_classifier": self.stages.joint.context_loss_weight,
        }
        return parts | {name for name, weight in own_classifiers.items() if weight}

    def training_preparation(self) -> SamplePreparation:
        """How the samples are prepared that are then augmented."""
        margin_px = self.augmentation.face_margin_px(self.inputs)
        return SamplePreparation(
            self.inputs, margin_px, self.without_face, self.stages.joint.needs_deciders
        )

    def validation_preparation(self) -> SamplePreparation:
        """How the samples are prepared that are not augmented."""
        return SamplePreparation(self.inputs, without_face=self.without_face)

    def with_precision(self, precision: str) -> Recipe:
        """The same recipe with another precision in all stages.

        Args:
            precision: See Lightning's Trainer.

        Raises:
            RecipeError: There is no such precision.
        """
        # Text of any kind: what pydantic refuses is told below.
        change: dict[str, Any] = {"precision": precision}
        stages = self.stages
        try:
            joint = replace(stages.joint, **change)
            branches = stages.branches and replace(stages.branches, **change)
        except ValidationError as error:
            raise RecipeError(told(error, StageRecipe)) from error
        return replace(self, stages=replace(stages, joint=joint, branches=branches))

    def as_dict(self) -> dict[str, Any]:
        """The recipe as YAML or JSON values, as `load_recipe` reads them."""
        values: dict[str, Any] = TypeAdapter(Recipe).dump_python(self, mode="json")
        return values


def load_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file.

    Raises:
        RecipeError: The file cannot be read or is no recipe; the message names file and key.
    """
    values = read_yaml(path)
    stages = values.get("stages")
    for stage in stages.values() if isinstance(stages, dict) else ():
        _take_flat_keys(stage)
    try:
        # As JSON, whose lists are tuples, and whose numbers are still strictly told from texts.
        return TypeAdapter(Recipe).validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise RecipeError(f"{path}: {told(error, Recipe)}") from error


def _take_flat_keys(stage: Any) -> None:
    if isinstance(stage, dict) and isinstance(stage.get("optimizer", {}), dict):
        flat = {key: stage.pop(key) for key in _FLAT_OF_SGD if key in stage}
        if flat:
            stage["optimizer"] = {"name": "sgd", **stage.get("optimizer", {}), **flat}


def shipped_recipes() -> dict[str, Path]:
    """The recipes in `config/training`: the path of each by its name."""
    return {
        path.stem: path for path in sorted((share_directory() / "config/training").glob("*.yaml"))
    }


def find_recipe(name: str) -> Path:
    """The file of a recipe.

    Args:
        name: The path of a file, or the name of a shipped recipe.

    Raises:
        RecipeError: There is neither.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    shipped = shipped_recipes()
    if name not in shipped:
        raise RecipeError(
            f"there is no recipe '{name}'; give a .yaml file, or one of {', '.join(shipped)}"
        )
    return shipped[name]
