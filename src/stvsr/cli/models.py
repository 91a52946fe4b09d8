"""`stvsr models`: what ships, as a table or as JSON."""

from __future__ import annotations

import json


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


def _print_table(rows: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column("name", no_wrap=True), "time", "space", "parameters", "PSNR", "licence")
    for row in rows:
        scale, quality = row["scale"], row["quality"]
        assert isinstance(scale, dict)
        assert isinstance(quality, dict)
        measured = "\n".join(f"{data} {figures['psnr']:.2f} dB" for data, figures in quality.items())
        time, space = scale["time"], str(scale["height"])
        if row["task"] == "restore":
            domain = row["domain"]
            assert isinstance(domain, dict)
            time, space = (", ".join(map(str, domain.get(axis, ["any"]))) for axis in ("time", "space"))
        elif scale["height"] != scale["width"]:
            space = f"{scale['height']}×{scale['width']}"
        table.add_row(str(row["name"]), time, space, f"{row['parameters']:,}", measured, str(row["licence"]))
    Console().print(table)
