import pytest

from stvsr.errors import StvsrError
from stvsr.text import memory_budget, number_of, one_line, quoted, readable_size, readable_time


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


def test_counts_sizes_and_times_are_written_as_people_write_them():
    assert [number_of(count, "file") for count in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [readable_size(count) for count in (7, 1500, 3_100_000, 2e9)] == ["7 bytes", "1.5 kB", "3.1 MB", "2.0 GB"]
    assert [readable_time(seconds) for seconds in (3.21, 61, 3720)] == ["3.2 s", "1 min 01 s", "1 h 02 min"]


def test_what_strangers_wrote_becomes_one_printable_line_of_bounded_length():
    assert one_line("two\nlines\x1b[31m") == "two lines [31m"
    assert len(one_line("a" * 10_000)) == len(one_line("a" * 100_000)) < 1000
    assert len(quoted(list(range(10_000)))) < 100
