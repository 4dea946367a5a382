"""Series whose metrics are known to the last digits."""

import numpy as np
import pytest

from anomalib_cpp import timeseries as ts
from timeseries_oracles.series import case, hashed, label_ranges, prediction

NAMES = ("A", "B", "C", "At")


def exactly(value):
    return pytest.approx(value, rel=0, abs=2e-14)


ALL_SCORES = {"percentile_thresholds": False, "early_buffer": 20, "delay_buffer": 20}
PATE = [
    ({}, (0.832231177036967, 0.7467778182882263, 0.7858732097612193, 0.8269396034257217)),
    (ALL_SCORES, (0.8097233339614269, 0.7045633382398548, 0.7677146571897879, 0.8038031601921125)),
    (
        ALL_SCORES | {"drop_intermediate": False},
        (0.8096935947601029, 0.704565539221741, 0.7681282327582359, 0.8038031601921125),
    ),
    (
        {"early_buffer": 20, "delay_buffer": 30, "num_splits": 4, "num_thresholds": 25},
        (0.8237703125148366, 0.7089017870022565, 0.7670905723185016, 0.8174093190182218),
    ),
    (
        ALL_SCORES | {"include_zero": False},
        (0.8613084188695576, 0.7201772433311777, 0.8061410573859142, 0.855458088088284),
    ),
    (
        {"early_buffer": 7, "delay_buffer": 0, "num_splits": 3},
        (0.7536479760715007, 0.6870242624300238, 0.7279057583070366, 0.7485870480013779),
    ),
]


@pytest.mark.parametrize(("options", "expected"), PATE)
def test_pate(options, expected):
    assert [ts.pate(*case(name), **options) for name in NAMES] == exactly(list(expected))


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (1, (0.6650104984682552, 0.5875165894579952, 0.6018780281900713, 0.6650104984682552)),
        (4, (0.6665199054556308, 0.5867403232662216, 0.5849438461606282, 0.6665199054556308)),
    ],
)
def test_pate_f1(splits, expected):
    found = [ts.pate_f1(*prediction(name[0]), early_buffer=20, delay_buffer=20, num_splits=splits) for name in NAMES]
    assert found == exactly(list(expected))


SCENARIOS = {  # predicted points; PATE and PATE-F1 with buffers of 20
    (20, 39): (0.03288135593220339, 0.0),
    (30, 49): (0.7593424904335389, 0.7513087240782763),
    (40, 59): (1.0, 1.0),
    (50, 69): (0.6853983627349244, 0.6641509433962264),
    (60, 79): (0.30768361581920906, 0.2773722627737227),
    (30, 69): (0.8728813559322034, 0.8543689320388349),
    (40, 49): (0.8487267024549129, 0.8067940552016986),
    (50, 59): (0.7664406779661017, 0.6666666666666666),
    (40, 54): (0.9541750697275263, 0.9484193011647255),
    (45, 59): (0.8832203389830509, 0.8571428571428571),
}


@pytest.mark.parametrize(("predicted", "expected"), SCENARIOS.items())
def test_scenarios_of_the_pate_paper(predicted, expected):
    points, labels = label_ranges(500, [predicted]), label_ranges(500, [(40, 59)])
    options = {"early_buffer": 20, "delay_buffer": 20, "include_zero": False}
    found = ts.pate(points, labels, percentile_thresholds=False, **options), ts.pate_f1(points, labels, **options)
    assert found == exactly(expected)


@pytest.mark.parametrize(
    ("predicted", "recall"),
    [
        (range(15, 20), 0.5),
        ([10, *range(15, 20)], 0.6206896551724138),
        ([12], 0.12064343163538872),
        (range(10, 15), 0.6818181818181819),
    ],
)
def test_an_earlier_isolated_detection_can_lower_recall(predicted, recall):
    scores = np.zeros(40)
    scores[list(predicted)] = 1
    curve = ts.pate_curve(scores, label_ranges(40, [(10, 19)]), early_buffer=5, delay_buffer=5)
    assert (curve.precision[0], curve.recall[0]) == exactly((1.0, recall))


VUS = {  # window, thresholds: (roc, pr) of each case
    (10, 250): [
        (0.8734949417510112, 0.7978829741676111),
        (0.8560124537529834, 0.6952809484620281),
        (0.8539509869717996, 0.6928935026713599),
        (0.8636225007146034, 0.7414006729413525),
    ],
    (21, 250): [
        (0.9086171426981764, 0.8526569660078915),
        (0.8695647224216567, 0.7245987676756619),
        (0.8877443846960521, 0.7291985045295892),
        (0.9003409361241187, 0.8026713974673875),
    ],
    (40, 100): [
        (0.9405651725884222, 0.901444250020994),
        (0.8823510750308309, 0.7449289836037792),
        (0.9238077684077204, 0.7914260602458871),
        (0.9340709111773986, 0.8650186387213634),
    ],
}


@pytest.mark.parametrize(("setting", "expected"), VUS.items())
def test_vus(setting, expected):
    window, thresholds = setting
    for name, (roc, pr) in zip(NAMES, expected, strict=True):
        found = ts.vus(*case(name), window=window, num_thresholds=thresholds)
        assert (found.roc, found.pr) == exactly((roc, pr))


def test_vus_window_by_window():
    found = ts.vus(*case("C"), window=6)
    roc = [0.842, 0.842, 0.8469550347321189, 0.8476676830038039, 0.8479857804099868, 0.8481669150777746]
    pr = [0.6854815334268349, 0.6854815334268349, 0.6879188754577373, 0.6883126929607342, 0.6884924187933008]
    assert list(found.roc_by_window) == exactly([*roc, 0.851772333516686])
    assert list(found.pr_by_window) == exactly([*pr, 0.6885958752101661, 0.6900269853348412])
    assert (found.roc, found.pr) == exactly((0.8466496781057672, 0.687758559230064))


@pytest.mark.parametrize(
    ("variant", "name", "expected"),
    [
        ("vldb", "A", (0.841361672967002, 0.7621215484482451)),
        ("vldb", "B", (0.8449107473361792, 0.6809293623458028)),
        ("vldb", "C", (0.7956198260299061, 0.6326636785229991)),
        ("vldb", "At", (0.8325776009399366, 0.7531820679165064)),
        ("opt_time", "A", (0.860156191983776, 0.7961323487120283)),
        ("opt_time", "B", (0.8503648997065024, 0.6940245964548304)),
        ("opt_time", "C", (0.7902812424385068, 0.6273164928405854)),
    ],
)
def test_vus_variants(variant, name, expected):
    found = ts.vus(*case(name), window=10, variant=variant)
    assert (found.roc, found.pr) == exactly(expected)


@pytest.mark.parametrize(
    ("variant", "window", "name", "expected"),
    [
        ("vldb_sym", 10, "A", (0.876415230013942, 0.8394165743050681)),
        ("vldb_sym", 10, "B", (0.8604440886191709, 0.7242738620400959)),
        ("vldb_sym", 10, "C", (0.7870535410822584, 0.61622124436603)),
        ("vldb", 10, "A", (0.8807735018439342, 0.8420232534744443)),
        ("vldb", 10, "C", (0.7658661738929142, 0.5989123302073703)),
        ("vldb_sym", 20, "A", (0.8984225204313134, 0.8863096140894107)),
        ("vldb", 20, "A", (0.8978202860799565, 0.884473935068114)),
        ("vldb", 0, "A", (0.8122173224785165, 0.7113851668950876)),
        ("vldb_sym", 0, "C", (0.842, 0.6762002239228747)),
    ],
)
def test_range_auc(variant, window, name, expected):
    found = ts.range_auc(*case(name), window=window, variant=variant)
    assert (found.roc, found.pr) == exactly(expected)


def test_events_whose_buffers_touch_are_two_groups_in_opt():
    scores, labels = np.array([7 * i % 30 for i in range(30)]) / 30, label_ranges(30, [(8, 10), (15, 17)])
    expected = {
        2: (0.6508341102803324, 0.40934957802348476),
        4: (0.6931298812647122, 0.4349397432654503),
        5: (0.709868547413265, 0.4468119791485587),
        6: (0.7274930408797149, 0.4661722484779766),
    }
    for window, values in expected.items():
        found = ts.vus(scores, labels, window=window)
        assert (found.roc, found.pr) == exactly(values)


@pytest.mark.parametrize(
    ("variant", "name", "expected"),
    [
        ("tsbad", "A", (0.5682455390172622, 0.8029351277808824, 0.6654553128243896)),
        ("tsbad", "B", (0.5823534987406055, 0.5845447799678684, 0.5834405549459177)),
        ("fixed", "A", (0.5636932903183138, 0.7937735290894224, 0.6591968596484962)),
        ("fixed", "B", (0.58089578258619, 0.5824601344468024, 0.5816720671107302)),
    ],
)
def test_vus_of_predictions(variant, name, expected):
    found = ts.vus_prediction(*prediction(name), window=10, variant=variant)
    assert (found["recall"], found["precision"], found["f1"]) == exactly(expected)


RANK = {
    "auroc": (0.8280189959294437, 0.8391900844107276, 0.842, 0.8238353686114881),
    "average_precision": (0.7432331334802358, 0.6776764052547317, 0.6854815334268349, 0.6941126973108339),
    "pr_auc_trapezoid": (0.7406145177752259, 0.6774358275047491, 0.6762002239228747, 0.7344481916782825),
    "best_f1": (0.6666666666666667, 0.6270270270270271, 0.631578947368421, 0.6440677966101694),
    "fpr_at_tpr": (0.6865671641791045, 0.5109947643979058, 0.6, 0.7014925373134329),
    "spearman": (0.5343052210199009, 0.47362826136824154, 0.44158143648238446, 0.5313820826133762),
    "kendall_tau_b": (0.4373476721901167, 0.3869440110474449, 0.36354189836166995, 0.4579335376577241),
}


@pytest.mark.parametrize(("metric", "expected"), RANK.items())
def test_rank_metrics(metric, expected):
    assert [float(getattr(ts, metric)(*case(name))) for name in NAMES] == exactly(list(expected))


def test_variants_of_rank_metrics():
    normal = (0.5, 0.4897959183673469, 0.5, 0.6060606060606061)
    with_eps = (0.6666616870750701, 0.6270225529902876, 0.6315739612582005, 0.6440631198271227)
    cut = (0.5133623368551895, 0.6679920477137177, 0.7173414820473644, 0.4)
    assert [ts.fpr_at_tpr(*case(name), positive="normal") for name in NAMES] == exactly(list(normal))
    assert [ts.fpr_at_tpr(*case(name), variant="nearest") for name in NAMES] == exactly(list(normal))
    assert [ts.best_f1(*case(name), eps=1e-5).value for name in NAMES] == exactly(list(with_eps))
    assert [ts.best_f1(*case(name)).threshold for name in NAMES] == list(cut)


EVENTS = [
    (ts.point_adjusted_f1, {"variant": "donut"}, (0.9027777777777777, 0.8181818181818182, 0.6666666666666666)),
    (ts.point_adjusted_f1, {}, (0.9027777777777777, 0.8201680672268908, 0.6666666666666666)),
    (ts.event_f1, {"eps": 1e-15}, (0.7394366197183094, 0.6763285024154585, 0.5833333333333329)),
    (ts.event_f1, {"variant": "segment"}, (0.6168224299065421, 0.4017857142857143, 0.3636363636363636)),
    (ts.range_f1, {}, (0.33907157259592796, 0.2631810660416209, 0.3037974683544304)),
    (ts.affiliation_f1, {"eps": 1e-15}, (0.8819256008557943, 0.8130765826897526, 0.7747041286475739)),
    (ts.pa_k, {"k": 20}, (0.9027777777777777, 0.8201680672268908, 0.6666666666666666)),
    (ts.pa_k, {"k": 50}, (0.855072463768116, 0.8081494057724958, 0.6666666666666666)),
    (ts.pa_k, {"k": 80}, (0.6140350877192983, 0.5702647657841141, 0.5185185185185185)),
    (ts.pa_k_auc, {}, (0.7690280046212998, 0.712684333728851, 0.6214814814814814)),
    (ts.pa_k_auc, {"variant": "mean101"}, (0.7689228405433518, 0.7125113840533724, 0.6211954528786211)),
]


@pytest.mark.parametrize(("metric", "options", "expected"), EVENTS)
def test_event_metrics_of_predictions(metric, options, expected):
    found = [float(metric(*prediction(name), threshold=1, **options)) for name in "ABC"]
    assert found == exactly(list(expected))


def test_exact_area_under_pa_k():
    assert ts.pa_k_auc(*prediction("A"), threshold=1, variant="exact") == exactly(0.7691645656346864)


def test_segments_and_delays():
    segment = ts.event_f1(*prediction("B"), threshold=1, variant="segment")
    assert (segment.precision, segment.recall) == exactly((0.2647058823529412, 0.8333333333333334))
    delay = ts.detection_delays(*prediction("B"), threshold=1)
    assert (delay.mean_delay, delay.earliness, delay.missed) == exactly((4.0, 0.8304406779661017, 1))
    assert delay.delays.tolist() == [1, 4, 6, -1, 4, 5]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"A": (0.4880952380952381, 0.3770833333333333), "B": (0.2610294117647059, 0.4570621468926554)}),
        (
            {"alpha": 0.2, "cardinality": "reciprocal"},
            {"A": (0.49523809523809526, 0.2597619047619048), "B": (0.26176470588235295, 0.26536848713119904)},
        ),
        (
            {"cardinality": "reciprocal", "bias": "front"},
            {"A": (0.49523809523809526, 0.11598959983106324), "C": (0.2222222222222222, 0.36363636363636365)},
        ),
        ({"cardinality": "reciprocal", "bias": "back"}, {"A": (0.4809523809523809, 0.15841516207369866)}),
        (
            {"alpha": 0.5, "bias": "middle"},
            {"A": (0.503968253968254, 0.5924107142857142), "B": (0.26286764705882354, 0.6436567789508966)},
        ),
    ],
)
def test_range_precision_and_recall(options, expected):
    for name, values in expected.items():
        assert ts.range_pr(*prediction(name), threshold=1, **options) == exactly(values)


def test_affiliation_of_each_event():
    found = ts.affiliation(*prediction("A"), threshold=1)
    assert (found.precision, found.recall) == exactly((0.8254209180669795, 0.9467349052160604))
    assert list(found.event_precision) == exactly([0.812, 0.7192982456140351, 0.886385426653883, 0.884])
    assert list(found.event_recall) == exactly([0.9797333333333333, 0.868421052631579, 0.9927852348993289, 0.946])
    assert list(found.precision_distance) == exactly([3.5833333333333335, 4.833333333333333, 0.6607142857142857, 0.9])
    assert list(found.recall_distance) == exactly([0.6333333333333333, 2.5, 0.26875, 0.675])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("PA-F1", (0.9848484848484849, 0.9959016393442623, 1.0)),
        ("Event-based-F1", (0.8235294117647052, 0.9090909090909085, 0.9999999999999996)),
        ("R-based-F1", (0.46956847094038406, 0.3848716135598486, 0.5294117647058824)),
        ("Affiliation-F", (0.9382960744078129, 0.896101560044203, 0.9886219974715545)),
    ],
)
def test_tsb_metrics(key, expected):
    assert [ts.tsb_metrics(*case(name))[key] for name in "ABC"] == exactly(list(expected))


def test_severity():
    grades = np.array([5 * i % 4 for i in range(40)])
    scores = np.array([(hashed(i) + 180 * int(grades[i])) / 1549 for i in range(40)])
    report = ts.severity_report(scores, grades)
    assert report["auroc"] == exactly({1: 0.64, 2: 0.82, 3: 0.92})
    names = ("auroc_all", "kendall_tau_b", "c_index", "spearman")
    expected = (0.7933333333333333, 0.49699954427398324, 0.7833333333333333, 0.6276194638231084)
    assert tuple(report[name] for name in names) == exactly(expected)
    tied = ts.severity_report(np.floor(10 * scores) / 10, grades)
    assert tied["auroc"] == exactly({1: 0.6, 2: 0.795, 3: 0.9})
    expected = (0.765, 0.47697952754491435, 0.7583333333333333, 0.5848148323548379)
    assert tuple(tied[name] for name in names) == exactly(expected)
