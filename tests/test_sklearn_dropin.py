"""anomalib_cpp.sklearn against scikit-learn, and where it differs on purpose."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import sklearn as ours

RNG = np.random.default_rng(7)
SCORES = [0.1, 0.4, 0.35, 0.8]
LABELS = [0, 0, 1, 1]
FUNCTIONS = ["average_precision_score", "precision_recall_curve", "roc_auc_score", "roc_curve"]


def case(kind, n=500):
    labels = (RNG.random(n) < 0.3).astype(int)
    scores = RNG.normal(size=n) + labels
    if kind == "tied":
        scores = scores.round()
    elif kind == "nearly constant":
        scores = np.where(np.arange(n) == 3, 1.0, 0.0)
    elif kind == "constant":
        scores = np.full(n, 0.5)
    elif kind == "perfect":
        scores = labels + RNG.random(n) / 2
    elif kind == "inverted":
        scores = -labels.astype(float)
    elif kind == "float32":
        scores = scores.astype(np.float32)
    elif kind == "integers":
        scores = (scores * 4).astype(np.int16)
    elif kind == "bytes":
        scores = np.clip(scores * 20 + 100, 0, 255).astype(np.uint8)
    elif kind == "booleans":
        scores = scores > 0.5
    elif kind == "signed zeros":
        scores = np.where(scores > 0, 0.0, -0.0)
    elif kind == "two samples":
        labels, scores = np.array([0, 1]), np.array([0.3, 0.2])
    elif kind == "column":
        labels, scores = labels[:, None], scores[:, None]
    elif kind == "strided":
        labels, scores = np.repeat(labels, 2)[::2], np.repeat(scores, 3)[::3]
    elif kind == "lists":
        labels, scores = labels.tolist(), scores.tolist()
    return labels, scores


KINDS = [
    "random",
    "tied",
    "nearly constant",
    "constant",
    "perfect",
    "inverted",
    "float32",
    "integers",
    "bytes",
    "booleans",
    "signed zeros",
    "two samples",
    "column",
    "strided",
    "lists",
]


@pytest.fixture(scope="module")
def peer():
    pytest.importorskip("sklearn", minversion="1.7")  # older ones treat a missing class otherwise
    return pytest.importorskip("sklearn.metrics")


def same(mine, theirs):
    if isinstance(theirs, tuple):
        assert isinstance(mine, tuple)
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            assert type(a) is np.ndarray
            assert a.dtype == np.float64
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    else:
        assert type(mine) is float
        assert mine == pytest.approx(theirs, rel=0, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_as_scikit_learn(peer, name, kind):
    labels, scores = case(kind)
    same(getattr(ours, name)(labels, scores), getattr(peer, name)(labels, scores))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["precision_recall_curve", "roc_curve"])
@pytest.mark.parametrize("drop", [False, True])
def test_same_points_are_dropped(peer, name, kind, drop):
    labels, scores = case(kind)
    same(
        getattr(ours, name)(labels, scores, drop_intermediate=drop),
        getattr(peer, name)(labels, scores, drop_intermediate=drop),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("max_fpr", [0.001, 0.25, 0.3, 1, 1.0])
def test_same_partial_area(peer, kind, max_fpr):
    labels, scores = case(kind)
    same(ours.roc_auc_score(labels, scores, max_fpr=max_fpr), peer.roc_auc_score(labels, scores, max_fpr=max_fpr))


@pytest.mark.parametrize(
    "labels",
    [
        [-1, -1, 1, 1],
        [False, False, True, True],
        [0.0, 0.0, 1.0, 1.0],
        np.array([0, 0, 1, 1], np.uint8),
        np.array([0, 0, 1, 1], np.float32),
    ],
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_labels_that_need_no_pos_label(peer, name, labels):
    same(getattr(ours, name)(labels, SCORES), getattr(peer, name)(labels, SCORES))


@pytest.mark.parametrize(
    ("labels", "pos_label"),
    [
        ([0, 0, 1, 1], 0),
        ([0, 0, 1, 1], True),
        ([0, 0, 1, 1], 1.0),
        ([3, 3, 7, 7], 7),
        ([3, 3, 7, 7], 3),
        ([-1, -1, 1, 1], -1),
        (["good", "good", "bad", "bad"], "good"),
        (np.array(["a", "b", "a", "b"], dtype=object), "a"),
    ],
)
@pytest.mark.parametrize("name", ["average_precision_score", "precision_recall_curve", "roc_curve"])
def test_pos_label(peer, name, labels, pos_label):
    same(
        getattr(ours, name)(labels, SCORES, pos_label=pos_label),
        getattr(peer, name)(labels, SCORES, pos_label=pos_label),
    )


@pytest.mark.parametrize("labels", [[3, 3, 7, 7], ["b", "a", "b", "a"], [5.0, -2.0, 5.0, 5.0]])
def test_the_greater_label_is_positive_for_the_area(peer, labels):
    same(ours.roc_auc_score(labels, SCORES), peer.roc_auc_score(labels, SCORES))


def test_curves_of_one_class_against_the_rest(peer):
    labels = RNG.integers(0, 4, 200)
    scores = RNG.normal(size=200)
    for name in ("roc_curve", "precision_recall_curve"):
        same(getattr(ours, name)(labels, scores, pos_label=2), getattr(peer, name)(labels, scores, pos_label=2))


@pytest.mark.parametrize("weight", [1, 0.1, 2.5])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_equal_weights(peer, name, weight):
    labels, scores = case("random", 40)
    weights = np.full(40, weight)
    extra = {"drop_intermediate": False} if name == "roc_curve" else {}
    same(
        getattr(ours, name)(labels, scores, sample_weight=weights, **extra),
        getattr(peer, name)(labels, scores, sample_weight=weights, **extra),
    )


WEIGHTS = {
    "float64": lambda n: RNG.random(n),
    "float32": lambda n: RNG.random(n).astype(np.float32),
    "integers": lambda n: RNG.integers(1, 5, n),
    "bytes": lambda n: RNG.integers(0, 256, n).astype(np.uint8),
    "booleans": lambda n: RNG.random(n) < 0.6,
    "many zeros": lambda n: RNG.random(n) * (RNG.random(n) < 0.3),
    "tenths": lambda n: RNG.integers(0, 4, n) / 10,  # which points lie on a line depends on how these sums are rounded
    "of all sizes": lambda n: 10.0 ** RNG.uniform(-12, 12, n),
    "column": lambda n: RNG.random((n, 1)),
    "list": lambda n: RNG.random(n).tolist(),
}


@pytest.mark.parametrize("weighing", WEIGHTS)
@pytest.mark.parametrize("kind", ["random", "tied", "constant", "perfect", "inverted", "float32", "integers", "bytes"])
def test_weights(peer, kind, weighing):
    labels, scores = case(kind)
    given = {"sample_weight": WEIGHTS[weighing](len(labels))}
    for name, options in [
        ("roc_auc_score", {}),
        ("roc_auc_score", {"max_fpr": 0.001}),
        ("roc_auc_score", {"max_fpr": 0.3}),
        ("roc_auc_score", {"max_fpr": 1}),
        ("average_precision_score", {}),
        ("average_precision_score", {"pos_label": 0}),
        ("roc_curve", {"drop_intermediate": False}),
        ("roc_curve", {"drop_intermediate": True}),
        ("precision_recall_curve", {"drop_intermediate": False}),
        ("precision_recall_curve", {"drop_intermediate": True}),
    ]:
        same(
            getattr(ours, name)(labels, scores, **options, **given),
            getattr(peer, name)(labels, scores, **options, **given),
        )


def test_whole_weights_are_repetitions():
    labels, scores = case("tied", 80)
    weights = RNG.integers(0, 4, 80)
    many = np.repeat(labels, weights), np.repeat(scores, weights)
    for name in FUNCTIONS:
        for drop in [{}] if name.endswith("score") else [{"drop_intermediate": drop} for drop in (False, True)]:
            call = getattr(ours, name)
            same(call(labels, scores, sample_weight=weights, **drop), call(*many, **drop))


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_class_without_weight(peer, name, label):
    labels, scores = case("tied", 60)
    weights = RNG.random(60) * (labels == label)
    outcomes, counts = [], []
    for module in (ours, peer):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            outcomes.append(getattr(module, name)(labels, scores, sample_weight=weights))
        counts.append(len(warned))
        if module is ours:
            assert all(warning.category is ac.UndefinedMetricWarning for warning in warned)
            assert all("that count" in str(warning.message) for warning in warned)
    same(*outcomes)
    assert counts[0] == counts[1]


def test_points_are_dropped_by_the_same_sums(peer):
    """On one line but for rounding, which hangs on the order within ties; and where several sums give one recall."""
    weights = np.concatenate([RNG.permutation([0.1, 0.2, 0.3]) for _ in range(80)])
    labels, scores = np.arange(240) // 3 % 2, np.arange(240) // 6 * 1.0
    found = ours.roc_curve(labels, scores, sample_weight=weights)
    same(found, peer.roc_curve(labels, scores, sample_weight=weights))
    assert 3 < len(found[0]) < 41

    weights = np.concatenate([[2.0**53 - 20], np.ones(38), [0.64 * 2.0**53]])
    labels, scores = np.append(np.arange(39) % 2 == 0, True), np.arange(40.0)[::-1]
    _, recall, _ = ours.precision_recall_curve(labels, scores, sample_weight=weights)
    assert len(np.unique(recall)) < len(np.unique(np.cumsum(weights * labels)))
    given = {"sample_weight": weights, "drop_intermediate": True}
    same(ours.precision_recall_curve(labels, scores, **given), peer.precision_recall_curve(labels, scores, **given))


@pytest.mark.parametrize("average", ["macro", "micro", "samples", "weighted", None])
def test_every_average_means_the_same_for_two_classes(peer, average):
    labels, scores = case("random")
    for name in ("roc_auc_score", "average_precision_score"):
        same(getattr(ours, name)(labels, scores, average=average), getattr(peer, name)(labels, scores, average=average))


@pytest.mark.parametrize("multi_class", ["raise", "ovr", "ovo"])
def test_multi_class_means_nothing_for_two_classes(peer, multi_class):
    same(ours.roc_auc_score(LABELS, SCORES, multi_class=multi_class), peer.roc_auc_score(LABELS, SCORES))


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [1, 1, 1, 1]])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_class(peer, name, labels):
    with warnings.catch_warnings(record=True) as theirs_warned:
        warnings.simplefilter("always")
        theirs = getattr(peer, name)(labels, SCORES)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        mine = getattr(ours, name)(labels, SCORES)
    same(mine, theirs)
    assert len(warned) == len(theirs_warned)
    for warning in warned:
        assert warning.category is ac.UndefinedMetricWarning
        assert warning.filename == __file__


def test_pos_label_that_does_not_occur(peer):
    with pytest.warns(UserWarning, match="(?i)positive"):
        theirs = peer.roc_curve(LABELS, SCORES, pos_label=7)
    with pytest.warns(ac.UndefinedMetricWarning, match="the true positive rate is undefined"):
        mine = ours.roc_curve(LABELS, SCORES, pos_label=7)
    same(mine, theirs)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0, 0.5, 1], [1, 2, 3]),
        ([1, 0.5, 0.5, 0], [1, 2, 3, 0]),
        ([0, 0], [1, 2]),
        ([[0], [1]], [1, 2]),
        (np.array([0, 100, 250], np.uint8), [1, 0, 2]),
        ([0, np.nan, 1], [0, 1, 1]),
    ],
)
def test_auc(peer, x, y):
    same(ours.auc(x, y), peer.auc(x, y))


def test_auc_of_curves(peer):
    labels, scores = case("tied")
    fpr, tpr, _ = ours.roc_curve(labels, scores)
    assert ours.auc(fpr, tpr) == pytest.approx(ours.roc_auc_score(labels, scores), abs=1e-12)
    precision, recall, _ = ours.precision_recall_curve(labels, scores)
    same(ours.auc(recall, precision), peer.auc(recall, precision))
    assert ours.auc(recall, precision) == pytest.approx(ac.metrics.aupr(scores, labels), abs=1e-12)


def test_signatures_are_scikit_learns(peer):
    import inspect

    for name in ours.__all__:
        mine = inspect.signature(getattr(ours, name)).parameters.values()
        theirs = inspect.signature(getattr(peer, name)).parameters.values()
        assert [(p.name, p.kind, p.default) for p in mine] == [(p.name, p.kind, p.default) for p in theirs]


def test_make_scorer_takes_them(peer):
    dummy = pytest.importorskip("sklearn.dummy")
    rows, labels = RNG.normal(size=(20, 2)), np.arange(20) % 2
    model = dummy.DummyClassifier(strategy="prior").fit(rows, labels)
    scorer = peer.make_scorer(ours.roc_auc_score, response_method="predict_proba")
    assert scorer(model, rows, labels) == 0.5


BAD = [
    ({"y_true": [0, 1, 2, 1]}, "y_true must have two labels, not several classes; got 0 or 1 or 2"),
    ({"y_true": [0, 0.5, 1, 1]}, "y_true must hold labels; got numbers that are not whole"),
    ({"y_true": [0, np.nan, 1, 1]}, "y_true must hold labels; got numbers that are not whole, or not finite"),
    ({"y_true": [[0, 1], [1, 0]]}, r"y_true must have shape \(n,\) or \(n, 1\); got \(2, 2\)"),
    ({"y_true": [0, 1, 1]}, "y_true and y_score must have the same length; got 3 and 4"),
    ({"y_true": []}, "y_true must have at least one label; got none"),
    ({"y_true": [None, 0, 1, 1]}, "y_true must hold labels that are numbers or strings; got dtype object"),
    ({"y_true": np.array([0, 0, 1, 1], complex)}, "y_true must hold labels .* got dtype complex128"),
    ({"y_true": np.ma.masked_equal(LABELS, 0)}, "y_true is a masked array"),
    ({"y_true": [[0, 1], [1]]}, "y_true is not an array"),
    ({"y_score": [0.1, np.nan, 0.3, 0.4]}, r"y_score contains 1 NaN, first at index \(1,\)"),
    ({"y_score": ["a", "b", "c", "d"]}, "y_score must hold real numbers; got dtype <U1"),
    ({"y_score": [[v, v] for v in SCORES]}, r"y_score must have shape \(n,\) or \(n, 1\); got \(4, 2\)"),
    ({"sample_weight": [0, 0, 0, 0]}, "sample_weight must have a number above 0; got zeros only"),
    ({"sample_weight": [1, 2, -3, 4]}, "sample_weight must be finite and not negative; got values from -3.0 to 4.0"),
    ({"sample_weight": [-1, -1, -1, -1]}, "sample_weight must be finite and not negative"),
    ({"sample_weight": [1, np.nan, 1, 1]}, "sample_weight must be finite and not negative"),
    ({"sample_weight": [np.inf] * 4}, "sample_weight must be finite and not negative"),
    ({"sample_weight": [1e308, 1.5e308, 1, 1]}, "sample_weight must have a finite sum; got values up to 1.5e"),
    ({"sample_weight": ["1", "2", "3", "4"]}, "sample_weight must hold real numbers"),
    ({"sample_weight": [[1, 2, 3, 4]]}, r"sample_weight must have shape \(n,\) or \(n, 1\); got \(1, 4\)"),
    ({"y_score": [0.1, np.nan, 0.3, 0.4], "sample_weight": [1, 0, 1, 2]}, r"y_score contains 1 NaN, .* index \(1,\)"),
    ({"sample_weight": [1, 1]}, "sample_weight must have the length of y_true, 4; got 2"),
]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input(name, arguments, message):
    arguments = {"y_true": LABELS, "y_score": SCORES, **arguments}
    with pytest.raises(ValueError, match=message):
        getattr(ours, name)(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ours.roc_auc_score(LABELS, SCORES, max_fpr=0), r"max_fpr must lie in \(0, 1\]; got 0"),
        (lambda: ours.roc_auc_score(LABELS, SCORES, max_fpr="a"), "max_fpr must be a number; got 'a'"),
        (lambda: ours.roc_auc_score(LABELS, SCORES, average="mean"), "average must be one of .*; got 'mean'"),
        (lambda: ours.roc_auc_score(LABELS, SCORES, multi_class="x"), "multi_class must be one of .*; got 'x'"),
        (lambda: ours.roc_auc_score(LABELS, SCORES, labels=[0, 1]), r"labels must be None.*; got \[0, 1\]"),
        (
            lambda: ours.average_precision_score([2, 2, 3, 3], SCORES),
            "pos_label must be a label in y_true, 2 or 3; got 1",
        ),
        (lambda: ours.roc_curve([1, 1, 2, 2], SCORES), r"pos_label must be given .*; got 1 or 2"),
        (lambda: ours.roc_curve(["a", "a", "b", "b"], SCORES), "pos_label must be given .*; got 'a' or 'b'"),
        (lambda: ours.roc_curve(LABELS, SCORES, pos_label=[1]), r"pos_label must be a number, .*; got \[1\]"),
        (lambda: ours.roc_curve(LABELS, SCORES, drop_intermediate="x"), "drop_intermediate must be True or False"),
        (lambda: ours.precision_recall_curve(LABELS, SCORES, drop_intermediate=1), "drop_intermediate must be True"),
        (lambda: ours.auc([0], [1]), "x must have at least two points; got 1"),
        (lambda: ours.auc([0, 1], [1, 2, 3]), "x and y must have the same length; got 2 and 3"),
        (lambda: ours.auc([0, 1, 0.5], [1, 2, 3]), "x must be ascending or descending"),
        (lambda: ours.auc(["a", "b"], [1, 2]), "x must hold real numbers"),
    ],
)
def test_bad_options(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.InvalidInputError)


def test_differences_on_purpose(peer):
    """The list of the module's documentation."""
    infinite = [0.1, np.inf, 0.3, np.inf]
    with pytest.raises(ValueError, match="infinity"):
        peer.roc_auc_score(LABELS, infinite)
    assert ours.roc_auc_score(LABELS, infinite) == 0.625
    assert ours.roc_curve(LABELS, infinite)[2].tolist() == [np.inf, np.inf, 0.3, 0.1]

    narrow = np.array(SCORES, np.float32)
    assert peer.precision_recall_curve(LABELS, narrow)[2].dtype == np.float32
    thresholds = ours.precision_recall_curve(LABELS, narrow)[2]
    assert thresholds.dtype == np.float64
    assert set(thresholds) == set(narrow)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(peer.roc_curve(LABELS, SCORES, pos_label="c")[1]).all()
    with pytest.raises(ValueError, match="pos_label must be a label in y_true, of dtype int64; got 'c'"):
        ours.roc_curve(LABELS, SCORES, pos_label="c")

    assert peer.roc_auc_score(LABELS, SCORES, labels=[5, 6]) == 0.75  # not read there, refused here
    assert peer.average_precision_score(LABELS, SCORES, sample_weight=[1, 1, 1, -0.5]) == 0  # refused here, see BAD
    assert peer.roc_auc_score(LABELS, SCORES, sample_weight=["1", "2", "3", "4"]) > 0  # likewise
    nothing = {"sample_weight": [0, 0, 1, 2], "max_fpr": 0.5}
    with pytest.raises(ValueError, match="2 points"), pytest.warns(UserWarning, match="No negative samples"):
        peer.roc_auc_score(LABELS, SCORES, **nothing)
    with pytest.warns(ac.UndefinedMetricWarning, match="roc_auc_score is undefined"):
        assert np.isnan(ours.roc_auc_score(LABELS, SCORES, **nothing))
    assert peer.roc_auc_score([[0, 1], [1, 0]], [[0.1, 0.2], [0.3, 0.4]]) == 0.5  # likewise

    labels, scores = np.arange(30) % 2, np.arange(30) // 2 * 1.0  # one line, from corner to corner
    tenths = np.full(30, 0.1)
    assert len(ours.roc_curve(labels, scores, sample_weight=tenths)[0]) == 3
    assert len(peer.roc_curve(labels, scores, sample_weight=tenths)[0]) > 3


def test_the_configuration_does_not_change_the_results():
    with ac.config_context(nan_policy="omit", undefined="raise"):
        with pytest.raises(ValueError, match="y_score contains 1 NaN"):
            ours.roc_auc_score(LABELS, [0.1, np.nan, 0.3, 0.4])
        with pytest.warns(ac.UndefinedMetricWarning):
            assert np.isnan(ours.roc_auc_score([1, 1, 1, 1], SCORES))


def test_tensors():
    torch = pytest.importorskip("torch")
    scores, labels = torch.tensor(SCORES), torch.tensor(LABELS)
    assert ours.roc_auc_score(labels, scores) == 0.75
    assert type(ours.roc_curve(labels == 1, scores.bfloat16())[0]) is np.ndarray


def test_no_other_library_is_imported():
    code = "import sys, anomalib_cpp.sklearn; print('sklearn' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False"]
