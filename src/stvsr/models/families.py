"""The families of models that configurations can name: this package's, and those that others register. Needs no torch.

config.json, recipe: model.family ──> builder("family") ──build(config, name)──> a model behind `contract`
                                       ^ built in, `register`, or an entry point of the group ``stvsr.models``
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from stvsr.errors import StvsrError
from stvsr.text import one_line

if TYPE_CHECKING:
    from stvsr.models.network import Network

    Builder: TypeAlias = "Callable[[dict[str, Any], str], Network]"

GROUP = "stvsr.models"
_FAMILIES: dict[str, Builder | str] = {
    "staa": "stvsr.models.staa.build:build",
    "davsr": "stvsr.models.davsr.model:build",
}


def register(family: str, build: Builder | str) -> None:
    """Make a family of models known, for folders, recipes and commands alike.

    A package that is installed need not call this: an entry point of the group ``stvsr.models``, named as the family,
    does the same.

    Args:
        family: What ``model.family`` says in `config.json` and in recipes.
        build: Returns the untrained network, a `stvsr.models.network.Network`, for the table ``model`` and a name; or
            where that function is, as ``module:function``, so that nothing is imported before it is needed.

    Raises:
        StvsrError: If there is another family of that name.
    """
    if _FAMILIES.get(family, build) != build:
        raise StvsrError(f"there is a family of models {family!r} already: choose another name")
    _FAMILIES[family] = build


def is_known(family: object) -> bool:
    """Return whether there is a family of that name; installed packages are asked last, which takes a while."""
    return isinstance(family, str) and (family in _FAMILIES or family in _installed())


def names() -> list[str]:
    """Return the names of all families."""
    return [*_FAMILIES, *(name for name in _installed() if name not in _FAMILIES)]


def builder(family: str) -> Builder:
    """Return what builds the models of a family.

    Raises:
        StvsrError: If there is none of that name, or what should build it cannot be imported.
    """
    found = _FAMILIES.get(family) or _installed().get(family)
    if found is None:
        known = ", ".join(map(repr, names()))
        raise StvsrError(f"unknown model family {family!r}: there are {known}")
    try:
        if isinstance(found, str):
            module, _, function = found.partition(":")
            build: Builder = vars(import_module(module))[function]
            return build
    except (ImportError, AttributeError, KeyError) as error:
        raise StvsrError(f"model family {family!r} cannot be imported ({one_line(error)}); install it anew") from error
    return found


@cache
def _installed() -> Mapping[str, str]:
    """Return the families that installed packages bring, and where what builds them is."""
    from importlib.metadata import entry_points  # slow to import

    return {point.name: point.value for point in entry_points(group=GROUP)}
