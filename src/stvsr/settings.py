"""From the mappings of YAML and JSON to frozen dataclasses, with one clear line for every mistake in between.

`build` converts, for recipes, whose fields say with `setting` what they may be. `read` takes values as they are, for
dataclasses that check themselves, with the help of the ``check_`` functions. Needs neither torch nor PyYAML.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeGuard, TypeVar, get_args, get_origin, get_type_hints

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


def only(data: Any, known: Iterable[str], where: str) -> dict[str, Any]:
    """Return a table of settings.

    Raises:
        StvsrError: If it is no table, or has a setting that is not ``known``.
    """
    known = list(known)
    if not isinstance(data, Mapping):
        raise StvsrError(f"{where} is {data!r}: give a table of settings")
    for key in data:
        if key not in known:
            raise StvsrError(f"{where} has no setting {key!r}; {_nearest(str(key), known)}")
    return dict(data)


def read(kind: type[T], data: Any, where: str, *, typed: bool = False) -> T:
    """Return a dataclass that checks itself, with the settings of a table, as they are.

    Args:
        kind: The dataclass.
        data: The table.
        where: What messages begin with.
        typed: Whether to check the types here, because ``kind`` does not.

    Raises:
        StvsrError: If a setting is unknown, missing or refused. For an unknown one the nearest is named.
    """
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    settings = only(data, [field.name for field in fields], where)
    for field in fields:
        if field.default is MISSING and field.default_factory is MISSING and field.name not in settings:
            raise StvsrError(f"{where}: {field.name!r} is missing")
    hints = get_type_hints(kind) if typed else {}
    for name, value in settings.items() if typed else ():
        if not _fits(value, hints[name]):
            raise StvsrError(f"{where}: {name!r} must be {_words(hints[name])}, not {value!r}")
    return kind(**settings)


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


def is_whole(value: Any, least: int, most: int) -> TypeGuard[int]:
    """Whether it is a whole number in a range, and not a switch."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a number, and not a switch."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_whole(where: str, settings: Any, limits: dict[str, tuple[int, int]]) -> None:
    """Check attributes that must be whole numbers in a range.

    Raises:
        StvsrError: Naming the first that is not.
    """
    for name, (least, most) in limits.items():
        value = getattr(settings, name)
        if not is_whole(value, least, most):
            raise StvsrError(f"{where}.{name} is {value!r}: give a whole number from {least} to {most}")


def check_switch(name: str, value: Any) -> None:
    """Check a setting that is on or off.

    Raises:
        StvsrError: If it is neither.
    """
    if not isinstance(value, bool):
        raise StvsrError(f"{name} is {value!r}: give true or false")


def check_pair(name: str, value: Any, least: int, most: int) -> tuple[int, int]:
    """Return two whole numbers as a tuple.

    Raises:
        StvsrError: If they are not that, or out of range.
    """
    numbers = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(numbers) != 2 or not all(is_whole(n, least, most) for n in numbers):
        raise StvsrError(f"{name} is {value!r}: give two whole numbers from {least} to {most}")
    return (numbers[0], numbers[1])


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
