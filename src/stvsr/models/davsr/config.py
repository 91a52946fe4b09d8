"""What a DAVSR model is made of, as it stands in `config.json` and in training recipes. Needs no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from stvsr.errors import StvsrError
from stvsr.models.davsr.recurrent_config import FlowConfig, RecurrentConfig
from stvsr.physics.scale import Scale
from stvsr.settings import check_pair, check_switch, check_whole, is_number, only, read

COMPACT_FLOW = FlowConfig((32, 32, 16, 16), kernel=5, levels=5)
Start = Literal["motion", "search", "trilinear"]
STARTS: tuple[Start, ...] = ("motion", "search", "trilinear")
MOST_ITERATIONS = 16


@dataclass(frozen=True)
class ConvolutionalConfig:
    """The enhancement network for CPUs: 3-D residual dense blocks on a quarter-size grid, on aligned frames.

    Attributes:
        features: Channels of the trunk.
        blocks: Residual dense blocks.
        layers: Convolutions in each.
        growth: Channels that each layer adds.
        ends: Space factors with first and last layers of their own, from 1; larger factors share those of the last.
    """

    features: int = 48
    blocks: int = 2
    layers: int = 3
    growth: int = 24
    ends: int = 1

    def __post_init__(self) -> None:
        limits = {"features": (1, 1024), "blocks": (1, 64), "layers": (1, 16), "growth": (1, 256), "ends": (1, 16)}
        check_whole("enhancer", self, limits)


@dataclass(frozen=True)
class FactorisedConfig:
    """The enhancement network on the low grid: factorised residual blocks, and fewer of them for later passes.

    Attributes:
        features: Channels of the trunks.
        blocks: Blocks of the first pass.
        refining: Blocks of every later one.
        ends: Space factors with first and last layers of their own, from 1; larger factors share those of the last.
    """

    features: int = 64
    blocks: int = 8
    refining: int = 2
    ends: int = 4

    def __post_init__(self) -> None:
        limits = {"features": (1, 1024), "blocks": (1, 64), "refining": (1, 64), "ends": (1, 16)}
        check_whole("enhancer", self, limits)


Enhancer = ConvolutionalConfig | FactorisedConfig | RecurrentConfig
KINDS: dict[str, type[ConvolutionalConfig] | type[FactorisedConfig] | type[RecurrentConfig]] = {
    "convolutional": ConvolutionalConfig,
    "factorised": FactorisedConfig,
    "recurrent": RecurrentConfig,
}


@dataclass(frozen=True)
class DAVSRConfig:
    """A whole DAVSR model.

    Attributes:
        degradation: What it undoes unless it is given others: the settings of `stvsr.physics.degradation.Degradation`.
        iterations: K, how often data step and enhancement alternate by default.
        start: X0. ``motion``: low frames warped along the optical flow; ``search``: the same along one that dense
            inverse search finds, without weights; ``trilinear``: phase-correct interpolation.
        motion: The flow network for ``start: motion``.
        enhancer: The enhancement network, with ``kind: convolutional``, ``kind: factorised`` or ``kind: recurrent``
            (the paper's).
        hidden: Width of the network that predicts alpha and beta.
        compressed: Whether it is given how strongly the low clip was compressed.
        context: High frames and high pixels of margin per iteration for long videos, where measured.
        domain: Values of the degradation's settings that it is trained for; any of a setting that is absent.

    Raises:
        StvsrError: If a setting is of the wrong kind or out of range.
    """

    degradation: dict[str, Any] = field(default_factory=lambda: {"time": 5, "space": 4})
    iterations: int = 3
    start: Start = "motion"
    motion: FlowConfig = field(default_factory=lambda: COMPACT_FLOW)
    enhancer: Enhancer = field(default_factory=ConvolutionalConfig)
    hidden: int = 64
    compressed: bool = False
    context: tuple[int, int] | None = None
    domain: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_whole("model", self, {"iterations": (1, MOST_ITERATIONS), "hidden": (1, 1024)})
        check_switch("model.compressed", self.compressed)
        if self.start not in STARTS:
            raise StvsrError(f"model.start is {self.start!r}: use one of {', '.join(STARTS)}")
        if isinstance(self.enhancer, ConvolutionalConfig) and self.start == "trilinear":
            raise StvsrError("model.start: the convolutional enhancement network needs frames moved by 'motion'")
        if self.context is not None:
            object.__setattr__(self, "context", check_pair("model.context", self.context, 0, 4096))
        for name in ("time", "space"):
            value = self.degradation.get(name, 1)
            if not is_number(value) or value != int(value) or value < 1:
                raise StvsrError(f"model.degradation.{name} is {value!r}: give a whole number of at least 1")
        blur = self.degradation.get("blur", "")
        if isinstance(blur, str) and blur.endswith(".npy"):  # a stranger's model must not make us open files
            raise StvsrError(f"model.degradation.blur is {blur!r}: a model names no file, give that to 'stvsr upscale'")

    @property
    def scale(self) -> Scale:
        """The ratio of the two grids, by default."""
        return Scale.of(self.degradation.get("time", 1), self.degradation.get("space", 1))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DAVSRConfig:
        """Read a configuration out of JSON or YAML.

        Raises:
            StvsrError: If a key is unknown or a value is impossible.
        """
        keys = {"degradation", "iterations", "start", "motion", "enhancer", "hidden", "compressed", "context", "domain"}
        known = dict(only(data, {*keys, "family", "task", "scale"}, "model"))
        known.pop("family", None)
        if known.pop("task", "restore") != "restore":
            raise StvsrError(f"model.task is {data['task']!r}: a model of the family davsr can restore")
        known.pop("scale", None)  # follows from the degradation; for readers of the file
        known["degradation"] = dict(only(known.get("degradation", {}), DEGRADATION, "model.degradation"))
        known["domain"] = dict(only(known.get("domain", {}), DEGRADATION, "model.domain"))
        known["motion"] = read(FlowConfig, known.get("motion", asdict(COMPACT_FLOW)), "model.motion")
        enhancer = dict(only(known.get("enhancer", {}), ENHANCER, "model.enhancer"))
        kind = enhancer.pop("kind", "convolutional")
        if kind not in KINDS:
            raise StvsrError(f"model.enhancer.kind is {kind!r}: use one of {', '.join(KINDS)}")
        known["enhancer"] = read(KINDS[kind], enhancer, "model.enhancer")
        return read(cls, known, "model")

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, in JSON's types."""
        kind = next(kind for kind, config in KINDS.items() if isinstance(self.enhancer, config))
        return {
            "family": "davsr",
            "task": "restore",
            "scale": [str(self.scale.time), self.scale.height, self.scale.width],
            **asdict(self),
            "enhancer": {"kind": kind, **asdict(self.enhancer)},
        }


DEGRADATION = {"time", "space", "exposure", "shutter", "blur", "noise", "compression"}
ENHANCER = {"kind", *(name for config in KINDS.values() for name in config.__dataclass_fields__)}
