"""Temporal kernels: golden values, slow definitions, SciPy, scikit-learn and pandas, and what must change no value."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomalib_cpp import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from anomalib_cpp.metrics import auroc
from anomalib_cpp.temporal import center_pad, normalize_segments, overlap_aggregate, smooth_segments, video_auroc

NAN = float("nan")
REDUCTIONS = ("mean", "max", "min", "median", "last", "first", "center", "kde_mode")


def g(shape, a, b, m):
    return ((a * np.arange(np.prod(shape)) + b) % m / m).reshape(shape)


X = g((9,), 37, 11, 101)
KINDS = {
    "gaussian": {"sigma": 1.3},
    "gaussian mirror": {"sigma": 2.0, "mode": "mirror", "truncate": 3.0},
    "gaussian nearest": {"sigma": 0.7, "mode": "nearest"},
    "gaussian constant": {"sigma": 0.7, "mode": "constant"},
    "ema": {"alpha": 0.3},
    "ema first": {"alpha": 0.3, "adjust": False},
    "mean": {"window": 5},
    "mean even": {"window": 4},
    "median": {"window": 6},
    "majority": {"window": 4, "threshold": 0.4},
    "majority early": {"window": 7, "threshold": 0.4, "edge": "anomalyruler"},
}


def smooth(x, name, **more):
    return smooth_segments(x, kind=name.split()[0], **KINDS[name], **more)


# --- windows to steps ------------------------------------------------------------------------------------------------


def covering(windows, step, stride, offset, omit):
    found = [(i, step - offset - i * stride) for i in range(len(windows))]
    found = [(i, j) for i, j in found if 0 <= j < windows.shape[1]]
    return [(windows[i, j], j) for i, j in found if not (omit and np.isnan(windows[i, j]))]


def densest(values):
    m = len(values)
    if m == 1 or np.var(values) == 0:
        return np.median(values)
    scale = np.var(values, ddof=1) * m**-0.4
    density = np.exp(-(np.subtract.outer(values, values) ** 2) / (2 * scale)).sum(axis=1)
    return values[np.argmax(density >= density.max() * (1 - 1e-12))]


def slow_overlap(windows, reduce, stride=1, n=None, offset=0, omit=False, fill=NAN):
    middle = (windows.shape[1] - 1) / 2
    steps = (len(windows) - 1) * stride + windows.shape[1] if n is None else n
    out = np.full(steps, fill)
    calls = {"mean": np.mean, "max": np.max, "min": np.min, "median": np.median, "kde_mode": densest}
    for step in range(steps):
        found = covering(windows, step, stride, offset, omit)
        values = np.array([v for v, _ in found])
        if len(found) == 0:
            continue
        if reduce in ("last", "first"):
            out[step] = values[-1 if reduce == "last" else 0]
        elif reduce == "center":
            out[step] = min(found, key=lambda f: abs(f[1] - middle))[0]
        else:
            out[step] = NAN if np.isnan(values).any() else calls[reduce](values)
    return out


GOLDEN_OVERLAP = {
    "mean": [0.0679611650485, 0.597087378641, 0.126213592233, 0.669902912621, 0.21359223301, 0.742718446602,
             0.271844660194],
    "max": [0.0679611650485, 0.611650485437, 0.155339805825, 0.699029126214, 0.242718446602, 0.757281553398,
            0.271844660194],
    "kde_mode": [0.0679611650485, 0.582524271845, 0.126213592233, 0.669902912621, 0.21359223301, 0.728155339806,
                 0.271844660194],
}  # fmt: skip
GOLDEN_OVERLAP["median"] = GOLDEN_OVERLAP["mean"]


@pytest.mark.parametrize("reduce", GOLDEN_OVERLAP)
def test_golden_overlap(reduce):
    found = overlap_aggregate(g((5, 3), 53, 7, 103), reduce=reduce)
    np.testing.assert_allclose(found, GOLDEN_OVERLAP[reduce], rtol=0, atol=1e-12)


@pytest.mark.parametrize("reduce", REDUCTIONS)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 9)),
    stride=st.integers(1, 11),
    n=st.none() | st.integers(0, 40),
    offset=st.integers(-12, 12),
    missing=st.booleans(),
    omit=st.booleans(),
    seed=st.integers(0, 99),
)
def test_overlap_against_its_definition(reduce, shape, stride, n, offset, missing, omit, seed):
    rng = np.random.default_rng(seed)
    windows = np.round(rng.normal(size=shape), 1)
    if missing:
        windows[rng.random(shape) < 0.2] = NAN
    found = overlap_aggregate(
        windows, stride=stride, n=n, reduce=reduce, offset=offset, nan_policy="omit" if omit else "propagate"
    )
    expected = slow_overlap(windows, reduce, stride, n, offset, omit)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_kde_mode_against_scipy():
    stats = pytest.importorskip("scipy.stats")
    windows = np.random.default_rng(0).normal(size=(60, 40))
    found = overlap_aggregate(windows, reduce="kde_mode")
    for step in range(1, len(found) - 1):
        values = np.array([v for v, _ in covering(windows, step, 1, 0, False)])
        assert found[step] == values[np.argmax(stats.gaussian_kde(values, "scott")(values))]


def test_kde_mode_has_the_same_bits_at_every_level(isa):
    windows = np.random.default_rng(1).normal(size=(90, 70)) ** 3
    found = overlap_aggregate(windows, reduce="kde_mode")
    np.testing.assert_array_equal(found, slow_overlap(windows, "kde_mode"))


def test_kde_mode_where_values_hardly_vary():
    assert overlap_aggregate(np.full((4, 4), 0.1), reduce="kde_mode").tolist() == [0.1] * 7
    tiny = np.array([[0.0, 5e-324], [1e-323, 0.0]])  # differences that float64 cannot square
    assert overlap_aggregate(tiny, reduce="kde_mode")[1] == np.median([5e-324, 1e-323])
    assert np.isnan(overlap_aggregate([[1.0, np.inf], [2.0, 3.0]], reduce="kde_mode")).tolist() == [0, 1, 0]
    mirrored = np.array([0.0, 1.0, 2.0, 3.0])  # the inner two are equally dense, on paper
    assert overlap_aggregate(mirrored[:, None] + 0.1, stride=1, n=1, reduce="kde_mode").tolist() == [0.1]
    column = np.fliplr(np.diag(mirrored + 0.1))
    assert overlap_aggregate(column, reduce="kde_mode", n=4)[3] == 1.1


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_overlap_of_long_series_channels_layouts_and_threads(reduce):
    rng = np.random.default_rng(2)
    windows = rng.normal(size=(5000, 20, 2)).astype(np.float32)
    found = overlap_aggregate(windows, stride=3, reduce=reduce, threads=1)
    assert found.dtype == np.float32
    for threads in (2, 7, 64):
        np.testing.assert_array_equal(overlap_aggregate(windows, stride=3, reduce=reduce, threads=threads), found)
    for channel in range(2):
        alone = overlap_aggregate(windows[..., channel], stride=3, reduce=reduce)
        np.testing.assert_array_equal(alone, found[:, channel])
        expected = slow_overlap(windows[:300, :, channel].astype(np.float64), reduce, 3)[:800]
        np.testing.assert_allclose(found[:800, channel], expected, rtol=1e-6, atol=1e-7)
    wide = overlap_aggregate(windows.astype(np.float64), stride=3, reduce=reduce)
    np.testing.assert_allclose(wide, found, rtol=1e-6, atol=1e-7)


def test_overlap_of_views():
    series = np.random.default_rng(3).normal(size=30)
    views = np.lib.stride_tricks.sliding_window_view(series, 6)  # read-only, rows that overlap in memory
    for reduce in REDUCTIONS:
        np.testing.assert_allclose(overlap_aggregate(views, reduce=reduce), series, rtol=1e-15)
        np.testing.assert_allclose(overlap_aggregate(views[::-1], reduce=reduce), slow_overlap(views[::-1], reduce))


def test_gaps_are_filled():
    assert overlap_aggregate([[1.0, 2.0], [3.0, 4.0]], stride=3, fill=-1).tolist() == [1, 2, -1, 3, 4]
    assert overlap_aggregate([[NAN]], nan_policy="omit", fill=7).tolist() == [7]


def test_center_pad():
    assert center_pad([1, 2, 3], 1).tolist() == [1, 2, 3]
    assert center_pad([1, 2, 3], 5).tolist() == [1, 1, 1, 2, 3, 3, 3]
    assert center_pad([5.0], 4).tolist() == [5.0] * 4
    assert center_pad([[1, 2], [3, 4]], 2).tolist() == [[1, 2], [1, 2], [3, 4]]


# --- smoothing -------------------------------------------------------------------------------------------------------

GOLDEN_SMOOTH = [
    ({"kind": "gaussian", "sigma": 1}, [0.260652112423, 0.441585428057, 0.542692696918, 0.503932392217, 0.574123595118,
     0.640016767023, 0.547399165527, 0.410966850351, 0.24694782405]),
    ({"kind": "gaussian", "sigma": 3}, [0.440264995012, 0.450384696917, 0.466051226748, 0.480225484968, 0.486425859076,
     0.481756488419, 0.468375646463, 0.452632626721, 0.442199807359]),
    ({"kind": "ema", "alpha": 0.33}, [0.108910891089, 0.32827414478, 0.570527207046, 0.420668976802, 0.479264261448,
     0.646643994647, 0.52730586527, 0.577511850328, 0.395037759008]),
    ({"kind": "ema", "alpha": 0.33, "adjust": False}, [0.108910891089, 0.229801980198, 0.43169009901, 0.357846227723,
     0.429261923069, 0.59800152806, 0.501948152513, 0.558483480006, 0.387253238535]),
    ({"kind": "mean", "window": 3}, [0.292079207921, 0.475247524752, 0.508250825083, 0.541254125413, 0.574257425743,
     0.607260726073, 0.640264026403, 0.339933993399, 0.356435643564]),
    ({"kind": "median", "window": 3}, [0.292079207921, 0.475247524752, 0.475247524752, 0.574257425743, 0.574257425743,
     0.574257425743, 0.673267326733, 0.306930693069, 0.356435643564]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), GOLDEN_SMOOTH, ids=str)
def test_golden_smoothing(options, expected):
    np.testing.assert_allclose(smooth_segments(X, **options), expected, rtol=0, atol=1e-12)


def test_golden_majority():
    votes = [0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0]
    options = {"kind": "majority", "threshold": 0.5}
    assert smooth_segments(votes, window=3, **options).tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert smooth_segments(votes, window=5, **options).tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert smooth_segments(votes, window=4, **options).tolist() == smooth_segments(votes, window=5, **options).tolist()


def slow_window(x, name, omit):
    options = KINDS[name]
    width = options["window"]
    kind, early = name.split()[0], options.get("edge") == "anomalyruler"
    width += kind == "majority" and width % 2 == 0
    before, n = width // 2, len(x)
    out = np.empty(n)
    for t in range(n):
        part = x[max(0, t - before) : t + width - before]
        if early and (t < before or t >= n - before):
            part = np.pad(x, before, mode="edge")[max(0, t - before) : t + 1]
        part = part[~np.isnan(part)] if omit else part
        if len(part) == 0 or np.isnan(part).any():
            out[t] = NAN
        elif kind == "majority":
            out[t] = 2 * (part > options["threshold"]).sum() > len(part)
        else:
            out[t] = np.mean(part) if kind == "mean" else np.median(part)
    return out


@pytest.mark.parametrize("name", [name for name in KINDS if "window" in KINDS[name]])
@given(n=st.integers(1, 40), missing=st.booleans(), omit=st.booleans(), seed=st.integers(0, 99))
def test_windows_against_their_definition(name, n, missing, omit, seed):
    rng = np.random.default_rng(seed)
    x = np.round(rng.random(n), 1)
    if missing:
        x[rng.random(n) < 0.2] = NAN
    found = smooth(x, name, nan_policy="omit" if omit else "propagate")
    np.testing.assert_allclose(found, slow_window(x, name, omit), rtol=1e-14)


@pytest.mark.parametrize("mode", ["reflect", "nearest", "mirror", "constant"])
@pytest.mark.parametrize("sigma", [0, 0.1, 0.6, 2.5, 9])
def test_gaussian_against_scipy(mode, sigma):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = np.random.default_rng(0).normal(size=3000)
    for n in (1, 2, 3, 7, 40, 1023, 3000):
        expected = ndimage.gaussian_filter1d(x[:n], sigma, mode=mode) if sigma else x[:n]
        np.testing.assert_allclose(
            smooth_segments(x[:n], kind="gaussian", sigma=sigma, mode=mode), expected, rtol=1e-12, atol=1e-13
        )


def test_gaussian_leaves_nan_out():
    x = X.copy()
    x[[2, 5]] = NAN
    present = ~np.isnan(x)
    total, share = (
        smooth_segments(values, kind="gaussian", sigma=1) for values in (np.where(present, x, 0), 1.0 * present)
    )
    found = smooth_segments(x, kind="gaussian", sigma=1, nan_policy="omit")
    np.testing.assert_allclose(found, total / share, rtol=1e-14)
    spread = smooth_segments(x, kind="gaussian", sigma=0.5)  # two points away
    assert np.isnan(spread).tolist() == [True] * 8 + [False]


@pytest.mark.parametrize("adjust", [True, False])
@pytest.mark.parametrize("alpha", [0.01, 0.33, 1.0])
def test_ema_against_pandas(adjust, alpha):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    for values in (x, np.where(rng.random(500) < 0.3, NAN, x)):
        expected = pandas.Series(values).ewm(alpha=alpha, adjust=adjust).mean()
        found = smooth_segments(values, kind="ema", alpha=alpha, adjust=adjust, nan_policy="omit")
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    x[7] = NAN
    assert np.isnan(smooth_segments(x, kind="ema", alpha=0.5)).sum() == 493


@pytest.mark.parametrize("adjust", [True, False])
@given(n=st.integers(1, 30), alpha=st.floats(0.01, 1), omit=st.booleans(), seed=st.integers(0, 99))
def test_ema_against_its_definition(adjust, n, alpha, omit, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    if omit and adjust:
        x[rng.random(n) < 0.3] = NAN
    expected = np.full(n, NAN)
    for t in range(n):
        weights = (1 - alpha) ** np.arange(t, -1, -1.0) * (1 if adjust else alpha)
        weights[0] /= 1 if adjust else alpha
        used = ~np.isnan(x[: t + 1])
        if used.any() and weights[used].sum() > 0:
            expected[t] = (weights[used] * x[: t + 1][used]).sum() / weights[used].sum()
    found = smooth_segments(x, kind="ema", alpha=alpha, adjust=adjust, nan_policy="omit")
    np.testing.assert_allclose(found[~np.isnan(expected)], expected[~np.isnan(expected)], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", KINDS)
def test_smoothing_never_mixes_segments(name):
    rng = np.random.default_rng(0)
    lengths = [0, 1, 40_000, 3, 0, 17, 2, 0]
    offsets = np.cumsum([0, *lengths])
    x = rng.random((offsets[-1], 2))
    found = smooth(x, name, offsets=offsets, threads=1)
    for begin, end in pairwise(offsets):
        for channel in range(2):
            alone = smooth(x[begin:end, channel], name)
            np.testing.assert_array_equal(found[begin:end, channel], alone)
    for threads in (2, 7, 64):
        np.testing.assert_array_equal(smooth(x, name, offsets=offsets, threads=threads), found)


@pytest.mark.parametrize("name", KINDS)
def test_smoothing_of_constants_layouts_and_dtypes(name):
    if name != "gaussian constant" and not name.startswith("majority"):
        np.testing.assert_allclose(smooth(np.full(50, 0.1), name), 0.1, rtol=1e-15 * 16)
    x = np.random.default_rng(1).random(60)
    expected = smooth(x, name)
    before = x.copy()
    for same in (x[::-1].copy()[::-1], np.stack([x, x], axis=1)[:, 1], x.astype(">f8"), list(x)):
        np.testing.assert_array_equal(smooth(same, name), expected)
    np.testing.assert_array_equal(x, before)
    narrow = smooth(x.astype(np.float32), name)
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, smooth(x.astype(np.float32).astype(np.float64), name), rtol=1e-7)
    assert smooth(np.empty(0), name).shape == (0,)
    assert smooth(np.empty((0, 3)), name).shape == (0, 3)


@pytest.mark.parametrize("name", ["gaussian", "mean", "median", "majority"])
def test_an_infinity_stays_within_its_window(name):
    x = np.random.default_rng(0).random(40)
    x[20] = np.inf
    found = smooth(x, name)
    assert not np.isnan(found).any()
    assert np.isfinite(found[:10]).all()
    assert np.isfinite(found[30:]).all()


def test_anomalyruler_score():
    flags = np.array([0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0], float)
    ema = smooth_segments(flags, kind="ema", alpha=0.33)
    level = float(ema.mean())
    votes = smooth_segments(ema, kind="majority", window=1, threshold=level)
    assert votes.tolist() == (ema > level).tolist()
    score = smooth_segments(votes, kind="ema", alpha=level or 1e-7)
    assert score[0] == votes[0]


# --- normalising -----------------------------------------------------------------------------------------------------


def test_golden_normalisation():
    robust = [-0.787234040861, 0, 0.787234040861, -0.574468083872, 0.21276595699, 0.999999997851, -0.361702126882,
              0.425531913979, -0.936170210754]  # fmt: skip
    np.testing.assert_allclose(normalize_segments(X, kind="robust"), robust, rtol=0, atol=1e-12)
    assert normalize_segments(X, kind="zscore")[0] == pytest.approx(-1.17197112613, abs=1e-11)
    assert normalize_segments(X, kind="minmax")[0] == pytest.approx(0.0769230769231, abs=1e-13)
    assert normalize_segments(X, kind="zclip")[:2].tolist() == [1, 1 + normalize_segments(X, kind="zscore")[1]]
    assert normalize_segments([2.0, 1.0, 2.0, 5.0], kind="rank").tolist() == [0.5, 0.0, 0.5, 1.0]


@pytest.mark.parametrize("kind", ["minmax", "zscore", "robust", "zclip", "rank"])
def test_normalisation_by_segment(kind):
    rng = np.random.default_rng(0)
    offsets = [0, 5, 5, 6, 10, 10]
    x = rng.normal(size=(10, 2))
    x[6:, 1] = 0.1
    found = normalize_segments(x, kind=kind, offsets=offsets)
    for begin, end in pairwise(offsets):
        for channel in range(2):
            alone = normalize_segments(x[begin:end, channel], kind=kind)
            np.testing.assert_array_equal(found[begin:end, channel], alone)
    assert found[6:, 1].tolist() == [{"zclip": 1.0, "rank": 0.5}.get(kind, 0.0)] * 4
    assert found[5].tolist() == [1.0 if kind == "zclip" else 0.0] * 2
    assert normalize_segments(x.astype(np.float32), kind=kind).dtype == np.float32

    x[1, 0] = NAN
    spread = normalize_segments(x, kind=kind, offsets=offsets)
    assert np.isnan(spread[:5, 0]).all()
    assert not np.isnan(spread[:5, 1]).any()
    left_out = normalize_segments(x, kind=kind, offsets=offsets, nan_policy="omit")
    np.testing.assert_array_equal(left_out[[0, 2, 3, 4], 0], normalize_segments(x[[0, 2, 3, 4], 0], kind=kind))
    assert np.isnan(left_out[1, 0])


@pytest.mark.parametrize("kind", ["minmax", "zscore", "robust", "zclip"])
def test_training_statistics(kind):
    rng = np.random.default_rng(1)
    train, x, offsets = rng.normal(size=(50, 3)), rng.normal(size=(20, 3)), [0, 8, 20]
    same, stats = normalize_segments(train, kind=kind, return_stats=True)
    np.testing.assert_array_equal(normalize_segments(train, kind=kind, stats=stats), same)
    assert stats.center.shape == stats.scale.shape == (1, 3)
    for_all = normalize_segments(x, kind=kind, stats=stats, offsets=offsets)
    np.testing.assert_array_equal(for_all, normalize_segments(x, kind=kind, stats=stats))
    _, each = normalize_segments(x, kind=kind, offsets=offsets, return_stats=True)
    np.testing.assert_array_equal(
        normalize_segments(x, kind=kind, stats=each, offsets=offsets), normalize_segments(x, kind=kind, offsets=offsets)
    )


# --- AUROC of videos -------------------------------------------------------------------------------------------------

SCORES = np.concatenate([g((6,), 37, 11, 101), 0.5 * g((5,), 53, 7, 103), g((4,), 29, 5, 97)])
LABELS = np.array([0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
OFFSETS = [0, 6, 11, 15]


def random_videos(seed, videos=12, ties=False):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 60, videos)
    labels = np.concatenate([rng.random(n) < rng.choice([0, 0.3]) for n in lengths]).astype(int)
    scores = rng.random(len(labels)) * 0.7 + 0.3 * labels
    return (np.round(scores, 1) if ties else scores), labels, np.cumsum([0, *lengths])


def test_golden_videos():
    assert float(video_auroc(SCORES, LABELS, OFFSETS, average="micro")) == pytest.approx(0.409090909091, abs=1e-12)
    assert float(video_auroc(SCORES, LABELS, OFFSETS, average="macro")) == pytest.approx(0.5, abs=1e-12)
    padded = video_auroc(SCORES, LABELS, OFFSETS, average="macro", undefined="pad01")
    assert float(padded) == pytest.approx(0.827777777778, abs=1e-12)
    lists = [part.tolist() for part in np.split(SCORES, OFFSETS[1:-1])]
    truth = [part.tolist() for part in np.split(LABELS, OFFSETS[1:-1])]
    assert float(video_auroc(lists, truth, average="macro", undefined="pad01")) == float(padded)


@pytest.mark.parametrize("ties", [False, True])
def test_videos_against_scikit_learn(ties):
    sklearn = pytest.importorskip("sklearn.metrics")
    for seed in range(20):
        scores, labels, offsets = random_videos(seed, ties=ties)
        micro = video_auroc(scores, labels, offsets, average="micro")
        assert micro.value == pytest.approx(sklearn.roc_auc_score(labels, scores), abs=1e-14)
        assert micro.average_precision == pytest.approx(sklearn.average_precision_score(labels, scores), abs=1e-14)
        fpr, tpr, _ = sklearn.roc_curve(labels, scores, drop_intermediate=False)
        along = np.linspace(0, len(fpr) - 1, 200_001)  # the polyline, finely
        x, y = np.interp(along, range(len(fpr)), fpr), np.interp(along, range(len(fpr)), tpr)
        assert micro.eer == pytest.approx(x[np.argmin(abs(x + y - 1))], abs=1e-4)

        for undefined in ("skip", "pad01"):
            macro = video_auroc(scores, labels, offsets, average="macro", undefined=undefined)
            expected = []
            for begin, end in pairwise(offsets):
                s, y = scores[begin:end], labels[begin:end]
                if undefined == "pad01" and end > begin:
                    s, y = np.concatenate([[0], s, [1]]), np.concatenate([[0], y, [1]])
                expected.append(sklearn.roc_auc_score(y, s) if len(set(y)) == 2 else NAN)
            np.testing.assert_allclose(macro.video_auroc, expected, atol=1e-14)
            assert macro.value == pytest.approx(np.nanmean(expected), abs=1e-14)


def test_equal_error_rate_at_the_ends():
    def eer(scores, labels):
        return video_auroc(scores, labels, average="micro").eer

    assert eer([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]) == 0
    assert eer([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1]) == 1
    assert eer([0.5, 0.5, 0.5], [0, 0, 1]) == 0.5
    assert eer([0.1, 0.7, 0.5, 0.9], [0, 0, 1, 1]) == 0.5


def test_intervals_are_those_of_frames_put_together():
    scores, labels, offsets = random_videos(3)
    videos = [(scores[a:b], labels[a:b]) for a, b in pairwise(offsets) if b > a]
    found = video_auroc(scores, labels, offsets, average="micro", n_resamples=30, random_state=5).interval
    draws = np.random.default_rng(5).multinomial(len(videos), np.full(len(videos), 1 / len(videos)), size=30)
    for draw, value in zip(draws, found.samples, strict=True):
        taken = [video for video, times in zip(videos, draw, strict=True) for _ in range(times)]
        assert value == pytest.approx(auroc(*map(np.concatenate, zip(*taken, strict=True))), abs=1e-13)
    assert found.low <= found.value <= found.high

    macro = video_auroc(scores, labels, offsets, average="macro", n_resamples=200, random_state=5)
    assert macro.interval.value == macro.value
    assert macro.interval.low < macro.value < macro.interval.high
    for threads in (1, 2, 7):
        again = video_auroc(
            scores, labels, offsets, average="micro", n_resamples=30, random_state=5, threads=threads
        ).interval
        np.testing.assert_array_equal(again.samples, found.samples)


def test_videos_normalised_then_smoothed():
    scores, labels, offsets = random_videos(4)
    first = normalize_segments(scores, kind="minmax", offsets=offsets)
    then = smooth_segments(first, kind="gaussian", sigma=2.0, offsets=offsets)
    options = {"normalize": "minmax", "smooth": {"kind": "gaussian", "sigma": 2.0}}
    for average in ("micro", "macro"):
        expected = video_auroc(then, labels, offsets, average=average)
        found = video_auroc(scores, labels, offsets, average=average, **options)
        assert found._asdict().keys() == expected._asdict().keys()
        assert found.value == expected.value
        np.testing.assert_array_equal(found.video_auroc, expected.video_auroc)


def test_frames_without_a_score():
    scores, labels, offsets = random_videos(6)
    holes = scores.copy()
    holes[[3, 50]] = NAN
    with pytest.raises(InvalidInputError, match=r"scores contains 2 NaN, first at index 3"):
        video_auroc(holes, labels, offsets, average="micro")
    found = video_auroc(holes, labels, offsets, average="macro", nan_policy="omit")
    kept = ~np.isnan(holes)
    shorter = np.array([kept[:end].sum() for end in offsets])
    expected = video_auroc(scores[kept], labels[kept], shorter, average="macro")
    np.testing.assert_array_equal(found.video_auroc, expected.video_auroc)


def test_videos_of_one_class():
    scores, labels = [0.1, 0.2, 0.3], [0, 0, 0]
    for average in ("micro", "macro"):
        with pytest.warns(UndefinedMetricWarning, match="video_auroc is undefined"):
            assert np.isnan(float(video_auroc(scores, labels, [0, 2, 3], average=average)))
        with pytest.raises(InvalidInputError, match="video_auroc is undefined"):
            video_auroc(scores, labels, [0, 2, 3], average=average, undefined="raise")
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(float(video_auroc(SCORES, LABELS, OFFSETS, average="macro", undefined="nan")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = video_auroc(SCORES, LABELS, [0, 0, 6, 11, 15, 15], average="macro")
    assert np.isnan(shown.video_auroc).tolist() == [True, False, False, True, True]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8", np.int16, np.uint8])
def test_score_types(dtype):
    scores, labels, offsets = random_videos(7)
    held = np.round(scores * 100).astype(dtype)
    expected = video_auroc(held.astype(np.float64), labels, offsets, average="macro")
    found = video_auroc(held, labels.astype(bool), offsets, average="macro")
    np.testing.assert_array_equal(found.video_auroc, expected.video_auroc)


# --- what is refused -------------------------------------------------------------------------------------------------

ONE = [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: overlap_aggregate([1.0, 2.0]), r"windows must have shape \(windows, length\).*got \(2,\)"),
        (lambda: overlap_aggregate(np.empty((0, 3))), "windows must hold at least one window"),
        (lambda: overlap_aggregate(ONE, stride=0), "stride must be an integer >= 1; got 0"),
        (lambda: overlap_aggregate(ONE, stride=1 << 61), "stride leads beyond 2\\^60 steps"),
        (lambda: overlap_aggregate(ONE, n=-1), "n must be an integer >= 0"),
        (lambda: overlap_aggregate(ONE, reduce="sum"), "reduce must be one of 'mean', 'max'.*got 'sum'"),
        (lambda: overlap_aggregate([[1.0, NAN]], nan_policy="raise"), r"windows contains 1 NaN, first at index \(0, 1"),
        (lambda: center_pad([], 3), r"scores must have shape \(n,\)"),
        (lambda: center_pad([1], 0), "window must be an integer >= 1; got 0"),
        (lambda: smooth_segments(X, kind="box"), "kind must be one of 'gaussian'"),
        (lambda: smooth_segments(X, kind="gaussian"), "kind='gaussian' needs sigma"),
        (
            lambda: smooth_segments(X, kind="mean", window=3, sigma=1),
            "sigma belongs to kind='gaussian'; got kind='mean",
        ),
        (lambda: smooth_segments(X, kind="gaussian", sigma=-1), "sigma must be finite and >= 0; got -1"),
        (lambda: smooth_segments(X, kind="gaussian", sigma=1e12), "truncate times sigma must be"),
        (lambda: smooth_segments(X, kind="gaussian", sigma=1, mode="wrap"), "mode must be one of 'reflect'"),
        (lambda: smooth_segments(X, kind="ema", alpha=0), r"alpha must lie in \(0, 1\]; got 0"),
        (lambda: smooth_segments(X, kind="median", window=0), "window must be an integer >= 1"),
        (lambda: smooth_segments(X, kind="majority", window=3), "kind='majority' needs threshold"),
        (lambda: smooth_segments(X, kind="majority", window=3, threshold=NAN), "threshold must be a number; got nan"),
        (lambda: smooth_segments(X[None, None], kind="ema", alpha=1), r"x must have shape \(n,\) or \(n, channels\)"),
        (lambda: smooth_segments(X, kind="ema", alpha=1, offsets=[0, 5]), "offsets must rise from 0 to the number"),
        (lambda: smooth_segments(X, kind="ema", alpha=1, offsets=[0, 5, 2, 9]), "not in order"),
        (lambda: smooth_segments([NAN], kind="ema", alpha=1, nan_policy="raise"), r"x contains 1 NaN, first at .*\(0,"),
        (lambda: smooth_segments(X, kind="ema", alpha=1, nan_policy="drop"), "nan_policy must be one of"),
        (lambda: normalize_segments(X, kind="l2"), "kind must be one of 'minmax'"),
        (lambda: normalize_segments(X, kind="rank", return_stats=True), "do not go with kind='rank'"),
        (
            lambda: normalize_segments(
                X, kind="zscore", stats=normalize_segments(X, kind="minmax", return_stats=True)[1]
            ),
            "stats belong to kind='minmax'; got kind='zscore'",
        ),
        (
            lambda: normalize_segments(
                np.stack([X, X], 1), kind="minmax", stats=normalize_segments(X, kind="minmax", return_stats=True)[1]
            ),
            "stats must be of 1 or 1 segments and 2 channels",
        ),
        (lambda: video_auroc([0.1, 0.2], [0, 2], average="micro"), r"labels must be 0 or 1; got .*2.* at index \(1,\)"),
        (lambda: video_auroc([0.1, 0.2], [0], average="micro"), "labels has 1 points but scores has 2"),
        (lambda: video_auroc([0.1, 0.2], [0, 1], [0, 3], average="micro"), "offsets must rise from 0"),
        (lambda: video_auroc([0.1, 1.2], [0, 1], average="macro", undefined="pad01"), r"scores must lie in \[0, 1\]"),
        (lambda: video_auroc([0.1, 0.2], [0, 1], average="mean"), "average must be one of 'micro', 'macro'"),
        (lambda: video_auroc([0.1, 0.2], [0, 1], average="micro", n_resamples=9), "needs at least two videos"),
        (lambda: video_auroc([0.1, 0.2], [0, 1], average="micro", normalize="l2"), "kind must be one of 'minmax'"),
    ],
)
def test_bad_values(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: overlap_aggregate([[1, 2]]), "windows must be float16, bfloat16, float32 or float64"),
        (lambda: smooth_segments([1, 2], kind="mean", window=3), "x must be float16"),
        (lambda: smooth_segments(X, kind="mean", window=2.5), "window must be an integer"),
        (lambda: smooth_segments(X, kind="ema", alpha=0.5, adjust=1), "adjust must be True or False"),
        (lambda: normalize_segments(X, kind="minmax", stats=(0, 1)), "stats must be SegmentStatistics"),
        (lambda: video_auroc([0.1, 0.2], [0, 1], average="micro", smooth="ema"), "smooth must be a dict of options"),
        (lambda: video_auroc([0.1, 0.2], [0, 1], average="micro", smooth={"sigma": 1}), "smooth: "),
    ],
)
def test_bad_types(call, message):
    with pytest.raises(InvalidTypeError, match=message):
        call()


def test_torch_tensors_come_back_as_torch_tensors():
    torch = pytest.importorskip("torch")
    x = torch.arange(12, dtype=torch.float32)
    for found in (
        smooth_segments(x, kind="mean", window=3),
        normalize_segments(x, kind="minmax"),
        overlap_aggregate(x.reshape(4, 3)),
        center_pad(x, 3),
    ):
        assert isinstance(found, torch.Tensor)
        assert found.dtype == torch.float32
    half = smooth_segments(x.to(torch.bfloat16), kind="mean", window=3)
    assert half.dtype == torch.float32
    assert float(video_auroc(x, torch.arange(12) > 5, average="micro")) == 1
