import pytest

from stvsr.errors import StvsrError
from stvsr.training.folder import use_folder


def test_a_second_run_is_kept_out_while_the_first_lasts(tmp_path):
    with use_folder(tmp_path / "run", resume=True):
        for resume in (True, False):
            with (
                pytest.raises(StvsrError, match="another run is using it"),
                use_folder(tmp_path / "run", resume=resume),
            ):
                pass
    with use_folder(tmp_path / "run", resume=True):
        pass


def test_fresh_never_overwrites_an_earlier_run(tmp_path):
    run = tmp_path / "run"
    for number in range(3):
        with use_folder(run, resume=False):
            assert not (run / "result").exists()
            (run / "result").write_text(str(number))
    assert [(tmp_path / name / "result").read_text() for name in ("run.1", "run.2", "run")] == ["0", "1", "2"]


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StvsrError, match="choose another with --run"), use_folder(tmp_path / "file", resume=True):
        pass
