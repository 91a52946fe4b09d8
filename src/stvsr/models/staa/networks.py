"""The networks that make the high clip, by their names in the configuration, and what every model of one can say."""

from __future__ import annotations

from fractions import Fraction

from torch import nn

from stvsr.errors import StvsrError
from stvsr.models.staa.alternating import AlternatingUpsampler
from stvsr.models.staa.config import STAAConfig
from stvsr.models.staa.factorised import FactorisedUpsampler
from stvsr.models.staa.recurrent import RecurrentUpsampler
from stvsr.models.staa.upsampler import DenseUpsampler
from stvsr.models.staa.warping import WarpingUpsampler
from stvsr.physics.scale import Scale

Network = DenseUpsampler | FactorisedUpsampler | RecurrentUpsampler | AlternatingUpsampler | WarpingUpsampler
CONVOLUTIONAL: dict[str, type[DenseUpsampler | FactorisedUpsampler | RecurrentUpsampler]] = {
    "dense": DenseUpsampler,
    "factorised": FactorisedUpsampler,
    "recurrent": RecurrentUpsampler,
}
ALONG_MOTION: dict[str, type[AlternatingUpsampler | WarpingUpsampler]] = {
    "alternating": AlternatingUpsampler,
    "warping": WarpingUpsampler,
}


def make_upsampler(config: STAAConfig, told: int = 0) -> Network:
    """Return the untrained network that a configuration names.

    Args:
        config: The configuration.
        told: How many facts about the low clip a network is told that is not given its operator.
    """
    name = config.upsampler.network
    if name in CONVOLUTIONAL:
        return CONVOLUTIONAL[name](config.upsampler, config.scale, told)
    return ALONG_MOTION[name](config.upsampler, config.scale)


class Expanding(nn.Module):
    """What models have in common that expand low clips, with and without a downsampler.

    Attributes:
        name: ``<family>-<time>t<space>s[-compact]``.
        scale: Factors from low to high.
        upsampler: The network.
    """

    name: str
    scale: Scale
    upsampler: Network

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels of context that an exact answer needs on each side."""
        return self.upsampler.context

    @property
    def exact_context(self) -> bool:
        """Whether nothing beyond `context` matters; optical flow looks at the whole picture."""
        return not isinstance(self.upsampler, AlternatingUpsampler | WarpingUpsampler)

    @property
    def bytes_per_low_pixel(self) -> int:
        """Memory that `upsample` needs for each pixel of a low frame."""
        return self.upsampler.bytes_per_low_pixel

    def load_flow(self, name_or_folder: str) -> None:
        """Take over the weights of a trained optical flow network, of the same sizes.

        Raises:
            StvsrError: If there is none of that name, its sizes differ, or this model has none.
        """
        if not isinstance(self.upsampler, AlternatingUpsampler | WarpingUpsampler):
            raise StvsrError("this model has no optical flow network: leave 'flow' out of the recipe")
        self.upsampler.load_flow(name_or_folder)

    def _places(self, count: int) -> list[Fraction]:
        """Return where the first new frames stand, in low frames."""
        return [j / self.scale.time for j in range(count)]
