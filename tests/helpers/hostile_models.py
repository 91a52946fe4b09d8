"""Loads and uses one hostile model folder after another, in a process of its own with little memory.

Takes a folder to work in, the names of good model folders in it, and the first and last number; answers with one line
each.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import resource
import shutil
import signal
import struct
import sys
import traceback
from pathlib import Path

import stvsr.models.checkpoint  # noqa: F401, before memory is limited
from stvsr.errors import StvsrError
from tests.helpers.hostile_json import spoiled

SECONDS = 20
MEMORY = 3 << 30
SEED = 20221
MARK = "executed"


def scrambled(data: bytes, chance: random.Random) -> bytes:
    """Return bytes flipped, cut or repeated."""
    changed = bytearray(data)
    how = chance.random()
    if how < 0.6:
        reach = min(len(changed), chance.choice([16, 2000, len(changed)]))
        for _ in range(chance.randint(1, 20)):
            changed[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    elif how < 0.9:
        del changed[chance.randrange(len(changed)) :]
    else:
        changed += changed[chance.randrange(len(changed)) :]
    return bytes(changed)


class Bomb:
    """Unpickling one leaves a file that must never appear."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self._mark),)


def poisoned(data: bytes, chance: random.Random) -> bytes:
    """Return weights some of which are no numbers, endless or enormous."""
    (size,) = struct.unpack("<Q", data[:8])
    changed, first = bytearray(data), 8 + size
    for _ in range(chance.randint(1, 5)):
        place = first + 4 * chance.randrange((len(data) - first) // 4)
        changed[place : place + 4] = struct.pack("<f", chance.choice([float("nan"), float("inf"), -3e38, 1e30]))
    return bytes(changed)


def displaced(path: Path, chance: random.Random) -> None:
    """Put something else where a file should be: nothing, a folder, a link in a circle, an endless device, a bomb."""
    path.unlink()
    how = chance.choice(["missing", "folder", "circle", "endless", "far", "bomb"])
    if how == "folder":
        path.mkdir()
    elif how == "circle":
        path.symlink_to(path.name)
    elif how == "endless":
        path.symlink_to("/dev/zero")
    elif how == "far":
        path.symlink_to("../" * 20 + "etc/passwd")
    elif how == "bomb":
        path.write_bytes(pickle.dumps(Bomb(path.parent / MARK)))


def spoil(folder: Path, number: int) -> None:
    """Do to a model folder what its number says."""
    chance = random.Random(SEED * 100_003 + number)
    config, weights = folder / "config.json", folder / "model.safetensors"
    how = chance.random()
    if how < 0.45:
        config.write_text(spoiled(config.read_text(), chance))
    elif how < 0.55:
        config.write_bytes(scrambled(config.read_bytes(), chance))
    elif how < 0.75:
        data = weights.read_bytes()
        (size,) = struct.unpack("<Q", data[:8])
        header = spoiled(data[8 : 8 + size].decode(), chance).encode()
        said = len(header) if chance.random() < 0.9 else chance.choice([0, 1, 2**32, 2**63, 2**64 - 1])
        weights.write_bytes(struct.pack("<Q", said) + header + data[8 + size :])
    elif how < 0.85:
        weights.write_bytes(poisoned(weights.read_bytes(), chance))
    elif how < 0.9:
        displaced(chance.choice([config, weights]), chance)
    else:
        weights.write_bytes(scrambled(weights.read_bytes(), chance))


def use(folder: Path) -> None:
    """Load a folder and do with it what the commands do."""
    import torch

    from stvsr.models.checkpoint import load
    from stvsr.models.zoo import find

    entry = find(folder)
    if not entry.name.isprintable() or not entry.licence.isprintable():
        raise RuntimeError(f"a name of {entry.name!r}, a licence of {entry.licence!r}")
    _ = entry.checksum
    model = load(folder)
    with contextlib.suppress(StvsrError):  # some have none
        _ = model.operator
    low = model.downsample(torch.rand(1, 3, 3, 9, 10))
    high = model.upsample(low)
    if tuple(high.shape[2:]) != model.scale.high_size(tuple(low.shape[2:])):
        raise RuntimeError(f"{tuple(low.shape)} becomes {tuple(high.shape)}")
    if min(model.context) < 0 or max(model.context) > 100_000:
        raise RuntimeError(f"a context of {model.context}")


def outcome(folder: Path) -> str:
    """Use a folder; ``fine``, ``refused`` and the line, or ``wrong`` and why."""
    try:
        use(folder)
    except StvsrError as error:
        line = str(error)
        if "\n" in line or not line.isprintable() or len(line) > 1000:
            return f"wrong: not one line but {len(line)} characters: {line[:200]!r}"
        return f"refused {line}"
    except BaseException as error:
        calls = traceback.extract_tb(error.__traceback__)[-3:]
        places = ", ".join(f"{Path(call.filename).name}:{call.lineno}" for call in calls)
        return f"wrong: {type(error).__name__} {str(error)[:200]} ({places})"
    return "wrong: something in it was executed" if (folder / MARK).exists() else "fine"


def main() -> None:
    """Answer for every number."""
    base, names, first, last = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]), int(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    for number in range(first, last):
        folder = base / "hostile"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base / names[number % len(names)], folder)
        spoil(folder, number)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        said = outcome(folder)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(number, " ".join(said.split()), flush=True)


if __name__ == "__main__":
    main()
