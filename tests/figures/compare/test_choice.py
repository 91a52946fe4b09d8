import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.figures.compare.choice import busiest_moments, busiest_place, parse_region
from stvsr.figures.compare.matched import Lineup
from stvsr.figures.picture import Region


def test_the_busiest_moment_is_where_most_changes_but_not_a_cut():
    texture = (np.arange(400) // 2).astype(np.uint8)[None, :, None].repeat(64, axis=0).repeat(3, axis=2)
    places = [0, 1, 2, 3, 11, 19, 20, 21, 22, 23]  # fast from frame 3 to 5
    frames = [texture[:, place : place + 96] for place in places]
    after = [255 - texture[:, 200 + place : 296 + place] for place in range(4)]  # a new shot
    assert busiest_moments([*frames, *after]) == range(3, 6)
    assert busiest_moments([*frames, *after], 1) == range(0, 1)


def test_a_single_frame_is_the_busiest_one():
    assert busiest_moments([np.zeros((20, 30, 3), np.uint8)]) == range(0, 1)


def test_the_busiest_place_holds_what_moves(film, moving):
    frames = moving(4)
    lineup = Lineup([film("one.mkv", frames)], film("truth.mkv", frames))
    region = busiest_place(lineup, 1, side=30)
    assert region.top <= 20
    assert region.top + 30 >= 36
    assert region.left <= 16
    assert region.left + 30 >= 38
    with pytest.raises(StvsrError, match="--frame 9"):
        busiest_place(lineup, 9)


def test_where_nothing_moves_the_middle_is_shown(film, moving):
    still = film("still.mkv", moving(1))
    assert busiest_place(Lineup([still, still]), 0, side=30) == Region(17, 33, 30, 30)


def test_a_region_is_read_and_checked():
    assert parse_region("3, 4,20,16", (64, 96)) == Region(4, 3, 16, 20)
    for text in ("1,2,3", "a,b,c,d", "0,0,8,20", "80,0,20,20", "-1,0,20,20"):
        with pytest.raises(StvsrError, match="--crop"):
            parse_region(text, (64, 96))
