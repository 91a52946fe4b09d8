"""From a YAML mapping to frozen dataclasses, with one clear line for every mistake in between."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from stvsr.errors import StvsrError

T = TypeVar("T")


def setting(
    default: Any,
    doc: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> Any:
    """Declare a field of a recipe: its default, its documentation and the range that it must lie in."""
    metadata = {"doc": doc, "at_least": at_least, "above": above, "at_most": at_most}
    if dataclasses.is_dataclass(default) and isinstance(default, type):
        return dataclasses.field(default_factory=default, metadata=metadata)
    if isinstance(default, Mapping):
        return dataclasses.field(default_factory=lambda: MappingProxyType(dict(default)), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def build(kind: type[T], values: object, where: str = "") -> T:
    """Make the dataclass ``kind`` from a mapping.

    Args:
        kind: A dataclass whose fields are declared with `setting`.
        values: The mapping, as YAML gives it.
        where: Dotted path of the mapping, for messages.

    Raises:
        StvsrError: If a key is unknown, or a value has the wrong type or lies out of range. The message names
            the key by its dotted path and, for an unknown one, the nearest that exists.
    """
    if not isinstance(values, Mapping):
        raise StvsrError(f"recipe: {where or 'the file'} must hold 'key: value' lines, not {values!r}")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    made = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in fields:
            raise StvsrError(f"recipe: unknown key '{path}'; {_nearest(str(key), fields)}")
        made[key] = _convert(hints[key], value, path)
        _check_range(made[key], fields[key].metadata, path)
    return kind(**made)


def plain(value: object) -> Any:
    """Return dataclasses, mappings and tuples as the dictionaries and lists that YAML and JSON know."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def override(values: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Return a copy of nested ``values`` with ``dotted.key=value`` assignments applied, values read as YAML.

    A whole number steps into a list: ``data.train.0.weight=2``.

    Raises:
        StvsrError: If an assignment has no ``=``, its value is not YAML, or its path leads through a plain value.
    """
    import yaml  # an extra

    changed: dict[str, Any] = plain(values)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise StvsrError(f"recipe: {assignment!r} is no override; write key=value, such as steps=1000")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            raise StvsrError(f"recipe: the value of {assignment!r} is not valid YAML; quote it") from None
        _assign(changed, path, value)
    return changed


def changes(before: object, after: object, where: str = "") -> list[str]:
    """List what differs between two nested values, one ``key: old -> new`` each."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = list(dict.fromkeys([*before, *after]))
        return [
            line
            for key in keys
            for line in changes(before.get(key), after.get(key), f"{where}.{key}" if where else str(key))
        ]
    return [] if before == after else [f"{where}: {before} -> {after}"]


def _assign(values: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    place: Any = values
    for name in parents:
        place = _step_into(place, name, path)
    if isinstance(place, list):
        _step_into(place, last, path)
        place[int(last)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise StvsrError(f"recipe: '{path}' leads through a plain value, which has no '{last}'")


def _step_into(place: Any, name: str, path: str) -> Any:
    if isinstance(place, dict):
        return place.setdefault(name, {})
    if isinstance(place, list) and name.isdigit() and int(name) < len(place):
        return place[int(name)]
    raise StvsrError(f"recipe: '{path}' leads nowhere: there is no '{name}' on the way")


def _nearest(key: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"known are {', '.join(sorted(known))}"


def _convert(hint: Any, value: object, path: str) -> Any:
    """Return ``value`` as the type ``hint``, accepting what YAML writes for it."""
    origin, choices = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return build(hint, {} if value is None else value, path)
    if origin is UnionType:
        if value is None and type(None) in choices:
            return None
        return _convert(next(choice for choice in choices if choice is not type(None)), value, path)
    if origin is Literal:
        return _one_of(choices, value, path)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise StvsrError(f"recipe: '{path}' must be a list, not {value!r}")
        if choices[-1] is not Ellipsis and len(choices) != len(value):
            raise StvsrError(f"recipe: '{path}' must be a list of {len(choices)}, not {value!r}")
        return tuple(_convert(choices[0], item, f"{path}.{index}") for index, item in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise StvsrError(f"recipe: '{path}' must hold 'key: value' lines, not {value!r}")
        return MappingProxyType(plain(value))
    return _scalar(hint, value, path)


def _one_of(choices: tuple[object, ...], value: object, path: str) -> object:
    if value not in choices:
        names = ", ".join(str(choice) for choice in choices)
        raise StvsrError(f"recipe: '{path}' must be one of {names}, not {value!r}")
    return value


def _scalar(hint: type, value: object, path: str) -> object:
    if hint is float and not isinstance(value, bool):
        try:  # YAML 1.1 reads 1e-3, which has no point, as text
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            pass
    elif isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    raise StvsrError(f"recipe: '{path}' must be {names[hint]}, not {value!r}")


def _check_range(value: object, metadata: Mapping[str, Any], path: str) -> None:
    for number in value if isinstance(value, tuple) else (value,):
        if not isinstance(number, int | float):
            continue
        if isinstance(number, float) and not math.isfinite(number):
            raise StvsrError(f"recipe: '{path}' must be a finite number, not {number}")
        at_least, above, at_most = (metadata.get(limit) for limit in ("at_least", "above", "at_most"))
        if at_least is not None and not number >= at_least:
            raise StvsrError(f"recipe: '{path}' must be at least {at_least}, not {number}")
        if above is not None and not number > above:
            raise StvsrError(f"recipe: '{path}' must be above {above}, not {number}")
        if at_most is not None and not number <= at_most:
            raise StvsrError(f"recipe: '{path}' must be at most {at_most}, not {number}")
