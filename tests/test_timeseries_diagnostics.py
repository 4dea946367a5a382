"""Cross-channel diagnostic, Min-K% Prob and window length: published values, definitions, and what is refused."""

import numpy as np
import pytest

from anomalib_cpp import UndefinedMetricWarning
from anomalib_cpp.timeseries._dependence import best_lags, dependence, midranks
from anomalib_cpp.timeseries._diagnostic import cross_channel_diagnostic, univariate_intensity
from anomalib_cpp.timeseries._min_k import min_k_prob
from anomalib_cpp.timeseries._window_length import _autocorrelation, find_length

TIGHT = {"rel": 0, "abs": 1e-12}
NAN = float("nan")


def waves():
    """1200 rows of five waves with labelled segments, three of them altered."""
    i = np.arange(1200)[:, None]
    x = np.sin(2 * np.pi * i / 50 + 2 * np.pi * np.arange(5) / 5) + 0.3 * ((7919 * i + 31) % 1009 / 1008 - 0.5)
    x[400:460, 2] *= -1
    x[700:720, 1] += 6
    x[900:905, 0] += 9
    labels = np.zeros(1200, int)
    for begin, end in ((100, 120), (400, 460), (700, 720), (900, 905), (1000, 1040)):
        labels[begin:end] = 1
    return x, labels


X, LABELS = waves()


# Diagnostic


@pytest.mark.parametrize(
    ("method", "delta"),
    [
        ("pearson", [NAN, 1.5392246605963495, 0.6828007913184064, NAN, 0.24010496152952804]),
        ("spearman", [NAN, 1.5152340025537192, 0.7827001586567336, NAN, 0.22571346185689323]),
    ],
)
def test_published_segments(method, delta):
    found = cross_channel_diagnostic(X, LABELS, method=method)
    assert found.kind == ["INSUFFICIENT_CONTEXT", "CROSS-CHANNEL", "BOTH", "UNIVARIATE", "CROSS-CHANNEL"]
    assert found.counts == {"BOTH": 1, "UNIVARIATE": 1, "CROSS-CHANNEL": 2, "INSUFFICIENT_CONTEXT": 1}
    largest = [NAN, 1.725620400691632, 10.105217595115128, 13.745293721487956, 1.7573690637934392]
    assert found.max_z == pytest.approx(largest, nan_ok=True, **TIGHT)
    assert found.delta == pytest.approx(delta, nan_ok=True, **TIGHT)
    assert found.deviating.tolist() == [-1, 0, 1, 1, 0]
    assert (found.begin.tolist(), found.end.tolist()) == ([100, 400, 700, 900, 1000], [120, 460, 720, 905, 1040])
    assert cross_channel_diagnostic(X, LABELS, method=method, correlation_threshold=1).kind[-1] == "UNDETECTED"


def test_published_intensity():
    found = univariate_intensity(X, LABELS)
    assert (found.shares.tolist(), found.begin.tolist()) == ([0, 1, 0], [400, 700, 1000])
    assert (found.mean, found.median, found.least) == (1 / 3, 0, 0)


def distance_by_definition(a, b):
    """Bias-corrected squared distance correlation of two samples."""

    def centred(values):
        n = len(values)
        table = np.array([[abs(p - q) for q in values] for p in values])
        inner = table - table.sum(0) / (n - 2) - table.sum(1)[:, None] / (n - 2) + table.sum() / ((n - 1) * (n - 2))
        inner[np.eye(n, dtype=bool)] = 0
        return inner

    a, b = centred(a), centred(b)
    return min(max((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()), 0), 1)


def ranks_by_definition(values):
    return np.array([(values < value).sum() + ((values == value).sum() + 1) / 2 for value in values])


def test_dependences_are_their_definitions(monkeypatch):
    random = np.random.default_rng(0)
    rows = random.normal(size=(37, 4)).round(1)
    rows[:, 1] = (rows[:, 0] ** 2).round(1)
    monkeypatch.setattr("anomalib_cpp.timeseries._dependence.BLOCK_BYTES", 8 * 37 * 4 * 5)  # blocks of 5 rows
    distances = dependence(rows, "distance")
    for i, j in zip(*np.triu_indices(4, 1), strict=True):
        a, b = rows[:, i], rows[:, j]
        assert distances[i, j] == distances[j, i] == pytest.approx(distance_by_definition(a, b), **TIGHT)
        assert dependence(rows, "pearson")[i, j] == pytest.approx(np.corrcoef(a, b)[0, 1], **TIGHT)
        expected = np.corrcoef(ranks_by_definition(a), ranks_by_definition(b))[0, 1]
        assert dependence(rows, "spearman")[i, j] == pytest.approx(expected, **TIGHT)
    assert midranks(rows)[:, 0].tolist() == ranks_by_definition(rows[:, 0]).tolist()


def lagged(table, i, j, lag, n):
    """Channel i and, `lag` later, channel j."""
    return table[max(0, -lag) :][:n, i], table[max(0, lag) :][:n, j]


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_lags_are_those_of_the_definition(method):
    rank = ranks_by_definition if method == "spearman" else np.asarray
    random = np.random.default_rng(3)
    base = random.normal(size=700).cumsum()
    train = np.stack([base[20:620], base[13:613], base[29:629], random.normal(size=600), np.full(600, 0.1)], axis=1)
    train = train + 0.2 * random.normal(size=train.shape) * [1, 1, 1, 1, 0]
    train[250, 1] = NAN
    longest, clean = 12, [train[:250], train[251:]]
    mean, spread = np.nanmean(train, 0), np.nanstd(train, 0)
    spread[4] = 1
    x = np.concatenate([train[300:], train[300:350] * [1, -1, 1, 1, 1] + [0, 0, 0, 0, 5]])
    labels = np.r_[np.zeros(300), np.ones(50)]

    lags = best_lags([(part - mean) / spread for part in clean], longest, method)
    expected = np.zeros((4, 4), int)
    ranked = [np.stack([rank(column) for column in part.T], axis=1) for part in clean]
    for i, j in zip(*np.triu_indices(4, 1), strict=True):
        strength = {}
        for lag in range(-longest, longest + 1):
            parts = [np.corrcoef(*lagged(part, i, j, lag, len(part) - longest))[0, 1] * len(part) for part in ranked]
            strength[lag] = abs(sum(parts) / sum(map(len, clean)))
        expected[i, j] = max(strength, key=strength.get)
    upper = np.triu_indices(4, 1)
    assert lags[:4, :4][upper].tolist() == expected[upper].tolist()
    assert np.count_nonzero(expected) >= 3
    assert not lags[4].any()  # a constant channel follows nothing

    found = cross_channel_diagnostic(x, labels, train=train, max_lag=longest, method=method)
    scaled = (x - mean) / spread
    rows, context = scaled[300:], scaled[:300]
    changes = []
    for i, j in zip(*upper, strict=True):
        both = [
            np.corrcoef(*map(rank, lagged(table, i, j, expected[i, j], len(table) - abs(expected[i, j]))))[0, 1]
            for table in (rows, context)
        ]
        changes.append(abs(both[0] - both[1]))
    assert found.delta[0] == pytest.approx(max(changes), **TIGHT)
    assert found.max_z[0] == pytest.approx(5, abs=1e-9)  # the constant channel, by the deviation of 1 that stands for 0
    assert found.delta[0] != cross_channel_diagnostic(x, labels, train=train, method=method).delta[0]


def test_rows_with_nan_are_left_out():
    holes = X.copy()
    holes[410, 3] = holes[350, 0] = NAN
    with_holes = cross_channel_diagnostic(holes, LABELS)
    labels = np.delete(LABELS, [350, 410])
    without = cross_channel_diagnostic(np.delete(X, [350, 410], axis=0), labels)
    assert with_holes.kind == without.kind
    assert with_holes.delta.tolist()[1:3] == without.delta.tolist()[1:3]
    holes[900:905] = NAN
    empty = cross_channel_diagnostic(holes, LABELS)
    assert (empty.kind[3], empty.deviating[3], np.isnan(empty.max_z[3])) == ("UNDETECTED", 0, True)
    flat = np.full_like(X, 2.0)
    flat[:, 0] = X[:, 0]
    assert np.isnan(cross_channel_diagnostic(flat, LABELS).delta).all()
    assert cross_channel_diagnostic(X, np.zeros(1200)).kind == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cross_channel_diagnostic(X[:, 0], LABELS), ValueError, r"x must have shape \(rows, channels\)"),
        (lambda: cross_channel_diagnostic("x", LABELS), TypeError, r"x must be an array of shape \(rows, channels\)"),
        (lambda: cross_channel_diagnostic(X, LABELS[1:]), ValueError, "labels has 1199 points but x has 1200 rows"),
        (lambda: cross_channel_diagnostic(X * [1, np.inf, 1, 1, 1], LABELS), ValueError, r"first at index \(0, 1\)"),
        (
            lambda: cross_channel_diagnostic(X, LABELS, method="kendall"),
            ValueError,
            "'pearson', 'spearman', 'distance'",
        ),
        (
            lambda: cross_channel_diagnostic(X, LABELS, context_size=1),
            ValueError,
            "context_size must be an integer >= 2",
        ),
        (lambda: cross_channel_diagnostic(X, LABELS, z_threshold=-1), ValueError, "z_threshold must be a number >= 0"),
        (lambda: cross_channel_diagnostic(X, LABELS, correlation_threshold=NAN), ValueError, "must be a number >= 0"),
        (lambda: cross_channel_diagnostic(X, LABELS, max_lag=5), ValueError, "max_lag needs train; got 5"),
        (
            lambda: cross_channel_diagnostic(X, LABELS, train=X, max_lag=5, method="distance"),
            ValueError,
            "max_lag does not go with method='distance'",
        ),
        (
            lambda: cross_channel_diagnostic(X, LABELS, min_length=3, method="distance"),
            ValueError,
            "min_length must be at least 4 with method='distance'; got 3",
        ),
        (lambda: cross_channel_diagnostic(X, LABELS, train=X[:, 1:]), ValueError, "train has 4 channels but x has 5"),
        (
            lambda: cross_channel_diagnostic(X, LABELS, train=X[:100], max_lag=51),
            ValueError,
            "train must have a run of at least 102 rows",
        ),
        (
            lambda: cross_channel_diagnostic(X, LABELS, train=np.full((9, 5), NAN)),
            ValueError,
            "train has no value but NaN in channel 0",
        ),
        (lambda: univariate_intensity(X[:390], LABELS[:390]), ValueError, "univariate_intensity is undefined: labels"),
    ],
)
def test_bad_diagnostic_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Min-K%

LOGS = -((37 * np.arange(1, 31)) % 101) / 20


def test_published_min_k():
    expected = [5, 4.85, 4.6, 4.35, 4.095833333333333, 3.8433333333333333, 3.591666666666667]
    assert min_k_prob(LOGS) == pytest.approx(expected, rel=0, abs=1e-14)
    assert min_k_prob(LOGS, 0.6) == min_k_prob(LOGS)[-1]


def test_min_k_is_a_mean_of_the_sorted_tokens():
    random = np.random.default_rng(0)
    texts = [np.log(random.random(n)) for n in (40, 1, 333, 25)]
    ratios = (0.1, 0.58, 1)
    found = min_k_prob(texts, ratios, at_least=1)
    for text, of_text in zip(texts, found, strict=True):
        assert min_k_prob(text, ratios, at_least=1).tolist() == of_text.tolist()
        assert min_k_prob(random.permutation(text), ratios, at_least=1).tolist() == of_text.tolist()
        counts = [max(int(len(text) * ratio), 1) for ratio in ratios]
        assert of_text == pytest.approx([-np.sort(text)[:m].mean() for m in counts], rel=1e-13)
    joined = min_k_prob(np.concatenate(texts), ratios, offsets=[0, 40, 41, 374, 399], at_least=1)
    assert joined.tolist() == found.tolist()
    assert min_k_prob(texts, 0.58, at_least=1).tolist() == found[:, 1].tolist()
    assert min_k_prob([-np.inf, -1.0], 0.5) == np.inf
    assert min_k_prob(np.arange(-100.0, 0), 0.58) == np.arange(44, 101).mean()  # 57 tokens: 100 * 0.58 is 57.99...


def test_a_share_of_no_token_is_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match=r"ratio 0.05 of the 12 tokens of text 1; at_least=1") as caught:
        found = min_k_prob([LOGS, LOGS[:12]])
    assert caught[0].filename == __file__
    assert np.isnan(found).tolist() == [[False] * 7, [True, *[False] * 6]]
    with pytest.warns(UndefinedMetricWarning, match="0 tokens of text 0"):
        assert np.isnan(min_k_prob(np.empty(0), 0.5))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: min_k_prob([-1.0, NAN]), ValueError, "log_probabilities contains 1 NaN, first at index 1"),
        (lambda: min_k_prob(np.arange(3)), TypeError, "log_probabilities must hold floats; got int64"),
        (lambda: min_k_prob(np.zeros((2, 2))), ValueError, r"log_probabilities must have shape \(n,\)"),
        (lambda: min_k_prob(LOGS, 0), ValueError, r"ratios must be one or more numbers in \(0, 1\]; got 0"),
        (lambda: min_k_prob(LOGS, [0.5, 1.5]), ValueError, "ratios must be one or more numbers"),
        (lambda: min_k_prob(LOGS, at_least=-1), ValueError, "at_least must be an integer >= 0; got -1"),
        (lambda: min_k_prob(LOGS, offsets=[0, 31]), ValueError, "offsets must rise from 0 to the number of points, 30"),
        (lambda: min_k_prob([LOGS, LOGS], offsets=[0, 30, 60]), ValueError, "offsets goes with an array"),
    ],
)
def test_bad_min_k_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Window length

STEPS = np.arange(2000)
MIXED = (STEPS % 37) ** 2 + 5 * (STEPS % 11)


def test_published_lengths():
    assert find_length(np.sin(2 * np.pi * STEPS / 50)) == 50
    assert find_length(MIXED) == 37
    assert find_length(np.sin(2 * np.pi * np.arange(120) / 20)) == 20
    found = _autocorrelation(MIXED.astype(float))[[1, 11, 37, 74, 400]]
    expected = [0.8503127062505035, -0.24949743299230331, 0.9794436629037494, 0.9613132163297445, 0.06842341417269478]
    assert found == pytest.approx(expected, **TIGHT)


def test_series_without_a_peak_have_the_default():
    for series in (STEPS, np.full(2000, 0.1), np.where(STEPS == 7, NAN, MIXED), [np.inf, 1.0, 2.0], [1.0]):
        assert find_length(series) == find_length(series, variant="tsb") == 125
        assert find_length(series, variant="pate") == 100
        assert find_length(series, default=7) == 7
    assert find_length(np.sin(2 * np.pi * STEPS / 5)) == 125  # the highest peak is too near
    assert find_length(np.sin(2 * np.pi * np.arange(20000) / 350)) == 125


def test_ranks_go_on_to_later_and_lower_peaks():
    # Peaks at 40, 80, 120, ... that fall, and lower ones at 10, 50, ... between them.
    series = np.cos(2 * np.pi * STEPS / 40) + 0.9 * np.cos(2 * np.pi * STEPS / 10)
    assert [find_length(series, rank=rank) for rank in range(4)] == [1, 40, 80, 120]
    assert find_length(np.sin(2 * np.pi * np.arange(30) / 20), rank=3) == 20  # there is no other


def test_equal_peaks():
    # Autocorrelation 1, then three equal peaks of sparse pulses at differences that occur once each.
    pulses = np.zeros(400)
    pulses[[0, 10, 30]] = 1.0
    correlation = _autocorrelation(pulses)
    peaks = [lag for lag in (10, 20, 30) if correlation[lag] == correlation[[10, 20, 30]].max()]
    assert find_length(pulses) == peaks[0]
    assert find_length(pulses, variant="tsb") == peaks[-1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: find_length([]), ValueError, "series is empty"),
        (lambda: find_length(np.zeros((5, 2))), ValueError, r"series must have shape \(n,\); got \(5, 2\)"),
        (lambda: find_length(3), TypeError, "series must be an array"),
        (lambda: find_length(STEPS, rank=4), ValueError, r"rank must lie in \[0, 3\]; got 4"),
        (lambda: find_length(STEPS, rank=-1), ValueError, "rank must be an integer >= 0; got -1"),
        (lambda: find_length(STEPS, default=-1), ValueError, "default must be an integer >= 0"),
        (lambda: find_length(STEPS, variant="tsbad"), ValueError, "variant must be one of 'vus', 'tsb', 'pate'"),
    ],
)
def test_bad_series_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
