import pytest

from stvsr.errors import StvsrError
from stvsr.restoration.memory import memory_budget


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (None, None),
        ("2", 2_000_000_000),
        ("0.5", 500_000_000),
        ("4GB", 4_000_000_000),
        ("4gb", 4_000_000_000),
        ("500MB", 500_000_000),
        ("1.5 G", 1_500_000_000),
        ("8GiB", 8 << 30),
        ("300 k", 300_000),
        ("1T", 10**12),
    ],
)
def test_a_memory_size_is_what_people_write(text, size):
    assert memory_budget(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "much", "4XB", "nan", "inf", "1e9", "1.2.3", ".", "0.0GB", "4 G B"])
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(StvsrError, match="give a positive number of gigabytes"):
        memory_budget(text)
