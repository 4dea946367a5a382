"""Anomaly maps at the sizes of PatchCore, against what pipelines write in PyTorch today."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from anomalib_cpp import get_num_threads, maps, set_num_threads
from machine import compare, read_bandwidth, report, roofline, sgemm_flops

SIGMA, RADIUS = 4.0, 16


def dense_kernel() -> torch.Tensor:
    """Return the 33 x 33 kernel that kornia's and torchvision's Gaussian blur convolve with."""
    t = torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float32)
    taps = torch.exp(-(t**2) / (2 * SIGMA**2))
    taps /= taps.sum()
    return (taps[:, None] * taps)[None, None]


KERNEL = dense_kernel()


def torch_blur(x: torch.Tensor) -> torch.Tensor:
    return functional.conv2d(functional.pad(x[:, None], (RADIUS,) * 4, mode="reflect"), KERNEL)[:, 0]


def torch_blur_separable(x: torch.Tensor) -> torch.Tensor:
    row = KERNEL.sum(2, keepdim=True)
    padded = functional.pad(x[:, None], (RADIUS,) * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(padded, row), row.transpose(2, 3))[:, 0]


def torch_resize(x: torch.Tensor, size: int) -> torch.Tensor:
    return functional.interpolate(x[:, None], (size, size), mode="bilinear", align_corners=False)[:, 0]


def scipy_map(x: np.ndarray, size: int) -> np.ndarray:
    upsampled = torch_resize(torch.from_numpy(x), size).numpy()
    return np.stack([ndimage.gaussian_filter(one, SIGMA, mode="mirror") for one in upsampled])


def map_flops(n: int, size_in: int, size_out: int) -> float:
    """Multiplications and additions of the banded product, from the reach of a tap of the blur in patches."""
    taps = 2 * RADIUS * size_in / size_out + 2
    return 2 * taps * n * (size_out * size_out + size_in * size_out)


def anomaly_maps(n: int, grid: int, size: int) -> None:
    x = np.random.default_rng(0).random((n, grid, grid), dtype=np.float32)
    tensor = torch.from_numpy(x)
    peers = {
        "torch interpolate + dense 33 x 33 blur": lambda: torch_blur(torch_resize(tensor, size)),
        "torch interpolate + separable blur": lambda: torch_blur_separable(torch_resize(tensor, size)),
        "torch interpolate + SciPy gaussian_filter": lambda: scipy_map(x, size),
    }
    ours = maps.anomaly_map(x, size, sigma=SIGMA, border="mirror")
    nbytes = x.nbytes + ours.nbytes
    limits = {"bandwidth": read_bandwidth(max(nbytes, 1 << 20)), "peak": sgemm_flops()}
    for name, peer in peers.items():
        assert np.abs(np.asarray(peer()) - ours).max() < 1e-5
        figures = compare(lambda: maps.anomaly_map(x, size, sigma=SIGMA, border="mirror"), peer)
        share = roofline(figures["seconds"], nbytes=nbytes, ops=map_flops(n, grid, size), **limits)
        report(f"anomaly_map {n} x {grid} -> {size}", peer=name, **figures, roofline=share)


def single_steps(n: int, size: int) -> None:
    x = np.random.default_rng(0).random((n, size, size), dtype=np.float32)
    tensor = torch.from_numpy(x)
    bandwidth = read_bandwidth(2 * x.nbytes)
    figures = compare(lambda: maps.gaussian_blur(x, SIGMA, border="mirror"), lambda: torch_blur_separable(tensor))
    ops = 4 * (2 * RADIUS + 1) * x.size
    share = roofline(figures["seconds"], nbytes=2 * x.nbytes, bandwidth=bandwidth, ops=ops, peak=sgemm_flops())
    report(f"gaussian_blur {n} x {size}", peer="torch separable blur", **figures, roofline=share)
    figures = compare(lambda: maps.resize(x, 2 * size), lambda: torch_resize(tensor, 2 * size))
    share = roofline(figures["seconds"], nbytes=5 * x.nbytes, bandwidth=bandwidth)
    report(f"resize {n} x {size} -> {2 * size}", peer="torch interpolate", **figures, roofline=share)
    figures = compare(
        lambda: maps.image_scores(x, variant="top_fraction"),
        lambda: tensor.flatten(1).topk(size * size // 100).values.mean(1),
    )
    share = roofline(figures["seconds"], nbytes=x.nbytes, bandwidth=bandwidth)
    report(f"image_scores top_fraction {n} x {size}", peer="torch topk", **figures, roofline=share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, get_num_threads()}))
    parser.add_argument("--first", action="store_true", help="the first size only")
    options = parser.parse_args()
    for threads in options.threads:
        set_num_threads(threads)
        torch.set_num_threads(threads)
        anomaly_maps(32, 28, 224)
        if options.first:
            continue
        anomaly_maps(1, 28, 224)
        anomaly_maps(8, 37, 518)
        single_steps(32, 224)


if __name__ == "__main__":
    main()
