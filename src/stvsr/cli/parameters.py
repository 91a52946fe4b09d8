"""Kinds of values that several subcommands take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter, Token

from stvsr.errors import StvsrError


def whole_number(kind: Any, tokens: Sequence[Token]) -> int:
    """Return the whole number that was typed; cyclopts alone would round ``1.5`` without a word.

    Args:
        kind: What the parameter is annotated with.
        tokens: What was typed, one token.

    Raises:
        StvsrError: If it is none.
    """
    text = tokens[0].value
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not number.is_integer():
        raise StvsrError(f"{tokens[0].keyword} {text}: give a whole number, such as 2")
    return int(number)


def whole_numbers(kind: Any, tokens: Sequence[Token]) -> list[int]:
    """Return the whole numbers that were typed, one for each token; see `whole_number`."""
    return [whole_number(kind, [token]) for token in tokens]


def cut_score(kind: Any, tokens: Sequence[Token]) -> float | None:
    """Return the score from which on a change is a scene cut, or None for ``off``.

    Args:
        kind: What the parameter is annotated with.
        tokens: What was typed, one token.

    Raises:
        StvsrError: If it is neither.
    """
    from stvsr.video.cuts import check_threshold

    text = tokens[0].value
    if text.lower() == "off":
        return None
    try:
        score = float(text)
    except ValueError:
        raise StvsrError(f"--cuts {text}: give a score above 0 and up to 100, such as 7, or off") from None
    check_threshold(score)
    return score


def bits_per_second(kind: Any, tokens: Sequence[Token]) -> int:
    """Return a bitrate that was typed, such as ``500k``, ``1.5M`` or a plain number of bits per second.

    Args:
        kind: What the parameter is annotated with.
        tokens: What was typed, one token.

    Raises:
        StvsrError: If it is none.
    """
    text = tokens[0].value
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    try:
        number = float(text[:-1] if factor > 1 else text) * factor
    except ValueError:
        number = float("nan")
    if not math.isfinite(number):
        raise StvsrError(f"{tokens[0].keyword} {text}: give bits per second, such as 500k or 1.5M")
    return round(number)


def model_names(kind: Any, names: str | list[str] | None) -> None:
    """Refuse a model's name of nothing, which as a path would be the current folder.

    Raises:
        StvsrError: If a name is empty.
    """
    given = [names] if isinstance(names, str) else names or []
    if not all(name.strip() for name in given):
        raise StvsrError("--model '': give a name that 'stvsr models' lists, a model folder or a hub id")


def named_path(kind: Any, tokens: Sequence[Token]) -> Path:
    """Return the path that was typed; an empty one would be the current folder.

    Args:
        kind: What the parameter is annotated with.
        tokens: What was typed, one token.

    Raises:
        StvsrError: If it is empty, or the address of something on the net, or longer than disks take.
    """
    from stvsr.files import check_name
    from stvsr.video.misread import check_is_path

    text = tokens[0].value
    if not text.strip():
        raise StvsrError("'' is no name: give a file or a folder, '.' for the current one")
    check_is_path(text)
    path = Path(text)
    check_name(path)
    return path


Whole = Annotated[int | None, Parameter(converter=whole_number)]
Bitrate = Annotated[int | None, Parameter(converter=bits_per_second)]
ModelName = Annotated[str | None, Parameter(validator=model_names)]
USUAL_CUTS = 7.0
Cuts = Annotated[float | None, Parameter(converter=cut_score, negative="")]
GivenPath: TypeAlias = Annotated[Path, Parameter(converter=named_path)]
Interlaced = Literal["refuse", "deinterlace", "keep"]
