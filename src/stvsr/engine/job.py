"""A job as a value: which frames go in, what computes, which file comes out. It can tell what it will do, and do it.

source --probe, times, cuts--> Job --preview()--> Preview
                                   --run()------> the file, and an Outcome
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from stvsr.device import device_of
from stvsr.engine.cluster import Cluster
from stvsr.engine.computation import Computation
from stvsr.engine.endpoints import Source, Target
from stvsr.engine.fingerprint import fingerprint
from stvsr.engine.pipeline import StageTimes
from stvsr.engine.preview import Preview, preview
from stvsr.engine.progress import Progress
from stvsr.engine.remote import ClusterJob, choose_layout
from stvsr.engine.run import Run, file_arguments
from stvsr.engine.segments import SegmentStore, discard
from stvsr.engine.windows import SEGMENT, Plan, Shot, group, segment_length
from stvsr.text import number_of, readable_size, readable_time
from stvsr.video.writer import rehearse


@dataclass(frozen=True)
class Outcome:
    """A finished job.

    Attributes:
        path: The new file.
        frames: Number of its frames.
        width: In pixels.
        height: In pixels.
        rate: Nominal frames per second.
        bytes: Size of the file.
        source_bytes: Size of the file that it was made from.
        seconds: Time that the job took.
        stages: How long decoding, computing and encoding waited for each other.
    """

    path: Path
    frames: int
    width: int
    height: int
    rate: Fraction
    bytes: int
    source_bytes: int
    seconds: float
    stages: StageTimes = field(default_factory=StageTimes, compare=False)

    def __str__(self) -> str:
        share = self.bytes / self.source_bytes
        frames = f"{number_of(self.frames, 'frame')} of {self.width}x{self.height} at {float(self.rate):.4g} fps"
        size = f"{readable_size(self.bytes)} ({share:.0%} of the input)"
        return f"{self.path}: {frames}, {size}, in {readable_time(self.seconds)}"


@dataclass(frozen=True)
class Job:
    """A file to be made of another one; nothing is computed or written before `run`.

    Attributes:
        source: The frames that go in.
        target: The file that comes out.
        computation: Makes the target's frames of the source's.
        shots: The source's frames between scene cuts, and how many of the target's come of each.
    """

    source: Source
    target: Target
    computation: Computation
    shots: list[Shot]

    def preview(self, progress: Progress | None = None) -> Preview:
        """Return what the job is going to do; computes a small window of noise to tell about how long that takes.

        Args:
            progress: Told what will get lost.

        Raises:
            StvsrError: If memory does not suffice even for that, or the target cannot hold what goes into it.
        """
        self._check(progress or Progress())
        return preview(self.source, self.target, self.computation, self.shots)

    def run(self, progress: Progress | None = None, cluster: Cluster | None = None) -> Outcome:
        """Decode, compute and encode at the same time; copy audio, subtitles and tags.

        What takes long is done in segments. A finished one is kept, so that the same job goes on from there, whatever
        ended this one, and gives the same file.

        Args:
            progress: Told what is done, and what the user should know.
            cluster: Computes and encodes the segments, of a job whose model lies on the CPU; this process if None.

        Raises:
            StvsrError: If the source cannot be read or the target cannot be written.
        """
        began, progress = time.monotonic(), progress or Progress()
        target = self.target
        target.check()
        file = self._check(progress)
        progress.begin(self.computation.passed(len(target.pts), self.source.length))
        stages = self._transfer(file, progress, cluster)
        return Outcome(
            target.path,
            len(target.pts),
            target.width,
            target.height,
            target.rate,
            target.path.stat().st_size,
            self.source.path.stat().st_size,
            time.monotonic() - began,
            stages,
        )

    def _check(self, progress: Progress) -> dict[str, Any]:
        """Tell what gets lost; return the arguments of the target's `VideoWriter`, with which it can be opened."""
        file = file_arguments(self.source, self.target, progress.notice)
        rehearse(**file)
        for line in self.target.losses():
            progress.notice(line)
        return file

    def _transfer(self, file: dict[str, Any], progress: Progress, cluster: Cluster | None) -> StageTimes:
        with self._stored(progress, cluster) as store:
            shared = None if cluster is None else cluster.share(ClusterJob(self.computation, cluster.device))
            layout = self._layout(store, cluster, shared)
            segments = group(self.computation.divide(self.shots, layout), self._segment_length(cluster))
            run = Run(self.source, self.target, self.computation, layout, segments, store, progress, file)
            if store is not None and store.expect(len(segments)):
                progress.resume(self.computation.passed(run.kept, self.source.length))
            return run.here() if cluster is None else run.on(cluster, shared)

    @contextmanager
    def _stored(self, progress: Progress, cluster: Cluster | None) -> Iterator[SegmentStore | None]:
        """A context with a store for what takes more than one segment, or is made elsewhere."""
        if len(self.target.pts) < 2 * self._segment_length(cluster) and cluster is None:
            discard(self.target.path, progress)
            yield None
            return
        device = None if cluster is None else cluster.device
        with SegmentStore(self.target.path, self._fingerprint(device), progress) as store:
            yield store

    def _fingerprint(self, device: str | None) -> str:
        source, target = self.source, self.target
        settings = {
            "computation": type(self.computation).__qualname__,
            "memory": self.computation.memory,
            "shots": self.shots,
            "size": (target.width, target.height),
            "rate": target.rate,
            "pts": target.pts,
            "tick": target.tick,
            "end": target.end,
            "encoder": (target.encoder, target.encoder and target.encoder.options),
            "colour": target.colour,
            "sample_aspect": target.sample_aspect,
            "depth": target.depth,
            "mastering": target.mastering,
            "interlaced": source.interlaced,
        }
        return fingerprint(source.path, self.computation.model, settings, device)

    def _segment_length(self, cluster: Cluster | None) -> int:
        """Return about how many frames to put into a segment."""
        device = device_of(self.computation.model).type if cluster is None else cluster.device
        slow = device == "cpu" and self.computation.enlarges
        return segment_length(self.target.width * self.target.height, slow=slow, usual=SEGMENT)

    def _layout(self, store: SegmentStore | None, cluster: Cluster | None, shared: object) -> Plan:
        """Return windows and tiles: those that kept segments were made by, or what suits the memory there is."""
        size = (max(shot.stop - shot.start for shot in self.shots), *self.source.size)
        layout = self.computation.layout(*size) if cluster is None else cluster.call(choose_layout, shared, size)
        return layout if store is None else Plan(**store.settle(asdict(layout)))
