"""The evaluator of series: nothing depends on how they came, and states are read as hostile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomalib_cpp import FormatError, InvalidInputError, InvalidTypeError
from anomalib_cpp.evaluators import ImageEvaluator, TimeSeriesEvaluator
from anomalib_cpp.timeseries import series_report
from timeseries_oracles.series import random_case

SERIES = [random_case(seed, 40 + 13 * seed, levels=[None, 6][seed % 2]) for seed in range(6)]
OPTIONS = {"window": 6, "early_buffer": 4, "delay_buffer": 9, "threshold": 0.7}


def evaluator(series=(), **options):
    made = TimeSeriesEvaluator(**(OPTIONS | options))
    for scores, labels in series:
        made.update(scores, labels)
    return made


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_series_report_bit_for_bit():
    found = evaluator(SERIES).per_series()
    same(found, series_report(*map(list, zip(*SERIES, strict=True)), **OPTIONS))
    means = evaluator(SERIES).compute()
    assert means["vus_pr"] == pytest.approx(found["vus_pr"].mean(), abs=1e-15)
    assert "affiliation_f1_threshold" in found.keys() - means.keys()


@given(cut=st.integers(0, 6), other=st.integers(0, 6))
def test_parts_and_merging_change_nothing(cut, other):
    first, last = sorted((cut, other))
    whole = evaluator(SERIES)
    parts = [evaluator(SERIES[:first]), evaluator(SERIES[first:last]), evaluator(SERIES[last:])]
    left = parts[0].clone().merge(parts[1].clone()).merge(parts[2])
    right = parts[0].clone().merge(parts[1].clone().merge(parts[2].clone()))
    same(left.per_series(), whole.per_series())
    same(right.per_series(), whole.per_series())
    assert left.n_updates == whole.n_updates == whole.n_items == 6
    same(evaluator().merge(whole).per_series(), whole.per_series())


@given(order=st.permutations(range(6)), cut=st.integers(0, 6))
def test_the_order_of_series_changes_no_bit_of_the_means(order, cut):
    means = evaluator(SERIES).compute()
    first, last = (evaluator([SERIES[i] for i in part]) for part in (order[:cut], order[cut:]))
    assert first.clone().merge(last).compute() == last.clone().merge(first).compute() == means


def test_batches_states_and_files(tmp_path):
    scores, labels = map(list, zip(*SERIES, strict=True))
    made = evaluator()
    made.update(scores[:4], labels[:4])
    made.update(
        np.concatenate(scores[4:]),
        np.concatenate(labels[4:]),
        offsets=[0, len(scores[4]), len(scores[4]) + len(scores[5])],
    )
    expected = evaluator(SERIES).per_series()
    same(made.per_series(), expected)
    made.save(tmp_path / "series.safetensors")
    for copy in (
        TimeSeriesEvaluator.from_state(made.state()),
        TimeSeriesEvaluator.load(tmp_path / "series.safetensors"),
    ):
        same(copy.per_series(), expected)
        assert (copy.n_updates, copy.n_items, copy.nbytes) == (2, 6, made.nbytes)
    made.update(*SERIES[0])
    assert made.per_series()["pate"][6] == expected["pate"][0]
    made.reset()
    assert (made.n_items, made.n_updates, made.nbytes) == (0, 0, 0)
    same(made.state(), evaluator().state())
    with pytest.raises(InvalidInputError, match="no data: call update first"):
        made.compute()


def test_what_is_refused_leaves_everything_as_it_was():
    made = evaluator(SERIES[:1])
    before = made.per_series()
    for call, message in (
        (lambda: made.update([1, np.nan], [0, 1]), "scores contains NaN, first at index 1"),
        (lambda: made.update([1, 2], [0, 1, 1]), "labels has 3 points but scores has 2"),
        (lambda: made.merge(evaluator(window=7)), r"different are window \(6, 7\)"),
        (lambda: evaluator(metrics=["vus", "new"]), "metrics must be one of"),
        (lambda: evaluator(window=-1), "window must be an integer >= 0"),
        (lambda: evaluator(threshold=float("inf")), "threshold must be finite; got inf"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            call()
    with pytest.raises(InvalidTypeError, match="other must be a TimeSeriesEvaluator; got ImageEvaluator"):
        made.merge(ImageEvaluator())
    same(made.per_series(), before)


def test_series_without_a_result():
    made = evaluator(SERIES[:2])
    made.update([1.0, 2, 3], [0, 0, 0])
    with pytest.raises(InvalidInputError, match="series 2: metric"):
        made.compute()
    lenient = evaluator([*SERIES[:2], ([1.0, 2, 3], [0, 0, 0])], on_error="nan", metrics=["vus"], threshold=None)
    assert np.isnan(lenient.compute()["vus_pr"])
    assert np.isnan(lenient.per_series()["vus_pr"]).tolist() == [False, False, True]


def changed(old, new):
    settings = evaluator(SERIES[:1]).state()["settings"].tobytes()
    assert old in settings
    return np.frombuffer(settings.replace(old, new), np.uint8)


@pytest.mark.parametrize(
    "change",
    [
        {"scores": np.zeros(3)},
        {"sizes": np.array([40, -1, 1])},
        {"sizes": np.array([2**62, 2**62])},
        {"labels": np.zeros(40, np.uint8)},
        {"scores": np.full(40, np.nan)},
        {"more": np.zeros(1)},
        {"settings": np.frombuffer(b"{}", np.uint8)},
        {"settings": changed(b'"n_updates": 1', b'"n_updates": 0')},
        {"settings": changed(b'"threshold": 0.7', b'"threshold": NaN')},
        {"settings": changed(b'["rank", ', b'["rank", "new", ')},
        {"settings": changed(b'"window": 6', b'"window": -6')},
    ],
)
def test_hostile_states(change):
    with pytest.raises(FormatError, match="state must"):
        TimeSeriesEvaluator.from_state(evaluator(SERIES[:1]).state() | change)
