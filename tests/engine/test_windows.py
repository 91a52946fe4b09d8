import pytest

from stvsr.engine.windows import (
    ALIGNMENT,
    SEGMENT,
    SHORTEST_SEGMENT,
    Shot,
    divide,
    group,
    plan,
    segment_length,
    spans,
    windows,
)
from stvsr.physics.scale import Scale


@pytest.mark.parametrize("count", [0, 1, 2, 5, 7, 12, 13])
@pytest.mark.parametrize("core", [1, 2, 4, 20])
@pytest.mark.parametrize("margin", [0, 1, 3, 6])
def test_the_cores_of_all_windows_are_the_stream_and_each_has_its_margins(count, core, margin):
    kept = []
    for window in windows(iter(range(count)), core, margin):
        start, stop = len(kept), len(kept) + window.core
        kept += window.frames[window.lead : window.lead + window.core]
        assert window.frames == list(range(max(start - margin, 0), min(start + core + margin, count)))
        assert window.core == min(core, count - start)
        assert stop == len(kept)
    assert kept == list(range(count))


def test_a_window_is_given_as_soon_as_its_frames_are_there():
    taken = []

    def source():
        for i in range(100):
            taken.append(i)
            yield i

    next(windows(source(), 4, 2))
    assert len(taken) == 6


@pytest.mark.parametrize(("size", "parts", "margin"), [(137, 1, 5), (137, 2, 5), (231, 3, 0), (160, 4, 40), (5, 5, 1)])
def test_the_kept_parts_of_all_spans_tile_the_side(size, parts, margin):
    every = spans(size, parts, margin)
    assert [i for span in every for i in range(span.start, span.stop)] == list(range(size))
    for span in every:
        assert span.first == max(span.start - margin, 0)
        assert span.first % ALIGNMENT == 0
        assert span.last == min(span.stop + margin, size)
    assert len(every) == parts or size < 24 * parts


GIB = 1 << 30
SCALE = Scale.of(2, 4)


@pytest.mark.parametrize("low_size", [(10, 8), (270, 480), (540, 960), (1080, 1920)])
@pytest.mark.parametrize("count", [None, 1, 20, 1000])
@pytest.mark.parametrize("per_pixel", [1000, 8192, 50_000])
def test_a_plan_keeps_to_its_budget(low_size, per_pixel, count):
    budget, (before, border) = 2 * GIB, (3, 8)
    chosen = plan(SCALE, (before, border), (count, *low_size), per_pixel, budget)
    height, width = (
        max(span.last - span.first for span in spans(size, parts, border))
        for size, parts in zip(low_size, (chosen.rows, chosen.columns), strict=True)
    )
    work = min(chosen.frames + 2 * before, count or 10**9) * height * width * per_pixel
    finished = chosen.frames * low_size[0] * low_size[1] * 3 * 32
    assert work + finished <= budget


def test_a_small_frame_is_not_tiled_and_a_huge_one_is():
    small = plan(SCALE, (3, 8), (None, 60, 80), 8192, 2 * GIB)
    assert small.rows * small.columns == 1
    huge = plan(SCALE, (3, 8), (None, 1080, 1920), 8192, 2 * GIB)
    assert huge.rows * huge.columns > 1


def test_a_budget_below_the_smallest_window_gives_the_smallest_window():
    smallest = plan(SCALE, (3, 8), (None, 64, 64), 8192, 1)
    assert (smallest.frames, smallest.rows, smallest.columns) == (1, 2, 2)


def test_windows_are_whole_multiples_of_the_time_factors_denominator():
    assert plan(Scale.of("6/5", 1), (2, 4), (None, 100, 100), 8192, GIB).frames % 5 == 0


def test_a_short_video_that_fits_is_one_window():
    assert plan(SCALE, (10, 8), (20, 60, 80), 8192, 2 * GIB).frames >= 20


@pytest.mark.parametrize("length", [1, 47, 48, 96, 97, 125, 240, 250, 300])
def test_segments_hold_every_window_once_and_in_order(length):
    parts = divide([Shot(0, length, 2 * length)], 11, 3, lambda frames: 2 * frames)
    segments = group(parts)
    assert [part for segment in segments for part in segment.parts] == parts
    assert [segment.first for segment in segments[1:]] == [segment.stop for segment in segments[:-1]]
    assert all(segment.stop - segment.first >= SEGMENT // 2 for segment in segments) or len(segments) == 1


def test_segments_are_shorter_only_where_hours_could_be_lost() -> None:
    assert segment_length(320 * 240, slow=True) == segment_length(3840 * 2160, slow=False) == SEGMENT
    lengths = [segment_length(height * height * 16 // 9, slow=True) for height in (480, 720, 1080, 2160)]
    assert lengths == sorted(lengths, reverse=True)
    assert SHORTEST_SEGMENT == lengths[-1] < lengths[0] == SEGMENT
    assert segment_length(3840 * 2160, slow=True, usual=8) == 8
