"""The table of subcommands. Their modules import nothing heavy before a command runs."""

from __future__ import annotations

from cyclopts import App, Group

from stvsr._version import __version__
from stvsr.cli.compare import compare
from stvsr.cli.deblur import deblur
from stvsr.cli.degrade import degrade
from stvsr.cli.demo import demo
from stvsr.cli.evaluate import evaluate
from stvsr.cli.expand import expand
from stvsr.cli.inspect import inspect
from stvsr.cli.models import models
from stvsr.cli.plot import plot
from stvsr.cli.retime import retime
from stvsr.cli.shrink import shrink
from stvsr.cli.train import train
from stvsr.cli.upscale import upscale

app = App(
    name="stvsr",
    help="Space-time video super-resolution: sharper, larger and smoother video.",
    version=__version__,
    suppress_keyboard_interrupt=False,
)

_GROUPS = {
    "Restore": (upscale, deblur, retime),
    "Store": (shrink, expand),
    "Look": (inspect, compare, demo),
    "Study": (models, degrade, evaluate, plot, train),
}
for _place, (_name, _commands) in enumerate(_GROUPS.items()):
    _group = Group(_name, sort_key=_place)
    for _order, _command in enumerate(_commands):
        if isinstance(_command, App):  # which brings its own place along
            _command.group, _command.sort_key = _group, _order
            app.command(_command)
        else:
            app.command(_command, group=_group, sort_key=_order)
