"""The recipe of a training run: all that decides its result, read from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ...network.architecture import Architecture, ArchitectureError, build_glamor_net
from ...network.input_spec import InputSpec
from ...resources import share_directory
from ..data.joint_augmentation import JointAugmentation
from ..prepared.sample_preparation import WITHOUT_FACE, SamplePreparation
from .branch_training import branch_architectures
from .learning_rate import Schedule
from .recipe_reading import RecipeError, read_fields, read_yaml

MAX_SEED = 2**31
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True)
class StageRecipe:
    """A stage's stochastic gradient descent, on the cross-entropy with the labels' distributions.

    Attributes:
        epochs: Passes over the training samples.
        batch_size: Samples of a step, on all devices together.
        learning_rate: The initial learning rate.
        schedule: How the learning rate changes.
        momentum: The momentum of the gradient, from 0 to below 1.
        nesterov: Whether the momentum is Nesterov's.
        weight_decay: The decay of the weights; biases and normalisations have none.
        label_smoothing: The share of each label that is spread over all classes, from 0 to below 1.
        dropout: The dropout before the classifier's last layer, from 0 to below 1.
        averaged_weights_decay: The decay of an exponential average over the steps, which is then
            validated and saved in place of the weights; None for no average.
        precision: See Lightning's Trainer.

    Raises:
        ValueError: A value is out of range.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: Schedule = field(default_factory=Schedule)
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    dropout: float = 0.5
    averaged_weights_decay: float | None = None
    precision: str = "32-true"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; it must be above 0")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay is {self.weight_decay}; it must be at least 0")
        for name in ("momentum", "label_smoothing", "dropout", "averaged_weights_decay"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 0 and below 1")
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"unknown precision '{self.precision}'; known are {', '.join(PRECISIONS)}"
            )


@dataclass(frozen=True)
class Stages:
    """The stages of a training.

    Attributes:
        joint: The whole network end to end.
        branches: Face and context encoder, each by itself; None starts with the joint stage.
    """

    joint: StageRecipe
    branches: StageRecipe | None = None


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result of a training run.

    Attributes:
        model: The parts of the network.
        stages: How it is trained.
        inputs: The sizes of its inputs.
        augmentation: Random changes to the training samples.
        pretrained_encoders: Whether the encoders start from weights trained elsewhere, which the
            run is given.
        without_face: What becomes of images without a face; see SamplePreparation.
        seed: Decides everything that is drawn, 0 to MAX_SEED.
        deterministic: Whether the same run gives the same weights again, on a GPU at the cost of
            some speed.
        description: A text for the reader.
        paper: The result of the paper that it reproduces; None for none.
    """

    model: Architecture
    stages: Stages
    inputs: InputSpec = field(default_factory=InputSpec)
    augmentation: JointAugmentation = field(default_factory=JointAugmentation)
    pretrained_encoders: bool = False
    without_face: str = WITHOUT_FACE[0]
    seed: int = 0
    deterministic: bool = True
    description: str = ""
    paper: PaperRow | None = None

    def __post_init__(self) -> None:
        if self.without_face not in WITHOUT_FACE:
            raise RecipeError(
                f"'without_face' is '{self.without_face}'; known are {', '.join(WITHOUT_FACE)}"
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise RecipeError(f"'seed' is {self.seed}; it must be 0 to {MAX_SEED}")
        self._require_network()
        if self.stages.branches and not branch_architectures(self.model):
            raise RecipeError(
                "'stages.branches' trains two encoders, but this model has one; set it to null"
            )

    def _require_network(self) -> None:
        try:
            # Weights are neither computed nor kept on this device.
            with torch.device("meta"):
                build_glamor_net(self.model)
        except ArchitectureError as error:
            raise RecipeError(f"'model': {error}") from error

    def training_preparation(self) -> SamplePreparation:
        """How the samples are prepared that are then augmented."""
        margin_px = self.augmentation.face_margin_px(self.inputs)
        return SamplePreparation(self.inputs, margin_px, self.without_face)

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
        try:
            joint = replace(self.stages.joint, precision=precision)
        except ValueError as error:
            raise RecipeError(str(error)) from error
        branches = self.stages.branches and replace(self.stages.branches, precision=precision)
        return replace(self, stages=Stages(joint, branches))

    def as_dict(self) -> dict[str, Any]:
        """The recipe as YAML or JSON values, as `load_recipe` reads them."""
        as_lists: dict[str, Any] = _tuples_as_lists(asdict(self))
        return as_lists


def _tuples_as_lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _tuples_as_lists(one) for key, one in value.items()}
    return list(value) if isinstance(value, tuple) else value


def load_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file.

    Raises:
        RecipeError: The file cannot be read or is no recipe; the message names file and key.
    """
    try:
        return read_fields(Recipe, read_yaml(path))
    except RecipeError as error:
        raise error if str(path) in str(error) else RecipeError(f"{path}: {error}") from error


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
