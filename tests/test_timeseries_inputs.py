"""What the metrics of a series accept and refuse, and what must not change their values."""

import signal
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from anomalib_cpp import InvalidInputError, InvalidTypeError
from anomalib_cpp import timeseries as ts
from timeseries_oracles.series import case, random_case

METRICS = {
    "pate": lambda s, y, **o: ts.pate(s, y, percentile_thresholds=False, **o),
    "vus": lambda s, y, **o: ts.vus(s, y, window=12, **o).pr,
    "range_auc": lambda s, y, **o: ts.range_auc(s, y, window=7, variant="vldb", **o).roc,
    "auroc": ts.auroc,
    "best_f1": lambda s, y, **o: ts.best_f1(s, y, **o).value,
    "point_adjusted_f1": lambda s, y, **o: ts.point_adjusted_f1(s, y, **o).value,
    "event_f1": lambda s, y, **o: ts.event_f1(s, y, variant="segment", **o).value,
    "range_f1": lambda s, y, **o: ts.range_f1(s, y, **o).value,
    "affiliation_f1": lambda s, y, **o: ts.affiliation_f1(s, y, **o).value,
    "pa_k": ts.pa_k,
}
SERIES = [random_case(seed, length, levels=levels) for seed, (length, levels) in enumerate(
    [(300, None), (40, 4), (1000, 50), (5, None), (90, None)]
)]  # fmt: skip


@pytest.mark.parametrize("name", METRICS)
def test_a_batch_gives_the_bits_of_its_series(name):
    metric = METRICS[name]
    one_by_one = [float(metric(s, y)) for s, y in SERIES]
    scores, labels = zip(*SERIES, strict=True)
    offsets = np.cumsum([0, *map(len, scores)])
    assert metric(list(scores), list(labels)).tolist() == one_by_one
    for threads in (1, 2, 5):
        joined = metric(np.concatenate(scores), np.concatenate(labels), offsets=offsets, threads=threads)
        assert joined.tolist() == one_by_one


def test_a_long_series_gives_the_same_bits_for_all_threads_and_chunks(monkeypatch):
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.random(3000) < 0.1, 100)
    scores = rng.normal(labels * 1.0).astype(np.float32)
    reports = [ts.series_report(scores, labels, threads=threads) for threads in (1, 2, 3)]
    assert reports[0] == reports[1] == reports[2]
    offsets = [0, 100_000, 100_100, 300_000]
    whole = ts.vus(scores, labels, offsets=offsets, on_error="nan")
    monkeypatch.setattr("anomalib_cpp.timeseries._plan.CHUNK", 1000)
    parts = ts.vus(scores, labels, offsets=offsets, on_error="nan")
    np.testing.assert_array_equal(whole.pr, parts.pr)


@pytest.mark.parametrize("name", METRICS)
def test_layouts_and_dtypes(name):
    metric = METRICS[name]
    scores, labels = random_case(1, 200, levels=40)
    expected = metric(scores, labels)
    wide = np.zeros((200, 3))
    wide[:, 1] = scores
    for same in (wide[:, 1], scores[::-1][::-1], scores.astype(">f8"), (scores * 40).astype(np.int16), list(scores)):
        assert metric(same, labels) == expected
    narrow = scores.astype(np.float32)
    assert metric(narrow, labels) == metric(narrow.astype(np.float64), labels)
    for same in (labels > 0, labels.astype(np.float32) * 0.5, labels * 2, list(labels)):
        assert metric(scores, same) == expected


@given(
    scores=npst.arrays(np.float64, st.integers(3, 60), elements=st.integers(-6, 6)),
    seed=st.integers(0, 1000),
)
def test_only_the_order_of_the_scores_counts(scores, seed):
    rng = np.random.default_rng(seed)
    labels = rng.random(len(scores)) < 0.3
    labels[:2] = 0, 1
    for name, metric in METRICS.items():
        assert metric(scores**3 * 2 + 1, labels) == metric(scores, labels), name


@pytest.mark.parametrize("seed", range(5))
def test_relations_between_metrics(seed):
    scores, labels = random_case(seed, 300)
    points = scores > np.quantile(scores, 0.8)
    k = ts.pa_k(points, labels, k=range(0, 101, 5), threshold=1)
    f1 = ts.best_f1(scores, labels).value
    assert k[0] == pytest.approx(ts.point_adjusted_f1(points, labels, threshold=1).value, abs=1e-15)
    assert (np.diff(k) <= 0).all()
    assert ts.point_adjusted_f1(scores, labels).value >= f1
    perfect = ts.affiliation(labels, labels, threshold=1)
    assert (perfect.precision, perfect.recall) == (1.0, 1.0)
    assert ts.affiliation(np.ones(300), labels, threshold=1).recall == 1.0
    assert ts.kendall_tau_b(scores, scores) == 1.0
    assert ts.c_index(scores, labels) + ts.c_index(-scores, labels) == pytest.approx(1, abs=1e-15)
    assert ts.vus(labels, labels, window=20).roc == ts.vus(labels, labels, window=20).pr == 1.0
    assert ts.pate(labels, labels, early_buffer=0, delay_buffer=0) == 1.0
    slices = [ts.range_auc(scores, labels, window=w).pr for w in range(11)]
    assert ts.vus(scores, labels, window=10).pr_by_window.tolist() == slices


def test_report_repeats_the_single_functions():
    scores, labels = case("B")
    report = ts.series_report(scores, labels, window=20, early_buffer=30, delay_buffer=10, threshold=0.6)
    assert report["vus_pr"] == ts.vus(scores, labels, window=20).pr
    assert report["range_auc_roc"] == ts.range_auc(scores, labels, window=20).roc
    assert report["pate"] == ts.pate(scores, labels, early_buffer=30, delay_buffer=10)
    assert report["affiliation_f1"] == ts.affiliation_f1(scores, labels).value
    assert report["average_precision"] == ts.average_precision(scores, labels)
    points = scores >= 0.6
    assert report["at_threshold_range_f1"] == ts.range_f1(scores, labels, threshold=0.6).value
    assert report["at_threshold_pate_f1"] == ts.pate_f1(points, labels, early_buffer=30, delay_buffer=10)
    assert report["at_threshold_mean_delay"] == 4.0
    assert set(ts.series_report(scores, labels, metrics=["rank"])) >= {"auroc", "best_f1"}


def test_infinities_are_ordinary_scores():
    labels = [0, 1, 1, 0, 0, 1]
    plain, infinite = [1, 5, 3, 2, 0, 4], [1, np.inf, 3, 2, -np.inf, 4]
    for name in ("pate", "vus", "affiliation_f1", "range_f1", "auroc"):
        assert METRICS[name](infinite, labels) == METRICS[name](plain, labels)
    with pytest.raises(InvalidInputError, match="percentile thresholds lie between scores, so scores must be finite"):
        ts.pate(infinite, labels)
    with pytest.raises(InvalidInputError, match="linear thresholds lie between scores, so scores must be finite"):
        ts.tsb_metrics(infinite, labels, sliding_window=2)


BAD = [
    (lambda: ts.pate([], []), "scores is empty"),
    (lambda: ts.vus([1, 2], [0, 1, 1]), "labels has 3 points but scores has 2"),
    (lambda: ts.vus([[1, 2]], [0, 1]), "must both be arrays or both be lists"),
    (lambda: ts.vus(np.zeros((2, 2)), [0, 1, 1, 0]), r"scores must have shape \(n,\); got \(2, 2\)"),
    (lambda: ts.pate([1, np.nan, 2], [0, 1, 0]), "scores contains NaN, first at index 1"),
    (lambda: ts.pate([1, 2, 3], [0, np.nan, 0]), "labels contains NaN, first at index 1"),
    (lambda: ts.vus([1, 2], [0, 0]), "metric range_auc is undefined: labels contain no anomalous point"),
    (lambda: ts.vus([1, 2], [1, 1]), "metric range_auc is undefined: labels contain no normal point"),
    (lambda: ts.auroc([1, 2], [1, 1]), "metric auroc is undefined: labels contain no normal point"),
    (lambda: ts.affiliation_f1([1, 2], [0, 0]), "metric affiliation is undefined: labels contain no anomalous"),
    (lambda: ts.affiliation([1, 2], [0, 0], threshold=1), "metric affiliation is undefined"),
    (lambda: ts.pate([1, 2], [0, 1], early_buffer=-1), "early_buffer must be an integer >= 0; got -1"),
    (lambda: ts.pate([1, 2], [0, 1], num_thresholds=0), "num_thresholds must be an integer >= 1; got 0"),
    (lambda: ts.pate([1, 2], [0, 1], num_splits=0, include_zero=False), "num_splits must be an integer >= 1"),
    (lambda: ts.vus([1, 2], [0, 1], window=-1), "window must be an integer >= 0; got -1"),
    (lambda: ts.vus([1, 2], [0, 1], variant="new"), "variant must be one of 'opt', 'vldb', 'vldb_sym', 'opt_time'"),
    (lambda: ts.pa_k([1, 2], [0, 1], k=101), r"k must lie in \[0, 100\], in per cent; got 101"),
    (lambda: ts.range_pr([1, 2], [0, 1], threshold=1, alpha=2), r"alpha must lie in \[0, 1\]; got 2"),
    (
        lambda: ts.pate([1, 2], [0, 1], offsets=[0, 1]),
        "offsets must rise from 0 to the number of points, 2; got 0 to 1",
    ),
    (lambda: ts.pate([1, 2], [0, 1], offsets=[0, 2, 1, 2]), "not in order"),
    (lambda: ts.pate([1, 2], [0, 1], offsets=[0, 1, 1, 2]), "series 1 is empty"),
    (lambda: ts.vus([1, 2, 3, 4], [0, 1, 0, 0], offsets=[0, 2, 4]), "series 1: metric range_auc is undefined"),
    (lambda: ts.affiliation_events([(0, 1)], [(1, 2), (2, 3)], (0, 4)), "events must be in order and must not touch"),
    (lambda: ts.affiliation_events([(0, 9)], [(1, 2)], (0, 4)), "predicted must lie within span"),
    (lambda: ts.pa_k_auc([1, 2], [0, 1], variant="exact"), "variant 'exact' needs a threshold"),
    (lambda: ts.series_report([1, 2], [0, 1], threshold=float("nan")), "threshold must be a number; got nan"),
    (lambda: ts.c_index([1, 2], [3, 3]), "no comparable pair"),
    (lambda: ts.severity_report([1, 2], [0, -1]), r"severity must lie in \[0, 2\^31\); got -1\.0 at index 1"),
    (lambda: ts.pate(np.array([0, 2**53 + 1]), [0, 1]), r"beyond 2\^53 that float64 does not hold"),
    (lambda: ts.bootstrap("vus_pr", [1, 2], [0, 1]), "needs at least two series"),
    (lambda: ts.bootstrap("vus_pr", [1, 2], [0, 1], by="events"), "needs at least two events"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call()


def test_bad_types_are_named():
    with pytest.raises(InvalidTypeError, match="scores must be an array of shape"):
        ts.pate("abc", [0, 1])
    with pytest.raises(InvalidTypeError, match="scores must hold real numbers; got dtype complex128"):
        ts.pate(np.zeros(3, complex), [0, 1, 0])
    with pytest.raises(InvalidTypeError, match=r"window must be an integer >= 0; got 1\.5"):
        ts.vus([1, 2], [0, 1], window=1.5)
    with pytest.raises(InvalidTypeError, match="metrics must be a sequence of names"):
        ts.series_report([1, 2], [0, 1], metrics="vus")


def test_series_without_a_result_become_nan_on_request():
    scores = [[1.0, 2, 3], [1, np.nan, 2], [3, 2, 1], [0, 1, 0]]
    labels = [[0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0]]
    found = ts.vus(scores, labels, window=2, on_error="nan")
    assert np.isnan(found.pr).tolist() == [False, True, True, False]
    assert found.pr[3] == ts.vus(scores[3], labels[3], window=2).pr
    with pytest.raises(InvalidInputError, match="series 1: scores contains NaN, first at index 1"):
        ts.vus(scores, labels, window=2)


def test_degenerate_series():
    assert ts.pate([1.0, 2, 3, 4, 5, 6], [1] * 6) == 1.0
    assert ts.pate([1.0, 1, 1, 1], [0, 1, 1, 0]) == 0.75
    assert ts.pate([1.0, 2], [0, 0]) == 0.0
    found = ts.vus([1.0, 2, 3], [1, 1, 1], window=4, allow_degenerate=True)
    assert np.isnan(found.roc)
    assert found.pr == 1.0
    constant = ts.vus(np.ones(8), [0, 0, 1, 1, 0, 0, 0, 0], window=4)
    assert (constant.roc, constant.pr) == pytest.approx((0.5646473898632067, 0.404836777354263), abs=1e-14)
    assert ts.range_pr([0, 0], [0, 1], threshold=1) == (0.0, 0.0)
    nothing = ts.affiliation([0, 0, 0], [0, 1, 0], threshold=1)
    assert np.isnan(nothing.precision)
    assert nothing.recall == 0
    assert ts.vus([1, 2, 3], [0, 1, 0], window=50).pr > 0


def test_bootstrap_by_series_and_by_events():
    scores, labels = zip(*(random_case(seed, 120) for seed in range(12)), strict=True)
    found = ts.bootstrap("pate", scores, labels, n_resamples=500, early_buffer=3, delay_buffer=3)
    values = ts.pate(scores, labels, early_buffer=3, delay_buffer=3)
    assert found.value == values.mean()
    assert found.standard_error == pytest.approx(values.std() / np.sqrt(12), rel=0.1)
    again = ts.bootstrap("pate", scores, labels, n_resamples=500, early_buffer=3, delay_buffer=3, threads=2)
    np.testing.assert_array_equal(found.samples, again.samples)

    series, truth = random_case(3, 2000)
    whole = ts.bootstrap("vus_pr", series, truth, by="events", n_resamples=100, window=6, method="bca")
    assert whole.low < whole.value < whole.high
    assert whole.value == ts.vus(series, truth, window=6).pr
    better = ts.bootstrap("affiliation_f1", series + truth, truth, paired_with=series, by="events", n_resamples=100)
    assert better.low > 0
    assert better.p_value < 0.05
    with pytest.raises(InvalidTypeError, match=r"vus_pr: .*colour"):
        ts.bootstrap("vus_pr", scores, labels, colour=1)


# Unless they are stopped, these run for longer than a test may.
@pytest.mark.parametrize(
    "call",
    [
        lambda s, y: ts.vus(s, y, window=2_000_000),
        lambda s, y: ts.vus([s, s[::-1]], [y, y], window=2_000_000, threads=2),
        lambda s, y: ts.vus([s[:10], s], [[0, 1] * 5, y], window=2_000_000, threads=2),
        lambda s, y: ts.pa_k(np.tile(s, 1000) + np.arange(2_000_000), np.tile(y, 1000)),
    ],
)
def test_ctrl_c_stops_a_long_sweep(call):
    scores, labels = random_case(0, 2000)
    threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        call(scores, labels)
    assert ts.best_f1([0.1, 0.9, 0.8, 0.2], [0, 1, 0, 1]).value == 0.8
