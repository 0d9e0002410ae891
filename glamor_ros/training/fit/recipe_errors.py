"""What is wrong with a recipe, told by its key."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import ConfigDict, ValidationError

from ...errors import GlamorError

# Of every data class of a recipe: no key that means nothing, no value that only looks like another.
STRICT = ConfigDict(extra="forbid", strict=True)


class RecipeError(GlamorError, ValueError):
    """A recipe that cannot be used; the message names the key, what is wrong and what is needed."""


def told(error: ValidationError, kind: type) -> str:
    """Everything that pydantic found wrong, as one text.

    Args:
        error: What it found.
        kind: The data class that was to be made.
    """
    return "; ".join(_told(one, kind) for one in error.errors(include_url=False))


def _told(one: Any, kind: type) -> str:
    *above, _ = one["loc"] or ("",)
    key, _ = _place(kind, one["loc"])
    if one["type"] == "unexpected_keyword_argument":
        _, holders = _place(kind, above)
        known = [field.name for holder in holders for field in fields(holder)]
        return f"unknown key '{key}'; known are {', '.join(known)}"
    if one["type"] in ("missing", "missing_argument"):
        return f"'{key}' is missing"
    if one["type"] == "union_tag_not_found":
        return f"'{key}.name' is missing"
    if one["type"] == "union_tag_invalid":
        context = one["ctx"]
        return f"'{key}.name' is '{context['tag']}': it should be {context['expected_tags']}"
    if one["type"] == "value_error":
        return f"{key}: {one['ctx']['error']}".removeprefix(": ")
    return f"'{key}' is {one['input']!r}: {one['msg'].replace('Input', 'it', 1)}"


def _place(kind: type, location: Any) -> tuple[str, list[Any]]:
    """A place in a recipe: its key, and the data classes that may be there."""
    key, here = "", [kind]
    for step in location:
        if isinstance(step, int):
            key += f"[{step}]"
            continue
        hints = [get_type_hints(one) for one in here]
        inside = [hint[step] for hint in hints if step in hint]
        # pydantic also tells by its name which of several classes it took.
        named = [one for one in here if getattr(one, "name", None) == step]
        if inside or not named:
            key += f".{step}"
        here = [one for hint in inside for one in _classes(hint)] if inside else named
    return key.lstrip("."), here


def _classes(hint: Any) -> list[Any]:
    if is_dataclass(hint):
        return [hint]
    return [one for inner in get_args(hint) for one in _classes(inner)]
