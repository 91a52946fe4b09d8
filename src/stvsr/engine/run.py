"""The loop over frames that all jobs share, once a job is divided into segments: in this process, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from stvsr import heap
from stvsr.engine.assembly import Assembly
from stvsr.engine.cluster import Cluster
from stvsr.engine.computation import Computation
from stvsr.engine.endpoints import Source, Target
from stvsr.engine.pipeline import StageTimes, WriteBehind, read_ahead
from stvsr.engine.progress import Progress
from stvsr.engine.remote import SegmentTask, make_segment
from stvsr.engine.segments import SegmentStore
from stvsr.engine.windows import Part, Plan, Segment, Window, gather
from stvsr.errors import StvsrError
from stvsr.video.coding import Coding
from stvsr.video.images import Image
from stvsr.video.reader import Frame, VideoReader
from stvsr.video.writer import VideoWriter

# Frames that wait between two of the three threads: few large ones, more small ones, so that they seldom wait for
# each other.
_WAITING_BYTES, _FEWEST_WAITING, _MOST_WAITING = 32_000_000, 4, 64


@dataclass(frozen=True)
class Run:
    """A job that has been divided, and goes through its frames once.

    Attributes:
        source: The frames that go in.
        target: The file to write; it appears when it is complete.
        computation: Makes the target's frames.
        layout: Windows and tiles.
        segments: What is encoded and kept together.
        store: Where finished segments are kept; None for a job of one segment.
        progress: Told what is done.
        file: The arguments of the file's `VideoWriter`.
    """

    source: Source
    target: Target
    computation: Computation
    layout: Plan
    segments: list[Segment]
    store: SegmentStore | None
    progress: Progress
    file: dict[str, Any]

    @property
    def kept(self) -> int:
        """The number of frames that an earlier run left."""
        return sum(each.stop - each.first for number, each in enumerate(self.segments) if self._is_kept(number))

    def here(self) -> StageTimes:
        """Decode, compute and encode in three threads of this process."""
        stages = StageTimes()
        with (
            VideoWriter(**self.file) as writer,
            Assembly(writer, self.target.pts, self.target.until, self.store) as assembly,
            WriteBehind[Callable[[], None]](lambda step: step(), self._depth_after, stages) as sink,
            self._reading(stages) as (frames, windows, last),
        ):
            for number, segment in enumerate(self.segments):
                heap.release()
                if self._is_kept(number):
                    sink.put(partial(assembly.put, number))
                    continue
                sink.put(partial(assembly.begin, number, segment.first))
                for part in segment.parts:
                    for done, image in enumerate(self._computed(part, windows), start=part.first + 1):
                        sink.put(partial(assembly.add, image))
                        self._tell(done)
                if number == last:
                    _drain(frames)
                sink.put(partial(assembly.end, number))
        stages.stop()
        return stages

    def on(self, cluster: Cluster, shared: object) -> StageTimes:
        """Decode here, compute and encode on a cluster, to which a `ClusterJob` was handed over as ``shared``."""
        stages, theirs, done = StageTimes(), StageTimes(), self.kept
        with (
            VideoWriter(**self.file) as writer,
            Assembly(writer, self.target.pts, self.target.until, self.store) as assembly,
            closing(self._tasks(writer.coding, stages)) as tasks,
            closing(cluster.map(make_segment, shared, tasks)) as results,
        ):
            for result in results:
                segment = self.segments[result.number]
                if result.images < segment.stop - segment.first:
                    raise self._ends_early(segment.first + result.images)
                assembly.keep(result.number, result.header, result.frames)
                done += result.images
                self._tell(done)
                theirs.add(result.stages)
            for number in range(len(self.segments)):
                assembly.put(number)
        stages.stop()
        stages.encoder, stages.encode = theirs.shares_of(stages.total)
        return stages

    def _tasks(self, coding: Coding, stages: StageTimes) -> Generator[SegmentTask]:
        """Yield the segments that are still to be made, with what goes into them."""
        pts = self.target.pts
        with self._reading(stages) as (frames, windows, last):
            for number, segment in enumerate(self.segments):
                if self._is_kept(number):
                    continue
                inputs = list(islice(windows, len(segment.parts)))
                if len(inputs) < len(segment.parts):
                    raise self._ends_early(segment.first)
                if number == last:
                    _drain(frames)
                before = min(coding.reordered, segment.first)
                end = pts[segment.stop] if segment.stop < len(pts) else self.target.until
                near = pts[segment.first - before : segment.stop]
                yield SegmentTask(number, self.layout, coding, segment.parts, inputs, before, near, end)

    @contextmanager
    def _reading(self, stages: StageTimes) -> Iterator[tuple[Iterator[Image], Iterator[Window[Image]], int]]:
        """A context with the source's frames, the missing windows of them, and the last missing segment's number."""
        source = self.source
        missing = [number for number in range(len(self.segments)) if not self._is_kept(number)]
        parts = [part for number in missing for part in self.segments[number].parts]
        begin, depth = parts[0].span.first if parts else source.length, _depth(*source.size)
        with (
            VideoReader(source.path, depth=self.target.depth, skip=begin, interlaced=source.interlaced) as reader,
            closing(read_ahead(counted(reader, source.length, source.path, begin), depth, stages)) as frames,
        ):
            yield frames, gather(frames, (part.span for part in parts), begin), max(missing, default=-1)

    def _computed(self, part: Part, windows: Iterator[Window[Image]]) -> Iterator[Image]:
        """Yield the frames of the next window."""
        window = next(windows, None)
        frames = () if window is None else self.computation.frames(window, self.layout, part.first)
        done = part.first
        for image in islice(frames, part.frames):
            yield image
            done += 1
        if done < part.first + part.frames:
            raise self._ends_early(done)

    def _tell(self, done: int) -> None:
        self.progress.step(self.computation.passed(done, self.source.length))

    @property
    def _depth_after(self) -> int:
        return _depth(self.target.height, self.target.width)

    def _is_kept(self, number: int) -> bool:
        return self.store is not None and self.store.holds(number)

    def _ends_early(self, done: int) -> StvsrError:
        return StvsrError(
            f"{self.source.path} ends early: it gives {done} of {len(self.target.pts)} frames; make it again"
        )


def file_arguments(source: Source, target: Target, notice: Callable[[str], None]) -> dict[str, Any]:
    """Return the arguments of a target's `VideoWriter`, which tells every line once."""
    told: set[str] = set()

    def tell(line: str) -> None:
        if line not in told:
            told.add(line)
            notice(line)

    return {
        "path": target.path,
        "width": target.width,
        "height": target.height,
        "rate": target.rate,
        "encoder": target.encoder,
        "time_base": target.tick,
        "copy_from": source.path,
        "drop": target.drop,
        "notice": tell,
        "metadata": target.metadata,
        "colour": target.colour,
        "sample_aspect": target.sample_aspect,
        "depth": target.depth,
        "mastering": target.mastering,
    }


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


def _drain(frames: Iterable[Image]) -> None:
    """Read to the end of the file, where damage shows."""
    for _ in frames:
        pass


def _depth(height: int, width: int) -> int:
    """Return how many frames of a size may wait between two threads."""
    return max(_FEWEST_WAITING, min(_MOST_WAITING, _WAITING_BYTES // (3 * height * width)))
