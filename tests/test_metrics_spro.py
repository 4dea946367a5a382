"""The saturated overlap at the thresholds of the official evaluation: against exact values and a literal recount."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

import anomalib_cpp as ac
from anomalib_cpp.metrics import aupro, spro

LIMITS = (0.01, 0.05, 0.1, 0.3, 1.0)
EXACT = {"rtol": 0, "atol": 1e-12}


def defects(seed, n=6, size=64, dtype=np.float64, decimals=None):
    """Smooth maps with channels that overlap and consist of several blobs, and what each asks for."""
    rng = np.random.default_rng(seed)
    channels, saturation, maps = [], [], []
    for i in range(n):
        fields = [ndimage.gaussian_filter(rng.standard_normal((size, size)), 3) for _ in range(i % 3)]
        layers = [field > field.max() / 2 for field in fields]
        channels.append(np.array(layers) if layers else None)
        shares = rng.uniform(0.2, 1, len(layers))
        counts = [int(share * layer.sum()) + 1 for share, layer in zip(shares / 2, layers, strict=True)]
        saturation.append(list(shares) if rng.random() < 0.5 else counts)
        signal = sum(layers, np.zeros((size, size))) * rng.uniform(0.05, 0.3)
        smooth = ndimage.gaussian_filter(rng.standard_normal((size, size)) + 3 * signal, 1.5) + 0.05
        maps.append(smooth if decimals is None else smooth.round(decimals))
    return np.array(maps).astype(dtype), channels, saturation


class Recount:
    """All thresholds, each with its binary maps, as the official code goes about it."""

    def __init__(self, maps, channels, saturation):
        self.maps = [np.asarray(m, np.float64) for m in maps]
        self.channels = [[] if layers is None else list(layers) for layers in channels]
        self.asked = [
            [w if isinstance(w, int) else max(1, int(w * layer.sum())) for layer, w in zip(layers, wanted, strict=True)]
            for layers, wanted in zip(self.channels, saturation, strict=True)
        ]
        self.points = {}

    def point(self, threshold):
        wrong = normal = 0
        found = []
        for scores, layers, wanted in zip(self.maps, self.channels, self.asked, strict=True):
            binary = scores > threshold
            good = ~np.any([*layers, np.zeros(scores.shape, bool)], axis=0)
            wrong, normal = wrong + int((binary & good).sum()), normal + int(good.sum())
            found += [min((binary & layer).sum() / w, 1) for layer, w in zip(layers, wanted, strict=True)]
        return np.array([wrong / normal, np.mean(found), *found])

    def ask(self, thresholds):
        for t in thresholds:
            self.points[float(t)] = self.point(t)

    def refine(self):
        pooled = np.sort(np.concatenate([m.ravel() for m in self.maps]))
        ranks = np.linspace(0, len(pooled) - 1, 50, dtype=int)[1:-1]
        self.ask([pooled[-1] + 1e-6, pooled[0] - 1e-6, *pooled[ranks]])
        for _ in range(10):
            order = sorted(self.points, reverse=True)
            candidates = []
            for left, right in itertools.pairwise(order):
                step = np.abs(self.points[left] - self.points[right])[:2]
                if np.hypot(*step) > 0.001 and step[0] * step[1] / 2 > 0.25 * 0.001**2:
                    candidates.append((np.hypot(*step), left, right))
            if not candidates:
                break
            candidates = sorted(candidates, key=lambda c: -c[0])[:100]
            remaining, distance = max(20 - len(candidates), 0), np.sum([c[0] for c in candidates])
            for length, left, right in candidates:
                extra = int(np.round(length / distance * remaining))
                self.ask(np.linspace(left, right, extra + 3)[1:-1])
                remaining, distance = remaining - extra, distance - length

    def area(self, limit):
        order = sorted(self.points, reverse=True)
        x = np.array([self.points[t][0] for t in order])
        areas = []
        for column in range(2, len(self.points[order[0]])):
            y = np.array([self.points[t][column] for t in order])
            total = 0.0
            for x0, x1, y0, y1 in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
                if x1 <= limit:
                    total += (x1 - x0) * (y0 + y1) / 2
                elif x0 < limit:
                    total += (limit - x0) * (2 * y0 + (y1 - y0) * (limit - x0) / (x1 - x0)) / 2
            areas.append(total / limit)
        return np.array(areas)


@pytest.mark.parametrize(("seed", "decimals"), [(0, None), (1, None), (2, 1), (3, 2)])
def test_a_literal_recount(seed, decimals):
    case = defects(seed, size=24, decimals=decimals)
    slow = Recount(*case)
    slow.refine()
    found = spro(*case, integration_limit=LIMITS, variant="loco")
    for i, limit in enumerate(LIMITS):
        np.testing.assert_allclose(found.defect_scores[i], slow.area(limit), **EXACT)
        assert found.value[i] == pytest.approx(slow.area(limit).mean(), rel=0, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_close_to_exact(seed, dtype):
    case = defects(seed, n=9, size=96, dtype=dtype)
    exact, found = (spro(*case, integration_limit=LIMITS, variant=variant) for variant in ("exact", "loco"))
    np.testing.assert_allclose(found.value, exact.value, rtol=0, atol=1e-3)
    for field in ("defect_images", "defect_areas", "saturation"):
        np.testing.assert_array_equal(getattr(found, field), getattr(exact, field))


def test_few_scores_leave_nothing_to_refine():
    maps = np.zeros((2, 8, 8), np.uint8)
    maps[1, :2], maps[1, 2:4] = 200, 90
    channel = np.zeros((8, 8), bool)
    channel[:3] = True
    given = maps, [None, channel], [None, [1.0]]
    for limit in LIMITS:
        exact, found = (float(spro(*given, integration_limit=limit, variant=v)) for v in ("exact", "loco"))
        assert found == pytest.approx(exact, abs=1e-12)
    assert float(spro(np.ones((1, 4, 4)), [np.eye(4, dtype=bool)], [[2]], integration_limit=1.0, variant="loco")) == 0.5
    huge = maps.astype(float) * 1e18  # where 1e-6 more is the same number
    assert spro(huge, *given[1:], variant="loco").value == spro(*given, variant="loco").value


def test_laws():
    maps, channels, saturation = defects(4, size=48)
    expected = spro(maps, channels, saturation, integration_limit=LIMITS, variant="loco")
    for threads in (1, 3):
        again = spro(list(maps), channels, saturation, integration_limit=LIMITS, variant="loco", threads=threads)
        assert again.value.tobytes() == expected.value.tobytes()
    single = spro(maps, channels, saturation, integration_limit=0.3, variant="loco")
    assert (single.value, single.defect_scores.tolist()) == (expected.value[3], expected.defect_scores[3].tolist())
    missing = maps.copy()
    missing[0, :5], missing[2, 10] = np.nan, np.nan
    omitted = spro(missing, channels, saturation, variant="loco", nan_policy="omit")
    assert omitted.value == pytest.approx(spro(missing, channels, saturation, nan_policy="omit").value, abs=1e-3)
    assert np.isnan(spro(missing, channels, saturation, variant="loco", nan_policy="propagate").value)
    masks = np.zeros((2, 40, 40), bool)
    masks[1, 5:20, 10:30] = True
    maps = np.random.default_rng(0).random(masks.shape) + masks / 3
    whole = spro(maps, [None, masks[1]], [None, [1.0]], integration_limit=0.3, variant="loco").value
    assert whole == pytest.approx(aupro(maps, masks), abs=1e-3)


def test_bad_input_is_named():
    maps, channels, saturation = defects(5, n=3, size=16)
    with pytest.raises(ValueError, match="variant must be one of 'exact', 'loco'; got 'official'"):
        spro(maps, channels, saturation, variant="official")
    maps[0, 0, 0] = np.inf
    with pytest.raises(
        ac.InvalidInputError, match=r"maps must be finite for variant='loco'; got scores from .* to inf"
    ):
        spro(maps, channels, saturation, variant="loco")
    assert spro(maps, channels, saturation).value > 0
    with pytest.warns(ac.UndefinedMetricWarning, match="spro is undefined: there is no defect"):
        assert np.isnan(spro(maps, [None] * 3, [None] * 3, variant="loco").value)
    with pytest.warns(ac.UndefinedMetricWarning, match="spro is undefined: there is no normal pixel"):
        assert np.isnan(spro(maps[1:2], [np.ones((1, 16, 16)) > 0], [[1]], variant="loco").value)
