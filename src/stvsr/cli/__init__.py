"""The command line. Every subcommand is one module here; none imports torch before it has to."""

from __future__ import annotations

import io
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cyclopts import CycloptsError, MissingArgumentError, UnknownOptionError

from stvsr import heap
from stvsr.cli.app import app
from stvsr.cli.batch import INPUT
from stvsr.cli.messages import as_typed
from stvsr.errors import StvsrError


class Terminated(BaseException):
    """SIGTERM arrived; passes every ``except Exception`` and unwinds all, so that no half-written file stays."""


def main() -> None:
    """Run the command line: exit code 0, 2 on a user's mistake, 130 when interrupted, 143 when asked to end."""
    _print_anything()
    heap.keep_pages()
    try:
        with _terminable():
            app(exit_on_error=False, print_error=False)
    except StvsrError as error:
        _stop(as_typed(str(error)), 2)
    except CycloptsError as error:
        _stop(_usage(error), 2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Terminated:
        _stop("terminated", 128 + signal.SIGTERM)
    except KeyboardInterrupt:
        _stop("interrupted", 128 + signal.SIGINT)


def _print_anything() -> None:
    """Let letters that the terminal's encoding lacks, which names of files may hold, be escaped instead of fatal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _stop(line: str, code: int) -> None:
    print(f"stvsr: {line}", file=sys.stderr)
    sys.exit(code)


def _usage(error: CycloptsError) -> str:
    """Return what is wrong with the arguments, and where to look, in one line."""
    command = " ".join(["stvsr", *(error.command_chain or ())])
    text = " ".join(str(error).split())
    if isinstance(error, UnknownOptionError) and error.token.value == "-":  # elsewhere a pipe
        text = "- stands for a pipe, and only files are read and written: name one."
    if isinstance(error, MissingArgumentError) and INPUT in text:  # a single name is taken for the output
        text = f"Give what to read and what to write: {command} {INPUT}... OUTPUT."
    if isinstance(error, UnknownOptionError) and (others := _commands_with(error.token.value)):
        text += f" There is one for {' and '.join(others)}."
    return f"{text} See '{command} --help'."


def _commands_with(option: str) -> list[str]:
    """Return the commands that take an option."""
    commands = {name: app[name] for name in app if not name.startswith("-")}
    return [
        f"'stvsr {name}'"
        for name, command in commands.items()
        if command.default_command and any(option in each.names for each in command.assemble_argument_collection())
    ]


@contextmanager
def _terminable() -> Iterator[None]:
    """Turn the first SIGTERM into `Terminated`; later ones must not disturb the cleaning up."""

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # elsewhere Python allows no handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
