"""The networks, their files, and the zoo of shipped weights. This package imports no torch by itself."""

from stvsr.models.families import register

__all__ = ["register"]
