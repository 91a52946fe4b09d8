"""What tests share: clips, models and commands, and programs that tests run in processes of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the repository."""


def program(name: str, *arguments: object) -> list[str]:
    """Return the command that runs one of these modules as a program; give it `importing` as its environment."""
    return [sys.executable, "-m", f"{__name__}.{name}", *map(str, arguments)]


def importing(**variables: str) -> dict[str, str]:
    """Return an environment in which other processes find these modules."""
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places), **variables}
