"""The options by which users leave out what a file holds beside its pictures."""

from __future__ import annotations

from dataclasses import dataclass

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class CarriedOptions:
    """What goes from the input into the output, as far as its container can hold it.

    Attributes:
        audio: Copy all audio tracks.
        subtitles: Copy all subtitles.
        chapters: Copy the chapters.
        attachments: Copy fonts, cover pictures and other attachments.
        metadata: Copy the tags of the whole file, such as its title.
    """

    audio: bool = True
    subtitles: bool = True
    chapters: bool = True
    attachments: bool = True
    metadata: bool = True

    @property
    def drop(self) -> frozenset[str]:
        """What to leave out, as `stvsr.video.VideoWriter` names it."""
        kept = {
            "audio": self.audio,
            "subtitle": self.subtitles,
            "chapter": self.chapters,
            "attachment": self.attachments,
            "metadata": self.metadata,
        }
        return frozenset(kind for kind, keep in kept.items() if not keep)


EVERYTHING = CarriedOptions()
