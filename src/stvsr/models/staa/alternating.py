"""DAVSR's network as STAA's upsampler: one design for both, with a filter that is learned and known.

low --warped along the flow--> X0 --data step--> Z --enhancement--> X        (DAVSR, section 3, K = 1)
  ^ the operator is the learned filter, which the training moves together with the network
"""

from __future__ import annotations

from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.models.davsr.config import ConvolutionalConfig, DAVSRConfig, Start
from stvsr.models.davsr.model import DAVSR
from stvsr.models.staa.config import UpsamplerConfig
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale


class AlternatingUpsampler(nn.Module):
    """What `stvsr.models.davsr.DAVSR` makes of a low clip with one iteration.

    Of the configuration it uses ``features``, ``blocks`` (dense blocks here), ``layers``, ``growth`` and ``flow``.

    Args:
        config: Sizes of the enhancement network.
        scale: Factors from low to high; whole, and the same for height and width.

    Raises:
        StvsrError: If they are not.
    """

    def __init__(self, config: UpsamplerConfig, scale: Scale) -> None:
        super().__init__()
        self.config, self.scale = config, scale
        if scale.height != scale.width:
            raise StvsrError("upsampler.network 'alternating' needs the same factor for height and width")
        enhancer = ConvolutionalConfig(config.features, config.blocks, config.layers, config.growth)
        time, space, _ = scale.steps
        start: Start = "search" if config.flow == "search" else "motion"
        self.network = DAVSR(DAVSRConfig({"time": time, "space": space}, 1, start, enhancer=enhancer))

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an output is taken to depend on."""
        return self.config.context or self.network.context

    @property
    def bytes_per_low_pixel(self) -> int:
        """Working memory of inference for each low pixel."""
        return self.network.bytes_per_low_pixel

    def load_flow(self, name_or_folder: str) -> None:
        """Take over the weights of a trained optical flow network of the same sizes.

        Raises:
            StvsrError: If there is none of that name, or its sizes differ.
        """
        self.network.load_flow(name_or_folder)

    def forward(self, low: Tensor, operator: SpaceTimeOperator) -> Tensor:
        """Return the high clip ``(B, 3, t * r, h * s, w * s)``, not clipped, of ``low`` ``(B, 3, t, h, w)``."""
        _, restored, _ = next(self.network.iterate(low, operator, noise=0.0, count=1))
        return restored
