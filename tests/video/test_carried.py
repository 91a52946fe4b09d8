"""What lies in a file beside its pictures is in the new file too, or is named."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from stvsr.errors import StvsrError
from stvsr.video import VideoWriter, encoder, probe

BLACK = np.zeros((48, 64, 3), np.uint8)
MILLI = Fraction(1, 1000)
WORDS = {"subrip": b"Bonjour <i>vous</i>", "ass": b"0,0,Default,,0,0,0,,{\\i1}Guten{\\i0} Tag", "webvtt": b"Hola"}
# Three-letter codes that mean the same; containers choose between them.
GERMAN, FRENCH = {"deu", "ger"}, {"fra", "fre"}


def sound(container: av.container.OutputContainer, codec: str, language: str, title: str):
    stream = container.add_stream(codec, rate=48000, layout="mono")
    stream.metadata.update(language=language, title=title)
    return stream


def hum(stream) -> list[av.Packet]:
    packets = []
    for block in range(12):
        size = stream.codec_context.frame_size or 960
        wave = (np.sin(np.arange(size) * 0.1 + block) * 9000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, block * size, Fraction(1, 48000)
        resampled = av.AudioResampler(stream.codec_context.format, "mono", 48000).resample(frame)
        packets += [packet for each in resampled for packet in stream.encode(each)]
    return packets + stream.encode(None)


def picture(codec: str = "png") -> bytes:
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.time_base = 16, 16, Fraction(1)
    context.pix_fmt = "rgb24" if codec == "png" else "yuvj420p"
    frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 77, np.uint8), "rgb24").reformat(format=context.pix_fmt)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


@pytest.fixture
def rich(tmp_path):
    """A Matroska file with two sound tracks, subtitles, a font, a cover, chapters and tags."""

    def make(*, codec: str = "aac", words: tuple[str, ...] = ("subrip",), start: int = 0, cover: bool = True) -> Path:
        path = tmp_path / f"rich-{codec}.mkv"
        with av.open(str(path), "w", container_options={"avoid_negative_ts": "disabled"}) as target:
            video = target.add_stream("mpeg4", rate=25)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            video.codec_context.time_base = Fraction(1, 25)
            video.metadata.update(language="spa", title="Angle")
            tracks = [sound(target, codec, "deu", "Film"), sound(target, codec, "fra", "Notes")]
            tracks[1].disposition = Disposition.comment
            lines = [target.add_mux_stream(name, time_base=MILLI) for name in words]
            for line in lines:
                line.metadata.update(language="fra", title="Paroles")
                line.disposition = Disposition.forced
            target.add_attachment("letters.ttf", "font/ttf", b"letters" * 100)
            if cover:
                target.add_attachment("cover.png", "image/png", picture())
            target.metadata.update(title="Holiday", artist="Somebody", comment="None")
            target.set_chapters(
                [
                    {"id": i, "start": 200 * i, "end": 200 * i + 200, "time_base": MILLI, "metadata": {"title": name}}
                    for i, name in enumerate(["Beach", "Hills"])
                ]
            )
            target.start_encoding()
            packets = [packet for track in tracks for packet in hum(track)]
            for index in range(10):
                frame = av.VideoFrame.from_ndarray(BLACK + 20 * index, "rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = index + start, Fraction(1, 25)
                packets += video.encode(frame)
            packets += video.encode(None)
            for line, name in zip(lines, words, strict=True):
                packet = av.Packet(WORDS[name])
                packet.stream, packet.time_base, packet.pts, packet.dts, packet.duration = line, MILLI, 40, 40, 100
                packets.append(packet)
            for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
                target.mux(packet)
        return path

    return make


def rewritten(source: Path, output: Path, **options) -> list[str]:
    """Write other pictures beside what the source holds; return the notices."""
    notices: list[str] = []
    codec = "vp9" if output.suffix == ".webm" else "h264"
    options = {"time_base": Fraction(1, 12800), "notice": notices.append, **options}
    with VideoWriter(output, 64, 48, Fraction(25), encoder=encoder(codec), copy_from=source, **options) as writer:
        for index in range(10):
            writer.write(BLACK, Fraction(index, 25))
    return notices


def streams(path: Path, kind: str) -> list[av.stream.Stream]:
    with av.open(str(path)) as container:
        return [stream for stream in probe(path).streams if stream.kind == kind] if container else []


def spoken(path: Path) -> list[tuple[Fraction, Fraction, bytes]]:
    """The words of a file's first subtitles, with their start and length."""
    with av.open(str(path)) as container:
        found = []
        for packet in container.demux(subtitles=0):
            if packet.size:
                lines = container.streams.subtitles[0].codec_context.decode2(packet) or ()
                text = b"".join(line.dialogue for line in lines)
                if text:
                    found.append((packet.pts * packet.time_base, packet.duration * packet.time_base, text))
        return found


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm"])
def test_all_sound_with_its_languages_titles_and_roles_is_in_every_container(rich, tmp_path, suffix) -> None:
    source = rich(codec="libopus" if suffix == ".webm" else "aac")
    rewritten(source, tmp_path / f"out{suffix}")
    before, after = payload(source, "audio"), payload(tmp_path / f"out{suffix}", "audio")
    assert len(after) == 2
    assert after == before
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        film, notes = container.streams.audio
        assert film.language in GERMAN
        assert notes.language in FRENCH
        assert notes.disposition & Disposition.comment or suffix in (".mov", ".webm")  # no place for it
        titles = [{film.metadata.get("title"), film.metadata.get("name"), film.metadata.get("handler_name")}]
        assert "Film" in titles[0]
        assert container.streams.video[0].language == "spa"


def payload(path: Path, kind: str) -> list[list[bytes]]:
    with av.open(str(path)) as container:
        wanted = [stream for stream in container.streams if stream.type == kind]
        found: dict[int, list[bytes]] = {stream.index: [] for stream in wanted}
        for packet in container.demux(wanted):
            if packet.size:
                found[packet.stream.index].append(bytes(packet))
        return list(found.values())


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm"])
@pytest.mark.parametrize("words", ["subrip", "ass"])
def test_words_are_shown_at_the_same_times_in_every_container(rich, tmp_path, suffix, words) -> None:
    output = tmp_path / f"out{suffix}"
    notices = rewritten(rich(codec="libopus" if suffix == ".webm" else "aac", words=(words,)), output)
    ((start, length, text),) = spoken(output)
    assert (start, length) == (Fraction(40, 1000), Fraction(100, 1000))
    expected = b"Bonjour vous" if words == "subrip" else b"Guten Tag"
    plain = text
    for mark in (b"{\\i1}", b"{\\i0}", b"{\\i}", b"{\\r}"):
        plain = plain.replace(mark, b"")
    assert plain == expected
    (line,) = [stream for stream in probe(output).streams if stream.kind == "subtitle"]
    assert line.language in FRENCH
    with av.open(str(output)) as container:
        assert container.streams.subtitles[0].disposition & Disposition.forced or suffix in (".mp4", ".mov")
    if words == "ass" and suffix != ".mkv":
        assert "fonts and places of subtitle stream 3" in notices[0]


def test_subtitles_come_back_from_mp4_into_matroska(rich, tmp_path) -> None:
    rewritten(rich(), tmp_path / "out.mp4")
    rewritten(tmp_path / "out.mp4", tmp_path / "back.mkv")
    ((start, length, text),) = spoken(tmp_path / "back.mkv")
    assert (start, length, text) == (Fraction(40, 1000), Fraction(100, 1000), b"Bonjour {\\i1}vous{\\i0}")


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm"])
def test_chapters_and_tags_are_in_every_container(rich, tmp_path, suffix) -> None:
    output = tmp_path / f"out{suffix}"
    rewritten(rich(codec="libopus" if suffix == ".webm" else "aac"), output)
    with av.open(str(output)) as container:
        chapters = container.chapters()
        assert [chapter["metadata"]["title"] for chapter in chapters] == ["Beach", "Hills"]
        assert [chapter["start"] * chapter["time_base"] for chapter in chapters] == [0, Fraction(1, 5)]
    tags = probe(output).metadata
    assert (tags["title"], tags["artist"], tags["comment"]) == ("Holiday", "Somebody", "None")


def test_chapters_move_with_the_pictures(rich, tmp_path) -> None:
    output = tmp_path / "out.mkv"
    source = rich(start=-5, words=())
    rewritten(source, output)
    with av.open(str(source)) as old, av.open(str(output)) as new:
        moved = [chapter["start"] * chapter["time_base"] for chapter in new.chapters()]
        assert moved == [Fraction(1, 5), Fraction(2, 5)]
        first = next(old.demux(audio=0)), next(new.demux(audio=0))
        assert (first[1].pts - first[0].pts) * MILLI == Fraction(1, 5)


def test_fonts_and_covers_stay_in_matroska(rich, tmp_path) -> None:
    source = rich()
    assert rewritten(source, tmp_path / "out.mkv") == []
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [(font.name, font.mimetype, font.data) for font in container.streams.attachments] == [
            ("letters.ttf", "font/ttf", b"letters" * 100)
        ]
    assert covers(tmp_path / "out.mkv") == covers(source) == [picture()]


def covers(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        shown = [stream for stream in container.streams.video if stream.disposition & Disposition.attached_pic]
        return [bytes(next(packet for packet in container.demux(stream) if packet.size)) for stream in shown]


def test_covers_stay_in_mp4_unless_it_has_tags_of_our_own(rich, tmp_path) -> None:
    source = rich()
    (notice,) = rewritten(source, tmp_path / "out.mp4")
    assert "attachment letters.ttf" in notice
    assert "cover picture" not in notice
    assert covers(tmp_path / "out.mp4") == [picture()]
    rewritten(tmp_path / "out.mp4", tmp_path / "back.mkv")
    assert covers(tmp_path / "back.mkv") == [picture()]
    (notice,) = rewritten(source, tmp_path / "tagged.mp4", metadata={"stvsr": "{}"})
    assert "cover picture" in notice
    assert probe(tmp_path / "tagged.mp4").metadata["stvsr"] == "{}"


def test_what_a_container_cannot_hold_is_one_notice(rich, tmp_path) -> None:
    source = rich()
    (notice,) = rewritten(source, tmp_path / "out.mov")
    assert "\n" not in notice
    assert f"{tmp_path / 'out.mov'} cannot hold all of {source}; it goes without" in notice
    assert "attachment letters.ttf" in notice
    assert "cover" in notice


def test_sound_that_would_be_lost_is_an_error_that_names_containers(rich, tmp_path) -> None:
    advice = r"write \.mkv or \.mp4 instead, or add --no-audio"
    with pytest.raises(StvsrError, match=rf"audio stream 1 \(flac, deu, Film\), audio .*; {advice}"):
        rewritten(rich(codec="flac"), tmp_path / "out.webm")
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        ("audio", {"video", "subtitle"}),
        ("subtitle", {"video", "audio"}),
        ("attachment", {"video", "audio", "subtitle"}),
    ],
)
def test_kinds_of_streams_can_be_dropped(rich, tmp_path, kind, left) -> None:
    output = tmp_path / "out.mkv"
    assert rewritten(rich(), output, drop=[kind]) == []
    kinds = [stream.kind for stream in probe(output).streams]
    assert set(kinds) - {"attachment"} == left
    assert ("attachment" in kinds) == (kind != "attachment")
    assert bool(covers(output)) == (kind != "attachment")


def test_chapters_and_tags_can_be_dropped(rich, tmp_path) -> None:
    output = tmp_path / "out.mkv"
    rewritten(rich(), output, drop={"chapter", "metadata"}, metadata={"stvsr": "{}"})
    with av.open(str(output)) as container:
        assert container.chapters() == []
    tags = probe(output).metadata
    assert "title" not in tags
    assert tags["stvsr"] == "{}"


def test_an_unknown_kind_is_a_callers_mistake(rich, tmp_path) -> None:
    with pytest.raises(ValueError, match="cannot drop sound; kinds are audio"):
        rewritten(rich(), tmp_path / "out.mkv", drop=["sound"])


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize(("rate", "kept"), [(25, True), (Fraction(25, 2), False)])
def test_a_time_code_is_kept_where_it_can_be_counted(rich, tmp_path, suffix, rate, kept) -> None:
    source, output = tmp_path / "coded.mkv", tmp_path / f"out{suffix}"
    with av.open(str(rich())) as old, av.open(str(source), "w") as new:
        video = new.add_stream_from_template(old.streams.video[0])
        video.metadata["timecode"] = "01:00:00:12"
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = video
                new.mux(packet)
    notices: list[str] = []
    with VideoWriter(
        output, 64, 48, Fraction(rate), copy_from=source, notice=notices.append, time_base=Fraction(1, 25)
    ) as writer:
        writer.write(BLACK, Fraction(0))
    with av.open(str(output)) as container:
        tags = {key.lower(): value for key, value in container.streams.video[0].metadata.items()}
    assert (tags.get("timecode") == "01:00:00:12") == (kept or suffix == ".mkv")
    assert bool(notices) == ("timecode" not in tags)
