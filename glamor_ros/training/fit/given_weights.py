"""The trained networks that a run is given: to learn of, and to start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...network.weights.checkpoint import Checkpoint, load_checkpoint
from .distillation import Teachers, load_teachers
from .provenance import fingerprint
from .recipe import Recipe
from .run_settings import RunSettings, TrainingError
from .start_weights import checkpoint_name


@dataclass(frozen=True)
class GivenWeights:
    """Trained networks for a run.

    Attributes:
        teachers: The networks to learn of; None for none.
        start: The networks from which parts start, by name.
    """

    teachers: Teachers | None
    start: Mapping[str, Checkpoint]


def load_given_weights(recipe: Recipe, settings: RunSettings) -> GivenWeights:
    """What the settings give.

    Raises:
        TeacherError: A teacher cannot see what the network in training sees.
        CheckpointError: A file cannot be read.
    """
    return GivenWeights(
        load_teachers(settings.teachers, recipe.inputs) if settings.teachers else None,
        {name: load_checkpoint(path) for name, path in settings.start.items()},
    )


def describe_given_weights(settings: RunSettings) -> dict[str, Any]:
    """The fingerprints of what the settings give, as JSON values; empty where that is nothing."""
    described: dict[str, Any] = {}
    if settings.teachers:
        described["teachers"] = [fingerprint(path) for path in settings.teachers]
    if settings.start:
        described["start"] = {name: fingerprint(path) for name, path in settings.start.items()}
    return described


def require_given_weights(recipe: Recipe, settings: RunSettings) -> None:
    """Make sure that the settings give what the recipe needs, and nothing besides.

    Raises:
        TrainingError: They do not; the message names the option.
    """
    _require_encoder_weights(recipe, settings)
    _require_teachers(recipe, settings)
    needed = {checkpoint_name(origin) for origin in recipe.start.values()}
    if needed != set(settings.start):
        raise TrainingError(
            f"this recipe starts from the checkpoints {_listed(needed)}, given are "
            f"{_listed(settings.start)}; give each one that it names (--start NAME=FILE), and no "
            "other"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "(none)"


def _require_teachers(recipe: Recipe, settings: RunSettings) -> None:
    stages = filter(None, (recipe.stages.branches, recipe.stages.joint))
    distils = any(stage.distillation is not None for stage in stages)
    if distils and not settings.teachers:
        raise TrainingError(
            "this recipe learns of teachers (distillation); give their checkpoints (--teacher "
            "FILE), or set distillation to null"
        )
    if settings.teachers and not distils:
        raise TrainingError("teachers are given, but the recipe has no distillation; give it one")


def _require_encoder_weights(recipe: Recipe, settings: RunSettings) -> None:
    if recipe.pretrained_encoders and settings.encoder_weights is None:
        raise TrainingError(
            "this recipe starts from encoders trained elsewhere (pretrained_encoders); give their "
            "weights, a .safetensors file with the released names (--encoder-weights), or set it "
            "to false"
        )
    if settings.encoder_weights is not None and not recipe.pretrained_encoders:
        raise TrainingError(
            "encoder weights are given, but the recipe does not start from any; set its "
            "pretrained_encoders to true"
        )
