"""The time-series oracles against worked examples, so that what the library is compared with is itself proven."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from timeseries_oracles import (
    adjust,
    affiliation,
    care,
    channels,
    eventwise,
    language,
    nab,
    pate,
    periods,
    ranges,
    ranking,
    severity,
    vus,
)
from timeseries_oracles.events import curve_thresholds, events, percentile_thresholds
from timeseries_oracles.series import case, hashed, label_ranges, numerators, prediction, random_case

NAB_DATA = Path(__file__).parents[2] / "shared" / "data" / "timeseries" / "nab"
NAMES = ("A", "B", "C", "At")
CASES = {name: case(name) for name in NAMES}
BINARY = {name: prediction(name) for name in NAMES}


def close(values):
    return pytest.approx(values, rel=0, abs=1e-12, nan_ok=True)


def per_case(table, names=NAMES):
    """Parameters (row, case name, value) from rows of values."""
    return [(row, name, value) for row, values in table.items() for name, value in zip(names, values, strict=True)]


def test_generators():
    assert [sum(numerators(name)) for name in "ABC"] == [139308, 728350, 33723]
    assert (numerators("A")[:4], numerators("B")[:3]) == ([31, 887, 734, 581], [531, 1387, 1234])
    assert [int(BINARY[name][0].sum()) for name in NAMES] == [48, 246, 17, 48]


PATE = {
    (): (0.832231177036967, 0.7467778182882263, 0.7858732097612193, 0.8269396034257217),
    (("e_buffer", 20), ("d_buffer", 20), ("Big_Data", False)):
        (0.8097233339614269, 0.7045633382398548, 0.7677146571897879, 0.8038031601921125),
    (("e_buffer", 20), ("d_buffer", 20), ("Big_Data", False), ("drop_intermediate", False)):
        (0.8096935947601029, 0.704565539221741, 0.7681282327582359, 0.8038031601921125),
    (("e_buffer", 20), ("d_buffer", 30), ("num_splits_MaxBuffer", 4), ("num_desired_thresholds", 25)):
        (0.8237703125148366, 0.7089017870022565, 0.7670905723185016, 0.8174093190182218),
    (("e_buffer", 20), ("d_buffer", 20), ("Big_Data", False), ("include_zero", False)):
        (0.8613084188695576, 0.7201772433311777, 0.8061410573859142, 0.855458088088284),
    (("e_buffer", 7), ("d_buffer", 0), ("num_splits_MaxBuffer", 3)):
        (0.7536479760715007, 0.6870242624300238, 0.7279057583070366, 0.7485870480013779),
}  # fmt: skip


@pytest.mark.parametrize(("options", "name", "value"), per_case(PATE))
def test_pate(options, name, value):
    assert pate.pate(*CASES[name], **dict(options)) == close(value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("drop_intermediate", [False, True])
def test_pate_percentiles_predict_the_same_sets(name, drop_intermediate):
    """Rounded and exact percentiles always; the ones taken from the scores only when no threshold was dropped."""
    scores, labels = CASES[name]
    sets = [
        [np.sum(scores >= float(x)) for x in pate.thresholds_of(scores, labels, drop_intermediate=drop_intermediate,
                                                                num_desired_thresholds=25, recipe=recipe)]
        for recipe in ("float", "exact", "integer")
    ]  # fmt: skip
    assert sets[0] == sets[1]
    assert (sets[0] == sets[2]) is (name == "At" or not drop_intermediate)


PATE_BINARY = {
    1: (0.6650104984682552, 0.5875165894579952, 0.6018780281900713, 0.6650104984682552),
    4: (0.6665199054556308, 0.5867403232662216, 0.5849438461606282, 0.6665199054556308),
}


@pytest.mark.parametrize(("splits", "name", "value"), per_case(PATE_BINARY))
def test_pate_f1(splits, name, value):
    options = {"e_buffer": 20, "d_buffer": 20, "binary_scores": True}
    assert pate.pate(*BINARY[name], num_splits_MaxBuffer=splits, **options) == close(value)


def test_pate_buffers():
    sizes = [(100, 1, True), (100, 4, True), (100, 3, False), (7, 3, True), (2, 4, True), (5, 0, True), (9, 1, False)]
    assert [pate.buffer_points(*size) for size in sizes] == [
        [0, 100], [0, 25, 50, 75, 100], [33, 66, 100], [0, 2, 4, 7], [0, 0, 1, 1, 2], [0], [9]]  # fmt: skip
    with pytest.raises(ValueError, match="no buffer"):
        pate.buffer_points(5, 0, False)


def test_pate_thresholds_and_curve():
    scores, labels = CASES["A"]
    curve = curve_thresholds(scores, labels)
    assert (len(set(scores)), len(curve)) == (200, 99)
    chosen = percentile_thresholds(curve, 250, recipe="float")
    assert chosen[:3] == [0.9888129272840274, 0.9846545910178939, 0.9804962547517603]
    scores, labels = CASES["C"]
    thresholds = curve_thresholds(scores, labels)
    rows = pate.pate_curve(scores, labels, early=20, delay=20, thresholds=thresholds)
    assert len(thresholds) == 17
    assert [tuple(map(float, row)) for row in rows[:5]] == [
        close((0.998472116119175, 1, 0.1216216216216216)),
        close((0.9511077158135982, 1, 0.2349869451697128)),
        close((0.881588999236058, 1, 0.37190082644628103)),
        close((0.8342245989304813, 1, 0.46875)),
        close((0.7662337662337663, 0.8, 0.46875)),
    ]


@pytest.mark.parametrize(
    ("first", "last", "area", "f1"),
    [
        (20, 39, 0.03288135593220339, 0),
        (30, 49, 0.7593424904335389, 0.7513087240782763),
        (40, 59, 1, 1),
        (50, 69, 0.6853983627349244, 0.6641509433962264),
        (60, 79, 0.30768361581920906, 0.2773722627737227),
        (30, 69, 0.8728813559322034, 0.8543689320388349),
        (40, 49, 0.8487267024549129, 0.8067940552016986),
        (50, 59, 0.7664406779661017, 0.6666666666666666),
        (40, 54, 0.9541750697275263, 0.9484193011647255),
        (45, 59, 0.8832203389830509, 0.8571428571428571),
    ],
)
def test_pate_scenarios(first, last, area, f1):
    labels, flags = label_ranges(500, [(40, 59)]), label_ranges(500, [(first, last)])
    options = {"e_buffer": 20, "d_buffer": 20, "include_zero": False}
    assert pate.pate(flags, labels, Big_Data=False, **options) == close(area)
    assert pate.pate(flags, labels, binary_scores=True, **options) == close(f1)


@pytest.mark.parametrize(
    ("points", "recall"),
    [
        ([*range(15, 20)], 0.5),
        ([10, *range(15, 20)], 0.6206896551724138),
        ([12], 0.12064343163538872),
        ([*range(10, 15)], 0.6818181818181819),
    ],
)
def test_pate_recall_falls_when_an_earlier_point_is_found(points, recall):
    flags = [int(t in points) for t in range(40)]
    found = pate.precision_and_recall(flags, label_ranges(40, [(10, 19)]), early=5, delay=5)
    assert tuple(map(float, found)) == close((1, recall))


def test_pate_corners():
    ramp = np.arange(6) / 10
    assert pate.pate(ramp, np.zeros(6)) == 0
    assert pate.pate(ramp, np.ones(6)) == 1
    assert pate.pate(np.ones(4), [0, 1, 1, 0]) == 0.75


VUS = {
    ("opt", 10, 250): ((0.8734949417510112, 0.7978829741676111), (0.8560124537529834, 0.6952809484620281),
                       (0.8539509869717996, 0.6928935026713599), (0.8636225007146034, 0.7414006729413525)),
    ("opt", 21, 250): ((0.9086171426981764, 0.8526569660078915), (0.8695647224216567, 0.7245987676756619),
                       (0.8877443846960521, 0.7291985045295892), (0.9003409361241187, 0.8026713974673875)),
    ("opt", 40, 100): ((0.9405651725884222, 0.901444250020994), (0.8823510750308309, 0.7449289836037792),
                       (0.9238077684077204, 0.7914260602458871), (0.9340709111773986, 0.8650186387213634)),
    ("vldb", 10, 250): ((0.841361672967002, 0.7621215484482451), (0.8449107473361792, 0.6809293623458028),
                        (0.7956198260299061, 0.6326636785229991), (0.8325776009399366, 0.7531820679165064)),
}  # fmt: skip
VUS_OPT_TIME = {
    ("opt_time", 10, 250): ((0.860156191983776, 0.7961323487120283), (0.8503648997065024, 0.6940245964548304),
                            (0.7902812424385068, 0.6273164928405854)),
}  # fmt: skip


@pytest.mark.parametrize(("options", "name", "value"), per_case(VUS) + per_case(VUS_OPT_TIME, "ABC"))
def test_vus(options, name, value):
    variant, window, thre = options
    assert vus.vus(*CASES[name], window=window, variant=variant, thre=thre) == close(value)


def test_vus_by_window():
    slices = [vus.r_auc(*CASES["C"], window=w) for w in range(7)]
    assert [roc for roc, _ in slices] == close(
        [0.842, 0.842, 0.8469550347321189, 0.8476676830038039, 0.8479857804099868, 0.8481669150777746,
         0.851772333516686])  # fmt: skip
    assert [pr for _, pr in slices] == close(
        [0.6854815334268349, 0.6854815334268349, 0.6879188754577373, 0.6883126929607342, 0.6884924187933008,
         0.6885958752101661, 0.6900269853348412])  # fmt: skip
    assert vus.vus(*CASES["C"], window=6) == close((0.8466496781057672, 0.687758559230064))
    assert slices[0][1] == close(ranking.average_precision(*CASES["C"]))


@pytest.mark.parametrize("thre", [8, 250])
def test_vus_with_few_points(thre):
    scores, labels = np.array([1, 5, 7, 3, 6, 2, 0, 4]) / 8, label_ranges(8, [(2, 3)])
    assert vus.vus(scores, labels, window=2, thre=thre) == close((0.8160700664562515, 0.7667267556586143))
    assert vus.r_auc(scores, labels, window=2, thre=thre) == close((0.9482101993687545, 0.900180266975843))


def test_vus_of_constant_scores():
    assert vus.vus(np.ones(8), label_ranges(8, [(2, 3)]), window=4) == close((0.5646473898632067, 0.404836777354263))


@pytest.mark.parametrize(
    ("variant", "window", "name", "value"),
    [
        ("vldb_sym", 10, "A", (0.876415230013942, 0.8394165743050681)),
        ("vldb_sym", 10, "B", (0.8604440886191709, 0.7242738620400959)),
        ("vldb_sym", 10, "C", (0.7870535410822584, 0.61622124436603)),
        ("vldb", 10, "A", (0.8807735018439342, 0.8420232534744443)),
        ("vldb", 10, "C", (0.7658661738929142, 0.5989123302073703)),
        ("vldb_sym", 20, "A", (0.8984225204313134, 0.8863096140894107)),
        ("vldb", 20, "A", (0.8978202860799565, 0.884473935068114)),
        ("vldb_sym", 0, "A", (0.8122173224785165, 0.7113851668950876)),
        ("vldb", 0, "A", (0.8122173224785165, 0.7113851668950876)),
        ("vldb", 0, "C", (0.842, 0.6762002239228747)),
    ],
)
def test_r_auc(variant, window, name, value):
    assert vus.r_auc(*CASES[name], window=window, variant=variant) == close(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A", (0.8572018794448582, 0.7827286762597034)),
        ("B", (0.8557279689319452, 0.7127316262462762)),
        ("C", (0.7983001997764327, 0.6345018253525155)),
    ],
)
def test_r_auc_with_buffers_of_a_fifth_of_each_event(name, value):
    assert vus.r_auc(*CASES[name], variant="vldb", percentage=0.2) == close(value)


@pytest.mark.parametrize(
    ("window", "value"),
    [
        (2, (0.6508341102803324, 0.40934957802348476)),
        (4, (0.6931298812647122, 0.4349397432654503)),
        (5, (0.709868547413265, 0.4468119791485587)),
        (6, (0.7274930408797149, 0.4661722484779766)),
    ],
)
def test_vus_with_touching_buffers(window, value):
    labels = label_ranges(30, [(8, 10), (15, 17)])
    assert vus.vus(np.arange(30) * 7 % 30 / 30, labels, window=window) == close(value)
    assert vus.groups_by_range(labels, 4) == [(6, 12), (13, 19)]
    assert events(vus.soft_labels(labels, 4)) == [(6, 19)]


@pytest.mark.parametrize(
    ("variant", "window", "name", "value"),
    [
        ("tsbad", 10, "A", (0.5682455390172622, 0.8029351277808824, 0.6654553128243896)),
        ("tsbad", 10, "B", (0.5823534987406055, 0.5845447799678684, 0.5834405549459177)),
        ("fixed", 10, "A", (0.5636932903183138, 0.7937735290894224, 0.6591968596484962)),
        ("fixed", 10, "B", (0.58089578258619, 0.5824601344468024, 0.5816720671107302)),
        ("fixed", 0, "A", (0.5303030303030303, 0.7291666666666666, 0.6140350877192983)),
    ],
)
def test_vus_pred(variant, window, name, value):
    assert vus.vus_pred(*BINARY[name], window=window, variant=variant) == close(value)


RANKING = {
    ranking.auroc: (0.8280189959294437, 0.8391900844107276, 0.842, 0.8238353686114881),
    ranking.average_precision: (0.7432331334802358, 0.6776764052547317, 0.6854815334268349, 0.6941126973108339),
    ranking.pr_auc_trapezoid: (0.7406145177752259, 0.6774358275047491, 0.6762002239228747, 0.7344481916782825),
    ranking.fpr_at_tpr: (0.6865671641791045, 0.5109947643979058, 0.6, 0.7014925373134329),
    ranking.fpr_at_tpr_nearest: (0.5, 0.4897959183673469, 0.5, 0.6060606060606061),
    ranking.spearman: (0.5343052210199009, 0.47362826136824154, 0.44158143648238446, 0.5313820826133762),
    ranking.kendall_tau_b: (0.4373476721901167, 0.3869440110474449, 0.36354189836166995, 0.4579335376577241),
}


@pytest.mark.parametrize(("metric", "name", "value"), per_case(RANKING))
def test_ranking(metric, name, value):
    assert metric(*CASES[name]) == close(value)


@pytest.mark.parametrize(
    ("name", "f1", "threshold", "smoothed", "fpr"),
    [
        ("A", 0.6666666666666667, 0.5133623368551895, 0.6666616870750701, 0.5),
        ("B", 0.6270270270270271, 0.6679920477137177, 0.6270225529902876, 0.4897959183673469),
        ("C", 0.631578947368421, 0.7173414820473644, 0.6315739612582005, 0.5),
        ("At", 0.6440677966101694, 0.4, 0.6440631198271227, 0.6060606060606061),
    ],
)
def test_best_f1_and_normal_positive(name, f1, threshold, smoothed, fpr):
    assert ranking.best_f1(*CASES[name])[:2] == close((f1, threshold))
    assert ranking.best_f1(*CASES[name], eps=1e-5)[0] == close(smoothed)
    assert ranking.fpr_at_tpr(*CASES[name], positive="normal") == close(fpr)


def test_best_f1_of_a_perfect_detector():
    assert ranking.best_f1([0, 0, 1], [0, 0, 1], eps=1e-5)[0] == close(0.99999500002499988)


def timing(flags, labels):
    return [*eventwise.mean_delay(flags, labels), eventwise.earliness(flags, labels)]


def affiliation_pr(flags, labels):
    result = affiliation.affiliation(flags, labels)
    return result["precision"], result["recall"]


def range_pr(alpha, cardinality, bias):
    return lambda flags, labels: ranges.range_pr(flags, labels, alpha=alpha, cardinality=cardinality, bias=bias)


def pa_k_f1(*percents):
    return lambda flags, labels: [adjust.pa_k_f1(flags, labels, K=K) for K in percents]


PREDICTIONS = [
    (ranking.f1, {}, (0.6140350877192983, 0.5702647657841141, 0.5185185185185185)),
    (adjust.pa_f1, {"variant": "donut"}, (0.9027777777777777, 0.8181818181818182, 0.6666666666666666)),
    (adjust.pa_f1, {}, (0.9027777777777777, 0.8201680672268908, 0.6666666666666666)),
    (eventwise.composite_f1, {"eps": 1e-15}, (0.7394366197183094, 0.6763285024154585, 0.5833333333333329)),
    (eventwise.segment_f1, {}, ((0.5238095238095238, 0.75, 0.6168224299065421),
                                (0.2647058823529412, 0.8333333333333334, 0.4017857142857143),
                                (0.2222222222222222, 1, 0.3636363636363636))),
    (eventwise.delays, {}, ([4, None, 3, 3], [1, 4, 6, None, 4, 5], [0])),
    (timing, {}, ([3.3333333333333335, 1, 0.7861111111111111], [4, 1, 0.8304406779661017], [0, 0, 1])),
    (ranges.range_f1, {}, (0.33907157259592796, 0.2631810660416209, 0.3037974683544304)),
    (affiliation_pr, {}, ((0.8254209180669795, 0.9467349052160604), (0.6920426826844808, 0.9854203938377276),
                          (0.6352941176470589, 0.9925))),
    (affiliation.affiliation_f1, {"eps": 1e-15}, (0.8819256008557943, 0.8130765826897526, 0.7747041286475739)),
    (pa_k_f1(0, 10, 20), {}, ([0.9027777777777777] * 3, [0.8201680672268908] * 3, [0.6666666666666666] * 3)),
    (pa_k_f1(50), {}, ([0.855072463768116], [0.8081494057724958], [0.6666666666666666])),
    (pa_k_f1(80, 100), {}, ([0.6140350877192983] * 2, [0.5702647657841141] * 2, [0.5185185185185185] * 2)),
    (adjust.pa_k_auc, {}, (0.7690280046212998, 0.712684333728851, 0.6214814814814814)),
    (adjust.pa_k_auc, {"variant": "mean101"}, (0.7689228405433518, 0.7125113840533724, 0.6211954528786211)),
    (adjust.pa_k_auc, {"variant": "exact"}, (0.7691645656346864, None, None)),
    (range_pr(0, "one", "flat"), {}, ((0.4880952380952381, 0.3770833333333333),
                                      (0.2610294117647059, 0.4570621468926554), (0.2222222222222222, 0.7))),
    (range_pr(0.2, "reciprocal", "flat"), {}, ((0.49523809523809526, 0.2597619047619048),
                                               (0.26176470588235295, 0.26536848713119904), None)),
    (range_pr(0, "reciprocal", "front"), {}, ((0.49523809523809526, 0.11598959983106324), None,
                                              (0.2222222222222222, 0.36363636363636365))),
    (range_pr(0, "reciprocal", "back"), {}, ((0.4809523809523809, 0.15841516207369866), None,
                                             (0.2222222222222222, 0.33636363636363636))),
    (range_pr(0.5, "one", "middle"), {}, ((0.503968253968254, 0.5924107142857142),
                                          (0.26286764705882354, 0.6436567789508966), None)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "options", "name", "value"),
    [(metric, options, name, value) for metric, options, values in PREDICTIONS
     for name, value in zip("ABC", values, strict=True) if value is not None],
)  # fmt: skip
def test_predictions(metric, options, name, value):
    found = metric(*BINARY[name], **options)
    assert found == (value if metric is eventwise.delays else close(value))


def test_affiliation_by_event():
    result = affiliation.affiliation(*BINARY["A"])
    assert result["precision_probabilities"] == close([0.812, 0.7192982456140351, 0.886385426653883, 0.884])
    assert result["recall_probabilities"] == close([0.9797333333333333, 0.868421052631579, 0.9927852348993289, 0.946])
    assert result["precision_distances"] == close([3.5833333333333335, 4.833333333333333, 0.6607142857142857, 0.9])
    assert result["recall_distances"] == close([0.6333333333333333, 2.5, 0.26875, 0.675])


@pytest.mark.parametrize(
    ("name", "value"), [("A", (0.7167256853342368, 0.989462192393736)), ("C", (0.583, 0.9966666666666667))]
)
def test_affiliation_at_one_half(name, value):
    scores, labels = CASES[name]
    assert affiliation_pr(scores > 0.5, labels) == close(value)
    assert ranking.three_sigma(scores).sum() == 0


def test_affiliation_of_an_empty_prediction():
    result = affiliation.affiliation(np.zeros(60), CASES["C"][1])
    assert math.isnan(result["precision"])
    assert result["recall"] == 0
    assert math.isnan(affiliation.best_affiliation_f1(np.ones(60), CASES["C"][1], grid="tsbad"))


@pytest.mark.parametrize(
    ("name", "adjusted", "event", "ranged", "affiliated"),
    [
        ("A", 0.9848484848484849, 0.8235294117647052, 0.46956847094038406, 0.9382960744078129),
        ("B", 0.9959016393442623, 0.9090909090909085, 0.3848716135598486, 0.896101560044203),
        ("C", 1, None, 0.5294117647058824, 0.9886219974715545),
        ("At", None, None, None, 0.8819256008557943),
    ],
)
def test_best_over_linear_thresholds(name, adjusted, event, ranged, affiliated):
    scores, labels = CASES[name]
    if adjusted is not None:
        assert adjust.best_pa_f1(scores, labels, variant="donut", grid="tsbad") == close(adjusted)
        assert ranges.best_range_f1(scores, labels) == close(ranged)
    if event is not None:
        options = {"eps": 1e-15, "variant": "tsbad"}
        best = eventwise.best_over_thresholds(eventwise.composite_f1, scores, labels, grid="tsbad", **options)
        assert best == close(event)
    assert affiliation.best_affiliation_f1(scores, labels, grid="tsbad", eps=1e-15) == close(affiliated)


def test_cover_that_rounds_up():
    labels, flags = label_ranges(60, [(0, 49)]), label_ranges(60, [(0, 28)])
    assert sum(adjust.pa_k(flags, labels, K=58)) == 50  # 29 of 50, while 0.58 * 50 is a little below 29


NAB_FILE = (np.arange(100) * 37 % 101 / 101, nab.window_ranges(range(100), [(40, 49), (70, 79)]))


@pytest.mark.parametrize(
    ("profile", "total", "at_09", "best", "threshold", "counts", "normalised"),
    [
        ("standard", 7.308254419233731, -0.27253164207447456, 0.3399463572527761, 0.8415841584158416, (4, 54, 11, 16),
         58.498658931319405),
        ("reward_low_FP_rate", -1.0476759752954639, -1.0415463836998087, -0.3815693056639312, 0.9405940594059405,
         (2, 61, 4, 18), 40.46076735840172),
        ("reward_low_FN_rate", 7.308254419233731, -0.27253164207447456, 0.3399463572527761, 0.8415841584158416,
         (4, 54, 11, 16), 72.33243928754626),
    ],
)  # fmt: skip
def test_nab(profile, total, at_09, best, threshold, counts, normalised):
    worth = nab.point_scores(100, NAB_FILE[1], profile=profile)
    assert math.fsum(worth) == close(total)
    rows = nab.nab_sweep([NAB_FILE], profile=profile)
    row = nab.row_at(rows, 0.9)
    assert row[1] == close(at_09)
    assert row[2:] == (2, 58, 7, 18)
    row = nab.best_row(rows)
    assert row[:2] == close((threshold, best))
    assert row[2:] == counts
    assert nab.normalised(row[1], 2, profile=profile) == close(normalised)
    assert nab.normalised(rows[0][1], 2, profile=profile) == 0


def test_nab_points():
    worth = nab.point_scores(100, NAB_FILE[1])
    assert [worth[i] for i in (40, 49, 50, 60, 99)] == close(
        [1, 0.24824154977542992, -0.029793183036839352, -0.10951310130369775, -0.1099967120746637])  # fmt: skip
    assert nab.sigmoid(-1) == close(0.986614298151430)


def test_nab_corpus():
    """One threshold for all files; a file without windows adds its false positives alone."""
    quiet = (np.linspace(0, 1, 40), [])
    rows = nab.nab_sweep([NAB_FILE, quiet])
    threshold, score, *counts = rows[5]
    alone = [nab.score_at([file], threshold) for file in (NAB_FILE, quiet)]
    assert (score, *counts) == close([sum(column) for column in zip(*alone, strict=True)])
    assert rows[0] == (1.1, -2, 0, 65 + 34, 0, 20)


def test_change_points():
    """Windows 10..20 and 20..25: one detected at its start, one missed, one prediction outside, one on the border."""
    assert nab.skab_windows([10, 15], 10) == [(10, 20), (20, 25)]
    assert nab.skab_delay([3, 10], [10, 15], width=10) == (0, 1, 1, 2)
    assert nab.skab_delay([20], [10, 15], width=10) == (5, 0, 0, 2)  # a border is in both
    curve = nab.skab_curve(-0.11)
    assert (curve[0], curve[-1]) == close((1, -0.11))
    assert nab.nab_skab([([3, 10], [10, 15])], width=10) == close(100 * (1 - 0.11 - 1 + 2) / 4)


PUBLISHED = [  # the benchmark's own result files, at its own thresholds
    ("relativeEntropy", "reward_low_FP_rate", 0.5, "ambient_temperature", (-2.7197511165, 3, 5779, 12, 723)),
    ("relativeEntropy", "reward_low_FP_rate", 0.5, "machine_temperature", (-1.68609873383, 18, 19670, 7, 2250)),
    ("relativeEntropy", "reward_low_FP_rate", 0.5, "nyc_taxi", (3.72335967699, 7, 8534, 1, 1028)),
    ("windowedGaussian", "reward_low_FN_rate", 1.0, "machine_temperature", (-8, 0, 19677, 0, 2268)),
    ("windowedGaussian", "reward_low_FN_rate", 1.0, "nyc_taxi", (-10, 0, 8535, 0, 1035)),
]


@pytest.mark.skipif(not NAB_DATA.is_dir(), reason="the NAB series are not here")
@pytest.mark.parametrize(("detector", "profile", "threshold", "series", "expected"), PUBLISHED)
def test_nab_published(detector, profile, threshold, series, expected):
    name = series if series == "nyc_taxi" else f"{series}_system_failure"
    with (NAB_DATA / f"{detector}_{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    windows = json.loads((NAB_DATA / "combined_windows.json").read_text())[f"realKnownCause/{name}.csv"]
    windows = [[stamp.partition(".")[0] for stamp in window] for window in windows]
    ranges_of_file = nab.window_ranges([row["timestamp"] for row in rows], windows)
    found = nab.score_at([([float(row["anomaly_score"]) for row in rows], ranges_of_file)], threshold, profile=profile)
    assert found[0] == pytest.approx(expected[0], rel=1e-10)
    assert found[1:] == expected[1:]


def care_event(label, first, last, inside, outside):
    r = [37 * i % 101 for i in range(120)]
    flags = [r[i] < (inside if first <= i <= last else outside) for i in range(120)]
    return flags, [i % 11 != 0 for i in range(120)], label, first, last


CARE = [
    care_event("anomaly", 60, 119, 90, 5),
    care_event("anomaly", 80, 99, 55, 3),
    care_event("normal", 40, 99, 12, 12),
    care_event("normal", 40, 99, 30, 25),
]


def test_care_events():
    assert [care.earliness(e) for e in CARE[:2]] == close([0.8864197530864198, 0.5947454844006569])
    assert [care.coverage(e) for e in CARE[:2]] == close([0.9607843137254903, 0.7142857142857143])
    assert [care.confusion(e) for e in CARE[:2]] == [(53, 1, 6, 49), (88, 3, 8, 10)]
    assert [care.accuracy(e) for e in CARE[2:]] == close([0.8990825688073395, 0.7798165137614679])
    assert [care.max_criticality(e) for e in CARE] == [44, 3, 1, 1]
    weights = np.array(care.earliness_weights(5))
    assert weights / weights.sum() == close(
        [0.287878787878788, 0.287878787878788, 0.222222222222222, 0.141414141414141, 0.060606060606061])  # fmt: skip


def test_care():
    assert care.care(CARE, criticality_threshold=8) == close(0.8180700097302562)
    assert care.care(CARE, method="fraction") == close(0.7625144541747007)
    rows = (20 / 23, 0.625), (0.5, 0.8)
    labels = ["anomaly", "anomaly", "normal", "normal"]
    from_rows = care.care_from_rows
    assert from_rows(*rows, (0.8, 0.5), [True] * 4, labels) == close(0.650567632850241)
    first, second = [[values[k] for values in (*rows, (0.8, 0.5))] for k in (0, 1)]
    assert from_rows(*[[v] for v in first], [True] * 2, labels[1:3]) == close(0.705024154589372)
    assert from_rows(*[[v] for v in second], [True] * 2, labels[1:3]) == 0.5
    assert from_rows(*rows, (0.1, 0.0), [True] * 4, labels) == close(0.05)


@pytest.mark.parametrize(
    ("coarse", "levels", "overall", "tau", "c_index", "rho"),
    [
        (False, (0.64, 0.82, 0.92), 0.7933333333333333, 0.49699954427398324, 0.7833333333333333, 0.6276194638231084),
        (True, (0.6, 0.795, 0.9), 0.765, 0.47697952754491435, 0.7583333333333333, 0.5848148323548379),
    ],
)
def test_severity(coarse, levels, overall, tau, c_index, rho):
    grades = [5 * i % 4 for i in range(40)]
    scores = np.array([(hashed(i) + 180 * g) / 1549 for i, g in enumerate(grades)])
    report = severity.severity_report(np.floor(10 * scores) / 10 if coarse else scores, grades)
    assert list(report["auroc_levels"].values()) == close(levels)
    assert [report[key] for key in ("auroc", "kendall_tau_b", "c_index", "spearman")] == close(
        [overall, tau, c_index, rho])  # fmt: skip
    assert severity.grades([0, 0.5, 1, 1.5]) == [0, 1, 1, 2]


def test_min_k():
    logp = [-(37 * i % 101) / 20 for i in range(1, 31)]
    values = [language.min_k_prob(logp, k=k) for k in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]
    assert values == close([5.0, 4.85, 4.6, 4.35, 4.095833333333333, 3.8433333333333333, 3.591666666666667])
    assert math.isnan(language.min_k_prob(logp[:5], k=0.1))


def diagnostic_case():
    i, c = np.arange(1200)[:, None], np.arange(5)
    series = np.sin(2 * np.pi * i / 50 + 2 * np.pi * c / 5) + 0.3 * (hashed(i) / 1008 - 0.5)
    series[400:460, 2] *= -1
    series[700:720, 1] += 6
    series[900:905, 0] += 9
    return series, label_ranges(1200, [(400, 459), (700, 719), (900, 904), (1000, 1039), (100, 119)])


def test_cross_channel_diagnostic():
    rows = channels.cross_channel_diagnostic(*diagnostic_case(), methods=("pearson", "spearman"))
    assert [row["class"]["pearson"] for row in rows] == [
        "INSUFFICIENT_CONTEXT", "CROSS-CHANNEL", "BOTH", "UNIVARIATE", "CROSS-CHANNEL"]  # fmt: skip
    assert [row["max_z"] for row in rows[1:]] == close(
        [1.725620400691632, 10.105217595115128, 13.745293721487956, 1.7573690637934392])  # fmt: skip
    assert [tuple(row["delta"].values()) for row in rows if "delta" in row] == [
        close((1.5392246605963495, 1.5152340025537192)),
        close((0.6828007913184064, 0.7827001586567336)),
        close((0.24010496152952804, 0.22571346185689323)),
    ]
    assert [row["intensity"] for row in rows if "intensity" in row] == [0, 1, 0]
    assert rows[2]["n_dev"] == 1


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_dominant_lags(method):
    """Channel 1 follows channel 0 by three samples; channel 2 is tied to neither more than by chance at lag 0."""
    noise = np.random.default_rng(0).random((203, 2))
    series = np.column_stack([noise[3:, 0], noise[:-3, 0], noise[3:, 1]])
    labels = label_ranges(200, [(90, 94)])
    lags = channels.dominant_lags(series, labels, method=method, max_lag=5)
    assert lags[0, 1] == 3
    segment, context = series[100:140], series[:80]
    change = channels.correlation_change(segment, context, method=method, lags={(0, 1): 3})
    rest = [abs(channels.correlation(segment[:, i], segment[:, 2], method)
                - channels.correlation(context[:, i], context[:, 2], method)) for i in (0, 1)]  # fmt: skip
    assert change == close(max(rest))  # at lag 3 the first pair is one and the same on both sides


def test_find_length():
    i = np.arange(2000)
    squares = (i % 37) ** 2 + 5 * (i % 11)
    assert periods.find_length(np.sin(2 * np.pi * i / 50)) == 50
    assert periods.find_length(squares) == periods.find_length_rank(squares) == 37
    r = periods.autocorrelation(squares, 400)
    assert [r[k] for k in (1, 11, 37, 74, 400)] == close(
        [0.8503127062505035, -0.24949743299230331, 0.9794436629037494, 0.9613132163297445,
         0.06842341417269478])  # fmt: skip
    assert periods.find_length(i) == periods.find_length(np.ones(2000)) == 125
    assert periods.find_length(np.sin(2 * np.pi * i[:120] / 20)) == 20


@pytest.mark.parametrize("levels", [None, 6])
def test_identities(levels):
    scores, labels = random_case(3, 80, levels=levels)
    assert ranking.c_index(scores, labels) == close(ranking.auroc(scores, labels))
    assert ranking.c_index(scores, labels) + ranking.c_index(-scores, labels) == close(1)
    assert adjust.best_pa_f1(scores, labels) >= ranking.best_f1(scores, labels)[0]
    flags = (scores > 0.7).astype(int)
    by_percent = [adjust.pa_k_f1(flags, labels, K=K) for K in range(101)]
    assert by_percent == sorted(by_percent, reverse=True)
    assert affiliation_pr(labels, labels) == (1, 1)
    assert affiliation_pr(np.ones(80), labels)[1] == 1
    assert pate.pate(labels.astype(float), labels, e_buffer=0, d_buffer=0, Big_Data=False) == 1
