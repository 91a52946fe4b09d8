"""Damaged and hostile video files end in a correct result or in one line, never in anything else.

Each file is a small clip with bits flipped, bytes swapped or zeroed, parts removed or repeated, or streams left out.
A file is told by its number, so that ``mutant(clips, number)`` makes a failing one again.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses limits on processes")

WORKER = Path(__file__).with_name("worker.py")
SEED = 20220
# A worker that says nothing for so long while it computes nothing hangs; computing is limited by itself.
PATIENCE = 240
TORTURE = Path(os.environ.get("STVSR_DATA", "/nowhere")) / "torture"

CLIPS = {
    "h264.mp4": ("libx264", "aac", {}),
    "fragments.mp4": ("libx264", "aac", {"movflags": "frag_keyframe+empty_moov"}),
    "hevc.mov": ("libx265", "aac", {}),
    "av1.mp4": ("libsvtav1", "aac", {}),
    "h264.mkv": ("libx264", "libopus", {}),
    "ffv1.mkv": ("ffv1", "flac", {}),
    "vp9.webm": ("libvpx-vp9", "libopus", {}),
    "vp8.webm": ("libvpx", "libopus", {}),
    "mpeg4.avi": ("mpeg4", "libmp3lame", {}),
    "h264.ts": ("libx264", "aac", {}),
    "mpeg2.mpg": ("mpeg2video", "mp2", {}),
    "h264.flv": ("libx264", "libmp3lame", {}),
    "mjpeg.mov": ("mjpeg", "pcm_s16le", {}),
    "theirs.h264": ("libx264", None, {}),
}


def write(path: Path, codec: str, sound: str | None, muxing: dict[str, str]) -> Path:
    """Ten frames of slow noise, with sound, words and chapters where they go."""
    generator = np.random.default_rng(1)
    with av.open(str(path), "w", container_options=muxing) as container:
        quiet = {"libx265": {"x265-params": "log-level=error"}, "libsvtav1": {"preset": "12"}}
        video = container.add_stream(codec, rate=25, options=quiet.get(codec, {}))
        video.width, video.height = 64, 64
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        audio = container.add_stream(sound, rate=48000, layout="mono") if sound else None
        words = container.add_mux_stream("subrip", time_base=Fraction(1, 1000)) if path.suffix == ".mkv" else None
        container.metadata["title"] = "Holiday"
        if path.suffix in (".mkv", ".mp4"):
            chapter = {"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": "Beach"}}
            container.set_chapters([chapter])
        container.start_encoding()
        packets = []
        for index in range(10):
            rgb = generator.integers(0, 256, (8, 8, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=video.pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            packets += video.encode(frame)
        packets += video.encode(None)
        if audio is not None:
            size = audio.codec_context.frame_size or 960
            resampler = av.AudioResampler(audio.codec_context.format, "mono", 48000)
            for block in range(16):
                wave = generator.integers(-900, 900, (1, size)).astype(np.int16)
                chunk = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
                chunk.sample_rate, chunk.pts, chunk.time_base = 48000, block * size, Fraction(1, 48000)
                packets += [packet for each in resampler.resample(chunk) for packet in audio.encode(each)]
            packets += audio.encode(None)
        if words is not None:
            line = av.Packet(b"Bonjour")
            line.stream, line.time_base, line.pts, line.dts, line.duration = words, Fraction(1, 1000), 40, 40, 100
            packets.append(line)
        for packet in sorted(packets, key=lambda packet: (packet.dts or 0) * packet.time_base):
            container.mux(packet)
    return path


def without(source: Path, target: Path, kinds: set[str]) -> Path | None:
    """The file without its streams of some kinds; None where that cannot be written."""
    try:
        with av.open(str(source)) as old, av.open(str(target), "w") as new:
            kept = [stream for stream in old.streams if stream.type not in kinds]
            copies = {stream.index: new.add_stream_from_template(stream, opaque=True) for stream in kept}
            for packet in old.demux(kept):
                if packet.size and packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    new.mux(packet)
    except (av.FFmpegError, ValueError):
        return None
    return target


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> list[Path]:
    """Small clips of many kinds, some without one of their streams."""
    folder = tmp_path_factory.mktemp("clips")
    whole = [write(folder / name, *how) for name, how in CLIPS.items()]
    parts = [without(clip, folder / f"no-{kind}-{clip.name}", {kind}) for clip in whole for kind in ("audio", "video")]
    return whole + [part for part in parts if part is not None and part.exists() and part.stat().st_size]


@pytest.fixture(scope="module")
def torture() -> list[Path]:
    """Awkward files of others, small enough to read often."""
    if not TORTURE.is_dir():
        pytest.skip("set STVSR_DATA to a folder that holds torture/")
    return [path for path in sorted(TORTURE.iterdir()) if path.stat().st_size < 150_000]


def mutant(clips: list[Path], number: int) -> tuple[str, str, bytes]:
    """Return what was done to which clip, and the resulting bytes."""
    generator = np.random.default_rng([SEED, number])
    clip = clips[number % len(clips)]
    data = bytearray(clip.read_bytes())
    done = []
    for _ in range(generator.integers(1, 3)):
        how = str(generator.choice(list(MUTATIONS)))
        data = MUTATIONS[how](data, generator)
        done.append(how)
    return clip.name, ", ".join(done), bytes(data)


def _flip(data: bytearray, generator: np.random.Generator) -> bytearray:
    """Flip up to 40 bits, anywhere or where headers are."""
    near = generator.integers(0, 3)
    reach = len(data) if near == 0 else min(len(data), 800)
    for place in generator.integers(0, reach, generator.integers(1, 41)):
        data[place if near != 2 else len(data) - 1 - place] ^= 1 << int(generator.integers(0, 8))
    return data


def _swap(data: bytearray, generator: np.random.Generator) -> bytearray:
    for one, two in generator.integers(0, len(data), (generator.integers(1, 20), 2)):
        data[one], data[two] = data[two], data[one]
    return data


def _truncate(data: bytearray, generator: np.random.Generator) -> bytearray:
    return data[: int(generator.integers(1, len(data) + 1))]


def _part(data: bytearray, generator: np.random.Generator) -> slice:
    start = int(generator.integers(0, len(data)))
    return slice(start, min(len(data), start + int(generator.integers(1, max(2, len(data) // 8)))))


def _cut(data: bytearray, generator: np.random.Generator) -> bytearray:
    del data[_part(data, generator)]
    return data or bytearray(b"\0")


def _zero(data: bytearray, generator: np.random.Generator) -> bytearray:
    part = _part(data, generator)
    data[part] = bytes(part.stop - part.start)
    return data


def _fill(data: bytearray, generator: np.random.Generator) -> bytearray:
    """Set a few bytes in a row to the largest values: sizes and counts beyond all bounds."""
    start = int(generator.integers(0, max(1, len(data) - 8)))
    length = int(generator.choice([1, 2, 4, 8]))
    data[start : start + length] = bytes([int(generator.choice([0x7F, 0x80, 0xFF]))]) + b"\xff" * (length - 1)
    return data


def _repeat(data: bytearray, generator: np.random.Generator) -> bytearray:
    part = _part(data, generator)
    return data[: part.stop] + data[part] + data[part.stop :]


MUTATIONS = {
    "flipped": _flip,
    "swapped": _swap,
    "truncated": _truncate,
    "cut": _cut,
    "zeroed": _zero,
    "filled": _fill,
    "repeated": _repeat,
}


class Worker:
    """The process that opens the files; started again when one of them kills it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, path: Path, folder: Path, what: str) -> str:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\t{folder}\t{what}\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        said = process.stdout.readline().rstrip("\n") if ready else ""
        if said:
            return said
        self.stop()
        if not ready:
            return "wrong: hangs"
        number = -process.returncode
        return f"wrong: killed by {signal.Signals(number).name}" if number > 0 else f"wrong: ends with {-number}"

    def stop(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.communicate()
            self._process = None


def run(clips: list[Path], numbers: range, tmp_path: Path, shrink_every: int) -> tuple[Counter, list[str]]:
    """Return how many files were fine, refused and wrong, and what was wrong with which."""
    worker, counts, wrong = Worker(), Counter(), []
    folder = tmp_path / "outputs"
    folder.mkdir()
    try:
        for number in numbers:
            name, done, data = mutant(clips, number)
            path = tmp_path / f"mutant-{number}{Path(name).suffix}"
            path.write_bytes(data)
            said = worker.ask(path, folder, "shrink" if number % shrink_every == 0 else "decode")
            counts[said.split()[0].rstrip(":")] += 1
            if said.startswith("wrong"):
                wrong.append(f"{number} ({name}, {done}): {said}")
                for rest in folder.iterdir():
                    rest.unlink()
            path.unlink()
    finally:
        worker.stop()
    print(dict(counts), *wrong, sep="\n")
    return counts, wrong


@pytest.mark.timeout(600)
def test_forty_damaged_files_end_in_a_result_or_in_one_line(clips, tmp_path) -> None:
    counts, wrong = run(clips, range(40), tmp_path, shrink_every=5)
    assert wrong == []
    assert min(counts["fine"], counts["refused"]) >= 3  # the damage is neither harmless nor total


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("start", range(0, 2000, 500))
def test_two_thousand_damaged_files_end_in_a_result_or_in_one_line(clips, tmp_path, start: int) -> None:
    counts, wrong = run(clips, range(start, start + 500), tmp_path, shrink_every=4)
    assert wrong == []
    assert min(counts["fine"], counts["refused"]) >= 50


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_damaged_copies_of_awkward_files_end_in_a_result_or_in_one_line(torture, tmp_path) -> None:
    counts, wrong = run(torture, range(10_000, 10_400), tmp_path, shrink_every=8)
    assert wrong == []
    assert counts["refused"] >= 20
