"""The course of the learning rate during a stage."""

from __future__ import annotations

import math
from typing import Literal

from pydantic.dataclasses import dataclass

from .recipe_errors import STRICT
from .recipe_numbers import NotNegative


@dataclass(frozen=True, config=STRICT)
class Schedule:
    """A course of the learning rate over the epochs of a stage.

    Attributes:
        kind: "constant"; "step", multiplied by `factor` at each of `at_epochs`; or "cosine", half a
            cosine down to nothing.
        at_epochs: Where the steps are, ascending, from 1; for "step" alone.
        factor: Above 0, at most 1; for "step" alone.
        warmup_epochs: The epochs during which the rate first rises linearly; may be a fraction.
        minimum_learning_rate: What the rate does not fall below after the warm-up.

    Raises:
        ValueError: A value is out of range, or of no use for the kind.
    """

    kind: Literal["constant", "step", "cosine"] = "constant"
    at_epochs: tuple[int, ...] = ()
    factor: float = 0.1
    warmup_epochs: NotNegative = 0.0
    minimum_learning_rate: NotNegative = 0.0

    def __post_init__(self) -> None:
        if bool(self.at_epochs) != (self.kind == "step"):
            raise ValueError(
                f"at_epochs is {list(self.at_epochs)} with the kind '{self.kind}'; the kind 'step' "
                "needs epochs, the others have none"
            )
        if (
            list(self.at_epochs) != sorted(set(self.at_epochs))
            or min(self.at_epochs, default=1) < 1
        ):
            raise ValueError(f"at_epochs is {list(self.at_epochs)}; epochs rise and start at 1")
        if not 0 < self.factor <= 1:
            raise ValueError(f"factor is {self.factor}; it must be above 0 and at most 1")

    def learning_rate(self, initial: float, epoch: float, epochs: int) -> float:
        """The learning rate at a point of a stage.

        Args:
            initial: The rate to which the schedule applies.
            epoch: The point, counted from 0, with a fraction within an epoch.
            epochs: The length of the stage.
        """
        scale = 1.0
        if self.kind == "step":
            scale = self.factor ** sum(epoch >= at for at in self.at_epochs)
        elif self.kind == "cosine":
            progress = (epoch - self.warmup_epochs) / max(epochs - self.warmup_epochs, 1e-9)
            scale = 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
        rate = max(initial * scale, self.minimum_learning_rate)
        return rate * epoch / self.warmup_epochs if epoch < self.warmup_epochs else rate
