"""Known ways to other numbers are found; what nobody computes is not."""

import numpy as np
import pytest

from anomalib_cpp.metrics import aupr, aupro, auroc, explain_difference


def images(scale=1.0):
    rng = np.random.default_rng(0)
    masks = np.zeros((10, 24, 24), bool)
    masks[5:, 4:12, 6:15] = True
    maps = rng.random(masks.shape) + 0.35 * masks + np.linspace(0, 0.4, 10)[:, None, None]
    return (scale * maps).astype(np.float32), masks


def descriptions(maps, masks, value, **options):
    return [item.description for item in explain_difference(maps, masks, value, **options)]


def test_other_definitions_are_named():
    maps, masks = images()
    for value, expected in [
        (aupro(maps, masks), "AUPRO, limit 0.3"),
        (aupro(maps, masks, integration_limit=0.05), "AUPRO, limit 0.05"),
        (100 * auroc(maps, masks), "AUROC"),
        (aupr(maps, masks, variant="anomalib"), "AUPR as anomalib before 2.7"),
        (auroc(maps[5:], masks[5:]), "AUROC, anomalous images only"),
        (aupro(maps, masks, variant="adeval", num_thresholds=50), "AUPRO as adeval, 50 thresholds, limit 0.3"),
        (auroc(maps.max(axis=(1, 2)), masks.any(axis=(1, 2))), "AUROC of images by their largest score"),
    ]:
        assert expected in descriptions(maps, masks, value, atol=1e-9), expected


def test_a_sigmoid_by_batch_is_named():
    maps, masks = images()
    low = maps - 0.2
    low[8:] += 5  # the last batch leaves [0, 1], and others do not
    low[:8] = np.clip(low[:8], 0, 1)
    squashed = low.copy()
    squashed[8:] = 1 / (1 + np.exp(-low[8:]))
    reported = auroc(squashed, masks)
    assert abs(reported - auroc(low, masks)) > 1e-3
    assert "AUROC, sigmoid on batches of 8" in descriptions(low, masks, reported, atol=1e-6)


def test_nothing_explains_every_number():
    maps, masks = images()
    found = explain_difference(maps, masks, 0.123456789, atol=1e-9)
    assert found == []
    near = explain_difference(maps, masks, auroc(maps, masks), atol=0.05)
    assert [abs(item.difference) for item in near] == sorted(abs(item.difference) for item in near)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: explain_difference(*images(), "0.9"), TypeError, "value must be a number"),
        (lambda: explain_difference(*images(), np.inf), ValueError, "value must be finite"),
        (lambda: explain_difference(images()[0], images()[1][1:], 0.9), ValueError, "shape"),
        (lambda: explain_difference(list(images()[0]), list(images()[1]), 0.9), ValueError, "arrays, not lists"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
