"""What is compared: every function and class of an adapter with the peer's of the same name.

A row is (name, ours, peer, cases, reasons): `ours` and `peer` take the two arrays of a case, reasons tell by its name
why they part.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from adapter_cases import image_cases, pixel_cases

Row = tuple[str, Callable[..., Any], Callable[..., Any], dict[str, Any], dict[str, str]]

SIGMOID = {"infinite": "sigmoid", "beyond [0, 1]": "sigmoid"}
WHOLE = {"all anomalous": "a wholly anomalous image has no region", "one wholly anomalous": "it has no region"}


def sklearn_rows() -> Iterator[Row]:
    peer, ours = importlib.import_module("sklearn.metrics"), importlib.import_module("anomalib_cpp.sklearn")
    cases = image_cases()
    for name, options in [
        ("roc_auc_score", {}),
        ("roc_auc_score", {"max_fpr": 0.05}),
        ("average_precision_score", {}),
        ("roc_curve", {}),
        ("roc_curve", {"drop_intermediate": False}),
        ("precision_recall_curve", {}),
        ("precision_recall_curve", {"drop_intermediate": True}),
    ]:
        mine, theirs = (labels_first(getattr(module, name), options) for module in (ours, peer))
        yield called(name, options), mine, theirs, cases, {}
    for name in ("roc_auc_score", "average_precision_score", "roc_curve", "precision_recall_curve"):
        mine, theirs = (weighted(getattr(module, name)) for module in (ours, peer))
        yield f"{name}(sample_weight=...)", mine, theirs, cases, {}
    x = np.linspace(0, 1, 50)
    lines = {"ascending": (x, x**2), "descending": (x[::-1], x), "steps": (x.round(1), x), "zigzag": (x % 0.5, x)}
    yield "auc", ours.auc, peer.auc, lines, {}


def labels_first(call: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
    return lambda scores, labels: call(labels, scores, **options)


def weighted(call: Callable[..., Any]) -> Callable[..., Any]:
    """Weigh samples at random, a tenth of them nothing."""

    def run(scores: np.ndarray, labels: np.ndarray) -> Any:
        weights = np.random.default_rng(77).random(len(labels))  # not those that made the cases
        return call(labels, scores, sample_weight=np.where(weights < 0.1, 0, weights))

    return run


def called(name: str, options: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in options.items())})" if options else name


def torchmetrics_rows() -> Iterator[Row]:
    peer = importlib.import_module("torchmetrics.classification")
    ours = importlib.import_module("anomalib_cpp.torchmetrics")
    cases = image_cases()
    for name, options in [
        ("BinaryAUROC", {}),
        ("BinaryAUROC", {"max_fpr": 0.3}),
        ("BinaryAUROC", {"thresholds": 50}),
        ("BinaryAveragePrecision", {}),
        ("BinaryAveragePrecision", {"thresholds": 50}),
        ("BinaryROC", {}),
        ("BinaryROC", {"thresholds": 50}),
        ("BinaryPrecisionRecallCurve", {}),
        ("BinaryPrecisionRecallCurve", {"thresholds": 50}),
        ("BinaryF1Score", {}),
    ]:
        yield (called(name, options), *(in_batches(getattr(m, name), options) for m in (ours, peer)), cases, SIGMOID)
    old = {"normalization": "sigmoid_per_batch"}
    for name in ("BinaryAUROC", "BinaryAveragePrecision", "BinaryROC", "BinaryPrecisionRecallCurve"):
        yield called(name, old), in_batches(getattr(ours, name), old), in_batches(getattr(peer, name), {}), cases, {}


def in_batches(maker: Any, options: dict[str, Any], fields: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Feed a metric with both halves of a case, as tensors or as fields of batches."""
    torch = importlib.import_module("torch")

    def run(scores: np.ndarray, labels: np.ndarray) -> Any:
        metric, half = maker(**options), len(scores) // 2
        for part in (slice(0, half), slice(half, None)):
            tensors = torch.from_numpy(scores[part]), torch.from_numpy(labels[part].astype(np.int64))
            metric.update(*((SimpleNamespace(**dict(zip(fields, tensors, strict=True))),) if fields else tensors))
        return metric.compute()

    return run


def anomalib_rows() -> Iterator[Row]:
    peer, ours = importlib.import_module("anomalib.metrics"), importlib.import_module("anomalib_cpp.anomalib")
    images, pixels = image_cases(), pixel_cases()
    for name, options, cases, reasons in [
        ("AUROC", {}, images, SIGMOID),
        ("AUPR", {}, images, SIGMOID),
        ("F1Max", {}, images, {}),
        ("F1AdaptiveThreshold", {}, images, {}),
        ("F1Score", {}, images, SIGMOID),
        ("PGn", {"fnr": 0.2}, images, {}),
        ("PBn", {"fpr": 0.1}, images, {}),
        ("MinMax", {}, images, {}),
        ("AUROC", {}, pixels, {}),
        ("AUPRO", {}, pixels, WHOLE),
        ("AUPRO", {"fpr_limit": 0.05}, pixels, WHOLE),
        ("PRO", {}, pixels, WHOLE),
        ("PIMO", {"num_thresholds": 500}, pixels, {}),
        ("AUPIMO", {"num_thresholds": 3000, "fpr_bounds": (0.01, 0.2), "force": True}, pixels, {}),
    ]:
        fields = ("pred_score", "gt_label") if cases is images else ("anomaly_map", "gt_mask")
        given = {**options, "fields": fields}
        label = called(name, options) + (" of pixels" if name == "AUROC" and cases is pixels else "")
        yield (label, *(in_batches(getattr(m, name), given, fields) for m in (ours, peer)), cases, reasons)


def adeval_rows() -> Iterator[Row]:
    peer, ours = importlib.import_module("adeval"), importlib.import_module("anomalib_cpp.adeval")
    images, pixels = image_cases(), pixel_cases()
    for name, cases in (("auroc", images), ("auroc_and_aupr", images), ("auroc_aupr_aupro", pixels)):
        for strips in (1000, 50):
            mine, theirs = (partial(getattr(module, name), nstrips=strips) for module in (ours, peer))
            yield called(name, {"nstrips": strips}), mine, theirs, cases, {}
    for upper in (1, 2):
        mine, theirs = (accumulated(m, upper) for m in (ours, peer))
        yield f"EvalAccumulator(0, {upper})", mine, theirs, pixels, {}
    mine, theirs = (accumulated(m, 1, shrink=2) for m in (ours, peer))
    yield "EvalAccumulator(0, 1), resizing", mine, theirs, pixels, {}


def accumulated(module: Any, upper: float, shrink: int = 1) -> Callable[..., Any]:
    def run(maps: np.ndarray, masks: np.ndarray) -> Any:
        accumulator = module.EvalAccumulator(0, upper)
        accumulator.add_anomap_batch(maps[:, ::shrink, ::shrink], masks)
        accumulator.add_image(maps.max(axis=(1, 2)), masks.max(axis=(1, 2)))
        accumulator.add_sample(maps.mean(axis=(1, 2)), masks.max(axis=(1, 2)))
        return accumulator.summary()

    return run


def aupimo_rows() -> Iterator[Row]:
    """As anomalib has its functions, given the thresholds that aupimo takes: they are rounded in another way there."""
    torch = importlib.import_module("torch")
    peer, ours = (
        importlib.import_module("anomalib.metrics.pimo.functional"),
        importlib.import_module("anomalib_cpp.aupimo"),
    )
    results = importlib.import_module("anomalib.metrics.pimo")
    cases = pixel_cases()
    options = {"fpr_bounds": (0.01, 0.2), "force": True}

    def thresholds_of_aupimo(maps: Any, number: int) -> Any:
        values = maps.numpy()
        even = np.linspace(values.min().item(), values.max().item(), number, dtype=values.dtype)
        if not (np.diff(even) > 0).all():
            raise ValueError("thresholds must ascend")
        return torch.from_numpy(even)

    def theirs(call: str, **more: Any) -> Callable[..., Any]:
        def run(maps: np.ndarray, masks: np.ndarray) -> Any:
            kept, peer._get_linspaced_thresholds = peer._get_linspaced_thresholds, thresholds_of_aupimo
            try:
                found = getattr(peer, call)(torch.from_numpy(maps), torch.from_numpy(masks.astype(np.int64)), **more)
            finally:
                peer._get_linspaced_thresholds = kept
            return found[:3] if call == "pimo_curves" else (*found[:3], found[4], found[5])

        return run

    def curves_of(curves: Any) -> tuple[Any, ...]:
        return curves.threshs, curves.shared_fpr, curves.per_image_tprs

    def scores(maps: np.ndarray, masks: np.ndarray) -> Any:
        curves, areas = ours.aupimo_scores(maps, masks, 3000, **options)
        return *curves_of(curves), areas.aupimos, areas.num_threshs

    def classes(maker: Any, like: Callable[..., Any], *more: Any) -> Callable[..., Any]:
        fields = (*more, 0.01, 0.2, 300, 0.1, 0.2)
        return lambda maps, masks: maker(*fields, like(np.where(masks.any(axis=(1, 2)), 0.5, np.nan))).image_classes

    yield (
        "pimo_curves",
        lambda maps, masks: curves_of(ours.pimo_curves(maps, masks, 3000)),
        theirs("pimo_curves", num_thresholds=3000),
        cases,
        {},
    )
    yield "aupimo_scores", scores, theirs("aupimo_scores", num_thresholds=3000, **options), cases, {}
    yield (
        "AUPIMOResult.image_classes",
        classes(ours.AUPIMOResult, np.asarray, "mean-per-image-fpr"),
        classes(results.AUPIMOResult, torch.from_numpy),
        {"random": cases["random"]},
        {"random": "inverted"},
    )


def grid_rows() -> Iterator[Row]:
    """`metrics.aupro` as others sample it."""
    ours = importlib.import_module("anomalib_cpp.metrics").aupro
    cases = pixel_cases()
    area = importlib.import_module("adeval.au_pro").calculate_au_pro
    for number in (100, 1000):
        options = {"variant": "quantile", "num_thresholds": number}
        mine = partial(ours, **options)
        yield called("aupro", options), mine, partial(quantiles, area, number), cases, {}


def quantiles(area: Callable[..., Any], number: int, maps: np.ndarray, masks: np.ndarray) -> Any:
    return area(masks, maps, num_thresholds=number)[0]


def musc_rows(path: Path) -> Iterator[Row]:
    """MuSc is no package: `path` is utils/metrics.py of a checkout."""
    spec = importlib.util.spec_from_file_location("musc_metrics", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    ours = importlib.import_module("anomalib_cpp.musc")
    cases = pixel_cases()
    for steps in (200, 50):
        options = {"max_step": steps}
        mine, theirs = (labels_first(module.cal_pro_score, options) for module in (ours, peer))
        yield called("cal_pro_score", options), mine, theirs, cases, {}
    mine, theirs = (partial(all_at_once, module.compute_metrics) for module in (ours, peer))
    yield "compute_metrics", mine, theirs, cases, {}


def all_at_once(call: Callable[..., Any], maps: np.ndarray, masks: np.ndarray) -> Any:
    return call(masks.max(axis=(1, 2)), maps.max(axis=(1, 2)), masks, maps)
