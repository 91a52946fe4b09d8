"""Quality against bits: a codec at full size, and the same codec after a reduction that is undone behind it.

    frames ──reduce──> low ──encoder──bits──> decoder ──> low' ──restore──> frames'

Every way uses the same encoder with the same constant rate factors. Bits are those of the packets: no container, no
sound.
Run it as ``python -m studies.rate_distortion DATA results/rate-distortion/NAME.json --codec h265 --model NAME``.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import stvsr
from studies.bd_rate import Point, bd_rate, cheaper, saving
from studies.quick import Quality, Reference
from studies.writing import write_document
from stvsr.device import choose_device
from stvsr.engine.downsampling import downsample_stream
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.datasets import clips_in
from stvsr.evaluation.documents import RATE_DISTORTION, RateStudy, read
from stvsr.evaluation.methods.contract import LowClip, Method, as_method
from stvsr.evaluation.methods.interpolation import Interpolation
from stvsr.evaluation.methods.motion import cascades
from stvsr.evaluation.metrics.psnr_ssim import SSIM_WINDOW, Frames
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import VERSION
from stvsr.models.contract import Restorer
from stvsr.models.davsr.model import DAVSR
from stvsr.models.zoo import find
from stvsr.physics.degradation import Degradation
from stvsr.video.encoders import Encoder, encoder
from stvsr.video.images import IMAGE_SUFFIXES
from stvsr.video.info import probe
from stvsr.video.roundtrip import RoundTrip

CODECS = ("h264", "h265", "av1", "vp9")
RATES = {"av1": (28, 35, 42, 49, 56, 63)}
USUAL_RATES = (24, 29, 34, 39, 44, 49)
FEWEST_RATES = 2
METRICS = ("psnr_y", "psnr_rgb", "ssim_y")
TEXT = (
    "Bits of the packets alone, per pixel and second of the original clip. PSNR of frames rounded to 8 bits, mean over "
    "frames, then over clips; SSIM of luma. BD-rate: mean over the clips, of those whose curve reaches qualities that "
    "the codec at full size reaches too; negative where fewer bits do."
)
FULL_SIZE = "full size"
"""What of a row follows from the rest."""


@dataclass(frozen=True)
class Way:
    """How a clip is sent.

    Attributes:
        name: What tables call it.
        method: Makes the low clip and undoes it; None sends the clip as it is.
        details: Of a model, its ``parameters`` and ``weights_sha256``.
    """

    name: str
    method: Method | Restorer | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> Fraction:
        """High frames per low frame."""
        return Fraction(1) if self.method is None else self.method.scale.time


def baselines() -> list[Way]:
    """Return the ways that need no training: full size, half size, half the frames."""
    small, slow = Degradation(time=1, space=2), half_the_frames()
    return [
        Way(FULL_SIZE),
        Way("half size + bicubic", Interpolation(small, "cubic")),
        Way("half size + Lanczos", Interpolation(small, "lanczos")),
        *(Way(f"half the frames + {one.name}", one) for one in cascades(slow) if one.motion != "SPyNet warping"),
    ]


def half_the_frames() -> Degradation:
    """Return the degradation that keeps every second frame as it is."""
    return Degradation(time=2, space=1, exposure=0.5)


def model_way(name: str, device: str = "auto") -> Way:
    """Return the way through a model; one that undoes any degradation makes up every second frame.

    Raises:
        StvsrError: If there is no such model.
    """
    entry = find(name)
    model = stvsr.load(entry.folder, choose_device(device))
    details = {"parameters": entry.parameters, "weights_sha256": entry.checksum}
    if entry.is_conditional:
        return Way(f"half the frames + {entry.name}", cast("DAVSR", model).bind(half_the_frames()), details)
    return Way(entry.name, model, details)


@dataclass(frozen=True)
class Sent:
    """One clip, sent one way at one rate.

    Attributes:
        bits: Of all packets.
        pixels: Of the original, all frames together.
        seconds: That the original lasts.
        qualities: Of every frame.
    """

    bits: int
    pixels: int
    seconds: Fraction
    qualities: Sequence[Quality]

    def point(self, factor: int) -> dict[str, float]:
        """Return what a document keeps of it."""
        count = len(self.qualities)
        means = {name: sum(getattr(q, name) for q in self.qualities) / count for name in METRICS}
        rates = {"bpp": self.bits / self.pixels, "kbps": float(self.bits / self.seconds) / 1000}
        return {"crf": factor, **{name: float(f"{value:.6g}") for name, value in {**rates, **means}.items()}}


def frame_rate(clip: TestClip, assumed: Fraction = Fraction(25)) -> Fraction:
    """Return a clip's frames per second; those assumed where it is a folder of images."""
    first = clip.files[0]
    return assumed if first.suffix.lower() in IMAGE_SUFFIXES else probe(first).rate


def send(way: Way, clip: TestClip, chosen: Encoder) -> Sent:
    """Send a clip through a codec, streamed.

    Raises:
        StvsrError: If the clip cannot be read, is smaller than SSIM's window or the codec cannot hold it.
    """
    rate = frame_rate(clip)
    trip = RoundTrip(chosen, rate / way.step)
    if way.method is None:
        shown: Iterator[Frames] = trip(clip.frames())
    else:
        method = as_method(way.method)
        low = downsample_stream(method.reducer(), clip.frames())
        shown = method.restore(LowClip(clip, lambda: iter(trip(low))))
    qualities: list[Quality] = []
    pixels = 0
    for truth in clip.frames():
        height, width, _ = truth.shape
        if min(height, width) < SSIM_WINDOW:
            raise StvsrError(f"{clip.name}: frames of {width}x{height} are too small to measure; take it out")
        frame = next(shown, None)
        if frame is None:
            raise StvsrError(f"{way.name} gave only {len(qualities)} frames of {clip.name}")
        qualities.append(Reference(truth).quality(frame[:height, :width]))
        pixels += height * width
    for _ in shown:  # a codec's last packets
        pass
    return Sent(trip.bits, pixels, len(qualities) / rate, qualities)


Report = Callable[[str], None]


def measure(ways: Sequence[Way], clips: Sequence[TestClip], how: Coding, report: Report) -> list[dict[str, Any]]:
    """Return the rows of a document, without what is derived from their curves."""
    rows = []
    for way in ways:
        began, curves = time.perf_counter(), {}
        for clip in clips:
            curve = []
            for factor in how.rates:
                report(f"{way.name}: {clip.name} at {factor}")
                curve.append(send(way, clip, how.encoder(factor)).point(factor))
            curves[clip.name] = curve
        seconds = float(f"{time.perf_counter() - began:.4g}")
        kind = "model" if way.details else "baseline"
        rows.append({"method": way.name, "kind": kind, **way.details, "seconds": seconds, "clips": curves})
    return rows


@dataclass(frozen=True)
class Coding:
    """The codec of a measurement.

    Attributes:
        codec: One of `CODECS`.
        pixel_format: None for the usual one.
        rates: Constant rate factors.
    """

    codec: str
    pixel_format: str | None
    rates: Sequence[int]

    def encoder(self, factor: int) -> Encoder:
        """Return the encoder at a rate factor.

        Raises:
            StvsrError: If it is out of range.
        """
        return encoder(self.codec, factor, self.pixel_format)

    def describe(self) -> dict[str, Any]:
        """Return what a document says of it."""
        chosen = self.encoder(self.rates[0])
        options = {name: value for name, value in chosen.options.items() if name != "crf"}
        return {"codec": self.codec, "pixel_format": chosen.pixel_format, "options": options, "rates": list(self.rates)}


def compared(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with what follows from their curves: their means, and how they compare with full size."""
    anchor = next(row for row in rows if row["method"] == FULL_SIZE)
    done = []
    for row in rows:
        curve = _mean_curve(list(row["clips"].values()))
        against = _mean_curve(list(anchor["clips"].values()))
        deltas = {name: _deltas(anchor["clips"], row["clips"], name) for name in METRICS}
        ranges = {name: cheaper(_points(against, name), _points(curve, name)) for name in METRICS}
        for point in curve:
            found = saving(_points(against, "psnr_y"), (point["bpp"], point["psnr_y"]))
            point["saving_y"] = None if found is None else round(found, 2)
        wins = {name: [[float(f"{end:.4g}") for end in pair] for pair in found] for name, found in ranges.items()}
        done.append({**row, "curve": curve, "bd_rate": deltas, "cheaper": wins})
    return done


def _mean_curve(curves: Sequence[Sequence[Mapping[str, float]]]) -> list[dict[str, Any]]:
    names = ("crf", "bpp", "kbps", *METRICS)
    return [
        {name: float(f"{sum(point[name] for point in points) / len(points):.6g}") for name in names}
        for points in zip(*curves, strict=True)
    ]


def _deltas(anchor: Mapping[str, Any], row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the BD-rate of every clip and their mean; None where there is none."""
    found = {clip: bd_rate(_points(anchor[clip], name), _points(curve, name)) for clip, curve in row.items()}
    known = [delta.rate for delta in found.values() if delta.rate is not None]
    return {
        "mean": round(sum(known) / len(known), 2) if known else None,
        "clips": {clip: None if delta.rate is None else round(delta.rate, 2) for clip, delta in found.items()},
        "overlap": {clip: round(delta.overlap, 3) for clip, delta in found.items()},
    }


def _points(curve: Sequence[Mapping[str, float]], name: str) -> list[Point]:
    return [(point["bpp"], point[name]) for point in curve]


def document(
    rows: Sequence[Mapping[str, Any]], clips: Sequence[TestClip], how: Coding, data: str, command: str
) -> RateStudy:
    """Return everything as a study of one measurement."""
    found = []
    for clip in clips:
        frames = list(clip.frames())
        size = [len(frames), *frames[0].shape[:2]]
        found.append({"name": clip.name, "size": size, "rate": str(frame_rate(clip)), "sha256": clip.sha256()})
    title = f"Quality against bits: {how.codec}, {how.encoder(how.rates[0]).pixel_format}"
    one = {"label": data, "data": {"name": data, "clips": found}, "rows": compared(rows)}
    return RateStudy.from_dict(
        {
            "version": VERSION,
            "study": {"name": RATE_DISTORTION, "title": title, "text": TEXT, **how.describe()},
            "measurements": [one],
            "command": command,
            "environment": environment(),
        }
    )


def kept_rows(path: Path, ways: Sequence[Way], clips: Sequence[TestClip], how: Coding) -> list[dict[str, Any]]:
    """Return the rows of an earlier document that need not be measured again: all but those of changed models.

    Raises:
        StvsrError: If it is of another codec or other clips.
    """
    earlier = read(path)
    same = isinstance(earlier, RateStudy) and earlier.codec.to_dict() == how.describe()
    files = [(c.name, sum(1 for _ in c.frames()), c.sha256()) for c in clips]
    if (
        not isinstance(earlier, RateStudy)
        or not same
        or files != [(clip.name, clip.size[0], clip.sha256) for clip in earlier.data.clips]
    ):
        raise StvsrError(f"{path} was measured with another codec, at other rates or on other clips: leave --add out")
    changed = {way.name for way in ways if way.details}
    weights = {way.details.get("weights_sha256") for way in ways}
    return [
        row.measured()
        for row in earlier.rows
        if row.method not in changed or row.details.get("weights_sha256") in weights
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure and write the document; returns the exit code."""
    options = _parser().parse_args(arguments)
    return write_document(options.output, lambda: _asked(options))


def _asked(options: argparse.Namespace) -> RateStudy:
    """Return the document that the command line asks for."""
    how = Coding(options.codec, options.pixel_format, options.rates or RATES.get(options.codec, USUAL_RATES))
    if len(set(how.rates)) < FEWEST_RATES:
        raise StvsrError(f"--rates: give at least {FEWEST_RATES} different rate factors")
    for factor in how.rates:
        how.encoder(factor)
    clips = clips_in(options.data, options.frames)
    ways = [*baselines(), *(model_way(name, options.device) for name in options.model)]
    kept = kept_rows(options.output, ways, clips, how) if options.add and options.output.is_file() else []
    known = {row["method"] for row in kept}
    rows = [*kept, *measure([way for way in ways if way.name not in known], clips, how, _say)]
    return document(rows, clips, how, options.data.resolve().name, _command(options, how))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m studies.rate_distortion", description="Measure quality against bits."
    )
    parser.add_argument("data", type=Path, help="a video, a folder of frames, or a folder of such clips")
    parser.add_argument("output", type=Path, help="the JSON file")
    parser.add_argument("--codec", choices=CODECS, default="h265")
    parser.add_argument("--pixel-format", help="how colours are stored, such as yuv444p; yuv420p if not given")
    parser.add_argument("--rates", type=int, nargs="+", help="constant rate factors of the codec")
    parser.add_argument(
        "--model", action="append", default=[], help="a bundled name, a model folder or a hub id; several"
    )
    parser.add_argument("--frames", type=int, help="use only so many frames from the start of each clip")
    parser.add_argument("--add", action="store_true", help="keep what the file holds and measure only what it lacks")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    return parser


def _command(options: argparse.Namespace, how: Coding) -> str:
    """Return the command that does it again, free of this machine's folders."""
    words = ["python", "-m", "studies.rate_distortion", options.data.resolve().name, options.output.name]
    words += ["--codec", how.codec, *(["--pixel-format", how.pixel_format] if how.pixel_format else [])]
    words += ["--rates", *map(str, how.rates)]
    for name in options.model:
        words += ["--model", find(name).name]
    words += ["--frames", str(options.frames)] if options.frames else []
    return shlex.join(words)


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
