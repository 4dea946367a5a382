"""Ten thousand small cases with ties against scikit-learn, SciPy and counting by comparison."""

import numpy as np
import pytest

from anomalib_cpp.metrics import connected_components, pixel_report

CASES = 10_000


def drawn(seed):
    """Maps on few levels, and masks with at least one region and one normal pixel."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, (5, 7, 8)))
    if np.prod(shape) < 3:
        shape = (1, 2, 3)
    masks = rng.random(shape) < rng.uniform(0.1, 0.9)
    masks.flat[rng.choice(masks.size, 2, replace=False)] = True, False
    levels = rng.integers(2, 12)
    maps = rng.integers(0, levels, shape) / levels + rng.choice([0, 0.3]) * masks
    return maps.astype(rng.choice([np.float32, np.float64])), masks


def area(x, y):
    return (np.diff(x) * (y[1:] + y[:-1]) / 2).sum()


def compared(maps, masks, labels, limit):
    """AUROC, AP, F1 and AUPRO from every threshold, by comparison."""
    flat, truth = maps.ravel(), masks.ravel()
    thresholds = np.unique(flat)[::-1]
    reached = flat[None] >= thresholds[:, None]
    tp, fp = (reached & truth).sum(1), (reached & ~truth).sum(1)
    regions = labels.ravel()
    cover = np.mean([reached[:, regions == r].mean(1) for r in range(1, labels.max() + 1)], axis=0)
    x, y = np.concatenate([[0], fp / fp[-1]]), np.concatenate([[0], cover])
    recall, precision = np.concatenate([[0], tp / tp[-1]]), tp / (tp + fp)
    inside = x <= limit
    ends = np.append(x[inside], limit), np.append(y[inside], np.interp(limit, x, y))
    if (x > limit).any():  # a steep step at the limit counts up to it alone
        k = int(np.argmax(x > limit))
        ends = ends[0], np.append(y[inside], y[k - 1] + (y[k] - y[k - 1]) * (limit - x[k - 1]) / (x[k] - x[k - 1]))
    return {
        "auroc": area(x, recall),
        "average_precision": (np.diff(recall) * precision).sum(),
        "f1_max": (2 * tp / (tp[-1] + tp + fp)).max(),
        "aupro": area(*ends) / limit,
    }


@pytest.mark.slow
def test_ten_thousand_cases():
    ndimage = pytest.importorskip("scipy.ndimage")
    sklearn = pytest.importorskip("sklearn.metrics")
    worst = dict.fromkeys(("auroc", "average_precision", "f1_max", "aupro", "AUROC", "AP"), 0.0)
    for seed in range(CASES):
        maps, masks = drawn(seed)
        eight = np.zeros((3, 3, 3), int)
        eight[1] = 1
        labels, count = ndimage.label(masks, eight)
        mine, counts = connected_components(masks)
        assert counts.sum() == count
        for image, same in zip(mine, labels, strict=True):  # the same partition: one name for each name
            pairs = np.unique(np.stack([image.ravel(), same.ravel()]), axis=1)
            assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
        limit = [0.05, 0.3, 1.0][seed % 3]
        report = pixel_report(maps, masks, integration_limit=limit)
        for name, value in compared(maps, masks, labels, limit).items():
            worst[name] = max(worst[name], abs(report[name] - value))
        if seed % 5 == 0:
            flat, truth = maps.ravel(), masks.ravel()
            worst["AUROC"] = max(worst["AUROC"], abs(report["auroc"] - sklearn.roc_auc_score(truth, flat)))
            worst["AP"] = max(
                worst["AP"], abs(report["average_precision"] - sklearn.average_precision_score(truth, flat))
            )
    assert max(worst.values()) < 1e-12, worst
