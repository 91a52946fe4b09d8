"""What result files hold beside one measurement: tables of papers, and studies; and reading any of them.

{table, measurements: [{label, part, ...}], command, environment}         a table of a paper
{study, measurements: [{label, ...}], command, environment}               a study: measurements as any
{study: motion, measurements: [{label, rms, places, ...}], ...}           how evenly an edge moves
{study: rate-distortion, measurements: [{data, rows: [{curve, ...}]}]}    quality against bits
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from stvsr.evaluation.results import VERSION, Data, Document, Provenance, Results, parsed, read_values

Point: TypeAlias = Mapping[str, float | None]
"""One point of a curve: ``crf``, ``bpp``, ``kbps``, ``psnr_y``, ``psnr_rgb``, ``ssim_y``."""
MOTION, RATE_DISTORTION = "motion", "rate-distortion"


@dataclass(frozen=True)
class PaperResults(Document):
    """A table of a paper, measured as far as its data are there.

    Attributes:
        name: Short and stable.
        source: Where it stands.
        title: What it compares.
        text: What the paper leaves open, and what differs here.
        measurements: Its parts; one that could not be measured has no clips, and says what it lacks.
        provenance: Where the figures come from.
    """

    name: str
    source: str
    title: str
    text: str
    measurements: tuple[Results, ...]
    provenance: Provenance

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        about = {"name": self.name, "source": self.source, "title": self.title, "text": self.text}
        return _several("table", about, [one.to_dict() for one in self.measurements], self.provenance)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> PaperResults:
        """Read what `to_dict` gave."""
        about = values["table"]
        measurements = tuple(map(Results.from_dict, values["measurements"]))
        name, source, title, text = (str(about[key]) for key in ("name", "source", "title", "text"))
        return PaperResults(name, source, title, text, measurements, Provenance.from_dict(values))


@dataclass(frozen=True)
class StudyInfo:
    """What a study is.

    Attributes:
        name: Short and stable.
        title: Heading of its table.
        text: What was done, for the reader of the table.
        model: What was studied.
        steps: Of training, where variants were trained for it.
    """

    name: str
    title: str
    text: str
    model: str = ""
    steps: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        named = {"name": self.name, "title": self.title, "text": self.text}
        model = {"model": self.model} if self.model else {}
        return {**named, **model, **({} if self.steps is None else {"steps": self.steps})}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> StudyInfo:
        """Read what `to_dict` gave, and nothing else that may stand beside it."""
        name, title, text = (str(values[key]) for key in ("name", "title", "text"))
        return StudyInfo(name, title, text, values.get("model", ""), values.get("steps"))


@dataclass(frozen=True)
class StudyResults(Document):
    """A study of models or variants of one.

    Attributes:
        study: What it is.
        measurements: At least one.
        provenance: Where the figures come from.
    """

    study: StudyInfo
    measurements: tuple[Results, ...]
    provenance: Provenance

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return _several("study", self.study.to_dict(), [one.to_dict() for one in self.measurements], self.provenance)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> StudyResults:
        """Read what `to_dict` gave."""
        return StudyResults(
            StudyInfo.from_dict(values["study"]),
            tuple(map(Results.from_dict, values["measurements"])),
            Provenance.from_dict(values),
        )


@dataclass(frozen=True)
class EdgeRow:
    """Where a method has a moving edge.

    Attributes:
        label: The method.
        kind: ``baseline`` or ``model``.
        rms: How far the edge is off its line, in pixels.
        largest: At most.
        smear: Over how many pixels it goes from three quarters of its height to one.
        places: Where it is in every frame, in pixels.
    """

    label: str
    kind: str
    rms: float
    largest: float
    smear: float
    places: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**vars(self), "places": list(self.places)}


@dataclass(frozen=True)
class EdgeStudy(Document):
    """How evenly an edge moves after a change of the frame rate (`studies.motion_edge`).

    Attributes:
        study: What it is.
        edge: Its ``speed`` and ``start`` in pixels, and the size of the frames.
        ratio: The new frame rate over the old one.
        rows: The methods.
        provenance: Where the figures come from.
    """

    study: StudyInfo
    edge: Mapping[str, float]
    ratio: str
    rows: tuple[EdgeRow, ...]
    provenance: Provenance

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        about = {**self.study.to_dict(), "edge": dict(self.edge), "ratio": self.ratio}
        return _several("study", about, [row.to_dict() for row in self.rows], self.provenance)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> EdgeStudy:
        """Read what `to_dict` gave."""
        about = values["study"]
        rows = tuple(EdgeRow(**{**row, "places": tuple(row["places"])}) for row in values["measurements"])
        return EdgeStudy(StudyInfo.from_dict(about), about["edge"], about["ratio"], rows, Provenance.from_dict(values))


@dataclass(frozen=True)
class BDRate:
    """The mean difference of rates at equal quality, in per cent (`studies.bd_rate`).

    Attributes:
        mean: Over the clips that have one; ``None`` where none has.
        clips: Of each clip.
        overlap: The share of the qualities that both curves reach, of each clip.
    """

    mean: float | None
    clips: Mapping[str, float | None]
    overlap: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RateRow:
    """A codec, behind a reduction that is undone or alone.

    Attributes:
        method: What tables call it.
        kind: ``baseline`` or ``model``.
        clips: The curve of each clip.
        curve: The mean curve.
        bd_rate: Against the codec at full size, by metric.
        cheaper: Where it needs fewer bits, in bits per pixel of the codec at full size, by metric.
        parameters: Of a model.
        details: What else is known of it.
    """

    method: str
    kind: str
    clips: Mapping[str, tuple[Point, ...]]
    curve: tuple[Point, ...]
    bd_rate: Mapping[str, BDRate]
    cheaper: Mapping[str, tuple[tuple[float, float], ...]]
    parameters: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def measured(self) -> dict[str, Any]:
        """Return what was measured of it, without what follows from that and another row."""
        return {
            "method": self.method,
            "kind": self.kind,
            **({} if self.parameters is None else {"parameters": self.parameters}),
            **self.details,
            "clips": {name: [dict(point) for point in curve] for name, curve in self.clips.items()},
        }

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            **self.measured(),
            "curve": [dict(point) for point in self.curve],
            "bd_rate": {name: dict(vars(one)) for name, one in self.bd_rate.items()},
            "cheaper": {name: [list(pair) for pair in pairs] for name, pairs in self.cheaper.items()},
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> RateRow:
        """Read what `to_dict` gave."""
        rest = dict(values)
        return RateRow(
            rest.pop("method"),
            rest.pop("kind"),
            {name: tuple(curve) for name, curve in rest.pop("clips").items()},
            tuple(rest.pop("curve")),
            {name: BDRate(**one) for name, one in rest.pop("bd_rate").items()},
            {name: tuple((low, high) for low, high in pairs) for name, pairs in rest.pop("cheaper").items()},
            rest.pop("parameters", None),
            rest,
        )


@dataclass(frozen=True)
class CodecInfo:
    """How clips were encoded.

    Attributes:
        codec: Its name.
        pixel_format: How colours were stored.
        options: The encoder's options.
        rates: Its constant rate factors.
    """

    codec: str
    pixel_format: str
    options: Any
    rates: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**vars(self), "rates": list(self.rates)}


@dataclass(frozen=True)
class RateStudy(Document):
    """Quality against bits (`studies.rate_distortion`).

    Attributes:
        study: What it is.
        codec: How clips were encoded.
        data: What was measured on.
        rows: The codec at full size, and what competes with it.
        provenance: Where the figures come from.
    """

    study: StudyInfo
    codec: CodecInfo
    data: Data
    rows: tuple[RateRow, ...]
    provenance: Provenance

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        rows = [row.to_dict() for row in self.rows]
        one = {"label": self.data.name, "data": self.data.to_dict(), "rows": rows}
        return _several("study", {**self.study.to_dict(), **self.codec.to_dict()}, [one], self.provenance)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> RateStudy:
        """Read what `to_dict` gave."""
        about, (one,) = values["study"], values["measurements"]
        codec = CodecInfo(about["codec"], about["pixel_format"], about["options"], tuple(about["rates"]))
        rows = tuple(map(RateRow.from_dict, one["rows"]))
        study = StudyInfo.from_dict(about)
        return RateStudy(study, codec, Data.from_dict(one["data"]), rows, Provenance.from_dict(values))


AnyDocument: TypeAlias = Results | PaperResults | StudyResults | EdgeStudy | RateStudy


def read(path: Path) -> AnyDocument:
    """Read a result file of any kind.

    Raises:
        StvsrError: If it is no such file, or one of a later version.
    """
    values = read_values(path)
    made = parsed(path, values, _kind(values))
    assert isinstance(made, Results | PaperResults | StudyResults | EdgeStudy | RateStudy)
    return made


def _kind(values: Mapping[str, Any]) -> type[Document]:
    if "table" in values:
        return PaperResults
    if "study" not in values:
        return Results
    special: dict[str, type[Document]] = {MOTION: EdgeStudy, RATE_DISTORTION: RateStudy}
    study = values["study"]
    name = str(study.get("name")) if isinstance(study, Mapping) else ""
    return special.get(name, StudyResults)


def _several(
    kind: str, about: dict[str, Any], measurements: list[dict[str, Any]], provenance: Provenance
) -> dict[str, Any]:
    return {"version": VERSION, kind: about, "measurements": measurements, **provenance.to_dict()}
