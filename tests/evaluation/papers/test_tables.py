import json

import pytest

from stvsr.evaluation.datasets import DATASETS, VID4
from stvsr.evaluation.papers.published import FILE
from stvsr.evaluation.papers.tables import TABLES, is_whole, listing, published_for
from stvsr.evaluation.protocols import PROTOCOLS

ASKED = {
    *(f"staa-table-{number}" for number in (1, 2, 3, 4, 7, 8)), "staa-fig-17",
    *(f"davsr-table-{number}" for number in (1, 2, 3)), "davsr-fig-2",
}  # fmt: skip


def test_every_table_is_there_and_listed():
    assert set(TABLES) == ASKED
    assert [name for name, *_ in listing()] == [*PROTOCOLS, *TABLES]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_says_all_that_a_measurement_depends_on(table):
    assert table.text
    assert len({part.name for part in table.parts}) == len(table.parts)
    for part in table.parts:
        text = part.protocol.describe()
        assert all(word in text for word in ("RGB", "8 bits", "SSIM", "borders", "frames", "mean over", "Low clip"))
        assert part.dataset is not None or part.measured == "cost"
        assert 0 < part.kept < 1


def test_no_published_figure_is_without_a_table():
    known = {f"{table.name}/{part.name}" for table in TABLES.values() for part in table.parts}
    assert set(json.loads(FILE.read_text())) <= known


def test_published_figures_are_those_of_the_papers():
    def figures(table, part):
        (found,) = (one for one in TABLES[table].parts if one.name == part)
        return {row.method: (row.psnr, row.ssim) for row in TABLES[table].published(found)}

    assert figures("staa-table-1", "2t1s-vimeo90k")["STAA"] == (45.01, 0.9912)
    assert figures("staa-table-2", "2t2s-vimeo90k")["Gaussian"] == (37.44, 0.9679)
    assert figures("staa-table-7", "20-to-24")["STAA"] == (36.99, 0.9784)
    assert figures("staa-table-8", "5t1s-reds") == {"FLAVR": (28.5, 0.8337), "STAA": (32.29, 0.9153)}
    assert figures("davsr-table-1", "reds4")["SuperSloMo + BasicVSR++ for blurry video"] == (26.93, 0.785)
    assert figures("davsr-table-3", "reds4")["without enhancement"] == (23.05, None)
    assert {row.method: row.gmac for row in TABLES["staa-table-4"].published(TABLES["staa-table-4"].parts[0])}[
        "STAA"
    ] == 163.98


def test_published_figures_belong_to_the_data_set_that_was_measured():
    septuplets = {str(number): 7 for number in range(7824)}
    assert {row.method: row.psnr for row in published_for("staa-2t1s", septuplets)}["STAA"] == 45.01
    assert {row.method: row.psnr for row in published_for("staa-2t1s", VID4)}["STAA"] == 39.78
    (part,) = TABLES["staa-table-8"].parts
    whole = dict.fromkeys(DATASETS["reds-validation"].frames, 500)
    assert is_whole(part, whole)
    assert not is_whole(part, {**whole, "029": 495})
