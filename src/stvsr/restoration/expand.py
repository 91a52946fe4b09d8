"""Making a small video large again: its exact size, number of frames, rate and times, as its record tells."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.restoration.contract import Image, Restorer
from stvsr.restoration.job import Outcome, Stopwatch, Watcher, check_files
from stvsr.restoration.pipeline import WriteBehind, read_ahead
from stvsr.restoration.record import TAG, ShrinkRecord, find_record
from stvsr.restoration.stream import upsample_stream
from stvsr.restoration.times import common_tick, on_ticks
from stvsr.video.colour import Colour, check_writable, default_colour, stores_rgb
from stvsr.video.encoders import Encoder
from stvsr.video.info import VideoInfo
from stvsr.video.reader import VideoReader
from stvsr.video.timing import scan_times
from stvsr.video.writer import VideoWriter

# Containers that count in milliseconds move a video's start by less than this.
_ROUNDING = Fraction(2, 1000)


def expand_file(
    source: str | Path,
    output: str | Path,
    model: Restorer,
    *,
    encoder: Encoder | None = None,
    budget: int | None = None,
    watcher: Watcher | None = None,
) -> Outcome:
    """Restore the large video from ``source``, which `stvsr.restoration.shrink.shrink_file` made.

    Args:
        source: The small video.
        output: The large one.
        model: Whose `upsample` is applied; of the scale that is on record.
        encoder: From `stvsr.video.encoders.encoder`; H.264 if None.
        budget: Bytes of working memory to aim at; None for what suits the device.
        watcher: Told of progress.

    Raises:
        StvsrError: If the source is no such video or was cropped, resized or cut since, if the model is of
            another scale, or if the output cannot be written.
    """
    source, output, watcher = Path(source), Path(output), watcher or Watcher()
    stopwatch = Stopwatch(source, output)
    info = check_files(source, output)
    record = find_record(info)
    _check_fit(info, record, model)
    if not stores_rgb(info.pixel_format):
        watcher.notice(f"{source} was converted to {info.pixel_format} since: motion kept in its colours is damaged")
    times, last = _output_times(source, record), record.last_stay()
    watcher.begin(record.frames)
    with (
        VideoReader(source) as reader,
        VideoWriter(
            output,
            record.width,
            record.height,
            record.rate,
            encoder=encoder,
            time_base=common_tick(times),
            copy_from=source,
            metadata={TAG.lower(): ""},
            colour=_colour(record),
            sample_aspect=record.sample_aspect,
        ) as writer,
        WriteBehind[tuple[Image, Fraction, Fraction | None]](lambda item: writer.write(*item)) as sink,
        closing(read_ahead(frame.rgb for frame in reader)) as frames,
    ):
        size = (record.frames, record.height, record.width)
        stream = upsample_stream(model, frames, size, budget=budget)
        for done, (high, time) in enumerate(zip(stream, times, strict=True), start=1):
            sink.put((high, time, last))
            watcher.step(done)
    return stopwatch.outcome(record.frames, record.width, record.height, record.rate)


def _check_fit(info: VideoInfo, record: ShrinkRecord, model: Restorer) -> None:
    if str(model.scale) != record.scale:
        raise StvsrError(
            f"{info.path} was shrunk by {record.scale}, model {model.name} is for {model.scale}; take another model"
        )
    frames, height, width = model.scale.low_size((record.frames, record.height, record.width))
    if (info.width, info.height) != (width, height):
        raise StvsrError(
            f"{info.path} is {info.width}x{info.height}, but was {width}x{height} when it was shrunk; "
            "use the file as 'stvsr shrink' wrote it"
        )
    held = len(scan_times(info.path))
    if held != frames:
        raise StvsrError(
            f"{info.path} holds {held} frames, but held {frames} when it was shrunk; "
            "use the file as 'stvsr shrink' wrote it"
        )


def _output_times(source: Path, record: ShrinkRecord) -> list[Fraction]:
    """The original's times, moved as the small video was if it began before zero, where containers start."""
    try:
        times = record.frame_times()
        record.last_stay()
        tick = common_tick(times)
        on_ticks(times, tick)
    except StvsrError as error:
        raise StvsrError(f"{source}: {error}") from error
    with VideoReader(source) as reader:
        start = next(iter(reader)).time
    moved = start - times[0]
    if abs(moved) < _ROUNDING:
        moved = Fraction(0)
    return on_ticks([time + moved for time in times], tick)


def _colour(record: ShrinkRecord) -> Colour | None:
    """How the original stored its colours; with the usual matrix where its own cannot be written, None if unknown."""
    try:
        colour = Colour(**record.source["colour"])
    except (KeyError, TypeError):
        return None
    usual = replace(colour, space=default_colour(record.height).space, range="limited")
    for candidate in (colour, usual):
        try:
            check_writable(candidate)
        except (StvsrError, TypeError):
            continue
        return candidate
    return None
