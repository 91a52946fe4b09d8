"""What every family builds: a model of the contract that is a network of PyTorch."""

from __future__ import annotations

from torch import nn

from stvsr.models.contract import Model


class Network(nn.Module, Model):
    """A model whose clips lie where its parameters lie; its ``state_dict`` is what is stored."""
