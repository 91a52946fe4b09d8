from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, VideoWriter, encoder, probe

Packets = list[tuple[Fraction, bytes]]


def packets(path: Path, kind: str) -> Packets:
    """Return (time, payload) of every packet of the first stream of a kind."""
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]


def copied(source: Path, output: Path, **options) -> Path:
    """Rewrite the pictures of a file and carry the rest over."""
    with VideoReader(source) as reader:
        info = reader.info
        chosen = encoder(options.pop("codec", "h264"))
        settings = {"encoder": chosen, "time_base": Fraction(1, 90000), "copy_from": source, **options}
        with VideoWriter(output, info.width, info.height, info.rate, **settings) as writer:
            for frame in reader:
                writer.write(frame.rgb, Fraction(round(frame.time * 90000), 90000))
    return output


def subtitled(path: Path, clip) -> Path:
    """A Matroska file with a subtitle stream, a font and chapters."""
    plain = clip("plain.mkv", audio=True)
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        words = target.add_mux_stream("subrip")
        words.time_base = Fraction(1, 1000)
        words.metadata.update(language="fra", title="Sous-titres")
        target.add_attachment("font.ttf", "font/ttf", b"letters" * 100)
        target.metadata["title"] = "Holiday"
        chapter = {"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": "Beach"}}
        target.set_chapters([chapter])
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
        for start in (40, 200):
            line = av.Packet(b"Bonjour")
            line.stream, line.time_base = words, Fraction(1, 1000)
            line.pts = line.dts = start
            line.duration = 100
            target.mux(line)
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(1, 4)])
def test_sound_is_the_same_bytes_at_the_same_times(tmp_path, clip, suffix: str, start: Fraction) -> None:
    source = clip("source.mp4", audio=True, tone_at=start)
    output = copied(source, tmp_path / f"out{suffix}")
    before, after = packets(source, "audio"), packets(output, "audio")
    assert [data for _, data in after] == [data for _, data in before]
    tolerance = Fraction(1, 1000) if suffix == ".mkv" else 0
    assert all(abs(t - u) <= tolerance for (t, _), (u, _) in zip(before, after, strict=True))
    assert probe(output).streams[1].language == ("ger" if suffix == ".mov" else "deu")


def test_a_source_that_starts_before_zero_is_moved_there_in_step(tmp_path, clip) -> None:
    source = clip(
        "early.asf", tuple(range(-2, 10)), codec="mpeg4", audio=True, muxing={"avoid_negative_ts": "disabled"}
    )
    output = copied(source, tmp_path / "out.mp4")
    with VideoReader(source) as old, VideoReader(output) as new:
        times = [(before.time, after.time) for before, after in zip(old, new, strict=True)]
    shift = -packets(source, "video")[0][0]
    assert shift > 0
    assert times[0] == (0, 0)
    assert all(after == before for before, after in times)
    sound = list(zip(packets(source, "audio"), packets(output, "audio"), strict=True))
    assert all(abs(after - before - shift) <= Fraction(1, 16000) for (before, _), (after, _) in sound)


def test_subtitles_fonts_chapters_and_tags_are_carried_over(tmp_path, clip) -> None:
    source = subtitled(tmp_path / "source.mkv", clip)
    output = copied(source, tmp_path / "out.mkv", metadata={"stvsr_model": "m"})
    assert packets(output, "subtitle") == packets(source, "subtitle")
    words = next(stream for stream in probe(output).streams if stream.kind == "subtitle")
    assert (words.codec, words.language, words.title) == ("subrip", "fra", "Sous-titres")
    with av.open(str(output)) as container:
        assert container.streams.attachments[0].data == b"letters" * 100
        assert container.streams.attachments[0].name == "font.ttf"
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Beach"]
    tags = probe(output).metadata
    assert tags["title"] == "Holiday"
    assert tags["stvsr_model"] == "m"


def test_copying_from_the_output_itself_is_refused(clip) -> None:
    source = clip("source.mp4", audio=True)
    size = source.stat().st_size
    with pytest.raises(StvsrError, match="is the input itself"):
        VideoWriter(source, 64, 48, Fraction(25), copy_from=source)
    assert source.stat().st_size == size


def test_sound_that_outlasts_the_pictures_is_kept_whole(tmp_path, clip) -> None:
    source = clip("source.mp4", audio=True)
    output = tmp_path / "short.mp4"
    with VideoWriter(output, 37, 31, Fraction(25), copy_from=source) as writer:
        writer.write(np.zeros((31, 37, 3), np.uint8), Fraction(0))
    assert packets(output, "audio") == packets(source, "audio")
