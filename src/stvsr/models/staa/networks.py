"""The networks that make the high clip, by their names in the configuration, and what every model of one can say."""

from __future__ import annotations

from fractions import Fraction

from stvsr.errors import StvsrError
from stvsr.layers.temporal import DeformableTemporalModule
from stvsr.models.network import Network
from stvsr.models.staa.alternating import AlternatingUpsampler
from stvsr.models.staa.config import STAAConfig
from stvsr.models.staa.factorised import FactorisedUpsampler
from stvsr.models.staa.recurrent import RecurrentUpsampler
from stvsr.models.staa.upsampler import DenseUpsampler
from stvsr.models.staa.warping import WarpingUpsampler
from stvsr.physics.scale import Scale

UpsamplerNetwork = DenseUpsampler | FactorisedUpsampler | RecurrentUpsampler | AlternatingUpsampler | WarpingUpsampler
CONVOLUTIONAL: dict[str, type[DenseUpsampler | FactorisedUpsampler | RecurrentUpsampler]] = {
    "dense": DenseUpsampler,
    "factorised": FactorisedUpsampler,
    "recurrent": RecurrentUpsampler,
}
ALONG_MOTION: dict[str, type[AlternatingUpsampler | WarpingUpsampler]] = {
    "alternating": AlternatingUpsampler,
    "warping": WarpingUpsampler,
}


def make_upsampler(config: STAAConfig, num_conditions: int = 0) -> UpsamplerNetwork:
    """Return the untrained network that a configuration names.

    Args:
        config: The configuration.
        num_conditions: Facts about how the low clip was degraded, for a network that is not given the operator.
    """
    name = config.upsampler.network
    if name in CONVOLUTIONAL:
        return CONVOLUTIONAL[name](config.upsampler, config.scale, num_conditions)
    return ALONG_MOTION[name](config.upsampler, config.scale)


class Expanding(Network):
    """What models have in common that expand low clips, with and without a downsampler.

    Attributes:
        name: ``<family>-<time>t<space>s[-compact]``.
        scale: Factors from low to high.
        upsampler: The network.
    """

    scale: Scale
    upsampler: UpsamplerNetwork

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

    def offset_statistics(self) -> dict[str, float]:
        """Return the magnitudes of the deformable offsets of the last pass, in low pixels (empty without any)."""
        temporal = self.upsampler.temporal if isinstance(self.upsampler, DenseUpsampler) else None
        return temporal.offset_statistics() if isinstance(temporal, DeformableTemporalModule) else {}

    def _places(self, count: int) -> list[Fraction]:
        """Return where the first new frames stand, in low frames."""
        return [j / self.scale.time for j in range(count)]
