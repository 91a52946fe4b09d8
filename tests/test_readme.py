"""What the documents tell a reader to type is there: commands parse, Python blocks run, links lead somewhere."""

from __future__ import annotations

import ast
import contextlib
import re
import shlex
from collections.abc import Iterator
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from cyclopts import MissingArgumentError

import stvsr
from stvsr.cli.app import app
from stvsr.models import zoo
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.writer import VideoWriter
from tests.helpers import ROOT
from tests.helpers.commands import TINY_DAVSR, TINY_STAA, write_model
from tests.helpers.fakes import clip

README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4,}((?:stvsr|python) .*)$", re.MULTILINE)
INLINE = re.compile(r"`(stvsr [^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
MODULE = re.compile(r"stvsr|studies|benchmarks")
LONGEST_README = 120


class Block(NamedTuple):
    """A piece of code of a page."""

    page: Path
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found[1] in languages:
            yield Block(page, text.count("\n", 0, found.start()) + 2, found[2])


def commands(page: Path) -> Iterator[Block]:
    """The command lines of a page, those that go on in the next line put together."""
    for block in blocks(page, "bash", "sh"):
        for command in block.code.replace("\\\n", " ").splitlines():
            yield Block(page, block.line, command)
    text = FENCE.sub("", page.read_text(encoding="utf-8")).replace("\\\n", " ")
    for found in INDENTED.finditer(text):
        yield Block(page, 0, found[1])


def words_after(command: str, program: str) -> list[str] | None:
    """Return the arguments of a program in a command line, None where it does not run that."""
    words = shlex.split(command, comments=True)
    return words[words.index(program) + 1 :] if program in words else None


def parse(words: list[str]) -> None:
    app.parse_args(words, exit_on_error=False, print_error=False)


COMMANDS = [block for page in PAGES for block in commands(page)]
PYTHON = [block for page in PAGES for block in blocks(page, "python")]


def test_the_readme_is_short_and_begins_with_what_to_type() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_README
    assert [line.split("#")[0].strip() for line in lines if line.startswith("    make")] == ["make demo", "make test"]
    assert words_after(next(commands(README)).code, "stvsr") == ["upscale", "phone.mp4", "better.mp4"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_names_a_command_and_options_that_exist(page: Path) -> None:
    for block in commands(page):
        words = words_after(block.code, "stvsr")
        if words is not None and not words[0].startswith("stvsr"):
            parse(words)
    for found in INLINE.finditer(page.read_text(encoding="utf-8")):
        with contextlib.suppress(MissingArgumentError):  # in a sentence the files may be left out
            parse(shlex.split(found[1].replace("...", ""))[1:])


@pytest.mark.parametrize(
    "wrong", ["stvsr enlarge a.mp4 b.mp4", "stvsr upscale a.mp4 b.mp4 --spice 2", "stvsr upscale a b --space two"]
)
def test_a_command_that_does_not_exist_would_be_found(wrong: str) -> None:
    words = words_after(wrong, "stvsr")
    assert words is not None
    with pytest.raises(Exception, match=r"[Uu]nknown|enlarge|Invalid|two"):
        parse(words)


def test_the_programs_that_pages_name_are_there() -> None:
    for block in COMMANDS:
        words = words_after(block.code, "python") or []
        if words[:1] == ["-m"] and MODULE.match(words[1]):
            place = ROOT / words[1].replace(".", "/")
            assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), block
        elif words and words[0].startswith("benchmarks/"):
            assert (ROOT / words[0]).is_file(), block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the clips that pages name, in which models of those names have next to no layers."""
    weights = tmp_path / "weights"
    for name, model in (("davsr-compact", TINY_DAVSR), ("staa-2t4s-compact", TINY_STAA)):
        write_model(model, weights / name)
    monkeypatch.setattr(zoo, "WEIGHTS", weights)
    (tmp_path / "clips").mkdir()
    for name in ("phone.mp4", "clips/one.mkv"):
        encoder = {"encoder": LOSSLESS_RGB} if name.endswith("mkv") else {}
        with VideoWriter(tmp_path / name, 64, 48, Fraction(25), **encoder) as writer:
            for number, frame in enumerate(clip(5, 48, 64)):
                writer.write(frame, Fraction(number, 25))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_every_python_block_runs(block: Block, workplace: Path) -> None:
    names = {"low": torch.rand(1, 3, 2, 12, 16), "clip": torch.rand(1, 3, 4, 32, 32)}
    exec(compile(ast.parse(block.code), str(block), "exec"), names)
    if block.page == README:
        assert {path.name for path in workplace.glob("*.mp4")} == {"phone.mp4", "better.mp4", "cleaner.mp4"}
        assert names["high"].shape == (1, 3, 6, 64, 96)


def test_the_page_of_the_api_has_every_public_name() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in stvsr.__all__:
        verb = name if f"`stvsr.{name}(...)`" in text else f".{name}\n"
        assert name == "__version__" or verb in text, name
    for dotted in re.findall(r"^::: (\S+)$", text, re.MULTILINE):
        module, _, name = dotted.rpartition(".")
        assert getattr(import_module(module), name).__doc__, dotted
