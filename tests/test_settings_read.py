from dataclasses import dataclass

import pytest

from stvsr.errors import StvsrError
from stvsr.settings import read


@dataclass(frozen=True)
class Kite:
    colour: str
    size: tuple[int, int] = (3, 4)
    weight: float = 1.0
    tails: int | None = None


def test_a_mapping_becomes_the_dataclass():
    values = {"colour": "red", "size": [5, 6], "weight": 2, "tails": None}
    assert read(Kite, values, "kite", typed=True) == Kite("red", [5, 6], 2, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wind": 1}, "kite has no setting 'wind'; known are colour, size, tails, weight"),
        ({"tail": 1}, "kite has no setting 'tail'; did you mean 'tails'?"),
        ({"colour": 7}, "kite: 'colour' must be text, not 7"),
        ({"size": 5}, "kite: 'size' must be a list of 2 whole numbers, not 5"),
        ({"size": [5, 6, 7]}, "kite: 'size' must be a list of 2 whole numbers"),
        ({"size": [5, 0.5]}, "kite: 'size' must be a list of 2 whole numbers"),
        ({"weight": "2"}, "kite: 'weight' must be a number, not '2'"),
        ({"tails": 1.5}, "kite: 'tails' must be a whole number, not 1.5"),
        ({"tails": True}, "kite: 'tails' must be a whole number, not True"),
    ],
)
def test_each_mistake_is_named(change, message):
    with pytest.raises(StvsrError) as caught:
        read(Kite, {"colour": "red", **change}, "kite", typed=True)
    assert str(caught.value).startswith(message)


def test_a_missing_name_is_named():
    with pytest.raises(StvsrError, match="kite: 'colour' is missing"):
        read(Kite, {}, "kite")
