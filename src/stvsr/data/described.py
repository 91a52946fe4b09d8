"""From the mapping that a recipe holds to a dataclass, with one clear line for every mistake in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from stvsr.errors import StvsrError

T = TypeVar("T")


def described(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Make the dataclass ``kind`` from a mapping.

    Args:
        kind: A dataclass with fields of plain types.
        values: The mapping.
        where: What a message begins with.

    Raises:
        StvsrError: If a name is unknown or missing, or a value has the wrong type.
    """
    hints = get_type_hints(kind)
    for name, value in values.items():
        if name not in hints:
            raise StvsrError(f"{where}: {name!r} is unknown; known are {', '.join(sorted(hints))}")
        if not _fits(value, hints[name]):
            raise StvsrError(f"{where}: {name!r} must be {_words(hints[name])}, not {value!r}")
    for field in fields(kind):  # type: ignore[arg-type]
        if field.default is MISSING and field.default_factory is MISSING and field.name not in values:
            raise StvsrError(f"{where}: {field.name!r} is missing")
    return kind(**values)


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is UnionType:
        return any(_fits(value, part) for part in get_args(hint))
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if parts[-1] is Ellipsis:
            return isinstance(value, list | tuple) and all(_fits(item, parts[0]) for item in value)
        return isinstance(value, list | tuple) and len(value) == len(parts) and all(map(_fits, value, parts))
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, get_origin(hint) or hint)


def _words(hint: Any) -> str:
    if get_origin(hint) is UnionType:
        return " or ".join(_words(part) for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis:
        return "a list of texts"
    if get_origin(hint) is tuple:
        return f"a list of {len(get_args(hint))} whole numbers"
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    return words.get(hint, "'name: value' lines")
