"""Labelled images: the form into which every dataset is read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import GlamorError
from ...network.emotions import EMOTIONS
from ...perception.geometry import Box

_SPELLINGS = {name.lower(): index for index, name in enumerate(EMOTIONS)} | {
    "angry": EMOTIONS.index("Anger"),
    "happiness": EMOTIONS.index("Happy"),
    "sadness": EMOTIONS.index("Sad"),
}
_SUM_TOLERANCE = 1e-3


class DatasetError(GlamorError, ValueError):
    """A dataset that cannot be used at all; the message names the place and what to do."""


class SettingsError(GlamorError, ValueError):
    """A setting out of range of how data is prepared or divided; the message names it."""


def emotion_index(name: str) -> int | None:
    """The class that a folder or label names, in any case and in the authors' spellings.

    Returns:
        The index in EMOTIONS; None for any other name.
    """
    return _SPELLINGS.get(name.strip().lower())


def one_hot(emotion: int) -> tuple[float, ...]:
    """The distribution (7,) that is 1 at one class."""
    return tuple(float(index == emotion) for index in range(len(EMOTIONS)))


@dataclass(frozen=True)
class Sample:
    """An image file with what it shows.

    Attributes:
        image: The file.
        box: The face in pixels of the image, after it is turned upright as its EXIF data says; None
            where no face is known.
        distribution: The label as probabilities (7,), in the order of EMOTIONS.

    Raises:
        ValueError: The distribution is none.
    """

    image: Path
    box: Box | None
    distribution: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.distribution) != len(EMOTIONS):
            raise ValueError(
                f"{self.image}: the distribution has {len(self.distribution)} values, expected one "
                f"for each of {', '.join(EMOTIONS)}"
            )
        if not all(value >= 0 and math.isfinite(value) for value in self.distribution):
            raise ValueError(f"{self.image}: the distribution {self.distribution} is not positive")
        if abs(sum(self.distribution) - 1) > _SUM_TOLERANCE:
            raise ValueError(
                f"{self.image}: the distribution {self.distribution} does not sum to 1"
            )

    @property
    def label(self) -> int:
        """The most probable class; the first among equals."""
        return max(range(len(EMOTIONS)), key=self.distribution.__getitem__)


@dataclass(frozen=True)
class Skipped:
    """A file, or a line of one, that was left out, and why.

    Attributes:
        where: The file, with the line's number where it is a line.
        reason: Why it was left out; "<where>: <reason>" is a sentence.
    """

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True)
class SampleSet:
    """The samples of a dataset in a fixed order, and what was left out.

    Attributes:
        samples: The samples.
        skipped: Files and lines that could not be used.
    """

    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def class_counts(self) -> dict[str, int]:
        """The number of samples of each class, by its name."""
        counts = Counter(sample.label for sample in self.samples)
        return {name: counts[index] for index, name in enumerate(EMOTIONS)}

    @property
    def without_box(self) -> int:
        """The number of samples of which no face is known."""
        return sum(sample.box is None for sample in self.samples)

    def summary(self, shown: int = 5) -> str:
        """A text for people: what was read, how much of it has no face, and what was left out.

        Args:
            shown: How many of the things left out are named.
        """
        classes = ", ".join(f"{name} {count}" for name, count in self.class_counts.items())
        lines = [f"{len(self)} samples ({classes}), {self.without_box} without a face box"]
        if self.skipped:
            lines.append(f"{len(self.skipped)} left out:")
            lines += [f"  {skipped}" for skipped in self.skipped[:shown]]
        if len(self.skipped) > shown:
            lines.append(f"  and {len(self.skipped) - shown} more")
        return "\n".join(lines)


def require_samples(
    samples: Sequence[Sample], skipped: Sequence[Skipped], source: str
) -> SampleSet:
    """The samples as a set, which must not be empty.

    Args:
        samples: The samples.
        skipped: What was left out.
        source: What errors call the dataset.

    Raises:
        DatasetError: There is no sample; the message gives the first reasons.
    """
    if not samples:
        reasons = "; ".join(str(one) for one in skipped[:3]) or "it holds no image"
        raise DatasetError(f"{source} gives no sample: {reasons}")
    return SampleSet(tuple(samples), tuple(skipped))
