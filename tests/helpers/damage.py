"""Small clips of many kinds, and what can be done to them.

A damaged clip is told by its number, so that ``mutant(clips, number)`` makes a failing one again.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from stvsr.video.priority import kept_priority

SEED = 20220

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
        with kept_priority():
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


def whole_and_parts(folder: Path) -> list[Path]:
    """Small clips of many kinds, some without one of their streams."""
    whole = [write(folder / name, *how) for name, how in CLIPS.items()]
    parts = [without(clip, folder / f"no-{kind}-{clip.name}", {kind}) for clip in whole for kind in ("audio", "video")]
    return whole + [part for part in parts if part is not None and part.exists() and part.stat().st_size]


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
