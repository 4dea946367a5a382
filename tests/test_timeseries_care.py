"""CARE: published values, the definition step by step, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomalib_cpp.timeseries._care import CareEvent, _combined, _earliness, _Event, _parts, care_score

EXACT = {"rel": 0, "abs": 1e-14}
STEPS = np.arange(120)
NORMAL = STEPS % 11 != 0


def period(label, first, last, inside, outside):
    within = (first <= STEPS) & (last >= STEPS)
    return CareEvent(np.where(within, inside, outside) > (37 * STEPS) % 101, NORMAL, label, (first, last))


EVENTS = [
    period("anomaly", 60, 119, 90, 5),
    period("anomaly", 80, 99, 55, 3),
    period("normal", 40, 99, 12, 12),
    period("normal", 40, 99, 30, 25),
]
NAN = float("nan")


def test_published_events():
    found = care_score(EVENTS, criticality_threshold=8)
    assert float(found) == found.value == pytest.approx(0.8180700097302562, **EXACT)
    assert found.event_earliness == pytest.approx(
        [0.8864197530864198, 0.5947454844006569, NAN, NAN], nan_ok=True, **EXACT
    )
    assert found.event_coverage == pytest.approx(
        [0.9607843137254903, 0.7142857142857143, NAN, NAN], nan_ok=True, **EXACT
    )
    assert found.event_accuracy == pytest.approx(
        [NAN, NAN, 0.8990825688073395, 0.7798165137614679], nan_ok=True, **EXACT
    )
    assert found.max_criticality.tolist() == [44, 3, 1, 1]
    assert found.detected.tolist() == [True, False, False, False]
    counts = np.stack([found.tn, found.fp, found.fn, found.tp], axis=1)
    assert counts[:2].tolist() == [[53, 1, 6, 49], [88, 3, 8, 10]]
    assert care_score(EVENTS, detection="fraction").value == pytest.approx(0.7625144541747007, **EXACT)


@pytest.mark.parametrize(
    ("earliness", "coverage", "accuracy", "value"),
    [
        ([0.5, 0.8], [20 / 23, 0.625], [0.8, 0.5], 0.650567632850241),
        ([0.5], [20 / 23], [0.8], 0.705024154589372),
        ([0.8], [0.625], [0.5], 0.5),
        ([0.5, 0.8], [20 / 23, 0.625], [0.1, 0.0], 0.05),
    ],
)
def test_published_means(earliness, coverage, accuracy, value):
    anomalous = np.repeat([True, False], [len(earliness), len(accuracy)])
    late, covered = (np.array([*part, *[NAN] * len(accuracy)]) for part in (earliness, coverage))
    right = np.array([*[NAN] * len(earliness), *accuracy])
    parts = _parts(anomalous, covered, late, right, np.ones(anomalous.size, bool), 0.5)
    assert _combined(parts, True, (1, 1, 1, 2)) == pytest.approx(value, **EXACT)


def test_weights_of_a_window_of_five():
    ones = np.eye(5, dtype=bool)
    found = [_earliness(_Event(row, ones[0], True, slice(0, 5))) for row in ones]
    assert found == pytest.approx([57 / 198, 57 / 198, 44 / 198, 28 / 198, 12 / 198], rel=1e-14)


def by_definition(events, beta, threshold, detection, least):
    """Value and criticalities, one step at a time."""

    def f_score(tp, fp, fn, beta):
        if tp == 0:
            return 0.0
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)

    coverage, early, accuracy, flags, truth, highest = [], [], [], [], [], []
    for event in events:
        first, last = event.window
        counts = {(p, g): 0 for p in (0, 1) for g in (0, 1)}
        counter, most, seen, hits = 0, 0, 0, 0
        for i, (p, normal) in enumerate(zip(event.predictions, event.normal, strict=True)):
            inside = first <= i <= last
            if normal:
                counts[int(p), int(inside and event.label == "anomaly")] += 1
                counter = min(counter + 1, 1000) if p else max(counter - 1, 0)
                seen, hits = seen + inside, hits + (inside and p)
            most = max(most, counter)
        flags.append(most > threshold if detection == "criticality" else seen > 0 and hits / seen >= least)
        truth.append(event.label == "anomaly")
        highest.append(most)
        if event.label == "normal":
            accuracy.append(counts[0, 0] / (counts[0, 0] + counts[1, 0]))
            continue
        coverage.append(f_score(counts[1, 1], counts[1, 0], counts[0, 1], beta))
        length = last - first + 1
        weights = [1 if i < length / 4 else (1 - i / (length - 0.25)) / 0.75 for i in range(length)]
        caught = [w for w, p in zip(weights, event.predictions[first : last + 1], strict=True) if p]
        early.append(sum(caught) / sum(weights))
    right = np.mean(accuracy)
    if not any(flags):
        return 0.0, highest
    if right <= 0.5:
        return right, highest
    flags, truth = np.array(flags), np.array(truth)
    reliability = f_score((flags & truth).sum(), (flags & ~truth).sum(), (~flags & truth).sum(), 0.5)
    return (np.mean(coverage) + np.mean(early) + reliability + 2 * right) / 5, highest


@given(st.integers(0, 2**32), st.sampled_from(["criticality", "fraction"]))
def test_random_events_are_those_of_the_definition(seed, detection):
    random = np.random.default_rng(seed)
    events = []
    for label in ("anomaly", "normal", *random.choice(["anomaly", "normal"], 3)):
        n = int(random.integers(1, 3000 if seed % 5 == 0 else 60))
        normal = random.random(n) < random.choice([0.5, 1])
        normal[0] = True
        first = int(random.integers(n))
        predicted = random.random(n) < random.choice([0.1, 0.5, 0.9, 1])
        events.append(CareEvent(predicted, normal, label, (first, int(random.integers(first, n)))))
    beta, threshold, least = random.choice([0.5, 1, 2]), int(random.integers(0, 20)), random.random() / 2
    found = care_score(events, beta=beta, criticality_threshold=threshold, detection=detection, min_fraction=least)
    value, highest = by_definition(events, beta, threshold, detection, least)
    assert found.value == pytest.approx(value, rel=0, abs=1e-12)
    assert found.max_criticality.tolist() == highest
    assert 0 <= found.value <= 1


def test_the_whole_period_stands_for_no_window_and_no_mask():
    quiet, whole = CareEvent([0, 1, 0], None, "normal"), CareEvent([0, 1, 0], [1, 1, 1], "normal", (0, 2))
    for detection in ("criticality", "fraction"):
        one, other = (care_score([EVENTS[0], event], detection=detection) for event in (quiet, whole))
        assert one.value == other.value
    assert care_score([EVENTS[1], quiet]).value == 0  # nothing is detected


def test_missing_parts_are_nan_where_that_is_allowed():
    found = care_score(EVENTS[:2], allow_degenerate=True, criticality_threshold=8)
    assert np.isnan([found.value, found.accuracy]).all()
    assert found.reliability == pytest.approx(1.25 / 1.5)
    assert np.isnan(care_score([], allow_degenerate=True).value)
    assert np.isnan(care_score([EVENTS[0], CareEvent([1], [0], "normal")], allow_degenerate=True).accuracy)


@pytest.mark.parametrize(
    ("events", "options", "error", "message"),
    [
        (EVENTS[:2], {}, ValueError, "care_score is undefined: events contains no event with the label 'normal'"),
        (EVENTS[2:], {}, ValueError, "no event with the label 'anomaly'"),
        ([EVENTS[0], CareEvent([1], [0], "normal")], {}, ValueError, r"events\[1\] has no step that is normal"),
        (
            [CareEvent([1, 0], [1], "normal")],
            {},
            ValueError,
            r"events\[0\].normal has 1 steps but events\[0\].predictions",
        ),
        ([CareEvent([1, 0], None, "fault")], {}, ValueError, r"events\[0\].label must be one of 'anomaly', 'normal'"),
        ([CareEvent([1, 0], None, "anomaly")], {}, ValueError, r"events\[0\].window must be a pair .* got None"),
        ([CareEvent([1, 0], None, "anomaly", (1, 2))], {}, ValueError, r"0 <= first <= last < 2; got \(1, 2\)"),
        ([CareEvent([1, 0], None, "anomaly", 1)], {}, TypeError, r"events\[0\].window must be a pair"),
        ([CareEvent([], None, "normal")], {}, ValueError, r"events\[0\].predictions is empty"),
        ([CareEvent([NAN], None, "normal")], {}, ValueError, r"events\[0\].predictions contains NaN, first at index 0"),
        ([CareEvent("1", None, "normal")], {}, TypeError, r"events\[0\].predictions must be an array"),
        ([([1], None, "normal")], {}, TypeError, r"events\[0\] must be a CareEvent; got tuple"),
        (EVENTS[0], {}, TypeError, "events must be a sequence; got CareEvent"),
        (EVENTS, {"beta": 0}, ValueError, "beta must be a finite number above 0; got 0"),
        (EVENTS, {"reliability_beta": NAN}, ValueError, "reliability_beta must be a finite number above 0"),
        (EVENTS, {"criticality_threshold": NAN}, ValueError, "criticality_threshold must be a number"),
        (EVENTS, {"detection": "count"}, ValueError, "detection must be one of 'criticality', 'fraction'"),
        (EVENTS, {"min_fraction": 1.1}, ValueError, r"min_fraction must lie in \[0, 1\]"),
        (EVENTS, {"weights": (1, 1, 1)}, ValueError, "weights must be four finite numbers >= 0"),
        (EVENTS, {"weights": (0, 0, 0, 0)}, ValueError, "weights must be four finite numbers >= 0, not all of them 0"),
        (EVENTS, {"weights": 1}, TypeError, "weights must be a sequence; got int"),
        (EVENTS, {"allow_degenerate": 1}, TypeError, "allow_degenerate must be True or False"),
    ],
)
def test_bad_input_is_named(events, options, error, message):
    with pytest.raises(error, match=message):
        care_score(events, **options)
