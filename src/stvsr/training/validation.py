"""The quality of a model on whole clips, through the very path that a user's video takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from stvsr.data.clips import ClipSet
from stvsr.errors import StvsrError
from stvsr.models.contract import ConditionalModel, Model, Restorer
from stvsr.physics.degradation import Degradation
from stvsr.training.recipe import ValidationRecipe


def validation_clips(sources: Sequence[ClipSet], recipe: ValidationRecipe) -> Iterator[Tensor]:
    """Give the recipe's clips as ``(1, 3, T, H, W)`` uint8, cut to their first frames and a central crop."""
    places = [(clips, index) for clips in sources for index in range(len(clips))]
    count = min(recipe.clips or len(places), len(places))
    for clips, index in (places[i * len(places) // count] for i in range(count)):
        length, height, width = clips.shape(index)
        frames = min(recipe.frames or length, length)
        rows, columns = min(recipe.crop or height, height), min(recipe.crop or width, width)
        pixels = clips.crop(index, 0, frames, (height - rows) // 2, (width - columns) // 2, rows, columns)
        yield torch.from_numpy(pixels).permute(3, 0, 1, 2).unsqueeze(0)


@torch.no_grad()
def quality(model: Restorer, clip: Tensor, through: Callable[[Tensor], Tensor] | None = None) -> dict[str, float]:
    """Return the PSNR in dB of one clip, mean over frames, after 8-bit storage and 8-bit output.

    Args:
        model: In eval mode.
        clip: ``(1, 3, T, H, W)`` uint8 on the model's device.
        through: What the stored low clip goes through, such as a codec.

    Returns:
        ``psnr`` over all frames and, where the time scale is 2 or not whole, ``psnr_synthesised`` over those between
        two that are given.
    """
    target = clip.float() / 255
    low = model.inputs(target) if isinstance(model, Model) else model.downsample(target)
    low = (low * 255).round() / 255
    output = model.upsample(through(low) if through else low)
    clip = model.targets(clip) if isinstance(model, Model) else clip
    frames, height, width = clip.shape[2:]
    output = (output[:, :, :frames, :height, :width].float().clamp(0, 1) * 255).round()
    error = (output.double() - clip.double()).square().mean(dim=(0, 1, 3, 4))
    # one code value wrong in a whole 4K frame is 117 dB: the floor only keeps a perfect frame finite
    frames_psnr = 10 * torch.log10(255**2 / error.clamp_min(1e-7))
    result = {"psnr": float(frames_psnr.mean())}
    time = model.scale.time
    made = [i for i in range(frames) if (i / time).denominator > 1]
    if made and (time == 2 or time.denominator > 1):
        result["psnr_synthesised"] = float(frames_psnr[made].mean())
    return result


def restorers(model: Model, degradations: Sequence[Degradation]) -> list[Restorer]:
    """Return the model as it is, or bound to each of the degradations.

    Raises:
        StvsrError: If there are some, and the model is not given a degradation.
    """
    if not degradations:
        return [model]
    if not isinstance(model, ConditionalModel):
        raise StvsrError(f"recipe: {model.name} is given no degradation: leave 'validation.degradations' out")
    return [model.bind(one) for one in degradations]


def mean_quality(results: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean over clips of every measure."""
    names = dict.fromkeys(name for result in results for name in result)
    return {name: math.fsum(r[name] for r in results if name in r) / sum(name in r for r in results) for name in names}
