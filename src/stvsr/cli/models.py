"""`stvsr models`: what ships, as a table or as JSON."""

from __future__ import annotations

import json
from typing import Any


def models(*, json_: bool = False) -> None:
    """List the models that ship with stvsr: names, scales, sizes, quality, licence.

    Args:
        json_: Print JSON instead of a table.
    """
    from stvsr.models.zoo import entries

    rows = [
        {
            "name": entry.name,
            "family": entry.family,
            "task": entry.task,
            "domain": entry.domain,
            "scale": {
                "time": str(entry.scale.time),
                "height": entry.scale.height,
                "width": entry.scale.width,
            },
            "parameters": entry.parameters,
            "licence": entry.licence,
            "quality": entry.quality,
            "training": entry.training,
        }
        for entry in entries()
    ]
    if json_:
        print(json.dumps(rows, indent=1))
        return
    _print_table(rows)


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column("name", no_wrap=True), "what for", Column("parameters", justify="right"), box=None)
    for row in rows:
        table.add_row(row["name"], _purpose(row), f"{row['parameters'] / 1e6:.2f} M")
    console = Console()
    console.print(table)
    console.print("Figures, data and licences: stvsr models --json, and the model cards in the documentation.")


def _purpose(row: dict[str, Any]) -> str:
    """Return what a model is for, in the words of the commands."""
    scale, domain = row["scale"], row["domain"]
    factors = f"{scale['time']}x frames, {scale['width']}x size"
    match row["task"]:
        case "rescale":
            codec = " behind a lossy codec" if row["training"].get("codec") else ""
            return f"shrink, expand{codec}: {factors}"
        case "interpolate":
            return "retime, and upscale's new frames: any rate"
        case "deblur":
            return f"deblur: {scale['time']} sharp frames of each blurred one"
    if list(domain.get("time", [])) == [1]:
        return "upscale: larger, sharper, cleaner, at the same rate"
    if domain:
        return f"upscale from blurred frames: {factors}"
    return "upscale, deblur: any factors, exposure, blur and noise"
