"""What was measured, as values: rows of methods, each with its means and curves, and where they come from.

    Results {protocol, data: {name, clips}, rows: [{method, kind, mean, clips, ...}], command, environment}

Means and curves of metrics beyond PSNR and SSIM stand beside these, where they were asked for; ``None`` marks a frame
that has no value, such as the first one of a metric of motion. A file holds the same as JSON. What holds several
measurements, a table of a paper or a study, is in `stvsr.evaluation.documents`. Needs no torch.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias, cast

from stvsr.errors import StvsrError
from stvsr.evaluation.format import FURTHER, aligned, figure, title
from stvsr.evaluation.protocols import FRAME_SETS
from stvsr.files import atomic_write

VERSION = 1
Kind = Literal["published", "baseline", "external", "model"]
KINDS: tuple[Kind, ...] = ("published", "baseline", "external", "model")
"""In the order of a table's rows."""
Figures: TypeAlias = Mapping[str, float]
"""Means by the name of the metric: ``psnr_rgb``, ``ssim_y``, ``flicker`` and so on; ``identical`` is the share of
frames that equal the truth."""
Means: TypeAlias = Mapping[str, Figures | None]
"""Figures by the set of frames that was counted (`stvsr.evaluation.protocols.FRAME_SETS`)."""
Curve: TypeAlias = Sequence[float | None]
DIFFERENT = "what the file holds was measured on other data or by another protocol: choose another file for --json"
FRAMES = "frames"


class Document(ABC):
    """What a result file holds."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""

    def to_json(self) -> str:
        """Return it as JSON text: indented, but with every list of plain values on one line."""
        return _json(self.to_dict(), "") + "\n"

    def save(self, path: str | Path) -> None:
        """Write it whole or not at all.

        Raises:
            StvsrError: If the file cannot be written.
        """
        with atomic_write(Path(path)) as file:
            file.write_text(self.to_json(), encoding="utf-8")


@dataclass(frozen=True)
class Provenance:
    """Where figures come from.

    Attributes:
        command: The command that measures them again.
        environment: Versions, machine and date (`stvsr.evaluation.provenance.environment`).
    """

    command: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"command": self.command, "environment": dict(self.environment)}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Provenance:
        """Read what `to_dict` gave."""
        return Provenance(values["command"], values["environment"])


@dataclass(frozen=True)
class ClipInfo:
    """A clip that was measured on.

    Attributes:
        name: What tables call it.
        size: Frames, height and width that were measured.
        sha256: Checksum of its files.
        rate: Frames a second, where bits were counted.
        start: The number of the first frame that was used.
        crop: Width and height of what was used of every frame.
    """

    name: str
    size: tuple[int, ...] = ()
    sha256: str = ""
    rate: str | None = None
    start: int | None = None
    crop: tuple[int, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        known = {
            "name": self.name,
            "size": list(self.size),
            "rate": self.rate,
            "sha256": self.sha256,
            "start": self.start,
            "crop": None if self.crop is None else list(self.crop),
        }
        return {name: value for name, value in known.items() if value is not None}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ClipInfo:
        """Read what `to_dict` gave."""
        crop = tuple(values["crop"]) if "crop" in values else None
        size = tuple(values["size"])
        return ClipInfo(values["name"], size, values["sha256"], values.get("rate"), values.get("start"), crop)


@dataclass(frozen=True)
class Data:
    """What was measured on.

    Attributes:
        name: The data set.
        clips: Those of its clips that were measured.
    """

    name: str
    clips: tuple[ClipInfo, ...] = ()

    @property
    def clip_names(self) -> list[str]:
        """The names of the clips."""
        return [clip.name for clip in self.clips]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"name": self.name, "clips": [clip.to_dict() for clip in self.clips]}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Data:
        """Read what `to_dict` gave."""
        return Data(values["name"], tuple(map(ClipInfo.from_dict, values["clips"])))


@dataclass(frozen=True)
class ProtocolInfo:
    """How was measured, as a file has it (`stvsr.evaluation.protocols.Protocol`).

    Attributes:
        name: Short and stable.
        title: What a reader calls it.
        scale: Ratio of the truth to what is sent, such as ``2t4s``.
        frames: The set of frames that the headline figure counts.
        colour: The headline's colour space, ``rgb`` or ``y``.
        source: Where the protocol was taken from.
        text: All of it in a sentence.
        degradation: What made the low clip, where it is the same for all methods.
    """

    name: str
    title: str
    scale: str
    frames: str = "all"
    colour: str = "rgb"
    source: str = ""
    text: str = ""
    degradation: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return values if self.degradation is not None else {k: v for k, v in values.items() if k != "degradation"}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ProtocolInfo:
        """Read what `to_dict` gave."""
        return ProtocolInfo(**values)

    def same(self, other: ProtocolInfo) -> bool:
        """Return whether two measure the same: a setting that one does not know yet is 0 in the other."""
        first, second = (one.degradation or {} for one in (self, other))
        settings = all(first.get(key, 0) == second.get(key, 0) for key in {*first, *second})
        return settings and replace(self, degradation=None) == replace(other, degradation=None)


@dataclass(frozen=True)
class ClipFigures:
    """One method on one clip.

    Attributes:
        means: Over each set of frames.
        curves: The value of every frame by metric; empty of large data sets and of published rows.
    """

    means: Means
    curves: Mapping[str, Curve] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**self.means, **({FRAMES: dict(self.curves)} if self.curves else {})}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ClipFigures:
        """Read what `to_dict` gave."""
        return ClipFigures({name: one for name, one in values.items() if name != FRAMES}, values.get(FRAMES, {}))


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        method: What tables call it.
        kind: ``published`` by others, or measured: a ``baseline`` without training, an ``external`` program, a
            ``model``.
        mean: Over the clips.
        clips: Figures of each clip, by its name.
        source: Where a published row was printed.
        parameters: Numbers that are trained.
        weights_sha256: Checksum of a model's weights.
        gmac_per_megasample: Thousand million multiplications per million output samples.
        seconds_per_megapixel: Time per million output pixels, of restoring alone.
        provenance: Where the row comes from, if not from the measurement that the file was written after.
        details: What else is known of it: the packages of an external program, the validation of a training.
    """

    method: str
    kind: Kind
    mean: Means = field(default_factory=dict)
    clips: Mapping[str, ClipFigures] = field(default_factory=dict)
    source: str = ""
    parameters: int | None = None
    weights_sha256: str = ""
    gmac_per_megasample: float | None = None
    seconds_per_megapixel: float | None = None
    provenance: Provenance | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    TYPED: ClassVar = ("source", "parameters", "weights_sha256", "gmac_per_megasample", "seconds_per_megapixel")

    @property
    def is_measured(self) -> bool:
        """Whether it was measured on the same frames as the others, rather than printed by somebody."""
        return self.kind != "published"

    def value(self, frames: str, metric: str = "psnr_rgb") -> float | None:
        """Return a mean over a set of frames, ``None`` where it is not known."""
        return (self.mean.get(frames) or {}).get(metric)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        clips = {name: clip.to_dict() for name, clip in self.clips.items()}
        before = {name: getattr(self, name) for name in self.TYPED[:-1] if getattr(self, name) not in (None, "")}
        speed = self.seconds_per_megapixel
        return {
            "method": self.method,
            "kind": self.kind,
            **before,
            **self.details,
            "mean": dict(self.mean),
            **({"clips": clips} if clips else {}),
            **({} if speed is None else {"seconds_per_megapixel": speed}),
            **({} if self.provenance is None else {"provenance": self.provenance.to_dict()}),
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Row:
        """Read what `to_dict` gave."""
        rest = dict(values)
        clips = {name: ClipFigures.from_dict(clip) for name, clip in rest.pop("clips", {}).items()}
        then = Provenance.from_dict(rest.pop("provenance")) if "provenance" in rest else None
        method, kind, mean = (rest.pop(name) for name in ("method", "kind", "mean"))
        if kind not in KINDS:
            raise ValueError(kind)
        typed = {name: rest.pop(name) for name in Row.TYPED if name in rest}
        return Row(method, kind, mean, clips, provenance=then, details=rest, **typed)


@dataclass(frozen=True)
class Results(Document):
    """One measurement: methods on the same frames.

    Attributes:
        protocol: How was measured.
        data: On what.
        rows: The methods, published ones first.
        command: The command that measures it again.
        environment: Versions, machine and date (`stvsr.evaluation.provenance.environment`).
        label: What a reader calls it beside others of a table or a study.
        part: Its short name in a table of a paper.
        kept: Share of the samples that the low clip has, in a table of a paper.
        missing: Why nothing was measured.
    """

    protocol: ProtocolInfo
    data: Data
    rows: tuple[Row, ...] = ()
    command: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    part: str = ""
    kept: float | None = None
    missing: str = ""

    @property
    def title(self) -> str:
        """What was measured, in a few words."""
        return f"{self.data.name}, {self.protocol.title}"

    @property
    def provenance(self) -> Provenance:
        """Where the figures come from, if a row does not say otherwise."""
        return Provenance(self.command, self.environment)

    def headline(self, row: Row) -> Figures | None:
        """Return the means that the protocol counts, ``None`` where they are not known."""
        return row.mean.get(self.protocol.frames)

    @property
    def frame_sets(self) -> list[str]:
        """The sets of frames that were counted, all frames first."""
        return [name for name in FRAME_SETS if any(row.mean.get(name) for row in self.rows)]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The columns of a table: pairs of a set of frames and a colour space, of given frames the headline's."""
        own = self.protocol.colour
        return [(f, colour) for f in self.frame_sets for colour in ("rgb", "y") if f != "given" or colour == own]

    @property
    def further(self) -> list[str]:
        """The metrics on demand that some row has, in the order of `stvsr.evaluation.format.FURTHER`."""
        found = {name for row in self.rows for name in self.headline(row) or {}}
        return [name for name in FURTHER if name in found]

    def table(self) -> str:
        """Return the means as plain text: a heading, and one line a method."""
        head = ["", *(title(*column) for column in self.columns)]
        lines = [
            [row.method, *(figure(row.mean.get(f), colour, printed=not row.is_measured) for f, colour in self.columns)]
            for row in self.rows
        ]
        return f"{self.title}: PSNR (dB) / SSIM\n{aligned([head, *lines])}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            **({"label": self.label} if self.label else {}),
            **({"part": self.part} if self.part else {}),
            **({} if self.kept is None else {"kept": self.kept}),
            "version": VERSION,
            "protocol": self.protocol.to_dict(),
            "data": self.data.to_dict(),
            "rows": [row.to_dict() for row in self.rows],
            **self.provenance.to_dict(),
            **({"missing": self.missing} if self.missing else {}),
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Results:
        """Read what `to_dict` gave.

        Raises:
            KeyError: If something is missing, or `TypeError` or `ValueError`: if it is nothing of the kind.
        """
        return Results(
            ProtocolInfo.from_dict(values["protocol"]),
            Data.from_dict(values["data"]),
            tuple(map(Row.from_dict, values["rows"])),
            values.get("command", ""),
            values.get("environment", {}),
            values.get("label", ""),
            values.get("part", ""),
            values.get("kept"),
            values.get("missing", ""),
        )

    @staticmethod
    def load(path: str | Path) -> Results:
        """Read a file that `save`, or ``stvsr evaluate --json``, wrote.

        Raises:
            StvsrError: If it is no such file, or one of a later version, or holds several measurements.
        """
        values = read_values(Path(path))
        if "measurements" in values:
            raise StvsrError(f"{path}: holds several measurements; read it with stvsr.evaluation.documents.read")
        return cast("Results", parsed(Path(path), values, Results))

    def check_same(self, protocol: ProtocolInfo, clips: Sequence[ClipInfo]) -> None:
        """Make sure, before anything is measured, that rows under a protocol on clips belong among these.

        Args:
            protocol: What counts.
            clips: The clips, whatever their size: it is known only once they have been read.

        Raises:
            StvsrError: If they do not.
        """
        here, there = ([replace(clip, size=()) for clip in group] for group in (self.data.clips, clips))
        if not self.protocol.same(protocol) or here != there:
            raise StvsrError(DIFFERENT)

    def merged(self, later: Results) -> Results:
        """Return the rows of both; where both measured a method, that of the later one.

        Raises:
            StvsrError: If they differ in data or protocol.
        """
        if not self.protocol.same(later.protocol) or self.data != later.data:
            raise StvsrError(DIFFERENT)
        again = {row.method for row in later.rows}
        kept = [
            replace(row, provenance=row.provenance or self.provenance) if row.is_measured else row
            for row in self.rows
            if row.method not in again
        ]
        return replace(later, rows=tuple(sorted([*kept, *later.rows], key=lambda row: KINDS.index(row.kind))))


def read_values(path: Path) -> dict[str, Any]:
    """Return the plain JSON values of a result file.

    Raises:
        StvsrError: If it is none, or one of a later version.
    """
    try:
        values = dict(json.loads(path.read_text(encoding="utf-8")))
        version = values["version"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _no_result(path) from error
    if version != VERSION:
        raise StvsrError(f"{path}: written by another version of stvsr; measure again")
    return values


def parsed(path: Path, values: Mapping[str, Any], kind: Any) -> Document:
    """Return what plain values of a file hold; ``kind`` is a class with `from_dict`.

    Raises:
        StvsrError: If they are nothing of the kind.
    """
    try:
        made: Document = kind.from_dict(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _no_result(path) from error
    return made


def _no_result(path: Path) -> StvsrError:
    return StvsrError(f"{path}: not a result of 'stvsr evaluate --json'; measure again")


def _json(value: Any, indent: str) -> str:
    """`json.dumps` would give each of thousands of frames a line of its own."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        items = [f"{inner}{json.dumps(key)}: {_json(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "[\n" + ",\n".join(inner + _json(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value)
