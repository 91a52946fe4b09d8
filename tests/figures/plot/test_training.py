import pytest

from stvsr.errors import StvsrError
from stvsr.figures.plot.style import styled
from stvsr.figures.plot.training import read_run, smoothed, training

TABLE = "step,loss,psnr\n50,0.04,\n100,0.03,25.5\n150,nan,\n200,0.02,26.5\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "metrics.csv").write_text(TABLE)
    return tmp_path / "mine"


def test_a_run_is_read_from_its_folder_or_its_table(folder, tmp_path):
    run = read_run(folder)
    assert run == read_run(folder / "metrics.csv")
    assert (run.name, run.loss) == ("mine", [(50, 0.04), (100, 0.03), (200, 0.02)])
    assert run.psnr == [(100, 25.5), (200, 26.5)]
    (tmp_path / "training-a.csv").write_text("step,loss,psnr\n1,2,\n")
    assert read_run(tmp_path / "training-a.csv").name == "a"


def test_what_is_no_table_is_refused(folder, tmp_path):
    for text in ("a,b\n1,2\n", "step,loss,psnr\n1,many,\n"):
        (tmp_path / "other.csv").write_text(text)
        with pytest.raises(StvsrError, match="no table of a training"):
            read_run(tmp_path / "other.csv")
    with pytest.raises(StvsrError, match="no table"):
        read_run(tmp_path / "none")
    (tmp_path / "other.csv").write_text("step,loss,psnr\n")
    with pytest.raises(StvsrError, match="nothing was noted"):
        read_run(tmp_path / "other.csv")


def test_smoothing_keeps_straight_lines_and_ends():
    line = [3.0 * i for i in range(30)]
    assert smoothed(line) == pytest.approx(line)
    assert smoothed([0.0, 9.0, 0.0], 1) == [0, 3, 0]


def test_a_run_without_validation_has_one_panel(folder, tmp_path):
    (tmp_path / "b.csv").write_text("step,loss,psnr\n1,2,\n2,1,\n")
    with styled():
        assert len(training([read_run(tmp_path / "b.csv")]).axes) == 1
        loss, psnr = training([read_run(folder), read_run(tmp_path / "b.csv")]).axes
    assert [text.get_text() for text in loss.texts] == ["mine", "b"]
    assert [text.get_text() for text in psnr.texts] == ["26.50 dB at best"]


@pytest.mark.parametrize(("values", "scale"), [("1,2,\n2,1,\n", "log"), ("1,-2,\n2,-3,\n", "linear")])
def test_a_loss_that_is_a_logarithm_is_drawn_as_it_is(tmp_path, values, scale):
    (tmp_path / "b.csv").write_text("step,loss,psnr\n" + values)
    with styled():
        assert training([read_run(tmp_path / "b.csv")]).axes[0].get_yscale() == scale
