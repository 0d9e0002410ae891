"""Manifests: lists of images with their faces and labels, as CSV or JSON lines.

Fields, by name and in any order; others are ignored:
image: the file, relative to the manifest's folder.
left, top, right, bottom (or x1, y1, x2, y2): the edges of the face in pixels; in JSON lines also
    box: [left, top, right, bottom]. All empty, absent or 0: no face is known.
label: a class. Instead of it there may be one field for each class (Anger, ... Surprise) with votes
    or probabilities, not negative, which are divided by their sum; in JSON lines also
    distribution: {class: value}.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...network.emotions import EMOTIONS
from ...perception.geometry import Box
from .crop_files import box_of_edges
from .samples import (
    DatasetError,
    Sample,
    SampleSet,
    Skipped,
    emotion_index,
    one_hot,
    require_samples,
)

_EDGE_NAMES = (("left", "top", "right", "bottom"), ("x1", "y1", "x2", "y2"))
_JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")


class ManifestError(DatasetError):
    """A manifest that cannot be used at all; the message names the file and the line."""


def read_manifest(path: Path) -> SampleSet:
    """The samples of a manifest; lines that cannot be used are listed with their numbers.

    Args:
        path: A .csv, .jsonl or .ndjson file.

    Raises:
        ManifestError: The file is missing, of another format, lacks a column that every line
            needs, or has no usable line.
    """
    if path.suffix.lower() not in (".csv", *_JSON_LINES_SUFFIXES):
        raise ManifestError(f"{path} is no manifest: its name must end in .csv or .jsonl")
    if not path.is_file():
        raise ManifestError(f"there is no manifest {path}")
    read = _csv_lines if path.suffix.lower() == ".csv" else _json_lines
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    try:
        for number, fields in read(path):
            try:
                samples.append(_sample(fields, path.parent))
            except ValueError as error:
                skipped.append(Skipped(f"{path}:{number}", str(error)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{path} is no text in UTF-8: {error}") from error
    try:
        return require_samples(samples, skipped, str(path))
    except DatasetError as error:
        raise ManifestError(str(error)) from error


_Fields = Mapping[str, Any] | ValueError


def _csv_lines(path: Path) -> Iterator[tuple[int, _Fields]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        names = {_field_name(name) for name in reader.fieldnames or ()}
        if "image" not in names:
            raise ManifestError(f"{path}:1: the header has no column 'image'")
        if "label" not in names and not names.intersection(EMOTIONS):
            raise ManifestError(
                f"{path}:1: the header has neither a column 'label' nor one for each of "
                f"{', '.join(EMOTIONS)}"
            )
        for row in reader:
            if None in row:
                fields: _Fields = ValueError("has more values than the header has columns")
            else:
                fields = {_field_name(name): value for name, value in row.items()}
            yield reader.line_num, fields


def _json_lines(path: Path) -> Iterator[tuple[int, _Fields]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, ValueError(f"is no JSON: {error}")
                continue
            if not isinstance(fields, dict):
                yield number, ValueError("is no JSON object")
                continue
            yield number, {_field_name(name): value for name, value in fields.items()}


def _field_name(name: str) -> str:
    """A field's name: classes in their own spelling, other names in lower case."""
    emotion = emotion_index(name)
    return name.strip().lower() if emotion is None else EMOTIONS[emotion]


def _sample(fields: _Fields, directory: Path) -> Sample:
    if isinstance(fields, ValueError):
        raise fields
    name = fields.get("image")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("the field 'image' is missing or empty")
    image = directory / name.strip()
    if not image.is_file():
        raise ValueError(f"there is no image {image}")
    return Sample(image, _box(fields), _distribution(fields))


def _box(fields: Mapping[str, Any]) -> Box | None:
    if fields.get("box") is not None:
        box = fields["box"]
        if not isinstance(box, list) or len(box) != 4:
            raise ValueError(f"box is {box!r}, expected [left, top, right, bottom]")
        edges = [_number("box", edge) for edge in box]
    else:
        names = next((n for n in _EDGE_NAMES if any(not _is_empty(fields, e) for e in n)), None)
        if names is None:
            return None
        edges = [_number(name, fields.get(name)) for name in names]
    left, top, right, bottom = edges
    return box_of_edges((left, top, right, bottom))


def _is_empty(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    return value is None or (isinstance(value, str) and not value.strip())


def _distribution(fields: Mapping[str, Any]) -> tuple[float, ...]:
    if not _is_empty(fields, "label"):
        emotion = emotion_index(str(fields["label"]))
        if emotion is None:
            raise ValueError(f"the label {fields['label']!r} is none of {', '.join(EMOTIONS)}")
        return one_hot(emotion)
    source: Mapping[str, Any] = fields
    if fields.get("distribution") is not None:
        if not isinstance(fields["distribution"], dict):
            raise ValueError("distribution must be an object with one value a class")
        source = {_field_name(name): value for name, value in fields["distribution"].items()}
    if all(_is_empty(source, name) for name in EMOTIONS):
        raise ValueError("has neither a label nor a distribution")
    values = [_number(name, source.get(name)) for name in EMOTIONS]
    if min(values) < 0 or sum(values) <= 0:
        raise ValueError(f"the distribution {values} must be positive and not all zero")
    return tuple(value / sum(values) for value in values)


def _number(name: str, value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, int | float | str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ValueError(f"{name} is {value!r}, expected a number")
