"""Everything else in a file goes through a job, unless it is to be left out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.engine.progress import Progress
from stvsr.physics.degradation import Degradation
from stvsr.video.streams import KINDS
from tests.helpers.fakes import Repeat
from tests.helpers.jobs import degrade, expand, restore, shrink

MILLISECOND = Fraction(1, 1000)
EVERYTHING = {
    "audio": [("flac", "fra"), ("flac", "deu")],
    "subtitle": [("subrip", "fra")],
    "attachment": ["font.ttf"],
    "chapter": ["Beach", "Sea"],
    "metadata": ["Holiday"],
}
NOTHING: list[str] = []


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Six frames with two tracks of sound, a subtitle, a font, two chapters and a title."""
    path = tmp_path_factory.mktemp("carried") / "source.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25, pix_fmt="yuv444p")
        video.width, video.height = 32, 24
        sounds = [container.add_stream("flac", rate=48000, layout="mono") for _ in EVERYTHING["audio"]]
        words = container.add_mux_stream("subrip", time_base=MILLISECOND)
        for stream, (_, language) in zip([*sounds, words], [*EVERYTHING["audio"], ("", "fra")], strict=True):
            stream.metadata["language"] = language
        container.add_attachment("font.ttf", "font/ttf", b"letters" * 20)
        container.metadata["title"] = "Holiday"
        container.set_chapters(
            [
                {"id": i, "start": 100 * i, "end": 100 * i + 100, "time_base": MILLISECOND, "metadata": {"title": name}}
                for i, name in enumerate(EVERYTHING["chapter"])
            ]
        )
        container.start_encoding()
        for i in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((24, 32, 3), 40 * i, np.uint8), format="rgb24")
            frame = frame.reformat(format="yuv444p")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for stream in sounds:
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 4608), np.int16), format="s16", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, 0, Fraction(1, 48000)
            container.mux(stream.encode(sound))
            container.mux(stream.encode(None))
        line = av.Packet(b"Bonjour")
        line.stream, line.time_base, line.pts, line.dts, line.duration = words, MILLISECOND, 40, 40, 100
        container.mux(line)
    return path


def held(path: Path) -> dict[str, list]:
    """What a file holds beside its pictures, by kind."""
    with av.open(str(path)) as container:

        def told(kind: str) -> list[tuple[str, str]]:
            streams = [stream for stream in container.streams if stream.type == kind]
            return [(stream.codec_context.name, stream.metadata["language"]) for stream in streams]

        tags = {name.lower(): text for name, text in container.metadata.items()}
        return {
            "audio": told("audio"),
            "subtitle": [("subrip", language) for _, language in told("subtitle")],
            "attachment": [stream.metadata["filename"] for stream in container.streams.attachments],
            "chapter": [chapter["metadata"]["title"] for chapter in container.chapters()],
            "metadata": [tags["title"]] if "title" in tags else [],
        }


def test_all_jobs_carry_everything(source, tmp_path) -> None:
    model = Repeat(2, 2)
    shrink(source, tmp_path / "small.mkv", model)
    expand(tmp_path / "small.mkv", tmp_path / "large.mkv", model)
    degrade(source, tmp_path / "low.mkv", Degradation(2, 2))
    restore(tmp_path / "low.mkv", tmp_path / "high.mkv", model)
    for path in (source, *sorted(tmp_path.iterdir())):
        assert held(path) == EVERYTHING


def test_what_the_container_cannot_hold_is_told(source, tmp_path) -> None:
    told: list[str] = []
    progress = Progress()
    progress.notice = told.append  # type: ignore[method-assign]
    restore(source, tmp_path / "out.mp4", Repeat(1, 1), progress=progress)
    assert len(told) == 1
    assert "attachment font.ttf" in told[0]
    restore(source, tmp_path / "out.mp4", Repeat(1, 1), progress=progress, drop=["attachment"])
    assert len(told) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_left_out_alone(source, tmp_path, kind: str) -> None:
    output = tmp_path / "out.mkv"
    restore(source, output, Repeat(1, 1), drop=[kind])
    assert held(output) == EVERYTHING | {kind: NOTHING}


def test_all_jobs_leave_out_what_they_are_told_to(source, tmp_path) -> None:
    model, drop = Repeat(2, 2), ["audio", "metadata"]
    left = EVERYTHING | dict.fromkeys(drop, NOTHING)
    shrink(source, tmp_path / "shrunk.mkv", model)
    shrink(source, tmp_path / "small.mkv", model, drop=drop)
    expand(tmp_path / "shrunk.mkv", tmp_path / "large.mkv", model, drop=drop)
    degrade(source, tmp_path / "low.mkv", Degradation(2, 2), drop=drop)
    for name in ("small", "large", "low"):
        assert held(tmp_path / f"{name}.mkv") == left
    expand(tmp_path / "small.mkv", tmp_path / "again.mkv", model)  # the record is no such tag
    assert held(tmp_path / "again.mkv") == left
