"""Counts in evenly wide bins against a search for every score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from anomalib_cpp import _core

DTYPES = ("float16", "float32", "float64", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")


def counted(maps: Any, masks: Any, low: float, high: float, n: int, regions: bool = False, threads: int = 1) -> Any:
    return _core.bin_counts(maps, masks, "maps", "masks", low, high, n, regions, 8, threads)


def searched(scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Scores of each slot: below the first edge, between edges, above the last."""
    values = scores.astype(np.float64)
    return np.bincount(np.searchsorted(edges, values[~np.isnan(values)], side="right"), minlength=len(edges) + 1)


def around(edges: np.ndarray, dtype: str) -> np.ndarray:
    """Scores at edges, just beside them, and outside of them."""
    if np.dtype(dtype).kind != "f":
        info = np.iinfo(dtype)
        near = np.concatenate([np.floor(edges), np.ceil(edges), [info.min, info.max]])
        return np.clip(near, float(info.min), float(info.max) / 2).astype(dtype)
    with np.errstate(over="ignore"):
        at = edges.astype(dtype)
    beside = [np.nextafter(at, at.dtype.type(-np.inf)), at, np.nextafter(at, at.dtype.type(np.inf))]
    return np.concatenate([*beside, np.array([np.inf, -np.inf, 0.0, -0.0, np.nan, 5e-324], dtype)])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("low", "high", "n"),
    [
        (0.0, 1.0, 65536),
        (-3.7, 250.3, 1000),
        (0.1, 0.7, 1),
        (-1e-3, 1e-3, 7),
        (5e-324, 1e-320, 3),  # edges closer than rounding: found by search
        (1e16, 1e16 + 8, 64),
        (-8e307, 8e307, 10),
    ],
)
def test_slots_are_those_of_a_search(dtype: str, low: float, high: float, n: int, isa: str) -> None:
    edges = _core.even_edges(low, high, n)
    rng = np.random.default_rng(n)
    scores = around(edges, dtype)
    labels = rng.random(scores.shape) < 0.3
    for threads in (1, 3):
        found = counted(scores[None], labels[None], low, high, n, threads=threads)
        np.testing.assert_array_equal(found.table[0], searched(scores[labels], edges))
        np.testing.assert_array_equal(found.table[1], searched(scores[~labels], edges))
        assert found.missing == np.isnan(scores.astype(np.float64)).sum()


@settings(deadline=None)
@given(
    st.floats(-1e300, 1e300), st.floats(1e-300, 1e300), st.integers(1, 300), st.lists(st.floats(width=32), max_size=40)
)
def test_any_range(low: float, width: float, n: int, scores: list[float]) -> None:
    high = low + width
    if not low < high:
        return
    edges = _core.even_edges(low, high, n)
    np.testing.assert_array_equal(edges[:-1], np.linspace(low, high, n + 1)[:-1])
    assert edges[-1] == np.nextafter(high, np.inf)
    if np.isinf(edges).any():
        return
    values = np.concatenate([np.array(scores), around(edges, "float64")])
    found = counted(values[None], np.zeros((1, len(values)), bool), low, high, n)
    np.testing.assert_array_equal(found.table[1], searched(values, np.sort(edges)))


def test_mass_of_regions_and_odd_layouts(isa: str) -> None:
    rng = np.random.default_rng(3)
    maps = rng.random((3, 40, 2 * 51), dtype=np.float32)[:, :, :51]  # rows with gaps
    masks = ndimage.binary_dilation(rng.random((3, 40, 51)) < 0.02, iterations=1, axes=(1, 2)).astype(np.int16)
    edges = _core.even_edges(0.2, 0.8, 16)
    mass = [0] * 18
    for scores, mask in zip(maps, masks, strict=True):
        labels, _ = ndimage.label(mask, np.ones((3, 3)))
        areas = np.bincount(labels.ravel())
        for score, label in zip(scores[mask > 0], labels[mask > 0], strict=True):
            mass[int(np.searchsorted(edges, score, side="right"))] += 2**62 // int(areas[label])
    found = counted(maps, masks, 0.2, 0.8, 16, regions=True, threads=2).table
    assert [(int(high) << 31) + int(low) for high, low in zip(found[2], found[3], strict=True)] == mass
    np.testing.assert_array_equal(found[1], searched(maps[masks == 0], edges))


@pytest.mark.parametrize(("low", "high", "n"), [(0, 1, 0), (1, 1, 4), (1, 0, 4), (0, np.inf, 4), (-1e308, 1e308, 4)])
def test_a_range_without_bins_is_refused(low: float, high: float, n: int) -> None:
    with pytest.raises(ValueError, match="between a lower and a higher edge less than"):
        counted(np.zeros((1, 2, 2)), np.zeros((1, 2, 2), bool), low, high, n)


@pytest.mark.slow
def test_more_pixels_than_narrow_counters_hold_at_once() -> None:
    image = np.full((1 << 12, 1 << 12), 0.5, np.float32)
    once = np.broadcast_to(image, (257, *image.shape))  # 2^32 pixels and some
    found = counted(list(once), list(np.broadcast_to(np.zeros(image.shape, bool), once.shape)), 0, 1, 4)
    assert found.table[1].tolist() == [0, 0, 0, once.size, 0, 0]
