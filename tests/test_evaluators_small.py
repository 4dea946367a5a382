"""The small accumulators: their laws, golden values, stated errors, files and bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anomalib_cpp as ac
from anomalib_cpp import io
from anomalib_cpp.evaluators import (
    CovarianceAccumulator,
    CurveAccumulator,
    MinMaxAccumulator,
    QuantileSketch,
    TopKAccumulator,
    _quantiles,
)

ROWS = np.array([[i, i * i % 7, 3 * i % 5] for i in range(8)])


class Case:
    """One class under the laws: how to make one, and how to feed it rows (id, value, value)."""

    def __init__(self, make, update, exact=True, **options):
        self.make, self.update, self.exact, self.options = make, update, exact, options

    def of(self, *parts):
        made = self.make()
        for part in parts:
            self.update(made, part)
        return made

    def same(self, a, b):
        compare = np.testing.assert_array_equal if self.exact else np.testing.assert_allclose
        found, expected = a.compute(**self.options), b.compute(**self.options)
        if isinstance(found, dict):
            found, expected = ({k: v.value for k, v in result.items()} for result in (found, expected))
        else:
            found, expected = found._asdict(), expected._asdict()
        for name, value in found.items():
            compare(value, expected[name], **({} if self.exact else {"rtol": 1e-13, "atol": 1e-12}))
        assert (a.n_items, a.nbytes > 0) == (b.n_items, b.nbytes > 0)


def update_curve(accumulator, rows):
    accumulator.update(rows[:, 1:2], (rows[:, :1] % 2).astype(np.uint8))


CASES = {
    "minmax": Case(MinMaxAccumulator, lambda a, rows: a.update(rows[:, 1:])),
    "top": Case(lambda: TopKAccumulator(3), lambda a, rows: a.update(rows[:, 1], rows[:, 0].astype(int))),
    "lowest": Case(
        lambda: TopKAccumulator(5, largest=False), lambda a, rows: a.update(rows[:, 1], rows[:, 0].astype(int))
    ),
    "covariance": Case(CovarianceAccumulator, lambda a, rows: a.update(rows[:, 1:]), exact=False, ddof=0),
    "quantiles": Case(lambda: QuantileSketch(0.01), lambda a, rows: a.update(rows[:, 1:])),
    "curve": Case(lambda: CurveAccumulator(8, (-1, 5)), update_curve),
}


@st.composite
def parts(draw):
    """Rows with many ties, ids that are all different, cut into at least three parts."""
    values = draw(st.lists(st.tuples(st.integers(-4, 8), st.integers(-4, 8)), min_size=3, max_size=24))
    rows = np.array([[i, a / 2, b / 2] for i, (a, b) in enumerate(values)])
    cuts = sorted(draw(st.sets(st.integers(1, len(rows) - 1), min_size=2)))
    return rows, np.split(rows, cuts)


@pytest.mark.parametrize("limit", [_quantiles._EXACT, 10])  # 10: sketches, too
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@settings(max_examples=25, deadline=None)
@given(parts(), st.randoms(use_true_random=False))
def test_laws(case, limit, drawn, random):
    rows, batches = drawn
    kept, _quantiles._EXACT = _quantiles._EXACT, limit
    try:
        whole = case.of(rows)
        case.same(case.of(*batches), whole)  # batches change nothing
        shuffled = rows[random.sample(range(len(rows)), len(rows))]
        case.same(case.of(*np.array_split(shuffled, 3)), whole)  # nor does order
        a, b, c = case.of(batches[0]), case.of(*batches[1:-1]), case.of(batches[-1])
        before = {name: value.tobytes() for name, value in b.state().items()}
        case.same(a.clone().merge(b).merge(c), whole)
        case.same(c.clone().merge(b.clone().merge(a)), whole)  # merging is associative and commutative
        assert {name: value.tobytes() for name, value in b.state().items()} == before  # and leaves the other alone
        empty = case.make()
        case.same(empty.clone().merge(a), a)  # what is empty is its unit
        case.same(a.clone().merge(empty), a)
        assert a.clone().merge(b).n_updates == a.n_updates + b.n_updates
        twin = type(whole).from_state(whole.state())
        assert {k: v.tobytes() for k, v in twin.state().items()} == {k: v.tobytes() for k, v in whole.state().items()}
        case.same(whole, whole.clone())  # computing twice is computing once
        case.update(twin, batches[0] + [len(rows), 0, 0])
        assert twin.n_items > whole.n_items
        twin.reset()
        fresh = case.make()
        assert {k: v.tobytes() for k, v in twin.state().items()} == {k: v.tobytes() for k, v in fresh.state().items()}
        with pytest.raises(ac.InvalidInputError, match="has no data: call update first"):
            twin.compute()
    finally:
        _quantiles._EXACT = kept


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_files(case, tmp_path):
    path = tmp_path / "state.safetensors"
    accumulator = case.of(ROWS[:3], ROWS[3:])
    for written in (accumulator, case.make()):
        written.save(path)
        read = type(written).load(path)
        assert {k: v.tobytes() for k, v in read.state().items()} == {k: v.tobytes() for k, v in written.state().items()}
        assert (read.n_updates, read.n_items) == (written.n_updates, written.n_items)
    assert io.inspect(path).kind == type(accumulator).__name__
    for other in (MinMaxAccumulator, QuantileSketch):
        if not isinstance(accumulator, other):
            with pytest.raises(ac.FormatError, match="holds a"):
                other.load(path)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_updates_without_values_change_nothing(case):
    accumulator = case.of(ROWS)
    if isinstance(accumulator, CurveAccumulator):
        return  # maps without a pixel are refused
    case.update(accumulator, ROWS[:0])
    assert (accumulator.n_updates, accumulator.n_items > 0) == (1, True)


def test_published_covariance():
    first, second = CovarianceAccumulator(), CovarianceAccumulator()
    first.update(ROWS[:3])
    second.update(ROWS[3:])
    found = first.merge(second).compute()
    expected = [[6, 0, 1 / 7], [0, 2.5, -5 / 14], [1 / 7, -5 / 14, 31 / 14]]
    assert found.mean.tolist() == [3.5, 1.75, 1.75]
    np.testing.assert_allclose(found.covariance, expected, atol=4e-15, rtol=0)
    np.testing.assert_allclose(first.compute(ddof=0).covariance, np.cov(ROWS.T, ddof=0), atol=4e-15)


def test_covariance_far_from_zero_keeps_its_digits():
    rng = np.random.default_rng(0)
    rows = np.round(rng.standard_normal((20_000, 4)) * 2**16) / 2**16
    accumulator = CovarianceAccumulator()
    for part in np.array_split(rows + 2.0**28, 7):  # exact in float64, whose squares are not
        accumulator.update(part)
    found = accumulator.compute()
    np.testing.assert_allclose(found.covariance, np.cov(rows.T), rtol=1e-7, atol=1e-7)
    np.testing.assert_array_equal(found.covariance, found.covariance.T)
    np.testing.assert_allclose(found.mean - 2.0**28, rows.mean(0), atol=1e-7)


def test_top_of_many_items():
    rng = np.random.default_rng(0)
    scores, ids = rng.integers(0, 500, 20_000) / 4, rng.permutation(20_000)
    for largest in (True, False):
        accumulator = TopKAccumulator(37, largest=largest)
        for part in np.array_split(np.arange(20_000), 9):
            accumulator.update(scores[part], ids[part])
        order = sorted(range(20_000), key=lambda i: (-scores[i] if largest else scores[i], ids[i]))[:37]
        assert accumulator.compute().ids.tolist() == ids[order].tolist()
        assert accumulator.compute().scores.tolist() == scores[order].tolist()
        assert accumulator.n_items == 20_000


def test_infinities_and_zeros():
    minmax = MinMaxAccumulator()
    minmax.update(np.array([-0.0, np.inf]))
    assert (minmax.compute().low, minmax.compute().high) == (0, math.inf)
    assert math.copysign(1, minmax.compute().low) == 1
    top = TopKAccumulator(3)
    top.update([np.inf, -np.inf, 0.0, -0.0], [1, 2, 4, 3])
    assert top.compute().ids.tolist() == [1, 3, 4]


# --- quantiles -------------------------------------------------------------------------------------------------------

QUANTILES = np.array([0, 1e-4, 0.01, 0.25, 0.5, 0.731, 0.99, 0.9999, 1])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_few_values_give_exact_quantiles(values, quantiles):
    sketch = QuantileSketch()
    for value in values:
        sketch.update([value])
    found = sketch.compute(quantiles)
    np.testing.assert_allclose(found.values, np.quantile(values, quantiles), rtol=1e-14, atol=1e-320)
    np.testing.assert_array_equal(found.low, found.values)
    np.testing.assert_array_equal(found.high, found.values)


@pytest.mark.parametrize("error", [0.5, 0.1, 1e-2, 1e-3, 1e-6])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.standard_normal(n),
        lambda rng, n: rng.lognormal(0, 5, n).astype(np.float32),
        lambda rng, n: -rng.pareto(1, n),
        lambda rng, n: rng.integers(-3, 4, n),
        lambda rng, n: np.full(n, 0.1),
    ],
)
def test_quantiles_stay_within_the_stated_error(monkeypatch, error, draw):
    monkeypatch.setattr(_quantiles, "_EXACT", 1000)
    values = draw(np.random.default_rng(1), 20_000)
    sketch = QuantileSketch(error)
    for part in np.array_split(values, 11):
        sketch.update(part)
    found = sketch.compute(QUANTILES)
    exact = np.quantile(values.astype(np.float64), QUANTILES)
    steps = np.sort(values.astype(np.float64))
    place = QUANTILES * (len(values) - 1)
    around = np.maximum(abs(steps[np.floor(place).astype(int)]), abs(steps[np.ceil(place).astype(int)]))
    assert (abs(found.values - exact) <= error * around * (1 + 1e-15)).all()
    assert ((found.low <= exact) & (exact <= found.high)).all()
    assert (found.values[0], found.values[-1]) == pytest.approx((steps[0], steps[-1]), rel=error)
    if error >= 1e-2:
        assert sketch.nbytes < 4 * len(values)


def test_the_sketch_of_extreme_numbers():
    values = [-1.7976931348623157e308, -1.0, -5e-324, 0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]
    for error in (0.5, 1e-3, 1e-300):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_quantiles, "_EXACT", 3)
            sketch = QuantileSketch(error)
            sketch.update(values)
            found = sketch.compute(np.arange(7) / 6)
        assert (abs(found.values - values) <= error * np.abs(values) + 2.3e-308).all()
        assert ((found.low <= values) & (values <= found.high)).all()


def test_more_than_a_million_values_become_counts():
    values = np.random.default_rng(0).random(1 << 20)
    sketch = QuantileSketch()
    sketch.update(values)
    assert sketch.nbytes == 8 << 20
    assert sketch.compute(0.3).values[0] == np.quantile(values, 0.3)
    sketch.update([0.5])
    assert sketch.nbytes < 1 << 19
    assert sketch.n_items == (1 << 20) + 1
    assert sketch.compute(0.3).values[0] == pytest.approx(0.3, rel=2e-3)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: MinMaxAccumulator().update([1.0, np.nan]),
            ValueError,
            r"values contains 1 NaN, first at index",
        ),
        (lambda: MinMaxAccumulator().update(["a"]), TypeError, "values must hold real numbers"),
        (lambda: MinMaxAccumulator().update([True]), TypeError, "values must hold numbers of at most 64 bits"),
        (lambda: MinMaxAccumulator().update([2**53 + 1]), TypeError, r"values must hold integers of at most 2\^53"),
        (lambda: MinMaxAccumulator().update([np.ones((2, 2))] * 2), TypeError, "values must be one array; got a list"),
        (lambda: MinMaxAccumulator().merge(QuantileSketch()), TypeError, "other must be a MinMaxAccumulator; got Quan"),
        (lambda: TopKAccumulator(0), ValueError, "k must be an integer >= 1; got 0"),
        (lambda: TopKAccumulator(2, largest=1), TypeError, "largest must be True or False"),
        (lambda: TopKAccumulator(2).update([[1.0]], [[1]]), ValueError, r"scores must have shape \(n,\)"),
        (lambda: TopKAccumulator(2).update([1.0], [1, 2]), ValueError, r"ids must have the shape of scores, \(1,\)"),
        (lambda: TopKAccumulator(2).update([1.0], [0.5]), TypeError, "ids must be integers that int64 holds"),
        (lambda: TopKAccumulator(2).update([1.0], np.array([2**63], np.uint64)), TypeError, "ids must be integers"),
        (lambda: TopKAccumulator(2).merge(TopKAccumulator(3)), ValueError, r"different are k \(2, 3\)"),
        (lambda: CovarianceAccumulator().update([1.0]), ValueError, r"rows must have shape \(n, d\)"),
        (lambda: CovarianceAccumulator().update([[np.inf]]), ValueError, "rows must be finite; got 1 infinities"),
        (lambda: CASES["covariance"].of(ROWS).update(ROWS), ValueError, "rows must have 2 columns, as before; got 3"),
        (lambda: CASES["covariance"].of(ROWS[:1]).compute(), ValueError, "ddof must be below the number of rows, 1"),
        (lambda: QuantileSketch(0), ValueError, r"relative_error must lie in \(0, 0.5\]; got 0"),
        (lambda: QuantileSketch().update([-np.inf]), ValueError, "values must be finite; got 1 infinities"),
        (lambda: CASES["quantiles"].of(ROWS).compute([1.5]), ValueError, r"quantiles must lie in \[0, 1\]"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_update_changes_nothing(case):
    accumulator = case.of(ROWS)
    before = {k: v.tobytes() for k, v in accumulator.state().items()}
    with pytest.raises(ac.InvalidInputError, match="NaN"):
        case.update(accumulator, np.where((ROWS == 4) & [False, True, True], np.nan, ROWS))
    assert {k: v.tobytes() for k, v in accumulator.state().items()} == before


def changed(values):
    yield values[:-1]
    yield values.astype(np.float32 if values.dtype == np.float64 else np.float64)
    yield np.concatenate([values, values])
    yield -values - 1 if values.dtype == np.int64 else values * np.nan


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_hostile_states_are_refused(case, monkeypatch):
    monkeypatch.setattr(_quantiles, "_EXACT", 5)
    accumulator = case.of(ROWS)
    good = accumulator.state()
    text = bytes(good["settings"])
    odd = [
        b"{}",
        b"[1",
        text.replace(b'"format": 1', b'"format": 2'),
        text.replace(b'"n_updates": 1', b'"n_updates": -1'),
        text.replace(b'"n_updates": 1', b'"n_updates": 0'),
    ]
    for settings_of in odd:
        with pytest.raises(ac.FormatError, match="state must"):
            type(accumulator).from_state({**good, "settings": np.frombuffer(settings_of, np.uint8)})
    for name in set(good) - {"settings"}:
        with pytest.raises(ac.FormatError, match="state must"):
            type(accumulator).from_state({key: value for key, value in good.items() if key != name})
        if good[name].size == 0:
            continue
        for value in changed(good[name]):
            if name == "ids" and value.shape == good[name].shape and value.dtype == np.int64:
                continue  # any integers are ids
            with pytest.raises(ac.FormatError, match="state must"):
                type(accumulator).from_state({**good, name: value})
