"""Recipes' YAML files: mappings that may name another file beside them as their `base`.

Mappings of both are merged key by key, lists and values are replaced. A mapping with another `name`
is another thing (an optimizer, say) and replaces the base's whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .recipe_errors import RecipeError


class _Loader(yaml.SafeLoader):
    """YAML in which 5e-4, without a point, is a number, as YAML 1.2 has it."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a file, merged with those of its bases.

    Raises:
        RecipeError: A file cannot be read, is no YAML, holds no mapping, or is its own base.
    """
    return _read_yaml(path, ())


def _read_yaml(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
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
    if changes.get("name", base.get("name")) != base.get("name"):
        return dict(changes)
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _merged(before, value)
        else:
            merged[key] = value
    return merged
