"""The folder of a training run.

recipe.yaml and run.json say what is trained, and on what. Each stage, `face`, `context` and
`joint`, has a folder: best.safetensors and last.safetensors (once the stage is finished),
resume.ckpt (after every epoch; Lightning's own format, only to continue this run), logs/ (CSV, one
version for each start) and tensorboard/. The best.safetensors and last.safetensors beside the
stages are the finished network. Where the face has a loss of its own, best_face.safetensors and
last_face.safetensors stand beside each of them: the face encoder with this classifier.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...atomic_file import atomic_write
from ...errors import GlamorError
from .provenance import versions
from .recipe import Recipe

BEST, LAST = "best.safetensors", "last.safetensors"
RECIPE, RUN, RESUME = "recipe.yaml", "run.json", "resume.ckpt"
_GIVE_ANOTHER = "without it the run cannot be continued; give another folder"


class RunError(GlamorError, ValueError):
    """A folder that holds another run, a damaged one, or one that was not to be continued."""


def face_weights(path: Path) -> Path:
    """The file of the face's own network beside the whole network's."""
    return path.with_name(f"{path.stem}_face{path.suffix}")


@dataclass(frozen=True)
class StageDirectory:
    """The files of one stage.

    Attributes:
        path: Its folder.
    """

    path: Path

    @property
    def best(self) -> Path:
        """The weights that were most accurate in validation."""
        return self.path / BEST

    @property
    def last(self) -> Path:
        """The weights of the last epoch; there once the stage is finished."""
        return self.path / LAST

    @property
    def resume(self) -> Path:
        """The state of the training, from which it continues."""
        return self.path / RESUME

    @property
    def result(self) -> Path:
        """The weights that later stages use: the best in validation, or the last without it."""
        return self.best if self.best.is_file() else self.last


@dataclass(frozen=True)
class RunDirectory:
    """The folder of a run, which several processes or machines may share.

    Attributes:
        path: The folder.
    """

    path: Path

    def stage(self, name: str) -> StageDirectory:
        """The folder of the stage with this name."""
        return StageDirectory(self.path / name)

    def begin(self, recipe: Recipe, data: Mapping[str, Any], *, resume: bool) -> None:
        """Write down what is trained, or make sure that it is still the same.

        A run that has not finished an epoch is overwritten.

        Args:
            recipe: What is trained.
            data: Where the samples come from; JSON values.
            resume: Whether a run that is there already is continued.

        Raises:
            RunError: The folder has a run and `resume` is false, or its run is another or damaged.
        """
        if not any(self.path.glob(f"*/{RESUME}")):
            text = yaml.safe_dump(recipe.as_dict(), sort_keys=False)
            atomic_write(self.path / RECIPE, text.encode())
            run = {"data": dict(data), "versions": versions()}
            atomic_write(self.path / RUN, json.dumps(run, indent=1).encode() + b"\n")
            return
        if not resume:
            raise RunError(
                f"{self.path} has a training run already; continue it (--resume) or give another "
                "folder"
            )
        before = _read(self.path / RECIPE, yaml.safe_load)
        _require_same(before, recipe.as_dict(), f"the recipe of {self.path}")
        run = _read(self.path / RUN, json.loads)
        _require_same(run.get("data"), dict(data), f"the data of {self.path}")

    def finish(self, stage: StageDirectory) -> None:
        """Make the weights of a stage those of the run."""
        whole = (stage.best, stage.last)
        for weights in (*whole, *map(face_weights, whole)):
            if weights.is_file():
                partial = self.path / f".{weights.name}.partial"
                shutil.copyfile(weights, partial)
                partial.replace(self.path / weights.name)


def _read(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunError(f"{path} cannot be read: {error}; {_GIVE_ANOTHER}") from error
    if not isinstance(content, dict):
        raise RunError(f"{path} is damaged: expected keys with values; {_GIVE_ANOTHER}")
    return content


def _require_same(before: Any, now: Any, what: str, key: str = "") -> None:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in before | now:
            inner = f"{key}.{name}" if key else str(name)
            _require_same(before.get(name), now.get(name), what, inner)
    elif before != now:
        raise RunError(
            f"{what} was another one: '{key}' was {before!r} and is now {now!r}; continue "
            "with what it was begun with, or give another folder"
        )
