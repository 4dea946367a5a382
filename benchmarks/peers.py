"""Peers that do not import as they are beside a CPU build of PyTorch and a current NumPy."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGES = ("", ".models", ".models.components", ".metrics", ".data", ".utils")
KEPT: dict[str, Any] = {}


def declare_torchvision_operators(torch: Any) -> None:
    """Let a CUDA build of torchvision import beside a CPU build of torch: its operators' schemas must exist."""
    if "library" in KEPT:
        return
    KEPT["library"] = library = torch.library.Library("torchvision", "DEF")  # definitions vanish with their library
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    roi = "Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width"
    library.define(f"roi_align({roi}, int sampling_ratio, bool aligned) -> Tensor")
    library.define(f"roi_pool({roi}) -> (Tensor, Tensor)")
    library.define(f"ps_roi_align({roi}, int sampling_ratio) -> (Tensor, Tensor)")
    library.define(f"ps_roi_pool({roi}) -> (Tensor, Tensor)")
    library.define("deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias) -> Tensor")
    for name in ("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d"):
        library.define(f"_{name}_backward(Tensor grad) -> Tensor")


def anomalib_module(name: str) -> Any | None:
    """Import one module of anomalib without the packages around it, which need its training stack; None without it.

    What the modules need from those packages are two base classes, declared here, and nothing that they time.
    """
    if "anomalib" not in sys.modules:
        found = importlib.util.find_spec("anomalib")
        if found is None or found.origin is None:
            return None
        for package in PACKAGES:
            module = types.ModuleType("anomalib" + package)
            module.__path__ = [str(Path(found.origin).parent.joinpath(*package.split(".")[1:]))]
            sys.modules[module.__name__] = module
        for module_name, names in {
            "anomalib.metrics.base": ("AnomalibMetric",),
            "anomalib.models.components.base": ("DynamicBufferMixin",),
        }.items():
            module = types.ModuleType(module_name)
            for base in names:
                setattr(module, base, type(base, (), {}))
            sys.modules[module_name] = module
    try:
        import torch

        declare_torchvision_operators(torch)
        return importlib.import_module(f"anomalib.{name}")
    except ImportError:
        return None


def anomalib_k_center_greedy() -> Callable[[Any, float], list[int]] | None:
    """anomalib's coreset, its own projection included and its progress meter left out: (rows, ratio) to picks."""
    module = anomalib_module("models.components.sampling.k_center_greedy")
    if module is None:
        return None
    module.tqdm = lambda steps, **_: steps
    return lambda rows, ratio: module.KCenterGreedy(rows, ratio).select_coreset_idxs()
