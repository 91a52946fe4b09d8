from dataclasses import replace
from pathlib import Path

import pytest

from studies.page import main, markdown, pages
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.datasets import VID4
from stvsr.evaluation.documents import StudyInfo, StudyResults, read
from stvsr.evaluation.evaluation import published_rows
from stvsr.evaluation.format import figure
from stvsr.evaluation.measure import ClipScores, MethodScores
from stvsr.evaluation.metrics.psnr_ssim import Score
from stvsr.evaluation.protocols import DAVSR_5T4S, STAA_2T1S
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import Provenance, Results
from stvsr.evaluation.rows import clip_info, protocol_info, results_of

RESULTS = Path(__file__).resolve().parents[2] / "results"


def method(name, psnr, clips, frames=5):
    scores = [Score(100, 1, 100, 1, 1) if i % 2 == 0 else Score(psnr, 0.9, psnr + 1, 0.8) for i in range(frames)]
    return MethodScores(name, STAA_2T1S, [ClipScores(clip, (frames, 20, 50), scores, 0.01) for clip in clips])


@pytest.fixture
def clips(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    return [TestClip(name, [tmp_path / name]) for name in ("a", "b")]


@pytest.fixture
def document(clips):
    results = [method("linear blend", 25.0, "ab"), method("staa-2t1s", 35.0, "ab")]
    details = {"staa-2t1s": {"parameters": 700_000, "weights_sha256": "f" * 64}}
    then = Provenance("stvsr evaluate two", environment())
    return results_of(results, STAA_2T1S, clips, data="two clips", details=details, provenance=then)


def test_results_survive_json_and_keep_every_frame(document, tmp_path):
    document.save(tmp_path / "result.json")
    loaded = Results.load(tmp_path / "result.json")
    assert loaded.to_json() == document.to_json() == (tmp_path / "result.json").read_text()
    assert read(tmp_path / "result.json") == loaded
    staa = loaded.rows[1]
    assert (staa.kind, staa.parameters) == ("model", 700_000)
    assert staa.value("synthesised") == 35
    assert staa.value("all", "identical") == pytest.approx(3 / 5)
    assert staa.clips["a"].curves["psnr_y"] == [100, 36, 100, 36, 100]
    assert staa.seconds_per_megapixel == pytest.approx(0.01 / 0.005)
    assert loaded.data.clips[0].sha256.startswith("ca978112")  # of the letter a


@pytest.mark.parametrize(
    "path",
    sorted(path for path in RESULTS.rglob("*.json") if not path.name.startswith(".")),
    ids=lambda path: path.stem,
)
def test_a_result_file_of_this_repository_is_what_is_written_again(path):
    assert read(path).to_json() == path.read_text()


def test_a_study_is_no_single_result(document, tmp_path):
    StudyResults(StudyInfo("s", "t", "t"), (document,), Provenance()).save(tmp_path / "study.json")
    with pytest.raises(StvsrError, match="holds several measurements"):
        Results.load(tmp_path / "study.json")


def test_curves_take_one_line_each(document):
    assert '"psnr_rgb": [100, 25.0, 100, 25.0, 100]' in document.to_json()


def test_the_table_is_plain_text_with_all_frames_first(document):
    head, *lines = document.table().splitlines()[1:]
    assert head.index("all, RGB") < head.index("synthesised, RGB")
    assert [line.split("  ")[0] for line in lines] == ["linear blend", "staa-2t1s"]
    assert "35.00 / .9000" in lines[1]


def test_the_environment_names_versions_and_machine():
    used = environment()
    assert all(used[key] for key in ("date", "stvsr", "python", "torch", "cpu", "cores", "threads"))
    assert used["gpu"] is None


def test_published_rows_stand_first_and_are_marked(clips, tmp_path):
    whole = [ClipScores(n, (f, 20, 50), method("m", 30, "x", f).clips[0].scores, 0.1) for n, f in VID4.items()]
    files = [TestClip(name, clips[0].files) for name in VID4]
    scores = [MethodScores("m", STAA_2T1S, whole)]
    published = published_rows(scores, files, STAA_2T1S)
    document = results_of(scores, STAA_2T1S, files, data="vid4", published=published)
    assert [row.kind for row in document.rows] == ["published"] * 3 + ["baseline"]
    assert "| STAA *(published: STAA, Table 1)* | – | – | 39.78 / .9926 | – | – |" in markdown([document])


def test_a_figure_is_starred_where_identical_frames_count():
    assert figure({"psnr_rgb": 30.123, "ssim_rgb": 0.95849}) == "30.12 / .9585"
    assert figure({"psnr_y": 62.5, "ssim_y": 1.0, "identical": 0.5}, "y") == "62.50* / 1.0000"
    assert figure(None) == figure({"psnr_rgb": 1.0, "ssim_rgb": 1.0}, "y") == "–"


def test_the_page_marks_the_best_and_says_where_figures_come_from(document):
    page = markdown([document])
    assert "| **35.00 / .9000** | **36.00 / .8000** |" in page
    assert "**25.00" not in page
    assert "**74" not in page  # no record where copies of the truth count: (3 x 100 + 2 x 35) / 5
    assert "| 74.00* / " in page
    assert "counts as 100 dB" in page
    assert all(text in page for text in ("stvsr evaluate two", "staa-2t1s (0.70 M)", "ffffffff", "Clip by clip"))


def test_the_page_is_made_from_a_folder(document, tmp_path, capsys):
    results, output = tmp_path / "results", tmp_path / "docs" / "results"
    (results / "one").mkdir(parents=True)
    output.mkdir(parents=True)
    (output / "left.md").write_text("of a protocol that nothing is measured under any more")
    assert main([str(results), str(output)]) == 2
    assert "no results" in capsys.readouterr().err
    document.save(results / "one" / "one.json")
    assert main([str(results), str(output)]) == 0
    assert {path.stem: path.read_text() for path in output.iterdir()} == pages([document])
    assert sorted(pages([document])) == ["index", "staa-2t1s"]
    assert markdown([document]) in pages([document])["staa-2t1s"]
    assert main([]) == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99}', '{"version": 1}'])
def test_what_is_no_result_is_refused(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(StvsrError, match="measure again"):
        read(path)


def test_published_clips_stand_beside_ours_and_never_win(clips):
    cut = {name: DAVSR_5T4S.measured(frames) for name, frames in VID4.items()}
    scores = [Score(20, 0.5, 21, 0.6)] * 49
    whole = [ClipScores(name, (count, 20, 50), scores[:count], 0.1) for name, count in cut.items()]
    files = [TestClip(name, clips[0].files) for name in VID4]
    scores = [MethodScores("m", DAVSR_5T4S, whole)]
    published = published_rows(scores, files, DAVSR_5T4S)
    document = results_of(scores, DAVSR_5T4S, files, data="vid4", published=published)
    assert document.protocol.degradation["time"] == 5
    page = markdown([document])
    published = "| DAVSR *(published: DAVSR, Table 2)* | 22.09 / .747 | 25.18 / .731 | 23.96 / .680 | 24.18 / .827 |"
    assert published in page
    assert "| m | **20.00 / .5000** | **20.00" in page
    assert "synthesised" not in page


def test_a_row_without_ssim_shows_psnr_alone(clips):
    scores = [Score(30, float("nan"), 31, float("nan"))] * 3
    result = MethodScores("m", STAA_2T1S, [ClipScores("a", (3, 20, 50), scores, 0.01)])
    document = results_of([result], STAA_2T1S, clips[:1], data="one")
    assert document.rows[0].mean["all"] == {"psnr_rgb": 30, "psnr_y": 31, "identical": 0}
    assert list(document.rows[0].clips["a"].curves) == ["psnr_rgb", "psnr_y"]
    assert "| m | **30.00** | **31.00** |" in markdown([document])
    assert "NaN" not in document.to_json()


def one_row(name, psnr, clips, command):
    details = {} if "blend" in name else {name: {"parameters": 1_000_000, "weights_sha256": "a" * 64}}
    then = Provenance(command, {**environment(), "date": f"2030-01-0{len(command)}"})
    scores = [method(name, psnr, "ab")]
    return results_of(scores, STAA_2T1S, clips, data="two clips", details=details, provenance=then)


def test_what_is_measured_later_joins_the_table(clips):
    first, second = one_row("linear blend", 25, clips, "one"), one_row("staa-2t1s", 35, clips, "four")
    both = first.merged(second)
    assert [row.method for row in both.rows] == ["linear blend", "staa-2t1s"]
    page = markdown([both])
    assert page.index("    one") < page.index("2030-01-03") < page.index("    four") < page.index("2030-01-04")

    again = both.merged(one_row("staa-2t1s", 36, clips, "later"))
    assert [row.method for row in again.rows] == ["linear blend", "staa-2t1s"]
    assert again.rows[1].value("synthesised") == 36
    page = markdown([again])
    assert "    four" not in page
    assert "    one" in page
    assert "    later" in page


def test_what_does_not_belong_together_is_not_merged(clips):
    first, second = one_row("linear blend", 25, clips, "one"), one_row("staa-2t1s", 35, clips, "four")
    here = [clip_info(clip) for clip in clips]
    first.check_same(protocol_info(STAA_2T1S), here)
    with pytest.raises(StvsrError, match="choose another file"):
        first.check_same(protocol_info(DAVSR_5T4S), here)
    with pytest.raises(StvsrError, match="choose another file"):
        first.check_same(protocol_info(STAA_2T1S), here[:1])
    other = replace(second.data.clips[0], sha256="other")
    with pytest.raises(StvsrError, match="choose another file"):
        first.merged(replace(second, data=replace(second.data, clips=(other, *second.data.clips[1:]))))


def test_results_of_before_a_setting_was_known_take_more_rows_where_it_is_off():
    now = protocol_info(DAVSR_5T4S)
    before = replace(now, degradation={key: value for key, value in now.degradation.items() if key != "compression"})
    assert before.same(now)
    assert not before.same(replace(now, degradation={**now.degradation, "compression": 23.0}))


def test_the_index_has_no_mean_in_which_copies_count(document):
    index = pages([document])["index"]
    assert "| [2x in time](staa-2t1s.md) | two clips | staa-2t1s | with copies | 35.00 / .9000 |" in index
    assert "74.00" not in index
