"""From one file through a computation into another: the loop over frames that all jobs share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from stvsr.device import device_of
from stvsr.engine.assembly import Assembly
from stvsr.engine.cluster import Cluster
from stvsr.engine.fingerprint import checksum
from stvsr.engine.job import Target, Work
from stvsr.engine.pipeline import Waits, WriteBehind, read_ahead
from stvsr.engine.progress import Watcher
from stvsr.engine.remote import Order, Recipe, choose_layout, make
from stvsr.engine.segments import Store, discard
from stvsr.engine.times import MILLISECOND
from stvsr.engine.upsampling import Upsampling
from stvsr.engine.windows import SEGMENT, Part, Plan, Segment, Window, gather, group, segment_length
from stvsr.errors import StvsrError
from stvsr.video.coding import Coding
from stvsr.video.images import Image
from stvsr.video.output import container_format
from stvsr.video.reader import Frame, VideoReader
from stvsr.video.writer import VideoWriter, rehearse

# Frames that wait between two of the three threads: few large ones, more small ones, so that they seldom wait for
# each other.
_WAITING_BYTES, _FEWEST_WAITING, _MOST_WAITING = 32_000_000, 4, 64


def transfer(
    work: Work,
    target: Target,
    watcher: Watcher,
    shown: Callable[[int], int] = lambda frames: frames,
    cluster: Cluster | None = None,
) -> Waits:
    """Decode, compute and encode at the same time; copy audio, subtitles and tags.

    What takes long is done in segments. A finished one is kept, so that the same call goes on from there, whatever
    ended this one, and gives the same file.

    Args:
        work: What to do.
        target: What to write; the file appears when it is complete.
        watcher: Told what is done.
        shown: How many frames to tell of when so many of the target's are done.
        cluster: Computes and encodes the segments; this process if None.

    Raises:
        StvsrError: If the source cannot be read or the target cannot be written.
    """
    _check_times(target)
    _tell(target, watcher)
    file = _file(work, target, _once(watcher.notice))
    rehearse(**file)
    watcher.plan(work, target)
    with _stored(work, target, watcher, cluster) as store:
        recipe = None if cluster is None else cluster.share(Recipe(work.computation, cluster.device))
        layout = _settled(work, store, cluster, recipe)
        segments = group(work.computation.divide(work.shots, layout), _segment(work, target, cluster))
        done = 0 if store is None else store.expect(len(segments))
        if done:
            watcher.resume(shown(sum(s.stop - s.first for n, s in enumerate(segments) if _is_kept(store, n))))
        run = _Run(work, target, layout, segments, store, file)
        return _run(run, watcher, shown) if cluster is None else _run_on(cluster, recipe, run, watcher, shown)


@dataclass(frozen=True)
class _Run:
    """A job, divided."""

    work: Work
    target: Target
    layout: Plan
    segments: list[Segment]
    store: Store | None
    file: dict[str, Any]


def _run(run: _Run, watcher: Watcher, shown: Callable[[int], int]) -> Waits:
    target, store, waits = run.target, run.store, Waits()
    with (
        VideoWriter(**run.file) as writer,
        Assembly(writer, target.times, target.until, store) as assembly,
        WriteBehind[Callable[[], None]](lambda step: step(), _depth(target.height, target.width), waits) as sink,
        _reading(run, waits) as (frames, windows, last),
    ):
        for number, segment in enumerate(run.segments):
            if _is_kept(store, number):
                sink.put(partial(assembly.put, number))
                continue
            sink.put(partial(assembly.begin, number, segment.first))
            for part in segment.parts:
                for done, image in enumerate(_computed(run, part, windows), start=part.first + 1):
                    sink.put(partial(assembly.add, image))
                    watcher.step(shown(done))
            if number == last:
                for _ in frames:  # to the end of the file, where damage shows
                    pass
            sink.put(partial(assembly.end, number))
    waits.stop()
    return waits


def _run_on(cluster: Cluster, recipe: object, run: _Run, watcher: Watcher, shown: Callable[[int], int]) -> Waits:
    target, store, waits, theirs = run.target, run.store, Waits(), Waits()
    assert store is not None
    done = sum(each.stop - each.first for number, each in enumerate(run.segments) if store.holds(number))
    with (
        VideoWriter(**run.file) as writer,
        Assembly(writer, target.times, target.until, store) as assembly,
        closing(_orders(run, writer.coding, waits)) as orders,
        closing(cluster.map(make, recipe, orders)) as pieces,
    ):
        for piece in pieces:
            segment = run.segments[piece.number]
            if piece.images < segment.stop - segment.first:
                raise _ends_early(run, segment.first + piece.images)
            assembly.keep(piece.number, piece.header, piece.frames)
            done += piece.images
            watcher.step(shown(done))
            theirs.add(piece.waits)
        for number in range(len(run.segments)):
            assembly.put(number)
    waits.stop()
    for name in ("encoder", "encode"):  # of all workers together
        setattr(waits, name, waits.total * getattr(theirs, name) / max(theirs.total, 1e-9))
    return waits


def _orders(run: _Run, coding: Coding, waits: Waits) -> Generator[Order]:
    """Yield the segments that are still to be made, with what goes into them."""
    times = run.target.times
    with _reading(run, waits) as (frames, windows, last):
        for number, segment in enumerate(run.segments):
            if _is_kept(run.store, number):
                continue
            given = list(islice(windows, len(segment.parts)))
            if len(given) < len(segment.parts):
                raise _ends_early(run, segment.first)
            if number == last:
                for _ in frames:  # to the end of the file, where damage shows
                    pass
            before = min(coding.reordered, segment.first)
            end = times[segment.stop] if segment.stop < len(times) else run.target.until
            near = times[segment.first - before : segment.stop]
            yield Order(number, run.layout, coding, segment.parts, given, before, near, end)


@contextmanager
def _reading(run: _Run, waits: Waits) -> Iterator[tuple[Iterator[Image], Iterator[Window[Image]], int]]:
    """A context with the source's frames, the missing windows of them, and the number of the last segment missing."""
    missing = [number for number in range(len(run.segments)) if not _is_kept(run.store, number)]
    parts = [part for number in missing for part in run.segments[number].parts]
    begin, depth = parts[0].span.first if parts else run.work.length, _depth(*run.work.size)
    with (
        VideoReader(run.work.source, depth=run.target.depth, skip=begin, interlaced=run.work.interlaced) as reader,
        closing(read_ahead(counted(reader, run.work.length, run.work.source, begin), depth, waits)) as frames,
    ):
        yield frames, gather(frames, (part.span for part in parts), begin), max(missing, default=-1)


def _depth(height: int, width: int) -> int:
    """Return how many frames of a size may wait between two threads."""
    return max(_FEWEST_WAITING, min(_MOST_WAITING, _WAITING_BYTES // (3 * height * width)))


def _computed(run: _Run, part: Part, windows: Iterator[Window[Image]]) -> Iterator[Image]:
    """Yield the frames of the next window."""
    window = next(windows, None)
    frames = () if window is None else run.work.computation.frames(window, run.layout, part.first)
    done = part.first
    for image in islice(frames, part.frames):
        yield image
        done += 1
    if done < part.first + part.frames:
        raise _ends_early(run, done)


def _ends_early(run: _Run, done: int) -> StvsrError:
    return StvsrError(f"{run.work.source} ends early: it gives {done} of {len(run.target.times)} frames; make it again")


def _file(work: Work, target: Target, notice: Callable[[str], None]) -> dict[str, Any]:
    """Return the arguments of the file's `VideoWriter`."""
    return {
        "path": target.path,
        "width": target.width,
        "height": target.height,
        "rate": target.rate,
        "encoder": target.encoder,
        "time_base": target.tick,
        "copy_from": work.source,
        "drop": target.drop,
        "notice": notice,
        "metadata": target.metadata,
        "colour": target.colour,
        "sample_aspect": target.sample_aspect,
        "depth": target.depth,
        "mastering": target.mastering,
    }


def _once(notice: Callable[[str], None]) -> Callable[[str], None]:
    """Return what passes every line on once."""
    told: set[str] = set()

    def tell(line: str) -> None:
        if line not in told:
            told.add(line)
            notice(line)

    return tell


@contextmanager
def _stored(work: Work, target: Target, watcher: Watcher, cluster: Cluster | None) -> Iterator[Store | None]:
    """A context with a store for what takes more than one segment, or is made elsewhere."""
    if len(target.times) < 2 * _segment(work, target, cluster) and cluster is None:
        discard(target.path, watcher)
        yield None
        return
    options = {
        **work.options,
        "shots": work.shots,
        "size": (target.width, target.height),
        "rate": target.rate,
        "times": target.times,
        "tick": target.tick,
        "end": target.end,
        "encoder": (target.encoder, target.encoder and target.encoder.options),
        "colour": target.colour,
        "sample_aspect": target.sample_aspect,
        "depth": target.depth,
        "mastering": target.mastering,
        "interlaced": work.interlaced,
    }
    device = None if cluster is None else cluster.device
    with Store(target.path, checksum(work.source, work.computation.model, options, device), watcher) as store:
        yield store


def _segment(work: Work, target: Target, cluster: Cluster | None) -> int:
    """Return about how many frames to put into a segment."""
    device = device_of(work.computation.model).type if cluster is None else cluster.device
    slow = device == "cpu" and isinstance(work.computation, Upsampling)
    return segment_length(target.width * target.height, slow=slow, usual=SEGMENT)


def _settled(work: Work, store: Store | None, cluster: Cluster | None, recipe: object) -> Plan:
    """Return windows and tiles: those that kept segments were made by, or what suits the memory there is."""
    size = (max(shot.stop - shot.start for shot in work.shots), *work.size)
    layout = work.computation.layout(*size) if cluster is None else cluster.call(choose_layout, recipe, size)
    return layout if store is None else Plan(**store.settle(asdict(layout)))


def _is_kept(store: Store | None, number: int) -> bool:
    return store is not None and store.holds(number)


def counted(frames: Iterable[Frame], expected: int, path: Path, skipped: int = 0) -> Iterator[Image]:
    """Yield opaque pictures, as many as were announced but for ``skipped`` ones.

    Raises:
        StvsrError: If there are more or fewer, or one is partly transparent.
    """
    count = skipped
    for count, frame in enumerate(frames, start=skipped + 1):
        if count > expected:
            continue  # to the end, where damage shows
        if not frame.opaque:
            raise StvsrError(
                f"{path} is partly transparent in frame {count}, which would be lost; flatten it onto a colour first"
            )
        yield frame.rgb
    if count != expected:
        raise StvsrError(f"{path} gives {expected} frames once and {count} the next time; convert it to H.264 first")


def _tell(target: Target, watcher: Watcher) -> None:
    """Tell the watcher what becomes of a picture on its way into the file."""
    coding = target.coding
    if target.mastering is not None and coding.mastering is None:
        watcher.notice(
            f"{target.path} goes without what its HDR was graded on (mastering display, MaxCLL, MaxFALL), which "
            f"{coding.encoder.codec} in {coding.encoder.pixel_format} cannot carry; --encoder h265 can"
        )
    in_matroska = container_format(target.path) in ("matroska", "webm")
    if target.sample_aspect != 1 and in_matroska and not coding.tells_aspect:
        watcher.notice(
            f"{target.path} goes without the shape of its pixels, {target.sample_aspect}, which {coding.encoder.codec} "
            f"in {target.path.suffix} cannot carry; write .mp4, or use --encoder h264 or h265"
        )
    if coding.padding:
        width, height = coding.stored
        watcher.notice(
            f"{target.path} is {target.width}x{target.height}, which {coding.encoder.pixel_format} cannot hold: stored "
            f"as {width}x{height}, which players crop; --pixel-format yuv444p holds it, but few players show that"
        )


def _check_times(target: Target) -> None:
    coarse = container_format(target.path) in ("matroska", "webm")
    if coarse and any(later - earlier < MILLISECOND for earlier, later in pairwise(target.times)):
        raise StvsrError(
            f"{target.path}: {target.path.suffix} counts in milliseconds, and frames would be shown less than one "
            "after each other; write .mp4 or .mov"
        )
