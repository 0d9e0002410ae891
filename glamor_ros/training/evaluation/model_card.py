"""A model card whose tables are made of measured figures (Mitchell et al., Model Cards, 2019).

The figures are kept as JSON (measured.json). The card is Markdown that people write, with blocks
between `<!-- begin measured: NAME -->` and `<!-- end measured -->` that `filled_card` makes anew.
The names are `data`, `disturbances` and, of a network `<weights>`, `<weights>/file`, `/figures`,
`/classes`, `/confusion`, `/selective` and `/scenes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...atomic_file import atomic_write
from ...errors import GlamorError
from ...network.emotions import EMOTIONS
from ..data.composed_scenes_plan import Kind
from ..data.face_splits import CHOICE
from .card_measurement import FACES, FLIPPED, GREY_HEADS, HEADS, UNDISTURBED
from .intervals import CONFIDENCE_LEVEL, RESAMPLES

FORMAT = "glamor_ros.model_card.1"
UNDEFINED = "–"

_SET_TITLES = {
    FACES: "FER+ faces",
    FLIPPED: "the same, averaged with the mirrored face",
    HEADS: "heads, through the detector",
    GREY_HEADS: "the same photographs in grey",
}
_KIND_TITLES = {
    Kind.ALONE.value: "nobody else is there",
    Kind.COMPANY.value: "the own face is clear, others are there",
    Kind.DECIDED.value: "the own face says little, another decides",
}
_BLOCK = re.compile(
    r"(<!-- begin measured: (?P<name>\S+) -->\n)(?P<content>.*?)(<!-- end measured -->)", re.DOTALL
)
_BEGINNING, _END = "<!-- begin measured", "<!-- end measured"


class ModelCardError(GlamorError, ValueError):
    """A card or a file of measured figures that cannot be used; the message says why."""


@dataclass(frozen=True)
class MeasuredCard:
    """Everything that was measured for a card.

    Attributes:
        split: What was measured on; see `card_data.CARD_SPLITS`.
        detector: The name of the face detector that the heads went through.
        data: The sizes of the data; see `CardData.as_dict`.
        weights: The figures of each network; see `measure_network`.
    """

    split: str
    detector: str
    data: Mapping[str, Any]
    weights: Mapping[str, Mapping[str, Any]]

    def save(self, path: Path) -> None:
        """Write the figures as JSON, whole or not at all.

        Raises:
            OutputError: The file cannot be written.
        """
        content = {
            "format": FORMAT,
            "confidence_level": CONFIDENCE_LEVEL,
            "resamples": RESAMPLES,
            **asdict(self),
        }
        atomic_write(path, json.dumps(content, indent=1).encode() + b"\n")

    @classmethod
    def load(cls, path: Path) -> MeasuredCard:
        """The figures in a file.

        Raises:
            ModelCardError: The file is missing or holds something else.
        """
        try:
            content = json.loads(path.read_bytes())
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ModelCardError(f"it does not say format={FORMAT!r}")
            return cls(content["split"], content["detector"], content["data"], content["weights"])
        except (OSError, ValueError, KeyError) as error:
            raise ModelCardError(
                f"{path} holds no figures of a model card: {error}; 'glamor-ros model-card WEIGHTS "
                f"--data … --json {path}' writes them"
            ) from error

    def blocks(self) -> dict[str, str]:
        """The Markdown of each block, by name; each ends with a line feed."""
        made = {"data": self._data(), "disturbances": self._disturbances()}
        parts: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
            "file": _file,
            "figures": _figures,
            "classes": _classes,
            "confusion": _confusions,
            "selective": _selective,
            "scenes": _scenes,
        }
        for name, figures in self.weights.items():
            made |= {f"{name}/{part}": make(figures) for part, make in parts.items()}
        return made

    def markdown(self) -> str:
        """All blocks under headings, as a card of its own."""
        return "\n".join(f"## {name}\n\n{content}" for name, content in self.blocks().items())

    def _data(self) -> str:
        lines = []
        if FACES in self.data:
            faces = self.data[FACES]["images"]
            lines.append(
                f"FER+: {faces} faces, whole crops enlarged to the network's size, in neutral "
                "surroundings, in a single pass."
            )
        if HEADS in self.data:
            heads = self.data[HEADS]
            lines.append(
                f"Heads: {heads['images']} photographs of {heads['people']} people, each through "
                f"the face detector {self.detector} and the recognizer as a camera's image is. In "
                f"{heads['without_face']} further photographs it found no face; they are not "
                "counted."
            )
        lines.append(
            f"In brackets: {100 * CONFIDENCE_LEVEL:.0f} % bootstrap intervals ({RESAMPLES} "
            "resamples; of heads, people are drawn, not photographs; those of a class are at least "
            "Wilson's)."
        )
        if self.split == CHOICE:
            lines.append(
                "**These are the images on which choices were made, not those held out: read the "
                "figures as too good.**"
            )
        return "".join(f"- {line}\n" for line in lines)

    def _disturbances(self) -> str:
        measured = {
            name: figures["disturbed"]
            for name, figures in self.weights.items()
            if "disturbed" in figures
        }
        if not measured:
            return "Not measured.\n"
        first = next(iter(measured.values()))
        header = [f"FER+ faces, {first['images']} of them"]
        header += [cell for name in measured for cell in (name, "Change")]
        rows = []
        for title in first["rows"]:
            row = [title]
            for one in measured.values():
                figures = one["rows"][title]
                row.append(_with_interval(figures["accuracy"], figures["interval"]))
                change = _with_interval(figures["change"], figures["change_interval"], "+.3f")
                row.append(change if title != UNDISTURBED else "")
            rows.append(row)
        return _table(header, rows)


def filled_card(text: str, measured: MeasuredCard) -> str:
    """A card with its blocks made anew; what people wrote between them stays.

    Args:
        text: The card.
        measured: The figures.

    Raises:
        ModelCardError: The card has no block, one that is not closed, or one of another name.
    """
    blocks = measured.blocks()
    found = list(_BLOCK.finditer(text))
    if not found or not len(found) == text.count(_BEGINNING) == text.count(_END):
        raise ModelCardError(
            "the card has no blocks, or one without an end: a block is a line '<!-- begin "
            "measured: NAME -->', its content, and a line '<!-- end measured -->'"
        )
    unknown = sorted({match["name"] for match in found} - set(blocks))
    if unknown:
        raise ModelCardError(
            f"the card has a block {unknown[0]!r}, the figures make {', '.join(blocks)}; measure "
            "all of the card's networks at once"
        )
    return _BLOCK.sub(lambda match: f"{match[1]}\n{blocks[match['name']]}\n{match[4]}", text)


def _file(figures: Mapping[str, Any]) -> str:
    spec, provenance = figures["input_spec"], figures["provenance"]
    temperature = provenance.get("temperature")
    lines = [
        f"sha256 `{figures['sha256']}`",
        f"{figures['stored_values']:,} values",
        f"`context_faces` {spec['context_faces']}, `face_box_scale` {spec['face_box_scale']}",
        f"calibrated by a temperature of {temperature:.3f}" if temperature else "not calibrated",
    ]
    return "".join(f"- {line}\n" for line in lines)


def _figures(figures: Mapping[str, Any]) -> str:
    header = ["Measured on", "Images", "Accuracy", "Balanced accuracy", "ECE", "NLL"]
    keys = (
        "accuracy",
        "balanced_accuracy",
        "expected_calibration_error",
        "negative_log_likelihood",
    )
    rows = [
        [
            _SET_TITLES[name],
            str(one["samples"]),
            *(_with_interval(one[key], one["intervals"][key]) for key in keys),
        ]
        for name, one in figures["sets"].items()
    ]
    table = _table(header, rows)
    if "flip_gain" in figures:
        gain = figures["flip_gain"]
        table += (
            "\nAveraging with the mirrored face changes the accuracy on FER+ by "
            f"{_with_interval(gain['accuracy'], gain['interval'], '+.3f')}, at twice the cost of "
            "a face; the package does not do it.\n"
        )
    return table


def _classes(figures: Mapping[str, Any]) -> str:
    shown = [name for name in (FACES, HEADS) if name in figures["sets"]]
    header = ["Class"]
    for name in shown:
        header += [f"{_SET_TITLES[name]}: images", "Recall", "Precision"]
    rows = []
    for emotion in EMOTIONS:
        row = [emotion]
        for name in shown:
            one = figures["sets"][name]
            of_class, intervals = one["classes"][emotion], one["intervals"]["classes"][emotion]
            row.append(str(of_class["samples"]))
            row += [
                _with_interval(of_class[key], intervals[key], ".2f")
                for key in ("accuracy", "precision")
            ]
        rows.append(row)
    return _table(header, rows)


def _confusions(figures: Mapping[str, Any]) -> str:
    tables = []
    for name in (FACES, HEADS):
        if name in figures["sets"]:
            counts = figures["sets"][name]["confusion_matrix"]["counts"]
            rows = [
                [emotion, *map(str, row)] for emotion, row in zip(EMOTIONS, counts, strict=True)
            ]
            tables.append(_table([f"{_SET_TITLES[name]}: label, then said", *EMOTIONS], rows))
    return "\n".join(tables)


def _selective(figures: Mapping[str, Any]) -> str:
    shown = [name for name in (FACES, HEADS) if name in figures["sets"]]
    measured = [figures["sets"][name]["selective"] for name in shown]
    header = ["Confidence at least"]
    for name in shown:
        header += [f"{_SET_TITLES[name]}: answered", "Accuracy"]
    rows = []
    for points in zip(*(one["points"] for one in measured), strict=True):
        row = [f"{points[0]['threshold']:.2f}"]
        for point in points:
            row += [f"{100 * point['coverage']:.1f} %", _number(point["accuracy"])]
        rows.append(row)
    areas = [
        cell
        for one in measured
        for cell in ("area under the curve", _number(one["area_under_curve"]))
    ]
    return _table(header, [*rows, ["all thresholds", *areas]])


def _scenes(figures: Mapping[str, Any]) -> str:
    if not figures.get("scenes"):
        return (
            "Not measured: composed scenes are for weights with `context_faces` others_visible.\n"
        )
    header = [
        "Composed scenes",
        "Scenes",
        "Attention on the decider",
        "If it were even",
        "Accuracy",
        "With even attention",
        "Before grey",
    ]
    rows = [
        [
            _KIND_TITLES[row["kind"]],
            str(row["scenes"]),
            _number(row["attention"]),
            _number(row["even"]),
            _with_interval(row["accuracy"], row["interval"]),
            _number(row["accuracy_with_even_attention"]),
            _number(row["accuracy_before_grey"]),
        ]
        for row in figures["scenes"]
    ]
    return _table(header, rows)


def _number(value: float | None, form: str = ".3f") -> str:
    return UNDEFINED if value is None else format(value, form)


def _with_interval(value: float | None, interval: Sequence[float | None], form: str = ".3f") -> str:
    if value is None:
        return UNDEFINED
    low, high = (_number(end, form) for end in interval)
    return f"{value:{form}} ({low} to {high})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
