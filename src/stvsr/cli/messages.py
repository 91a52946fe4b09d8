"""Messages of the library in the words of the command line."""

from __future__ import annotations

import re

_ARGUMENT = re.compile(r"`([a-z]+(?:_[a-z]+)*)`")


def as_typed(line: str) -> str:
    """Return a message with its arguments as options: what the library calls `pixel_format` is typed --pixel-format."""
    return _ARGUMENT.sub(lambda found: "--" + found[1].replace("_", "-"), line)
