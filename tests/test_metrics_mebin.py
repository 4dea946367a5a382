"""Binarisation at stable thresholds: published values, and the definition by labelling every threshold."""

import numpy as np
import pytest
from scipy import ndimage

from anomalib_cpp import _core
from anomalib_cpp.metrics import mebin

Y, X = np.mgrid[:32, :32]
GROUND = (7 * Y + 13 * X) % 32


def cone(cy, cx, height, slope):
    return np.maximum(0, height - slope * np.maximum(abs(Y - cy), abs(X - cx)))


MAPS = np.stack(
    [
        np.maximum(GROUND, cone(16, 16, 40, 4)),
        np.maximum.reduce([GROUND, cone(8, 8, 220, 12), cone(22, 23, 180, 12)]),
        np.maximum(GROUND, cone(10, 20, 250, 10)),
    ]
).astype(np.uint8)


@pytest.mark.parametrize(
    ("erode", "thresholds", "counts", "pixels"),
    [(False, [255, 42, 42], [0, 1, 1], [0, 817, 992]), (True, [255, 85, 42], [0, 2, 1], [0, 424, 928])],
)
def test_published_maps(erode, thresholds, counts, pixels):
    for threads in (1, 3):
        result = mebin(MAPS, erode=erode, threads=threads)
        assert result.thresholds.tolist() == thresholds
        assert result.n_components.tolist() == counts
        assert (result.binary == 255).sum(axis=(1, 2)).tolist() == pixels
        assert set(np.unique(result.binary)) <= {0, 255}


@pytest.mark.parametrize(("place", "left"), [(slice(2, 9), slice(5, 7)), (slice(0, 7), slice(0, 5))])
def test_what_erosion_leaves(place, left):
    image, expected = np.zeros((1, 12, 12), np.uint8), np.zeros((12, 12), np.uint8)
    image[0, place, place], expected[left, left] = 9, 9
    np.testing.assert_array_equal(_core.level_components(image, True, 1)[0][0], expected)


@pytest.mark.parametrize("erode", [False, True])
def test_counts_are_those_of_labelling_every_threshold(erode):
    rng = np.random.default_rng(0)
    maps = (ndimage.gaussian_filter(rng.random((6, 40, 33)), (0, 1.5, 1.5)) * 600 - 180).clip(0, 255).astype(np.uint8)
    maps[5] = rng.integers(0, 256, maps[5].shape)
    left, counts = _core.level_components(maps, erode, 2)
    for image, mine, of_image in zip(maps, left, counts, strict=True):
        if erode:
            image = ndimage.minimum_filter(image, 6, mode="constant", cval=255, origin=0)
        np.testing.assert_array_equal(mine, image)
        for v in range(0, 256, 5):
            assert of_image[v] == ndimage.label(image >= v, np.ones((3, 3)))[1]


def test_shapes_come_back():
    for shape in ((3, 1, 32, 32), (3, 32, 32)):
        assert mebin(MAPS.reshape(shape)).binary.shape == shape


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mebin(MAPS.astype(float)), TypeError, "maps must be of dtype uint8; got float64"),
        (lambda: mebin(MAPS[0]), ValueError, "maps must not all have the same maximum; got 40 in all 1"),
        (lambda: mebin(MAPS[:0]), ValueError, "maps is empty"),
        (lambda: mebin(MAPS[0, 0]), ValueError, "maps must have shape"),
        (lambda: mebin(MAPS, sample_rate=0), ValueError, "sample_rate must be an integer >= 1; got 0"),
        (lambda: mebin(MAPS, sample_rate=256), ValueError, "sample_rate must be at most 255"),
        (lambda: mebin(MAPS, erode=1), TypeError, "erode must be True or False"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
