"""The tables and figures of the two papers, each as the protocols under which its parts are measured.

STAA: Xiang et al., Learning spatio-temporal downsampling for effective video upscaling, ECCV 2022.
DAVSR: Cao et al., Towards interpretable video super-resolution via alternating optimization, ECCV 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stvsr.evaluation.datasets import DATASETS, Dataset
from stvsr.evaluation.papers.published import Published, published
from stvsr.evaluation.protocols import DAVSR_5T4S, PROTOCOLS, RATE_20_TO_24, STAA_2T1S, STAA_2T4S, Protocol
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale

Measured = Literal["methods", "parts of the model", "cost"]


@dataclass(frozen=True)
class Part:
    """One measurement of a table.

    Attributes:
        name: Short and stable.
        label: What a reader calls it.
        protocol: What counts, and how the low clip comes about.
        data: Name of the data set (`stvsr.evaluation.datasets.DATASETS`); empty where none is needed.
        measured: ``methods``: quality of models and baselines; ``parts of the model``: of one DAVSR model without some
            of its parts; ``cost``: operations.
    """

    name: str
    label: str
    protocol: Protocol
    data: str = ""
    measured: Measured = "methods"

    @property
    def dataset(self) -> Dataset | None:
        """The data set, ``None`` where none is needed."""
        return DATASETS[self.data] if self.data else None

    @property
    def kept(self) -> float:
        """Share of the samples that the low clip has."""
        return float(1 / self.protocol.scale.samples)


@dataclass(frozen=True)
class PaperTable:
    """A table or figure of a paper.

    Attributes:
        name: Short and stable.
        source: Where it stands.
        title: What it compares.
        text: What the paper leaves open, and what differs here.
        parts: Its measurements.
    """

    name: str
    source: str
    title: str
    text: str
    parts: tuple[Part, ...]

    def published(self, part: Part) -> tuple[Published, ...]:
        """Return what the paper printed of a part."""
        return published(self.name, part.name, self.source)


def _every_frame(scale: Scale) -> Protocol:
    name = f"staa-{scale}-all"
    title = ", ".join(
        text
        for text, wanted in (
            (f"{scale.time}x in time", scale.time > 1),
            (f"{scale.width}x in space", scale.width > 1),
        )
        if wanted
    )
    return Protocol(name=name, title=title, scale=scale, source="frames counted are not printed: all of them")


def _on_vimeo(time: int, space: int, protocol: Protocol | None = None) -> Part:
    scale = Scale.of(time, space)
    used = protocol or _every_frame(scale)
    return Part(f"{scale}-vimeo90k", f"{used.title}, Vimeo-90k", used, "vimeo90k")


REDS_BLUR = Protocol(
    name="staa-5t1s-blur",
    title="5x in time, blurred frames",
    scale=Scale.of(5, 1),
    degradation=Degradation(time=5, shutter="trapezoid"),
    low="stored",
    source="STAA, Table 8: val_blur of REDS at 24 frames a second is given, val_orig at 120 is due",
)
REDS4_BLUR = Protocol(
    name="davsr-reds4",
    title="5x in time, 4x in space, blurred frames of REDS",
    scale=Scale.of(5, 4),
    skip=2,
    degradation=Degradation(time=5, space=4, shutter="trapezoid"),
    low="stored",
    source="DAVSR, Table 1: train_blur_bicubic/X4 is given, train_orig is due, 5 frames for each low one",
)

_ON_REDS4 = Part("reds4", "5x in time, 4x in space, REDS4", REDS4_BLUR, "reds4")
TABLES = {
    table.name: table
    for table in (
        PaperTable(
            "staa-table-1",
            "STAA, Table 1",
            "Methods that shrink clips and expand them",
            "At 2x in time only frames are counted that both kinds of method make up.",
            (
                _on_vimeo(2, 1, STAA_2T1S),
                _on_vimeo(2, 4, STAA_2T4S),
                Part("2t1s-vid4", "2x in time, Vid4", STAA_2T1S, "vid4"),
                Part("2t4s-vid4", "2x in time, 4x in space, Vid4", STAA_2T4S, "vid4"),
            ),
        ),
        PaperTable(
            "staa-table-2",
            "STAA, Table 2",
            "How clips are shrunk",
            "The paper trained the same network for each downsampler; interpolation is no such network. Which frames "
            "count is not printed: its figures at 2x in time are 1.7 dB above those of its Table 1 for the same task.",
            (_on_vimeo(1, 2), _on_vimeo(2, 1), _on_vimeo(2, 2)),
        ),
        PaperTable(
            "staa-table-3",
            "STAA, Table 3",
            "Parts of the network that expands",
            "The task is not printed; the parameters are those of 2x in time, 4x in space. Its whole network has 32.00 "
            "dB here and 34.53 in Table 1. Models with parts left out are trained, and given with --model.",
            (_on_vimeo(2, 4),),
        ),
        PaperTable(
            "staa-table-4",
            "STAA, Table 4",
            "Cost of the network that expands",
            "What the paper calls GFLOPs per million pixels is, by count of its own network, thousand million "
            "multiplications per million output samples, of which a pixel has three. Its rows of FLAVR and XVFI seem "
            "to be swapped; they stand here as printed, both steps added up.",
            (Part("2t4s", "2x in time, 4x in space", STAA_2T4S, measured="cost"),),
        ),
        PaperTable(
            "staa-table-7",
            "STAA, Table 7",
            "A change of the frame rate",
            "The paper measured on clips of its own, which are not public, and does not print whether it counts frames "
            "that are given: its figures are not comparable with ours. Of clips of fewer than 120 frames a second the "
            "same frames are given and due: at 25, what moves does so 4.8 times as far from one to the next.",
            (Part("20-to-24", "from 20 to 24 frames a second", RATE_20_TO_24, "fast"),),
        ),
        PaperTable(
            "staa-table-8",
            "STAA, Table 8",
            "Sharp frames from blurred ones",
            "Which frames count is not printed: all of them.",
            (Part("5t1s-reds", "5x in time, REDS", REDS_BLUR, "reds-validation"),),
        ),
        PaperTable(
            "staa-fig-17",
            "STAA, Fig. 17",
            "Quality against samples kept",
            "The figure has no numbers; where the paper prints some of the same task elsewhere, these stand here.",
            tuple(_on_vimeo(time, space) for time, space in ((2, 1), (1, 2), (4, 1), (2, 2), (1, 4), (2, 4))),
        ),
        PaperTable(
            "davsr-table-1",
            "DAVSR, Table 1",
            "Methods conditioned on the degradation, on REDS4",
            "REDS averages 65 virtual frames of five originals in linear light; methods are told the nearest that "
            "there is a word for, a trapezoid shutter.",
            (_ON_REDS4,),
        ),
        PaperTable(
            "davsr-table-2",
            "DAVSR, Table 2",
            "Methods conditioned on the degradation, on Vid4",
            "Every baseline of ours takes a low frame for the middle of its exposure; aligned so, interpolation alone "
            "is above the two-stage methods that the paper prints.",
            (Part("vid4", "5x in time, 4x in space, Vid4", DAVSR_5T4S, "vid4"),),
        ),
        PaperTable(
            "davsr-table-3",
            "DAVSR, Table 3",
            "Parts of DAVSR",
            "The paper trained each; here parts are taken away from the same weights. Only PSNR is printed.",
            (Part("reds4", "5x in time, 4x in space, REDS4", REDS4_BLUR, "reds4", "parts of the model"),),
        ),
        PaperTable(
            "davsr-fig-2",
            "DAVSR, Fig. 2",
            "Quality against time and parameters",
            "The figure has no numbers: the published PSNR and SSIM are those of Table 1. Time depends on the machine.",
            (_ON_REDS4,),
        ),
    )
}


def published_for(protocol: str, frames: Mapping[str, int]) -> tuple[Published, ...]:
    """Return the published rows that belong beside a measurement: those of the whole of a data set, else none.

    Args:
        protocol: Name of the protocol.
        frames: How many frames of each clip were measured, by the clip's name.
    """
    for table in TABLES.values():
        for part in table.parts:
            rows = table.published(part)
            if part.protocol.name == protocol and part.dataset and rows and is_whole(part, frames):
                return rows
    return ()


def is_whole(part: Part, frames: Mapping[str, int]) -> bool:
    """Return whether clips, with the frames measured of each, are the whole of a part's data set."""
    if part.dataset is None:
        return True
    if not part.dataset.frames:
        return part.dataset.whole(frames)
    measured = {name.lower(): count for name, count in frames.items()}
    return measured == {name: part.protocol.measured(count) for name, count in part.dataset.frames.items()}


def listing() -> list[tuple[str, str, str]]:
    """Return the name, the title and the data of every protocol that ``--protocol`` takes."""
    single = [(one.name, one.title, "any clips") for one in PROTOCOLS.values()]
    several = []
    for table in TABLES.values():
        data = dict.fromkeys(part.dataset.title for part in table.parts if part.dataset)
        several.append((table.name, f"{table.source}: {table.title}", ", ".join(data) or "none"))
    return single + several
