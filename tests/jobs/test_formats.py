"""A model that changes nothing gives every pixel format back within one code value, through the jobs themselves."""

from __future__ import annotations

import pytest

from stvsr.video import Encoder, probe
from tests.helpers.fakes import Repeat
from tests.helpers.formats import FEW, MATRIX, check_same, stored, written
from tests.helpers.jobs import expand, restore, shrink


def check_upscaling(folder, pixels: str, space: str, full: bool) -> None:
    source, output = written(folder / "source.mkv", stored(pixels, space, full)), folder / "out.mkv"
    restore(source, output, Repeat(1, 1), encoder=Encoder("ffv1", pixels))
    assert (probe(output).pixel_format, probe(output).colour) == (pixels, probe(source).colour)
    check_same(source, output, deep=True)


@pytest.mark.parametrize(("pixels", "space", "full"), FEW)
def test_some_formats_come_back_from_upscaling(tmp_path, pixels: str, space: str, full: bool) -> None:
    check_upscaling(tmp_path, pixels, space, full)


@pytest.mark.slow
@pytest.mark.parametrize(("pixels", "space", "full"), MATRIX)
def test_every_format_comes_back_from_upscaling(tmp_path, pixels: str, space: str, full: bool) -> None:
    check_upscaling(tmp_path, pixels, space, full)


@pytest.mark.parametrize(("pixels", "space", "full"), [each for each in MATRIX if each[0].endswith("p")])
def test_every_format_of_8_bits_comes_back_from_shrinking_and_expanding(
    tmp_path, pixels: str, space: str, full: bool
) -> None:
    source = written(tmp_path / "source.mkv", stored(pixels, space, full))
    small, output = tmp_path / "small.mkv", tmp_path / "out.mkv"
    shrink(source, small, Repeat(1, 1))
    expand(small, output, Repeat(1, 1), encoder=Encoder("ffv1", pixels))
    assert (probe(output).pixel_format, probe(output).colour) == (pixels, probe(source).colour)
    check_same(source, output, deep=False)
