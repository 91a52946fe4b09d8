"""What a STAA model is made of, as it stands in `config.json` and in training recipes. Needs no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from stvsr.errors import StvsrError
from stvsr.physics.scale import Scale
from stvsr.settings import check_pair, check_switch, check_whole, is_number, is_whole, only, read

Constraint = Literal["none", "softmax", "adaptive", "bicubic", "gaussian"]
CONSTRAINTS: tuple[Constraint, ...] = ("none", "softmax", "adaptive", "bicubic", "gaussian")
Temporal = Literal["deformable", "none"]
Network = Literal["dense", "factorised", "recurrent", "alternating", "warping"]
Flow = Literal["network", "search"]
NETWORKS: tuple[Network, ...] = ("dense", "factorised", "recurrent", "alternating", "warping")
Triple = tuple[int, int, int]
Phase = tuple[float, float, float]
Phases = tuple[Phase, Phase, Phase]
AXES = ("time", "height", "width")


@dataclass(frozen=True)
class DownsamplerConfig:
    """The space-time filter before decimation.

    Attributes:
        constraint: ``softmax`` (learned, taps in [0, 1] with sum 1), ``none`` (learned, free), ``adaptive`` (learned,
            softmax, its own taps at every place), or the fixed ``bicubic`` (nearest in time: at a space factor of 1
            it keeps every r-th frame as it is) and ``gaussian``.
        window: Taps in time, height and width.
        origin: Offset of the first tap; by default the window is centred on the block of samples it stands for.
        quantised: Whether the low clip is rounded to 8 bits (always so outside training).
        phases: Where in its block each colour (red, green, blue) starts, as shares of the way from the block's first
            sample to its last, in time, height and width. Colours that start at different instants and places carry
            different instants and places; colours that start alike stay alike.
        sigma: Width of the Gaussian each colour starts as, in blocks, from 0.02 to 8.
        shared: Whether all colours have the filter that starts at red's phase: a low clip whose colours show one
            instant and place, as codecs expect that store colour at a quarter of the pixels (4:2:0).

    Raises:
        StvsrError: If a setting is of the wrong kind or out of range.
    """

    constraint: Constraint = "softmax"
    window: Triple = (3, 3, 3)
    origin: Triple | None = None
    quantised: bool = True
    phases: Phases = ((0.0, 0.5, 0.5), (0.5, 0.5, 0.5), (1.0, 0.5, 0.5))
    sigma: float = 0.3
    shared: bool = False

    def __post_init__(self) -> None:
        if self.constraint not in CONSTRAINTS:
            raise StvsrError(f"downsampler.constraint is {self.constraint!r}: use one of {', '.join(CONSTRAINTS)}")
        object.__setattr__(self, "window", _triple("downsampler.window", self.window, 1, 31))
        object.__setattr__(self, "phases", _phases(self.phases))
        if self.origin is not None:
            object.__setattr__(self, "origin", _triple("downsampler.origin", self.origin, -31, 31))
        check_switch("downsampler.quantised", self.quantised)
        check_switch("downsampler.shared", self.shared)
        if self.shared and self.constraint == "adaptive":
            raise StvsrError("downsampler.shared is for filters that are the same everywhere: not for 'adaptive'")
        if not is_number(self.sigma) or not 0.02 <= self.sigma <= 8:  # narrower ones would have no tap left
            raise StvsrError(f"downsampler.sigma is {self.sigma!r}: give a number of blocks from 0.02 to 8")


@dataclass(frozen=True)
class UpsamplerConfig:
    """The network that makes the high clip. The defaults are the paper's (section 4.2).

    Attributes:
        features: Channels of the trunk.
        temporal: ``deformable`` for the bidirectional deformable ConvLSTM, ``none`` for 3-D convolutions alone.
        groups: Offset groups of the deformable convolutions.
        blocks: Residual-in-residual dense blocks.
        dense: Dense blocks in each of them.
        layers: Convolutions in each dense block.
        growth: Channels that each layer adds.
        fold: Low pixels in height and width gathered into channels before the trunk: 2 quarters its work.
        residual: Factor on what each dense block, and each block of them, adds to its input.
        network: ``dense`` for the paper's 3-D residual dense blocks; ``factorised`` for ``blocks`` pairs of a
            convolution in space and one in time, with ``features``; ``recurrent`` for one of our own that carries
            features from frame to frame through ``blocks`` 2-D residual blocks, without use for ``temporal``,
            ``groups``, ``dense``, ``layers``, ``growth`` and ``residual``; ``alternating`` for DAVSR's, which has a
            data step of its own, with ``blocks`` dense blocks of ``layers`` and ``growth``; ``warping``, which only
            makes frames between those that are given, for 2-D dense blocks on frames that were moved along optical
            flow, with the same settings.
        flow: How ``warping`` and ``alternating`` find motion: ``network``, of their own and trained with them, or
            ``search``, dense inverse search, without weights.
        data_step: Whether the closed-form data step, with a learned weight, follows the network.
        context: Low frames and low pixels of margin for long videos, where a measurement has shown that fewer than
            the network reaches are enough.

    Raises:
        StvsrError: If a setting is of the wrong kind or out of range, or ``groups`` does not divide ``features``.
    """

    features: int = 64
    temporal: Temporal = "deformable"
    groups: int = 8
    blocks: int = 5
    dense: int = 3
    layers: int = 5
    growth: int = 32
    fold: int = 1
    residual: float = 0.2
    network: Network = "dense"
    flow: Flow = "network"
    data_step: bool = False
    context: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.temporal not in ("deformable", "none"):
            raise StvsrError(f"upsampler.temporal is {self.temporal!r}: use 'deformable' or 'none'")
        if self.network not in NETWORKS:
            raise StvsrError(f"upsampler.network is {self.network!r}: use one of {', '.join(NETWORKS)}")
        largest = {"features": 1024, "groups": 64, "blocks": 64, "dense": 8, "layers": 16, "growth": 256, "fold": 8}
        check_whole("upsampler", self, {name: (1, most) for name, most in largest.items()})
        if self.network == "dense" and self.temporal == "deformable" and self.features % self.groups:
            message = f"does not divide upsampler.features, {self.features}: give one that does"
            raise StvsrError(f"upsampler.groups is {self.groups}, which {message}")
        if not is_number(self.residual) or not 0 < self.residual <= 1:
            raise StvsrError(f"upsampler.residual is {self.residual!r}: give a number above 0 and at most 1")
        if self.flow not in ("network", "search"):
            raise StvsrError(f"upsampler.flow is {self.flow!r}: use 'network' or 'search'")
        check_switch("upsampler.data_step", self.data_step)
        if self.network == "alternating" and self.data_step:
            raise StvsrError("upsampler.data_step: the network 'alternating' has one of its own, leave this one out")
        if self.context is not None:
            object.__setattr__(self, "context", check_pair("upsampler.context", self.context, 0, 1024))


@dataclass(frozen=True)
class RescalerConfig:
    """A model that shrinks clips and expands them again: scale, downsampler, upsampler.

    Raises:
        StvsrError: If the time factor is not whole, the downsampler's window lies beside the block of samples that it
            stands for, or the network only makes frames between given ones and is not given them.
    """

    scale: Scale = field(default_factory=lambda: Scale.of(2, 4))
    downsampler: DownsamplerConfig = field(default_factory=DownsamplerConfig)
    upsampler: UpsamplerConfig = field(default_factory=UpsamplerConfig)

    def __post_init__(self) -> None:
        if self.scale.time.denominator > 1:
            raise StvsrError(f"a time factor of {self.scale.time} has no filter to undo: give task: interpolate")
        if self.upsampler.network == "warping":
            self._check_warping()
        for axis, first, taps, step in zip(
            AXES, self.downsampler.origin or (), self.downsampler.window, self.scale.steps, strict=False
        ):
            if not -taps < first < step:
                origin = list(self.downsampler.origin or ())
                message = f"no tap of the window in {axis} falls on its block of {step}: give {1 - taps} to {step - 1}"
                raise StvsrError(f"downsampler.origin is {origin!r}: {message} there")

    def _check_warping(self) -> None:
        """Check that frames are given as they are, for the network keeps them and makes those between."""
        if (self.scale.height, self.scale.width) != (1, 1):
            raise StvsrError("upsampler.network 'warping' only changes the rate: give a space factor of 1")
        if self.scale.time == 1:
            raise StvsrError("upsampler.network 'warping' only changes the rate: give a scale such as [2, 1]")
        if self.downsampler.constraint != "bicubic":
            raise StvsrError("upsampler.network 'warping' needs frames as they are: give constraint: bicubic")
        if self.upsampler.data_step:
            raise StvsrError("upsampler.network 'warping' keeps the frames it is given: leave 'data_step' out")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RescalerConfig:
        """Read a configuration out of JSON or YAML.

        Raises:
            StvsrError: If a key is unknown or a value is impossible.
        """
        known = only(data, {*SHARED, "downsampler"}, "model")
        return cls(
            scale=_scale(known.get("scale", [2, 4])),
            downsampler=read(DownsamplerConfig, known.get("downsampler", {}), "downsampler"),
            upsampler=read(UpsamplerConfig, known.get("upsampler", {}), "upsampler"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, in JSON's types."""
        return _described("rescale", self.scale, self.upsampler, downsampler=asdict(self.downsampler))


@dataclass(frozen=True)
class DeblurrerConfig:
    """A model that makes sharp frames of blurred ones, at one pair of factors, for any exposure.

    Raises:
        StvsrError: If the factors are not whole, or differ for height and width.
    """

    scale: Scale = field(default_factory=lambda: Scale.of(5, 1))
    upsampler: UpsamplerConfig = field(default_factory=UpsamplerConfig)

    def __post_init__(self) -> None:
        if self.scale.height != self.scale.width:
            raise StvsrError("a camera blurs evenly: task deblur needs the same factor for height and width")
        if self.scale.time.denominator > 1:
            raise StvsrError(f"a time factor of {self.scale.time} blurs nothing: task deblur needs a whole one")
        if self.upsampler.network == "warping":
            raise StvsrError("upsampler.network 'warping' needs frames as they are, not blurred: take another network")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DeblurrerConfig:
        """Read a configuration out of JSON or YAML.

        Raises:
            StvsrError: If a key is unknown or a value is impossible.
        """
        if isinstance(data, dict) and "downsampler" in data:
            raise StvsrError("model.downsampler: what blurs is a camera's, not ours: leave it out of task deblur")
        known = only(data, SHARED, "model")
        upsampler = read(UpsamplerConfig, known.get("upsampler", {}), "upsampler")
        return cls(_scale(known.get("scale", [5, 1])), upsampler)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, in JSON's types."""
        return _described("deblur", self.scale, self.upsampler, domain=self.domain)

    @property
    def domain(self) -> dict[str, list[Any]]:
        """What it is for: its factors, any shutter, and nothing else to undo."""
        factors = {"time": [int(self.scale.time)], "space": [self.scale.width]}
        return {**factors, "blur": ["bicubic"], "noise": [0], "compression": [0]}


@dataclass(frozen=True)
class InterpolatorConfig:
    """A model that changes the rate of frames that are given as they are, by p/q (section 5.3): no downsampler.

    Raises:
        StvsrError: If the network undoes a filter, for there is none.
    """

    scale: Scale = field(default_factory=lambda: Scale.of("6/5"))
    upsampler: UpsamplerConfig = field(default_factory=UpsamplerConfig)

    def __post_init__(self) -> None:
        if self.upsampler.network in ("alternating", "factorised"):
            raise StvsrError(f"a time factor of {self.scale.time} has no filter to undo: take another network")
        if self.upsampler.data_step:
            raise StvsrError(f"a time factor of {self.scale.time} has no filter to undo: leave 'data_step' out")
        if self.upsampler.network == "warping" and (self.scale.height, self.scale.width) != (1, 1):
            raise StvsrError("upsampler.network 'warping' only changes the rate: give a space factor of 1")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> InterpolatorConfig:
        """Read a configuration out of JSON or YAML.

        Raises:
            StvsrError: If a key is unknown or a value is impossible.
        """
        known = dict(only(data, {*SHARED, "downsampler"}, "model"))
        scale = _scale(known.get("scale", ["6/5", 1]))
        if known.pop("downsampler", None) not in (None, {}):
            raise StvsrError(f"a time factor of {scale.time} takes frames as they are: leave 'downsampler' out")
        return cls(scale, read(UpsamplerConfig, known.get("upsampler", {}), "upsampler"))

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, in JSON's types."""
        domain = {"space": [1]} if self.upsampler.network == "warping" else None
        return _described("interpolate", self.scale, self.upsampler, domain=domain)


STAAConfig = RescalerConfig | DeblurrerConfig | InterpolatorConfig
SHARED = {"family", "task", "domain", "scale", "upsampler"}


def _described(task: str, scale: Scale, upsampler: UpsamplerConfig, **further: Any) -> dict[str, Any]:
    return {
        "family": "staa",
        "task": task,
        "scale": [str(scale.time), scale.height, scale.width],
        **{name: value for name, value in further.items() if value is not None},
        "upsampler": asdict(upsampler),
    }


def _scale(value: Any) -> Scale:
    try:
        if isinstance(value, (list, tuple)) and len(value) == 2:
            return Scale.of(value[0], value[1])
        if isinstance(value, (list, tuple)) and len(value) == 3:
            return Scale(value[0], value[1], value[2])
    except (TypeError, ValueError, ArithmeticError) as error:
        raise StvsrError(f"model.scale: {error}") from error
    raise StvsrError(f"model.scale is {value!r}: give [time, space] or [time, height, width]")


def _triple(name: str, value: Any, least: int, most: int) -> Triple:
    numbers = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(numbers) != 3 or not all(is_whole(n, least, most) for n in numbers):
        raise StvsrError(f"{name} is {value!r}: give three whole numbers from {least} to {most}")
    return (numbers[0], numbers[1], numbers[2])


def _phases(value: Any) -> Phases:
    try:
        red, green, blue = (tuple(float(x) for x in phase) for phase in value)
        phases = ((red[0], red[1], red[2]), (green[0], green[1], green[2]), (blue[0], blue[1], blue[2]))
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise StvsrError(f"downsampler.phases is {value!r}: give three numbers for each of three colours") from error
    if not all(-1 <= number <= 2 for phase in phases for number in phase):
        raise StvsrError("downsampler.phases: a colour starts between -1 and 2 blocks from its block's first sample")
    return phases
