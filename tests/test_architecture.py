"""Laws of which module may import which, read from the source; `docs/architecture.md` says what the packages are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.helpers import ROOT

SOURCE = ROOT / "src"
FLOORS = (
    ("_version", "errors"),
    ("text", "settings", "heap"),
    ("files", "device", "precision"),
    ("video", "layers"),
    ("physics",),
    ("models", "data"),
    ("engine",),
    ("jobs", "training"),
    ("evaluation",),
    ("figures",),
    ("demo",),
    ("cli",),
    ("__main__",),
)
"""From the ground up; what stands on one floor does not see its neighbours."""
WITHOUT_TORCH = (
    "stvsr",
    "stvsr.cli.app",
    "stvsr.cli.progress",
    "stvsr.engine.progress",
    "stvsr.engine.endpoints",
    "stvsr.files",
    "stvsr.jobs.batch",
    "stvsr.jobs.options",
    "stvsr.jobs.rate",
    "stvsr.jobs.records",
    "stvsr.jobs.source",
    "stvsr.models.contract",
    "stvsr.models.staa",
    "stvsr.models.zoo",
    "stvsr.physics",
    "stvsr.settings",
    "stvsr.text",
    "stvsr.video",
)


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax of every module of the package, by its name."""
    found = {}
    for path in sorted((SOURCE / "stvsr").rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def statements(node: ast.AST, *, lazy: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports; unless ``lazy`` only those that importing the module carries out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif lazy or not (
            isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
        ):
            yield from statements(child, lazy=lazy)


def imported(module: str, *, lazy: bool) -> set[str]:
    """Return the modules that a module imports, other packages' too."""
    names = set()
    for statement in statements(modules()[module], lazy=lazy):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
            continue
        assert statement.level == 0, f"{module}: relative import"
        source = statement.module or ""
        names |= {
            f"{source}.{alias.name}" if f"{source}.{alias.name}" in modules() else source for alias in statement.names
        }
    return names - {module}


def package(module: str) -> str:
    """Return what stands on a floor: the package right below `stvsr`, or a module there."""
    return module.split(".")[1]


def own(names: set[str]) -> set[str]:
    """Return those modules that belong to the package, without the front door `stvsr` itself."""
    return {name for name in names if name.startswith("stvsr.")}


def test_no_package_imports_from_one_above_or_beside_it_not_even_late_or_for_types():
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    wrong = [
        f"{module} imports {other}"
        for module in own(set(modules()))
        for other in own(imported(module, lazy=True))
        if package(other) != package(module) and floor[package(other)] >= floor[package(module)]
    ]
    assert not sorted(wrong)


def test_no_modules_import_each_other_in_a_circle_not_even_late_or_for_types():
    graph = {module: own(imported(module, lazy=True)) for module in own(set(modules()))}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_the_package_knows_nothing_of_studies_and_tests():
    outside = {"studies", "tests", "benchmarks"}
    for module in modules():
        assert not {name for name in imported(module, lazy=True) if name.split(".")[0] in outside}, module


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_what_answers_at_once_imports_no_torch(module):
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        assert name.split(".")[0] not in {"torch", "cv2", "matplotlib", "ray", "yaml"}, sorted(seen)
        if name in modules():
            parents = name.split(".")[:-1]
            waiting += [".".join(parents[:count]) for count in range(1, len(parents) + 1)]
            waiting += imported(name, lazy=False)
