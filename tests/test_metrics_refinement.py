"""Reports of maps that come in batches: exact in two passes with the same bits, or binned to a chosen width."""

import tracemalloc
import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import anomalib_cpp as ac
from anomalib_cpp import metrics
from anomalib_cpp.metrics import BinnedResult, pixel_report
from test_metrics_golden import modular_maps

MAPS, MASKS = modular_maps()
ALL = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "dice_max", "fpr_at_tpr", "aupro", "aupimo")
BOUNDS = {"fpr_bounds": (0.03, 0.3)}


def noise(dtype=np.float32, shape=(12, 40, 50), seed=0, levels=None):
    """Maps with regions in every third image; with `levels`, of so many values."""
    rng = np.random.default_rng(seed)
    masks = np.zeros(shape, np.uint8)
    masks[::3, 5:15, 5:20] = masks[::3, 20:23, 30:] = 1
    maps = rng.standard_normal(shape) + masks
    if levels:
        maps = np.clip((maps + 4) * levels / 9, 0, levels - 1).round()
    return maps.astype(dtype), masks


def sizes(seed=0, count=14, levels=9):
    """Images of four sizes with ties, normal and anomalous ones of each."""
    rng = np.random.default_rng(seed)
    maps, masks = [], []
    for i in range(count):
        shape = [(6, 7), (4, 9), (12, 5), (1, 3)][i % 4]
        masks.append(rng.random(shape) < 0.4 * (rng.random() < 0.6))
        maps.append((rng.integers(0, levels, shape) + 2 * masks[-1]).astype(np.float32))
    return maps, masks


def in_batches(maps, masks, size=5):
    return lambda: ((maps[i : i + size], masks[i : i + size]) for i in range(0, len(maps), size))


@pytest.mark.parametrize(
    ("dtype", "levels"), [("f4", None), ("f8", None), ("f2", 300), ("u1", 200), ("i8", 30), ("f4", 3)]
)
@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_two_passes_give_the_same_bits(isa, dtype, levels, limit):
    maps, masks = noise(dtype, levels=levels)
    names = ALL if levels != 3 else ALL[:-1]  # with three scores no rate is low enough for the last
    options = {"metrics": names, "integration_limit": limit, "connectivity": 4, **BOUNDS}
    expected = pixel_report(maps, masks, **options)
    for size in (1, 5, 12):
        found = pixel_report(in_batches(maps, masks, size), **options)
        assert found == expected
        assert list(found) == list(expected)


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.float32, (3, 5, 6), elements=st.sampled_from([-np.inf, -2, -0.0, 0.0, 1, 1.5, 1e30, np.inf])),
    arrays(bool, (3, 5, 6), elements=st.sampled_from([True, False, False])),
    st.sampled_from([0.01, 0.3, 1.0]),
)
def test_two_passes_give_the_same_bits_in_every_case(maps, masks, limit):
    options = {"integration_limit": limit, "undefined": -1.0, **BOUNDS}
    for names in (ALL[:-1], ALL[-1:]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ac.UndefinedMetricWarning)
            found, expected = (
                reported(*source, metrics=names, **options) for source in ((in_batches(maps, masks, 2),), (maps, masks))
            )
        np.testing.assert_equal(found, expected)


def reported(*source, **options):
    """Return the report, or what it says about bounds that are not reachable."""
    try:
        return pixel_report(*source, **options)
    except ac.InvalidInputError as error:
        message = str(error)
    assert "fpr_bounds must be reachable" in message
    return message


@pytest.mark.parametrize("seed", range(40))
def test_images_of_several_sizes_among_normal_ones(seed):
    maps, masks = sizes(seed)
    for bounds in ((0.1, 0.5), (0.3, 0.31), (1e-3, 1.0)):
        options = {"metrics": ("aupimo", "auroc"), "fpr_bounds": bounds}
        exact = reported(maps, masks, **options)
        for size in (1, 3, 14):
            assert reported(in_batches(maps, masks, size), **options) == exact
        for n_bins, atol in ((2, None), (7, None), (300, None), (5, 1e-9), (300, 1e-3)):
            binned = reported(in_batches(maps, masks, 4), mode="binned", n_bins=n_bins, atol=atol, **options)
            if isinstance(exact, str):
                assert binned == exact
                continue
            assert binned["aupimo"].low <= exact["aupimo"] <= binned["aupimo"].high
            assert atol is None or binned["aupimo"].high - binned["aupimo"].low <= 2 * atol


def test_the_value_between_the_bounds_is_that_of_tied_bins():
    maps, masks = noise()
    low, high = float(maps.min()), float(maps.max())
    half = (high - low) / 32
    found = pixel_report(maps, masks, metrics=ALL, mode="binned", n_bins=16, **BOUNDS)["aupimo"]
    edges = np.linspace(low - half, high + half, 17)
    quantised = np.digitize(maps, edges).astype(np.uint8)
    assert found.value == pytest.approx(metrics.aupimo(quantised, masks, **BOUNDS).value, abs=1e-12)
    assert found.high - found.low > 0.05


def test_many_images_of_all_kinds_of_one_data_set():
    maps, masks = noise(shape=(30, 40, 50))
    expected = pixel_report(maps, masks, metrics=ALL, **BOUNDS)

    def batches():
        buffer = np.empty_like(maps[0])
        for i, (image, mask) in enumerate(zip(maps, masks, strict=True)):
            buffer[...] = image  # the caller may reuse its arrays
            yield [
                (buffer, mask * 255),
                ([buffer], mask[None].astype(bool)),
                (buffer[None, None].astype(np.float64), mask[None].astype(np.int32)),
            ][i % 3]

    assert pixel_report(batches, metrics=ALL, **BOUNDS) == expected
    binned = pixel_report(batches, metrics=ALL, mode="binned", atol=1e-9, n_bins=64, **BOUNDS)
    for name in ALL:
        assert binned[name].low <= expected[name] <= binned[name].high


def test_missing_and_ignored_pixels_in_two_passes():
    maps, masks = noise()
    maps[0, 6, 7] = maps[1, 0, 0] = np.nan
    maps[3, 20:23, 30:] = np.nan  # a whole region
    maps[6][masks[6] > 0] = np.nan  # an image without an anomalous score
    options = {"metrics": ALL, **BOUNDS}
    expected = pixel_report(maps, masks, nan_policy="omit", **options)
    assert pixel_report(in_batches(maps, masks), nan_policy="omit", **options) == expected
    for mode in ("exact", "binned"):
        nothing = pixel_report(in_batches(maps, masks), nan_policy="propagate", mode=mode, **options)
        assert all(np.isnan(float(value)) for value in nothing.values())
    with pytest.raises(ac.InvalidInputError, match="maps contains 1 NaN, first at index"):
        pixel_report(in_batches(maps, masks, 1))
    marked = masks.copy()
    marked[np.isnan(maps)] = 7
    for mode in ({}, {"mode": "binned", "atol": 1e-9}):
        kept = pixel_report(in_batches(maps, marked), ignore_value=7, **options, **mode)
        assert [float(kept[name]) for name in ALL] == pytest.approx([expected[name] for name in ALL], abs=1e-9)
    with pytest.warns(ac.UndefinedMetricWarning, match="auroc is undefined: there is no anomalous") as caught:
        report = pixel_report(in_batches(maps[1:2, 1:], masks[1:2, 1:]), metrics="auroc", undefined=0.25)
    assert report == {"auroc": 0.25}
    assert caught[0].filename == __file__
    for mode in ("exact", "binned"):
        for image, kind in ((0, "normal"), (1, "anomalous")):
            one = in_batches(maps[image : image + 1, 1:], masks[image : image + 1, 1:])
            with pytest.warns(ac.UndefinedMetricWarning, match=f"aupimo is undefined: there is no {kind} image"):
                report = pixel_report(one, metrics="aupimo", mode=mode, undefined=0.5, nan_policy="omit")
            assert float(report["aupimo"]) == 0.5


def test_the_first_pass_counts_as_the_accumulator_does():
    maps, masks = noise()
    binned = pixel_report(maps, masks, metrics=ALL, mode="binned", n_bins=64, **BOUNDS)
    accumulator = ac.evaluators.CurveAccumulator(64, weighted=True, per_image=True)
    accumulator.update(maps, masks)
    for name, found in accumulator.compute(**BOUNDS).items():
        assert found._asdict() == binned[name]._asdict()
    assert isinstance(binned["dice_max"], BinnedResult)


@pytest.mark.parametrize("maps_of", [noise, partial(noise, levels=40), lambda: (MAPS, MASKS)])
@pytest.mark.parametrize("n_bins", [2, 300])
def test_intervals_become_as_narrow_as_asked(isa, maps_of, n_bins):
    maps, masks = maps_of()
    exact = pixel_report(maps, masks, metrics=ALL, **BOUNDS)
    wide = pixel_report(maps, masks, metrics=ALL, mode="binned", n_bins=n_bins, **BOUNDS)
    for atol in (1e-2, 1e-4, 1e-11):
        for source in ((maps, masks), (in_batches(maps, masks),)):
            report = pixel_report(*source, metrics=ALL, mode="binned", n_bins=n_bins, atol=atol, **BOUNDS)
            assert list(report) == list(ALL)
            for name in ALL:
                found = report[name]
                assert found.low <= exact[name] <= found.high, name
                assert found.high - found.low <= 2 * atol
    assert any(result.high - result.low > 2e-4 for result in wide.values())


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.float32, (2, 5, 6), elements=st.integers(-3, 12).map(float)),
    arrays(bool, (2, 5, 6), elements=st.sampled_from([True, False, False])),
    st.integers(2, 9),
    st.sampled_from([0.05, 1e-3, 1e-10]),
    st.sampled_from([0.1, 0.3, 1.0]),
)
def test_the_exact_value_stays_inside(maps, masks, n_bins, atol, limit):
    if not 0 < masks.sum() < masks.size:
        return
    options = {"metrics": ALL[:-1], "integration_limit": limit}
    exact = pixel_report(maps, masks, **options)
    report = pixel_report(maps, masks, mode="binned", n_bins=n_bins, atol=atol, **options)
    for name, found in report.items():
        assert found.low <= exact[name] <= found.high, name
        assert found.high - found.low <= 2 * atol


def test_only_what_matters_is_told_apart(monkeypatch):
    from anomalib_cpp.metrics import _pimo_bins

    seen = []
    count = _pimo_bins.count_between

    def counting(maps, masks, edges, *rest):
        seen.append(len(edges))
        return count(maps, masks, edges, *rest)

    monkeypatch.setattr(_pimo_bins, "count_between", counting)
    maps, masks = noise(shape=(12, 100, 100))
    distinct = len(np.unique(maps[masks > 0]))
    for atol in (None, 1.0, 1e-3, 1e-4, 1e-11):
        pixel_report(maps, masks, metrics=["auroc", "aupro"], mode="binned", n_bins=512, atol=atol)
    first, enough, again, few, again2, more, again3, all_of_them = seen
    assert first == enough == again == again2 == again3 == 513
    assert 513 < few < more < all_of_them <= 513 + 2 * distinct


def test_memory_stays_within_the_budget():
    def batches():
        for seed in range(24):
            yield noise(shape=(3, 300, 320), seed=seed)  # 1.4 MB with masks; 27 MB altogether

    positives = 24 * int(noise(shape=(3, 300, 320))[1].sum())
    budget = 296 * positives + (1 << 20)
    tracemalloc.start()
    report = pixel_report(batches, metrics=ALL, memory_budget=budget)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < budget + (6 << 20)  # and one batch while it is made
    maps, masks = (np.concatenate(part) for part in zip(*batches(), strict=True))
    assert report == pixel_report(maps, masks, metrics=ALL)
    with pytest.raises(ac.MemoryBudgetError, match=r"about 200 bytes for each anomalous pixel, .* mode='binned'"):
        pixel_report(batches, memory_budget=100 * positives)
    with pytest.raises(ac.MemoryBudgetError, match=r"about 296 bytes for each anomalous pixel"):
        pixel_report(batches, metrics="aupimo", memory_budget=250 * positives)
    with pytest.raises(ac.MemoryBudgetError, match=r"atol needs more than .* scores told apart"):
        pixel_report(batches, mode="binned", atol=1e-11, n_bins=16, memory_budget=100_000)


def test_maps_that_change_between_the_passes_are_noticed():
    maps, masks = noise()
    times = []

    def batches():
        times.append(1)
        yield maps[: 12 - len(times)], masks[: 12 - len(times)]

    for mode in ({}, {"mode": "binned", "atol": 1e-9}):
        times.clear()
        with pytest.raises(ac.InvalidInputError, match="same batches each time it is called; the first time"):
            pixel_report(batches, **mode)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pixel_report(MAPS), TypeError, "masks must be given with maps in memory"),
        (lambda: pixel_report(lambda: [], MASKS), TypeError, "must not be given with a callable"),
        (lambda: pixel_report(lambda: []), ValueError, "maps must give at least one batch; got none"),
        (lambda: pixel_report(lambda: [3]), ValueError, r"maps must give pairs \(maps, masks\); got int"),
        (lambda: pixel_report(MAPS, MASKS, mode="auto"), ValueError, "mode must be one of 'exact', 'binned'"),
        (lambda: pixel_report(MAPS, MASKS, atol=1e-3), ValueError, "n_bins and atol belong to mode='binned'"),
        (lambda: pixel_report(MAPS, MASKS, mode="binned", n_bins=1), ValueError, "n_bins must be an integer >= 2"),
        (lambda: pixel_report(MAPS, MASKS, mode="binned", atol=0), ValueError, "atol must be at least 1e-11; got 0"),
        (lambda: pixel_report(MAPS, MASKS, mode="binned", atol=np.nan), ValueError, "atol must be at least"),
        (lambda: pixel_report(MAPS, MASKS, memory_budget="1GiB"), ValueError, "memory_budget belongs to"),
        (
            lambda: pixel_report(in_batches(*noise()), metrics="aupimo", fpr_bounds=(1e-6, 1e-5)),
            ValueError,
            "fpr_bounds must be reachable; got 1e-06 as lower bound",
        ),
        (
            lambda: pixel_report(*noise(), metrics="aupimo", mode="binned", fpr_bounds=(1e-6, 1e-5)),
            ValueError,
            "fpr_bounds must be reachable; got 1e-06 as lower bound",
        ),
        (
            lambda: pixel_report(*noise(), metrics="aupimo", mode="binned", atol=1e-10, fpr_bounds=(0.2, 0.2001)),
            ValueError,
            "atol must be more than 2.0e-09 with these maps and fpr_bounds; got 1e-10",
        ),
        (lambda: pixel_report(in_batches(MAPS, MASKS[:, 1:])), ValueError, "masks has shape"),
        (lambda: pixel_report(in_batches(MAPS, MASKS * 3)), ValueError, "masks must be 0 or 1"),
        (
            lambda: pixel_report(in_batches(np.full((1, 2, 2), 2**53 + 1), np.array([[[1, 0], [0, 0]]]))),
            TypeError,
            r"integers of at most 2\^53",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


def test_torch_batches():
    torch = pytest.importorskip("torch")
    maps, masks = noise()
    batches = in_batches(torch.from_numpy(maps)[:, None], torch.from_numpy(masks))
    options = {"metrics": ALL, **BOUNDS}
    assert pixel_report(batches, **options) == pixel_report(maps, masks, **options)
    assert metrics.pixel_report(torch.from_numpy(maps), masks, mode="binned", atol=1e-6)["auroc"].low > 0
