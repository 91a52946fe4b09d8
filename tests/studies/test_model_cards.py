"""Laws of the model cards: one for every model that ships, as its configuration says now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from studies.model_cards import COMMAND, cards, main
from stvsr.models.zoo import entries
from tests.helpers import ROOT

PAGES = ROOT / "docs" / "models"


def test_the_cards_in_the_documents_are_those_of_the_models_that_ship() -> None:
    """If this fails after a change of a model: run the command that the index names."""
    written = {path.stem: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == cards(entries()), f"make them again: {COMMAND}"


def test_a_card_says_what_the_configuration_says() -> None:
    first, *_ = entries()
    changed = replace(
        first,
        parameters=1234567,
        licence="Anything",
        quality={"Clip": {"psnr": 12.35, "ssim": 0.5}},
        codec_trained=True,
    )
    text = cards([changed])[first.name]
    for told in ("1,234,567", "Anything", "| Clip | 12.35 | – | 0.5000 |", first.checksum[:16]):
        assert told in text
    assert text != cards([first])[first.name]


def test_writing_replaces_pages_of_models_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")
    assert main([str(tmp_path)]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == {"index", *(entry.name for entry in entries())}


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file" / "models")]) == 2
    assert capsys.readouterr().err.startswith("stvsr: ")
    assert main([]) == 2
