"""The table of subcommands. Each entry names a function by its import path, loaded when it is needed."""

from __future__ import annotations

from cyclopts import App

from stvsr._version import __version__

app = App(
    name="stvsr",
    help="Space-time video super-resolution: sharper, larger and smoother video.",
    version=__version__,
)

app.command("stvsr.cli.models:models", name="models")
app.command("stvsr.cli.inspect:inspect", name="inspect")
app.command("stvsr.cli.shrink:shrink", name="shrink")
app.command("stvsr.cli.expand:expand", name="expand")
app.command("stvsr.cli.evaluate:evaluate", name="evaluate")
app.command("stvsr.cli.demo:demo", name="demo")
app.command("stvsr.cli.train:train", name="train")
