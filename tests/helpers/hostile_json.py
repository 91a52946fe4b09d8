"""JSON as nobody should write it."""

from __future__ import annotations

import json
import random

HOSTILE = [
    None, True, -1, 0, 1, 3, 10**6, 2**31, 2**63, 10**30, -(2**63), 1e308, 0.5, float("nan"), float("inf"), "", "2",
    "kernel.npy", "1/0", "1e999999999", "nan", "../../etc/passwd", "/dev/zero", "a\nb", "\x1b[31m", "\u0000",
    "x" * 5000, [], {}, [1], [[[[]]]], [10**9, 10**9, 10**9], ["1e999999999", 1, 1], [1, float("inf"), 1],
    {"a": {"b": []}}, "__class__", "staa", "davsr", "F32", "I64", "pickle", [0, 2**62], [2**40, 2**40],
]  # fmt: skip


def places(tree: object, path: tuple = ()) -> list[tuple]:
    """Return the way to every value in parsed JSON."""
    found = [path] if path else []
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        found += places(value, (*path, key))
    return found


def spoiled(text: str, chance: random.Random) -> str:
    """Return JSON with a few values replaced, removed, added or given twice."""
    tree = json.loads(text)
    for _ in range(chance.randint(1, 3)):
        ways = places(tree)
        if not ways:
            break
        *before, last = chance.choice(ways)
        inner = tree
        for key in before:
            inner = inner[key]
        how = chance.random()
        if how < 0.7:
            inner[last] = chance.choice(HOSTILE)
        elif how < 0.85 or isinstance(inner, list):
            del inner[last]
        else:
            inner[str(chance.choice(HOSTILE))] = chance.choice(HOSTILE)
    text = json.dumps(tree)
    if chance.random() < 0.1:
        text = text[:-1] + ', "model": {}, "a": 1, "a": 2}'
    if chance.random() < 0.03:
        text = text.replace("1", "1" * 5000, 1)
    if chance.random() < 0.03:
        text = text[:-1] + ', "b": ' + "[" * 100_000
    return text
