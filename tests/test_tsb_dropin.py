"""anomalib_cpp.tsb: worked examples, values that TSB-AD 1.5 gave, and where we differ on purpose."""

import inspect

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import timeseries as ts
from anomalib_cpp import tsb, vus
from anomalib_cpp.tsb import find_length_rank, get_metrics, get_metrics_pred
from test_pate_dropin import SERIES, above_quarter, exactly
from timeseries_oracles.series import case, prediction, random_case

AREAS = ["AUC-PR", "AUC-ROC", "VUS-PR", "VUS-ROC"]
F1 = ["Standard-F1", "PA-F1", "Event-based-F1", "R-based-F1", "Affiliation-F"]
VOLUMES = ["VUS-Recall", "VUS-Precision", "VUS-F"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "A",
            (
                *(0.7432331334802358, 0.8280189959294437, 0.7978829741676111, 0.8734949417510112),
                *(0.6666616870750701, 0.9848484848484849, 0.8235294117647052, 0.46956847094038406, 0.9382960744078129),
            ),
        ),
        (
            "B",
            (
                *(0.6776764052547317, 0.8391900844107276, 0.6952809484620281, 0.8560124537529834),
                *(0.6270225529902876, 0.9959016393442623, 0.9090909090909085, 0.3848716135598486, 0.896101560044203),
            ),
        ),
        (
            "C",
            (
                *(0.6854815334268349, 0.842, 0.6928935026713599, 0.8539509869717996),
                *(0.6315739612582005, 1, 0.9999999999999996, 0.5294117647058824, 0.9886219974715545),
            ),
        ),
    ],
)
def test_golden_values(name, expected):
    found = get_metrics(*case(name), 10)
    assert list(found) == AREAS + F1
    assert list(found.values()) == exactly(list(expected))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "A",
            (
                *(0.6140350877192983, 0.9027777777777777, 0.7394366197183094, 0.33907157259592796, 0.8819256008557943),
                *(0.5682455390172622, 0.8029351277808824, 0.6654553128243896),
            ),
        ),
        (
            "B",
            (
                *(0.5702647657841141, 0.8181818181818182, 0.6763285024154585, 0.2631810660416209, 0.8130765826897526),
                *(0.5823534987406055, 0.5845447799678684, 0.5834405549459177),
            ),
        ),
    ],
)
def test_golden_values_of_predictions(name, expected):
    scores, labels = case(name)
    found = get_metrics_pred(scores, labels, prediction(name)[0], 10)
    assert list(found) == F1 + VOLUMES
    assert list(found.values()) == exactly(list(expected))


RECORDED = {  # TSB-AD 1.5: get_metrics(score, labels, 7, thre=30)
    "plain": (
        *(0.588898832044084, 0.7842846553002224, 0.5798396901088813, 0.811264048609672),
        *(0.5097992464865481, 0.972972972972973, 0.7999999999999995, 0.4455958549222798, 0.7994056998682794),
    ),
    "tied": (
        *(0.7069912543596755, 0.7925824175824175, 0.7408233917276068, 0.8235328631178668),
        *(0.6206846611578987, 0.9230769230769231, 0.8571428571428567, 0.6212121212121212, 0.8070709128723611),
    ),
    "spikes": (
        *(0.48265306122448975, 0.8034134007585335, 0.2824754263324958, 0.8451119715203514),
        *(0.5454499173946402, 0.9333333333333333, 0.8571428571428567, 0.6086956521739131, 0.9479211169932814),
    ),
    "constant": (
        *(0.16666666666666666, 0.5, 0.24774280832613113, 0.5263738638193143),
        *(0.2857118367556849, 0, 0, 0, np.nan),
    ),
}
PREDICTED = {  # get_metrics_pred(score, labels, pred, 7)
    "plain": (
        *(0.4878048780487805, 0.7346938775510204, 0.54054054054054, 0.265625, 0.779777539503507),
        *(0.5753774022063974, 0.5160706086633307, 0.5439450398517962),
    ),
    "tied": (
        *(0.5263157894736842, 0.9230769230769231, 0.8571428571428567, 0.5507246376811594, 0.8070709128723611),
        *(0.35714285714285715, 1, 0.5263157894736842),
    ),
    "spikes": (
        *(0.3125, 0.4117647058823529, 0.33333333333333304, 0.22500000000000003, 0.7246988957116676),
        *(0.7491201131129428, 0.21707106781186547, 0.33643297769811115),
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_recorded_values(name):
    found = get_metrics(*SERIES[name], 7, thre=30)
    assert list(found.values()) == exactly(list(RECORDED[name]))


@pytest.mark.parametrize("name", PREDICTED)
def test_recorded_values_of_predictions(name):
    (scores, labels), (points, _) = SERIES[name], above_quarter(name)
    alone = get_metrics_pred(scores, labels, points, 7)
    assert list(alone.values()) == exactly(list(PREDICTED[name]))
    found = get_metrics(scores, labels, 7, points, thre=30)
    areas = get_metrics(scores, labels, 7, version="opt_mem", thre=30)
    assert found == {key: (areas if key in AREAS else alone)[key] for key in AREAS + F1}


def test_nothing_and_everything_predicted():
    """Where we differ: TSB-AD's VUS-Precision is 0 / 0, and its R-based-F1 is 0 if all points are predicted."""
    scores, labels = SERIES["spikes"]
    nothing = get_metrics_pred(scores, labels, np.zeros(120), 7)
    assert nothing == exactly(dict.fromkeys(nothing, 0.0) | {"Affiliation-F": np.nan})
    everything = get_metrics_pred(scores, labels, np.ones(120), 7)
    assert everything == exactly(
        {
            **dict.fromkeys(F1[:2], 0.11023622047244094),
            "Event-based-F1": 0.11023622047244083,
            "R-based-F1": ts.range_f1(np.ones(120), labels, threshold=1).value,
            "Affiliation-F": 0.6682067114984748,
            "VUS-Recall": 1.0,
            "VUS-Precision": 0.10467216809816518,
            "VUS-F": 0.18759812122553232,
        }
    )
    assert everything["R-based-F1"] > 0


@pytest.mark.parametrize("seed", range(3))
def test_kinds_of_input(seed):
    scores, labels = random_case(seed, levels=9)
    points = (scores > 0.8).astype(int)
    expected = get_metrics(scores, labels, 6, points), get_metrics_pred(scores, labels, points, 6)
    for s, y, p in ((scores.tolist(), labels.tolist(), points.tolist()), (scores, labels > 0, points > 0)):
        assert (get_metrics(s, y, 6, p), get_metrics_pred(s, y, p, 6)) == expected


def test_signatures_are_the_peers():
    expected = {
        get_metrics: "score, labels, slidingWindow=100, pred=None, version='opt', thre=250",
        get_metrics_pred: "score, labels, pred, slidingWindow=100",
        find_length_rank: "data, rank=1",
    }
    for function, parameters in expected.items():
        found = inspect.signature(function).parameters.values()
        assert ", ".join(str(p.replace(annotation=p.empty)) for p in found) == parameters
    assert tsb.vus_get_metrics is vus.get_metrics


def test_window_from_the_autocorrelation():
    wave = np.sin(2 * np.pi * np.arange(2000) / 50)
    assert [find_length_rank(wave[:, None], rank) for rank in range(3)] == [1, 50, 100]
    assert (find_length_rank(np.arange(900)), find_length_rank(np.ones((9, 2)))) == (125, 0)


SCORES, LABELS = SERIES["plain"]
POINTS = above_quarter("plain")[0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: get_metrics(SCORES, LABELS, 2.5), TypeError, "slidingWindow must be an integer >= 0; got 2.5"),
        (lambda: get_metrics(SCORES, LABELS, thre=0), ValueError, "thre must be an integer >= 1; got 0"),
        (lambda: get_metrics(SCORES, LABELS, version="vldb"), ValueError, "version must be one of 'opt', 'opt_mem'"),
        (lambda: get_metrics(SCORES, 0 * LABELS), ValueError, "labels contain no anomalous point"),
        (lambda: get_metrics(SCORES, 0 * LABELS + 1), ValueError, "labels contain no normal point"),
        (lambda: get_metrics([0, np.inf], [0, 1]), ValueError, "scores must be finite"),
        (lambda: get_metrics(SCORES, LABELS, pred=POINTS[1:]), ValueError, "labels has 90 points but pred has 89"),
        (lambda: get_metrics_pred(SCORES[1:], LABELS, POINTS), ValueError, "labels has 90 points but score has 89"),
        (lambda: get_metrics_pred(SCORES, LABELS, POINTS[1:]), ValueError, "labels has 90 points but pred has 89"),
        (lambda: get_metrics_pred(SCORES, 0 * LABELS, POINTS), ValueError, "labels contain no anomalous point"),
        (lambda: get_metrics_pred(SCORES, LABELS, POINTS, -1), ValueError, "slidingWindow must be .*; got -1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)
