"""A page for every model that ships, from its `config.json` alone: what it does, its training, figures and limits.

Run it as ``python -m studies.model_cards docs/models``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studies.sections import table_lines
from stvsr.errors import StvsrError
from stvsr.files import atomic_write
from stvsr.models.zoo import Entry, Task, entries
from stvsr.training.recipe import bundled_recipes

COMMAND = "python -m studies.model_cards docs/models"
CHECKSUM_DIGITS = 16
DOES: dict[Task, str] = {
    "rescale": "shrinks clips and expands them again",
    "restore": "undoes a degradation that it is told of",
    "deblur": "makes several sharp frames of each blurred one",
    "interpolate": "makes frames between those that it is given",
}
USE: dict[Task, Sequence[str]] = {
    "rescale": ("stvsr shrink INPUT small.mkv --model {name}", "stvsr expand small.mkv OUTPUT"),
    "restore": ("stvsr upscale INPUT OUTPUT --model {name}",),
    "deblur": ("stvsr deblur INPUT OUTPUT --model {name}",),
    "interpolate": ("stvsr retime INPUT OUTPUT --fps 24 --model {name}",),
}
LIMITS: dict[Task, str] = {
    "rescale": "Expands what its own filter shrank, and nothing else; for ordinary video take a model that restores.",
    "restore": "Trusts what it is told: a guess of exposure, blur or noise that is far off makes the picture worse.",
    "deblur": "Knows its own factors and no others; removes blur of the shutter alone, not of the lens.",
    "interpolate": "New frames are as blurred as those around them; after a shot's last frame the picture stands.",
}
ABOUT_CODECS = {
    True: "Trained for small videos that a lossy codec stores; see [storage](../storage.md) for where that pays.",
    False: "Its small video must stay lossless RGB: a lossy codec destroys what its colours hold.",
}


def cards(models: Sequence[Entry]) -> dict[str, str]:
    """Return the text of every page by its name, without suffix."""
    return {"index": "\n".join(_index(models)), **{entry.name: "\n".join(_card(entry)) for entry in models}}


def _index(models: Sequence[Entry]) -> Iterator[str]:
    yield "# Models\n"
    yield "What ships with the package. The cards are generated from the `config.json` beside the weights:\n"
    yield f"    {COMMAND}\n"
    rows = [[f"[{e.name}]({e.name}.md)", DOES[e.task], _factors(e), f"{e.parameters:,}", _headline(e)] for e in models]
    yield from table_lines(["model", "it", "time, space", "parameters", "PSNR, dB"], rows)


def _card(entry: Entry) -> Iterator[str]:
    yield f"# {entry.name}\n"
    yield f"{entry.family.upper()}; {DOES[entry.task]}.\n"
    yield from (f"    {command.format(name=entry.name)}" for command in USE[entry.task])
    yield ""
    facts = {
        "task": entry.task,
        "made for": _domain(entry),
        "unless told otherwise": _listed(entry.default_degradation),
        "iterations": entry.iterations,
        "parameters": f"{entry.parameters:,}",
        "weights, SHA-256": f"`{entry.checksum[:CHECKSUM_DIGITS]}…`",
        "licence": entry.licence,
    }
    yield from _table(facts)
    yield "## Training\n"
    yield from _table(_training(entry))
    if entry.training.get("notes"):
        yield f"{entry.training['notes']}\n"
    yield "## Figures\n"
    rows = [[_cell(data), *_figures(values)] for data, values in entry.quality.items()]
    yield from table_lines(["data", "PSNR, dB", "PSNR of synthesised frames, dB", "SSIM"], rows)
    yield "RGB; [results](../results/index.md) have the protocols and the commands.\n"
    yield "## Limits\n"
    yield f"* {LIMITS[entry.task]}"
    if entry.task == "rescale":
        yield f"* {ABOUT_CODECS[entry.codec_trained]}"
    if len(entry.domain) and entry.is_conditional:
        yield "* What it was made for decides when it is chosen, not what is possible; elsewhere expect less."
    yield "* Trained for hours at most on one core; the papers' networks are larger and saw many times as many clips.\n"


def _training(entry: Entry) -> dict[str, Any]:
    """Return what is known of a training, in the order of a table."""
    known = entry.training
    recipe = f"`stvsr train {entry.name}`" if entry.name in bundled_recipes() else None
    samples = known.get("samples") or {}
    told = ("start_from", "flow", "steps", "loss", "device")
    return {
        "recipe": recipe,
        "data": "; ".join(_source(source) for source in known.get("data", [])),
        "samples": "{frames} frames of {patch}×{patch}, {batch} a step".format(**samples) if samples else None,
        "degradation": _listed(known.get("degradation") or {}),
        "codec": _listed(known.get("codec") or {}),
        **{name.replace("_", " "): known.get(name) for name in told},
        "hours": known.get("hours"),
    }


def _source(source: Mapping[str, Any]) -> str:
    """Return one source of clips in words."""
    place = source.get("path") or (source.get("scene") or {}).get("stills")
    return f"{source['kind']}{f' of `{place}`' if place else ''}, weight {source.get('weight', 1)}"


def _factors(entry: Entry) -> str:
    if entry.task == "interpolate":
        return "any rate, 1"
    return ", ".join(_values(entry.takes(axis)) for axis in ("time", "space"))


def _domain(entry: Entry) -> str:
    """Return the degradations that a model was made for."""
    return _listed({"time": entry.takes("time"), "space": entry.takes("space"), **_others(entry)})


def _others(entry: Entry) -> dict[str, Any]:
    return {name: values for name, values in entry.domain.items() if name not in ("time", "space")}


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_values(value)}" for name, value in values.items())


def _values(value: Any) -> str:
    if value is None:
        return "any"
    return " or ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _headline(entry: Entry) -> str:
    """Return the PSNR of every data set; of a model between frames that of the new ones, since it copies the others."""
    metric = "psnr_synthesised" if entry.task == "interpolate" else "psnr"
    found = {data: values[metric] for data, values in entry.quality.items() if metric in values}
    frames = ", new frames" if entry.task == "interpolate" else ""
    return "; ".join(f"{data}{frames} {value:.2f}" for data, value in found.items())


def _figures(values: Mapping[str, float]) -> list[str]:
    digits = {"psnr": 2, "psnr_synthesised": 2, "ssim": 4}
    return [f"{values[name]:.{places}f}" if name in values else "–" for name, places in digits.items()]


def _table(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of what is known."""
    rows = [[name, _cell(value)] for name, value in values.items() if value not in (None, "")]
    yield from table_lines(["", ""], rows)


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|")


def write(output: Path) -> None:
    """Write the pages of all bundled models, in place of what pages lie there."""
    output.mkdir(parents=True, exist_ok=True)
    made = cards(entries())
    for old in output.glob("*.md"):
        if old.stem not in made:
            old.unlink()
    for name, text in made.items():
        with atomic_write(output / f"{name}.md") as file:
            file.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write the pages: ``main(["docs/models"])``. Returns the exit code."""
    if len(arguments) != 1:
        print("usage: python -m studies.model_cards OUTPUT_FOLDER", file=sys.stderr)
        return 2
    try:
        write(Path(arguments[0]))
    except (StvsrError, OSError) as error:
        print(f"stvsr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
