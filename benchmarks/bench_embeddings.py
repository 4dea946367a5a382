"""Patch embeddings of WideResNet-50 and ViT sized layers, against the PyTorch code of the two PatchCore pipelines."""

from __future__ import annotations

import argparse

import torch
from torch.nn import functional

from anomalib_cpp import get_num_threads, set_num_threads
from anomalib_cpp.bank import patch_embeddings
from machine import compare, read_bandwidth, report, roofline


def torch_anomalib(layers: list[torch.Tensor]) -> torch.Tensor:
    pooled = [functional.avg_pool2d(x, 3, 1, 1) for x in layers]
    joined = pooled[0]
    for x in pooled[1:]:
        joined = torch.cat([joined, functional.interpolate(x, joined.shape[-2:], mode="bilinear")], 1)
    return joined.permute(0, 2, 3, 1).reshape(-1, joined.shape[1])


def torch_inspection(layers: list[torch.Tensor]) -> torch.Tensor:
    n, grid = layers[0].shape[0], layers[0].shape[-2:]
    vectors = []
    for x in layers:
        columns = functional.unfold(x, 3, padding=1).reshape(n, -1, *x.shape[-2:])
        if x is not layers[0]:
            columns = functional.interpolate(columns, grid, mode="bilinear")
        columns = columns.reshape(n, columns.shape[1], -1).transpose(1, 2)
        vectors.append(functional.adaptive_avg_pool1d(columns, 1024))
    return functional.adaptive_avg_pool1d(torch.cat(vectors, 2), 1024).reshape(-1, 1024)


def case(variant: str, peer_name: str, shapes: list[tuple[int, int, int]], images: int, repeats: int) -> None:
    generator = torch.Generator().manual_seed(0)
    layers = [torch.randn(images, *shape, generator=generator).relu_() for shape in shapes]
    peer = torch_anomalib if variant == "anomalib" else torch_inspection
    ours = patch_embeddings(layers, variant=variant)
    assert (ours.flatten(0, 1) - peer(layers)).abs().max() < 1e-5
    figures = compare(lambda: patch_embeddings(layers, variant=variant), lambda: peer(layers), repeats)
    nbytes = 4 * (sum(x.numel() for x in layers) + ours.numel())
    share = roofline(figures["seconds"], nbytes=nbytes, bandwidth=read_bandwidth(nbytes))
    sizes = " + ".join(str(shape).replace(" ", "") for shape in shapes)
    report(f"patch_embeddings {variant} {images} x {sizes}", peer=peer_name, **figures, nbytes=nbytes, roofline=share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, get_num_threads()}))
    parser.add_argument("--first", action="store_true", help="the first size only")
    options = parser.parse_args()
    wide_resnet = [(512, 28, 28), (1024, 14, 14)]
    for threads in options.threads:
        set_num_threads(threads)
        torch.set_num_threads(threads)
        case("anomalib", "torch avg_pool2d + interpolate + cat", wide_resnet, 32, 7)
        if options.first:
            continue
        case("anomalib", "torch avg_pool2d + interpolate + cat", wide_resnet, 1, 21)
        case("anomalib", "torch avg_pool2d + interpolate + cat", [(40, 28, 28), (112, 14, 14)], 32, 7)
        case("inspection", "torch unfold + interpolate + adaptive pools", wide_resnet, 2, 3)


if __name__ == "__main__":
    main()
