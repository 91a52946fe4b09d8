"""Making a small video of a large one: fewer, smaller frames in exact RGB, and a record of the original."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.restoration.contract import Image, Restorer
from stvsr.restoration.job import Outcome, Stopwatch, Watcher, check_files
from stvsr.restoration.pipeline import WriteBehind, read_ahead
from stvsr.restoration.record import TAG, ShrinkRecord, describe_kernel
from stvsr.restoration.stream import downsample_stream
from stvsr.restoration.times import common_tick, on_ticks
from stvsr.video.colour import stores_alpha
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.info import VideoInfo
from stvsr.video.reader import Frame, VideoReader
from stvsr.video.timing import scan
from stvsr.video.writer import VideoWriter


def shrink_file(
    source: str | Path,
    output: str | Path,
    model: Restorer,
    *,
    weights: str = "",
    budget: int | None = None,
    watcher: Watcher | None = None,
) -> Outcome:
    """Write the small video of ``source``, from which `stvsr.restoration.expand.expand_file` restores it.

    Low frame i is shown when high frame ``i * scale.time`` was. Audio and subtitles are copied.

    Args:
        source: Any video file.
        output: The small video; its container must hold lossless RGB (.mkv, .mp4, .mov).
        model: Whose `downsample` is applied.
        weights: SHA-256 of its weights, for the record.
        budget: Bytes of working memory to aim at; None for what suits the device.
        watcher: Told of progress and of what gets lost.

    Raises:
        StvsrError: If the source cannot be read or has transparency, or the output cannot be written.
    """
    source, output, watcher = Path(source), Path(output), watcher or Watcher()
    stopwatch = Stopwatch(source, output)
    info = check_files(source, output)
    _check_content(info, watcher)
    step = model.scale.steps[0]
    times, last = scan(source)
    usual = last == 1 / info.rate
    count, height, width = model.scale.low_size((len(times), info.height, info.width))
    rate = (info.rate / step).limit_denominator(1_000_000)
    tick = common_tick(times)
    try:
        low_times = on_ticks(times[::step], tick)
    except StvsrError as error:
        raise StvsrError(f"{source}: {error}") from error
    watcher.begin(len(times))
    with (
        VideoReader(source) as reader,
        VideoWriter(
            output,
            width,
            height,
            rate,
            encoder=LOSSLESS_RGB,
            time_base=tick,
            copy_from=source,
            metadata={TAG.lower(): _record(info, model, weights).with_times(times, None if usual else last).to_json()},
            sample_aspect=info.sample_aspect,
        ) as writer,
        WriteBehind[tuple[Image, Fraction, Fraction | None]](lambda item: writer.write(*item)) as sink,
        closing(read_ahead(_counted(reader, len(times), source))) as frames,
    ):
        stream = downsample_stream(model, frames, budget=budget)
        for index, (low, time) in enumerate(zip(stream, low_times, strict=True), start=1):
            sink.put((low, time, None if usual else times[-1] + last - time))
            watcher.step(min(index * step, len(times)))
    return stopwatch.outcome(count, width, height, rate)


def _check_content(info: VideoInfo, watcher: Watcher) -> None:
    if info.has_alpha and not stores_alpha(info.pixel_format):  # kept where the decoder does not look
        raise StvsrError(f"{info.path} is partly transparent, which would be lost; flatten it onto a colour first")
    if info.colour.is_hdr or info.bit_depth > 8:
        kind = "HDR" if info.colour.is_hdr else f"{info.bit_depth}-bit"
        watcher.notice(f"{info.path} is {kind} video: 8 bits of every colour are kept")
    if info.interlaced:
        watcher.notice(f"{info.path} is interlaced: deinterlace it first, or fast motion will show combs")


def _counted(frames: Iterable[Frame], expected: int, path: Path) -> Iterator[Image]:
    """Yield the pictures, and make sure that there are as many as the record will say."""
    count = 0
    for count, frame in enumerate(frames, start=1):
        if count > expected:
            break
        if not frame.opaque:
            raise StvsrError(
                f"{path} is partly transparent in frame {count}, which would be lost; flatten it onto a colour first"
            )
        yield frame.rgb
    if count != expected:
        raise StvsrError(f"{path} announces {expected} frames but {count} can be decoded; convert it to H.264 first")


def _record(info: VideoInfo, model: Restorer, weights: str) -> ShrinkRecord:
    return ShrinkRecord(
        model=model.name,
        weights=weights,
        scale=str(model.scale),
        width=info.width,
        height=info.height,
        frames=0,
        rate=info.rate,
        times={},
        sample_aspect=info.sample_aspect,
        source={
            "codec": info.codec,
            "pixel_format": info.pixel_format,
            "colour": asdict(info.colour),
        },
        kernel=describe_kernel(model),
    )
