"""How the learning rate goes during a stage."""

from __future__ import annotations

import math
from dataclasses import dataclass

SCHEDULES = ("constant", "step", "cosine")


@dataclass(frozen=True)
class Schedule:
    """kind: "constant"; "step", times `factor` at each of `at_epochs`; "cosine", half a cosine.

    warmup_epochs: the rate first rises linearly for so long, which may be part of an epoch.
    minimum_learning_rate: the rate does not fall below this, other than in the warm-up.
    """

    kind: str = "constant"
    at_epochs: tuple[int, ...] = ()
    factor: float = 0.1
    warmup_epochs: float = 0.0
    minimum_learning_rate: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in SCHEDULES:
            raise ValueError(f"unknown kind '{self.kind}'; known are {', '.join(SCHEDULES)}")
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
        for name in ("warmup_epochs", "minimum_learning_rate"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0")

    def learning_rate(self, initial: float, epoch: float, epochs: int) -> float:
        """At a point of a stage: epoch counts from 0 and has a fraction within an epoch."""
        scale = 1.0
        if self.kind == "step":
            scale = self.factor ** sum(epoch >= at for at in self.at_epochs)
        elif self.kind == "cosine":
            progress = (epoch - self.warmup_epochs) / max(epochs - self.warmup_epochs, 1e-9)
            scale = 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
        rate = max(initial * scale, self.minimum_learning_rate)
        return rate * epoch / self.warmup_epochs if epoch < self.warmup_epochs else rate
