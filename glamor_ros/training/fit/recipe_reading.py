"""Data classes read from YAML files, with errors that name the key.

A file may name another one beside it as its `base`: mappings of both are merged key by key, lists
and values are replaced.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from ...errors import GlamorError

_Result = TypeVar("_Result")


class RecipeError(GlamorError, ValueError):
    """A recipe that cannot be used; the message names the key, what is wrong and what is needed."""


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a file, merged with those of its bases.

    Raises:
        RecipeError: A file cannot be read, is no YAML, holds no mapping, or is its own base.
    """
    return _read_yaml(path, ())


def _read_yaml(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {path}: {error.strerror}") from error
    # PyYAML lets the ValueError of an impossible date or number through.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"{path} is no YAML: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise RecipeError(f"{path} is no recipe: expected keys with values, as 'seed: 0'")
    base: object = content.pop("base", None)
    if base is None:
        return content
    if not isinstance(base, str):
        raise RecipeError(f"{path}: base is {base!r}, expected the name of a file beside it")
    if path in above:
        raise RecipeError(f"{path} is its own base")
    return _merged(_read_yaml(path.parent / base, (*above, path)), content)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _merged(before, value)
        else:
            merged[key] = value
    return merged


def read_fields(kind: type[_Result], values: object, where: str = "") -> _Result:
    """A data class made from a mapping.

    Fields may be data classes, numbers, text, truth values, tuples of integers or of text, or None.
    What the class itself refuses with a ValueError is reported with the key, too. A class with a
    method `from_fields` is made by it.

    Args:
        kind: The data class.
        values: The mapping.
        where: The key that holds the mapping; empty for the whole recipe.

    Raises:
        RecipeError: A key is unknown or missing, or a value is of another type or out of range.
    """
    if not isinstance(values, Mapping):
        raise RecipeError(f"{where or 'the recipe'} is {values!r}, expected keys with values")
    hints = get_type_hints(kind)
    known = [field for field in fields(kind) if field.init]  # type: ignore[arg-type]
    for key in values:
        if key not in {field.name for field in known}:
            raise RecipeError(
                f"unknown key '{_key(where, key)}'; known are "
                f"{', '.join(field.name for field in known)}"
            )
    make = getattr(kind, "from_fields", None)
    for field in known:
        required = field.default is MISSING and field.default_factory is MISSING
        if required and make is None and field.name not in values:
            raise RecipeError(f"'{_key(where, field.name)}' is missing")
    read = {key: _read(hints[key], value, _key(where, key)) for key, value in values.items()}
    try:
        return make(read) if make else kind(**read)
    except RecipeError:
        raise
    except ValueError as error:
        raise RecipeError(f"{where or 'the recipe'}: {error}") from error


def _key(where: str, name: object) -> str:
    return f"{where}.{name}" if where else str(name)


def _read(hint: Any, value: object, where: str) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    if is_dataclass(hint):
        return read_fields(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return _read_tuple(get_args(hint), value, where)
    if hint is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)  # YAML takes 5e-4, without a point, for text.
        except (ValueError, OverflowError):
            pass
    if type(value) is hint:
        return value
    raise RecipeError(f"'{where}' is {value!r}, expected {_NAMES[hint]}")


def _read_tuple(items: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    length = None if items[-1] is Ellipsis else len(items)
    if not isinstance(value, list) or (length is not None and len(value) != length):
        count = "" if length is None else f"{length} "
        raise RecipeError(f"'{where}' is {value!r}, expected a list of {count}{_PLURALS[items[0]]}")
    return tuple(_read(items[0], one, f"{where}[{index}]") for index, one in enumerate(value))


_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
}
_PLURALS = {int: "whole numbers", str: "texts"}
