"""Data on which adapters and peers are compared: the same on every run."""

from __future__ import annotations

from typing import Any

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]


def image_cases(n: int = 400) -> dict[str, Pair]:
    """Scores in [0, 1] and labels of images, by the name of the case; the last two have scores outside."""
    rng = np.random.default_rng(0)
    labels = (rng.random(n) < 0.3).astype(np.int64)
    scores = np.clip(rng.normal(size=n) / 8 + 0.4 + labels / 8, 0, 1)
    cases = {
        "random": scores.astype(np.float32),
        "float64": scores,
        "tied": scores.round(1).astype(np.float32),
        "8 bits": (np.round(scores * 255) / 255).astype(np.float32),
        "nearly equal": (0.5 + scores * 1e-6).astype(np.float32),
        "perfect": (labels / 2 + scores / 3).astype(np.float32),
        "inverted": (1 - labels).astype(np.float32),
        "constant": np.full(n, 0.5, np.float32),
    }
    pairs = {name: (each, labels) for name, each in cases.items()}
    pairs["two items"] = np.float32([0.75, 0.25]), np.array([0, 1])
    pairs["all normal"] = pairs["random"][0], np.zeros_like(labels)
    pairs["all anomalous"] = pairs["random"][0], np.ones_like(labels)
    pairs["infinite"] = np.where(scores > 0.6, np.inf, scores).astype(np.float32), labels
    pairs["NaN"] = np.where(scores > 0.7, np.nan, scores).astype(np.float32), labels
    beyond = pairs["random"][0].copy()
    beyond[n // 2 :] += 0.5
    pairs["beyond [0, 1]"] = beyond, labels  # in the second batch
    return pairs


def pixel_cases(n: int = 8, size: int = 32) -> dict[str, Pair]:
    """Maps and masks, by the name of the case: half of the images have regions, of one pixel to three dozen."""
    rng = np.random.default_rng(1)
    masks = np.zeros((n, size, size), np.uint8)
    masks[n // 2 :, 4:10, 6:12] = masks[n // 2 :: 2, 10:12, 12:15] = 1
    masks[n // 2 + 1, 20, 3:30] = masks[-1, 25, 25] = 1
    maps = np.clip(rng.normal(size=masks.shape) / 6 + 0.4 + masks / 5, 0, 1)
    cases = {
        "random": maps.astype(np.float32),
        "float64": maps,
        "tied": maps.round(1).astype(np.float32),
        "8 bits": (np.round(maps * 255) / 255).astype(np.float32),
        "perfect": (masks / 2 + maps / 3).astype(np.float32),
        "constant": np.full(masks.shape, 0.5, np.float32),
    }
    pairs: dict[str, Any] = {name: (each, masks) for name, each in cases.items()}
    pairs["one of each"] = tuple(value[[0, -1]] for value in pairs["random"])
    pairs["all normal"] = pairs["random"][0], np.zeros_like(masks)
    pairs["all anomalous"] = pairs["random"][0], np.ones_like(masks)
    full = masks.copy()
    full[-1] = 1
    pairs["one wholly anomalous"] = pairs["random"][0], full
    pairs["infinite"] = np.where(maps > 0.9, np.inf, maps).astype(np.float32), masks
    pairs["NaN"] = np.where(maps > 0.95, np.nan, maps).astype(np.float32), masks
    return pairs
