"""The DAVSR model: half-quadratic splitting, unrolled (Algorithm 1 of the paper).

    low ──> X0 ──> data step ──Z1──> enhancement ──X1──> data step ──Z2──> ... ──XK──> high
                      └ alpha_1 ┐      └ beta_1 ┐
    operator, noise ────> hyper-parameter network

One enhancement network serves all iterations, and any number of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.layers.optical_flow import load_flow
from stvsr.layers.search_flow import SearchFlow
from stvsr.models.conditional import BoundModel, placed
from stvsr.models.contract import ConditionalModel
from stvsr.models.davsr.config import MOST_ITERATIONS, ConvolutionalConfig, DAVSRConfig, FactorisedConfig
from stvsr.models.davsr.convolutional import ConvolutionalEnhancement
from stvsr.models.davsr.factorised import FactorisedEnhancement
from stvsr.models.davsr.hyper import HyperNetwork, HyperParameters, iteration_facts, power
from stvsr.models.davsr.motion import Aligned, Motion
from stvsr.models.davsr.recurrent import RecurrentEnhancement
from stvsr.models.network import Network
from stvsr.physics.degradation import Degradation
from stvsr.physics.interpolation import trilinear
from stvsr.physics.operator import SpaceTimeOperator

# One step of conjugate gradients keeps pure deblurring, the worst case, stable at the borders; more gains 0.01 dB.
REFINEMENTS = 1


@dataclass
class Trace:
    """Every intermediate result of a restoration.

    Attributes:
        start: X0.
        data: Z_1 .. Z_K, the results of the data step.
        enhanced: X_1 .. X_K, the results of the enhancement network, not clipped.
        alphas: Weight of the guess in each data step.
        betas: Noise level each enhancement was told.
    """

    start: Tensor
    data: list[Tensor] = field(default_factory=list)
    enhanced: list[Tensor] = field(default_factory=list)
    alphas: list[float] = field(default_factory=list)
    betas: list[float] = field(default_factory=list)


class DAVSR(Network, ConditionalModel):
    """Deep alternating video super-resolution: the low video and the operator that made it go in.

    As it is, it undoes the degradation of its configuration, behind the contract of `stvsr.models.contract`;
    `bind` gives the same for another one.

    Args:
        config: What the model is made of.
        name: The model's name.
    """

    exact_context = False
    """Optical flow looks at the whole picture, and inverting a blur reaches as far as a clip does, ever less."""

    config: DAVSRConfig

    def __init__(self, config: DAVSRConfig, name: str = "davsr") -> None:
        super().__init__()
        self.config, self.name = config, name
        self.degradation = Degradation.from_dict(config.degradation)
        self.scale = self.degradation.scale
        self.motion: Motion | None = None
        if config.start != "trilinear":
            self.motion = Motion(config.motion, search=config.start == "search")
        self.enhancer: ConvolutionalEnhancement | FactorisedEnhancement | RecurrentEnhancement
        if isinstance(config.enhancer, ConvolutionalConfig):
            self.enhancer = ConvolutionalEnhancement(config.enhancer)
            features = config.enhancer.features
        elif isinstance(config.enhancer, FactorisedConfig):
            self.enhancer = FactorisedEnhancement(config.enhancer, aligned=self.motion is not None)
            features = config.enhancer.features
        else:
            self.enhancer = RecurrentEnhancement(config.enhancer)
            features = 0
        self.hyper = HyperNetwork(config.hidden, features, compressed=config.compressed)

    def restore(
        self,
        low: Tensor,
        operator: SpaceTimeOperator,
        *,
        noise: float = 0.0,
        compression: float = 0.0,
        iterations: int | None = None,
    ) -> Tensor:
        """Return the high clip.

        Args:
            low: ``(B, 3, t, h, w)`` in [0, 1].
            operator: What made it; any kernel, whole factors.
            noise: Standard deviation of its noise in 8-bit code values.
            compression: Constant rate factor of H.264 that comes nearest to how it was stored; 0 for none.
            iterations: K, by default the configuration's.

        Returns:
            ``(B, 3, t * time, h * space, w * space)``, clipped to [0, 1].
        """
        *_, (_, restored, _) = self.iterate(low, operator, noise, self._count(iterations), compression)
        return restored.clamp(0, 1)

    def trace(
        self,
        low: Tensor,
        operator: SpaceTimeOperator,
        *,
        noise: float = 0.0,
        compression: float = 0.0,
        iterations: int | None = None,
    ) -> Trace:
        """Return every intermediate result of `restore`, with the same arguments."""
        trace = Trace(self._start(low, placed(operator, low, self))[0])
        for z, x, hyper in self.iterate(low, operator, noise, self._count(iterations), compression):
            trace.data.append(z)
            trace.enhanced.append(x)
            trace.alphas.append(float(hyper.alpha.detach()))
            trace.betas.append(float(hyper.beta.detach()))
        return trace

    def bind(self, degradation: Degradation, iterations: int | None = None) -> BoundDAVSR:
        """Return the model for videos of a known degradation, ready for files of any length."""
        return BoundDAVSR(self, degradation, self._count(iterations))

    def forward(self, clip: Tensor, degradation: Degradation | None = None) -> tuple[Tensor, list[Tensor]]:
        """Degrade a clip and restore it, for training.

        Args:
            clip: ``(B, 3, T, H, W)`` in [0, 1].
            degradation: By default the configuration's.

        Returns:
            The low clip, and X_1 .. X_K, unclipped and of the clip's size.
        """
        degradation = degradation or self.degradation
        operator = degradation.operator()
        with torch.no_grad():
            low = degradation.apply(clip)
        frames, height, width = clip.shape[2:]
        iterates = self.iterate(low, operator, degradation.noise, self.config.iterations, degradation.compression)
        return low, [x[:, :, :frames, :height, :width] for _, x, _ in iterates]

    def reach(self, space: int, iterations: int) -> tuple[int, int]:
        """Return the high frames and high pixels on each side that the passes depend on, or were found to.

        Args:
            space: High pixels per low pixel.
            iterations: K.
        """
        if self.config.context:
            return (self.config.context[0] * iterations, self.config.context[1] * iterations)
        return self.enhancer.reach(space, iterations)

    def load_flow(self, name_or_folder: str) -> None:
        """Take over the weights of a trained optical flow network, of the same sizes.

        Raises:
            StvsrError: If there is none of that name, or its sizes differ.
        """
        target = self.motion.flow if self.motion is not None else None
        if isinstance(self.enhancer, RecurrentEnhancement):
            target = self.enhancer.flow
        if target is None or isinstance(target, SearchFlow):
            raise StvsrError("this model has no optical flow network: leave 'flow' out of the recipe")
        try:
            target.load_state_dict(load_flow(name_or_folder).state_dict())
        except RuntimeError:
            raise StvsrError(f"{name_or_folder}: its sizes are not those of the model's flow network") from None

    def _count(self, iterations: int | None) -> int:
        count = self.config.iterations if iterations is None else iterations
        if not 1 <= count <= MOST_ITERATIONS:
            raise StvsrError(f"`iterations` {count} is impossible: give a whole number from 1 to {MOST_ITERATIONS}")
        return count

    def _start(self, low: Tensor, operator: SpaceTimeOperator) -> tuple[Tensor, Aligned | None]:
        if self.motion is None:
            with torch.autocast(low.device.type, enabled=False):
                return trilinear(low.float(), operator.scale, operator.kernel.centroid), None
        aligned: Aligned = self.motion(low, operator)
        return aligned.start, aligned

    def iterate(
        self, low: Tensor, operator: SpaceTimeOperator, noise: float, count: int, compression: float = 0.0
    ) -> Iterator[tuple[Tensor, Tensor, HyperParameters]]:
        """Yield Z_k, X_k, not clipped, and what they were made with, for k from 1 to ``count``; see `restore`."""
        operator = placed(operator, low, self)
        x, aligned = self._start(low, operator)
        enhance = self._pass(aligned, operator.scale.height)
        del aligned
        frames, height, width = low.shape[2:]
        powers = power(operator, (frames, height, width))
        strength = compression if self.config.compressed else None
        for index in range(count):
            facts = iteration_facts(operator, noise, powers, index, count, strength)
            hyper: HyperParameters = self.hyper(facts, powers[0].detach())
            z = operator.data_step(low, x, hyper.alpha, refinements=REFINEMENTS)
            x = enhance(z, x, hyper)
            yield z, x, hyper

    def _pass(self, aligned: Aligned | None, space: int) -> Callable[[Tensor, Tensor, HyperParameters], Tensor]:
        """Return the enhancement of one iteration as a function of Z_k, X_{k-1} and the hyper-parameters."""
        enhancer = self.enhancer
        if isinstance(enhancer, RecurrentEnhancement):  # the paper's network aligns what it is given by itself
            return lambda z, _, hyper: enhancer(z, hyper.beta)
        if isinstance(enhancer, ConvolutionalEnhancement):
            assert aligned is not None
            guide = enhancer.prepare(aligned, space)
            return lambda z, _, hyper: enhancer(z, hyper.beta, hyper.condition, guide, space)
        return enhancer.passes(aligned, space)


class BoundDAVSR(BoundModel):
    """A DAVSR model for one degradation, behind the contract of `stvsr.models.contract.Restorer`.

    Args:
        model: The network, shared.
        degradation: What it undoes.
        iterations: K.
    """

    exact_context = DAVSR.exact_context

    def __init__(self, model: DAVSR, degradation: Degradation, iterations: int) -> None:
        super().__init__(degradation)
        self.model, self.iterations = model, iterations

    @property
    def identity(self) -> Any:
        """What results depend on beside weights."""
        return self.degradation, self.iterations

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an exact answer needs.

        The reach of the passes, that of the kernel, and what the start video and the data step's inverse add.
        """
        steps = self.scale.steps
        time, space, _ = steps
        frames, pixels = self.model.reach(space, self.iterations)
        kernel = self.operator.kernel
        spread, width, _ = (
            max(-first, first + taps - step, 0)
            for first, taps, step in zip(kernel.origin, kernel.size, steps, strict=True)
        )
        return (-(-(frames + spread) // time) + 2, -(-(pixels + width) // space) + 4)

    @property
    def bytes_per_low_pixel(self) -> int:
        """Working memory of `upsample` for each pixel of a low frame."""
        return int(self.model.enhancer.bytes_per_high_pixel * self.scale.samples)

    def upsample(self, low: Tensor) -> Tensor:
        """Undo the degradation, clipped to [0, 1]."""
        noise, compression = self.degradation.noise, self.degradation.compression
        return self.model.restore(low, self.operator, noise=noise, compression=compression, iterations=self.iterations)


def build(config: dict[str, Any], name: str) -> DAVSR:
    """Return the untrained model of a configuration.

    Raises:
        StvsrError: If a setting is impossible.
    """
    return DAVSR(DAVSRConfig.from_dict(config), name)
