import sys

import pytest

from stvsr.cli.train import train
from stvsr.errors import StvsrError


@pytest.mark.parametrize("package", ["yaml", "lightning.fabric"])
def test_a_missing_package_is_one_line_with_the_remedy(package, monkeypatch):
    for module in [name for name in sys.modules if name.startswith("stvsr.training")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(StvsrError, match=r"^training needs .*: pip install 'stvsr\[train\]'$"):
        train("staa-2t4s-compact")
