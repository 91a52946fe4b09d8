"""Figures that others published, for comparison. None of them was measured here.

They lie in `published.json` beside this module: PSNR (dB) and SSIM on RGB, parameters, and GMAC per million output
samples, by table of a paper and part of it (`stvsr.evaluation.papers.tables`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from stvsr.evaluation.results import ClipFigures, Figures, Row

FILE = Path(__file__).parent / "published.json"


@dataclass(frozen=True)
class Published:
    """One published row.

    Attributes:
        method: The method's name.
        source: Where it was printed.
        psnr: On RGB, in dB; ``None`` where not printed.
        ssim: On RGB.
        clips: PSNR and SSIM of each clip, by its name; empty where not printed.
        parameters: Numbers that are trained.
        gmac: Thousand million multiplications per million output samples, of which a pixel has three.
    """

    method: str
    source: str
    psnr: float | None = None
    ssim: float | None = None
    clips: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    parameters: int | None = None
    gmac: float | None = None

    def row(self, frames: str, clips: Sequence[str] = ()) -> Row:
        """Return it as results have it.

        Args:
            frames: The set of frames that counts.
            clips: Names of the clips of the results.
        """
        known = {name: self.clips[name.lower()] for name in clips if name.lower() in self.clips}
        return Row(
            self.method,
            "published",
            {frames: _figures(self.psnr, self.ssim)},
            {name: ClipFigures({frames: _figures(*pair)}) for name, pair in known.items()},
            self.source,
            self.parameters,
            gmac_per_megasample=self.gmac,
        )


def _figures(psnr: float | None, ssim: float | None) -> Figures:
    known = {"psnr_rgb": psnr, "ssim_rgb": ssim}
    return {name: value for name, value in known.items() if value is not None}


@cache
def _all() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def published(table: str, part: str, source: str) -> tuple[Published, ...]:
    """Return the rows of a part of a table, none where nothing was printed.

    Args:
        table: Its name, such as ``staa-table-1``.
        part: Its part, such as ``2t1s-vid4``.
        source: What to call the table.
    """
    rows = _all().get(f"{table}/{part}", [])
    return tuple(Published(**{"source": source, **row}) for row in rows)
