"""Maps that are brought to the size of their masks while they are counted: the bits of resizing first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anomalib_cpp.maps import resize, resize_to_masks
from anomalib_cpp.metrics import pixel_report

EVERY = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "dice_max", "fpr_at_tpr", "aupro", "aupimo")
BOUNDS = (0.1, 0.5)


def some(n: int, small: tuple[int, int], large: tuple[int, int], dtype: str, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    maps = np.round(rng.random((n, *small)), 2).astype(dtype)  # with ties
    masks = np.zeros((n, *large), np.uint8)
    for mask in masks[1:]:
        y, x = rng.integers(0, large[0] // 2), rng.integers(0, large[1] // 2)
        mask[y : y + large[0] // 3, x : x + 2] = 1
    return maps, masks


@pytest.mark.parametrize("mode", ["bilinear", "bilinear_corners", "nearest"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("small", "large"), [((7, 5), (61, 40)), ((16, 16), (500, 333)), ((9, 9), (4, 5))])
def test_the_bits_of_resizing_first(mode: str, dtype: str, small: Any, large: Any, isa: str) -> None:
    maps, masks = some(4, small, large, dtype, len(mode))
    first = resize(maps, large, mode=mode)
    options: dict[str, Any] = {"metrics": EVERY, "fpr_bounds": BOUNDS}
    expected = pixel_report(first, masks, **options)
    for threads in (1, 3):
        assert pixel_report(maps, masks, resize=mode, threads=threads, **options) == expected
    assert pixel_report(maps[:, None], masks[:, None].astype(np.float32), resize=mode, **options) == expected
    assert pixel_report(np.repeat(maps, 2, axis=0)[::2], list(masks), resize=mode, **options) == expected
    assert pixel_report(lambda: [(maps, masks)], resize=mode, **options) == expected
    options |= {"mode": "binned", "n_bins": 100, "atol": 1e-9}
    expected = pixel_report(first, masks, **options)
    for name, found in pixel_report(maps, masks, resize=mode, **options).items():
        assert (found.low, found.value, found.high) == (expected[name].low, expected[name].value, expected[name].high)


def test_images_of_several_sizes() -> None:
    pairs = [some(2, (5, 6), (30, 41), "float32", 1), some(3, (8, 4), (77, 20), "float32", 2)]
    maps = [image for images, _ in pairs for image in images]
    masks = [mask for _, truth in pairs for mask in truth]
    made = resize_to_masks(maps, masks)
    assert [image.shape for image in made] == [mask.shape for mask in masks]
    options: dict[str, Any] = {"metrics": EVERY, "fpr_bounds": BOUNDS}
    assert pixel_report(maps, masks, resize="bilinear", **options) == pixel_report(made, masks, **options)


def test_ignored_pixels() -> None:
    maps, masks = some(3, (6, 6), (24, 24), "float32", 5)
    masks[:, :3] = 255
    expected = pixel_report(resize(maps, (24, 24)), masks, ignore_value=255)
    assert pixel_report(maps, masks, resize="bilinear", ignore_value=255) == expected
    binned = pixel_report(maps, masks, resize="bilinear", ignore_value=255, mode="binned", n_bins=64)
    assert binned["auroc"].low <= expected["auroc"] <= binned["auroc"].high


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"resize": "cubic"},
            ValueError,
            "resize must be one of 'bilinear', 'bilinear_corners', 'nearest'; got 'cubic'",
        ),
        (
            {"maps": np.ones((2, 4, 4), int)},
            TypeError,
            "maps must hold floating-point numbers to be resized; got int64",
        ),
        (
            {"maps": np.ones((3, 4, 4))},
            ValueError,
            r"masks has shape .2, 8, 8. but maps has shape .3, 4, 4.; there must be",
        ),
        ({"maps": np.full((2, 4, 4), np.nan)}, ValueError, "maps must be finite; got NaN or infinity in map 0, row 0"),
        ({"masks": np.full((2, 8, 8), 3)}, ValueError, r"masks must be 0 or 1 .*; got 3"),
        ({"maps": np.ones(4)}, ValueError, r"maps must have shape \(h, w\), \(n, h, w\)"),
        ({"maps": [np.ones((4, 4))]}, ValueError, "masks has 2 images but maps has 1"),
    ],
)
def test_what_cannot_be_resized_is_refused(change: dict[str, Any], error: type, message: str) -> None:
    given: dict[str, Any] = {"maps": np.ones((2, 4, 4)), "masks": np.eye(8)[None].repeat(2, 0), "resize": "bilinear"}
    with pytest.raises(error, match=message):
        pixel_report(**(given | change))


def test_resize_to_masks_refuses_other_numbers_of_images() -> None:
    with pytest.raises(ValueError, match="there must be as many masks as maps; got 2 and 1"):
        resize_to_masks([np.ones((4, 4))], [np.ones((8, 8))] * 2)
    with pytest.raises(ValueError, match=r"masks must have shape \(..., height, width\); got shape \(8,\)"):
        resize_to_masks(np.ones((4, 4)), np.ones(8))
