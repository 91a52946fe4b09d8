"""Checks of what stands in `config.json` and in the `model` part of recipes. Needs no torch."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeGuard, TypeVar

from stvsr.errors import StvsrError

C = TypeVar("C")


def only(data: Any, known: set[str], where: str) -> dict[str, Any]:
    """Return a table of settings.

    Raises:
        StvsrError: If it is no table, or has a setting that is not ``known``.
    """
    if not isinstance(data, dict):
        raise StvsrError(f"{where} is {data!r}: give a table of settings")
    for key in data:
        if key not in known:
            raise StvsrError(f"{where} has no setting {key!r}: it knows {', '.join(sorted(known))}")
    return data


def read(kind: type[C], data: Any, where: str) -> C:
    """Return the dataclass ``kind`` with the settings of a table.

    Raises:
        StvsrError: If a setting is unknown, missing or refused.
    """
    settings = only(data, {f.name for f in fields(kind)}, where)  # type: ignore[arg-type]
    try:
        return kind(**settings)
    except TypeError as error:
        raise StvsrError(f"{where}: {error}") from error


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
