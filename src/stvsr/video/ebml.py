"""EBML, the tree of elements that Matroska is made of, as far as headers need it (RFC 8794)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

_LONGEST_SIZE = 8


def element(number: int, body: int | float | str | bytes | Iterable[bytes]) -> bytes:
    """Return an element.

    Args:
        number: Its identity, marker bits included, such as 0x1A45DFA3.
        body: A whole number, a float, a text, bytes as they are, or the elements inside it.
    """
    if isinstance(body, int):
        body = body.to_bytes(max(1, (body.bit_length() + 7) // 8), "big")
    elif isinstance(body, float):
        body = struct.pack(">d", body)
    elif isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b"".join(body)
    size = (1 << 7 * _LONGEST_SIZE | len(body)).to_bytes(_LONGEST_SIZE, "big")
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + size + body


def found(data: bytes, *path: int) -> Iterator[bytes]:
    """Yield the bodies of the elements at a path of identities, from the outermost one down.

    Raises:
        IndexError: If an element is not whole.
    """
    position = 0
    while position < len(data):
        number, position = _number(data, position, keep_marker=True)
        size, begin = _number(data, position, keep_marker=False)
        unknown = size == (1 << 7 * (begin - position)) - 1  # it goes on to the end
        position = len(data) if unknown else begin + size
        if number == path[0]:
            body = data[begin:position]
            if len(path) == 1:
                yield body
            else:
                yield from found(body, *path[1:])


def whole_number(body: bytes) -> int:
    """Return the whole number that an element holds."""
    return int.from_bytes(body, "big")


def _number(data: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """Return a number whose leading zero bits tell its length, and where it ends."""
    length = 9 - data[position].bit_length()
    end = position + length
    if length > _LONGEST_SIZE or end > len(data):
        raise IndexError(f"no number at byte {position}")
    number = whole_number(data[position:end])
    return (number if keep_marker else number & ~(1 << 7 * length)), end
