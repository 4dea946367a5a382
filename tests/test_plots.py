import numpy as np
import pytest

from anomalib_cpp import InvalidInputError, InvalidTypeError, metrics, plots, timeseries

pytest.importorskip("matplotlib")
from anomalib_cpp.plots import _surface


@pytest.fixture
def ax():
    from matplotlib.figure import Figure

    return Figure().subplots()


@pytest.mark.parametrize("plot", [plots.plot_roc, plots.plot_pr, plots.plot_pro])
def test_curves_are_drawn_into_the_given_axes(plot, ax):
    curve = metrics.roc_curve([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1])
    assert plot(curve, ax=ax, label="screws", color="red") is ax
    drawn = ax.lines[0]
    np.testing.assert_array_equal(drawn.get_xdata(), curve.x)
    assert (drawn.get_label(), drawn.get_color()) == ("screws", "red")
    pair = plot((curve.x, curve.y), ax=ax)
    assert pair is ax
    with pytest.raises(InvalidInputError, match="same shape"):
        plot((curve.x, curve.y[1:]), ax=ax)


def test_a_figure_is_made_where_none_is_given():
    from matplotlib import pyplot

    assert plots.plot_score_histogram([1, 2], [0, 1]).figure is pyplot.gcf()
    pyplot.close("all")


def test_thinned_curves_keep_ends_steps_and_extremes():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=200_000)
    curve = metrics.roc_curve(scores, scores + rng.normal(size=200_000) > 1)
    kept = plots.thin(curve.x, curve.y)
    assert len(kept) <= 2000
    assert kept[0] == 0
    assert kept[-1] == len(curve.x) - 1
    between = np.interp(curve.x, curve.x[kept], curve.y[kept])
    assert np.abs(between - curve.y).max() < 0.005
    step = plots.thin(np.zeros(5000), np.linspace(0, 1, 5000))
    assert step[0] == 0
    assert step[-1] == 4999


def test_the_integration_region_is_shaded_once(ax):
    for _ in range(3):
        plots.plot_pro(([0, 1], [0, 1]), ax=ax)
    assert len(ax.patches) == 1
    with pytest.raises(InvalidInputError, match="integration_limit"):
        plots.plot_pro(([0, 1], [0, 1]), integration_limit=0, ax=ax)


def test_histogram_refuses_what_it_cannot_count(ax):
    with pytest.raises(InvalidInputError, match="same shape"):
        plots.plot_score_histogram([1, 2, 3], [0, 1], ax=ax)
    with pytest.raises(InvalidInputError, match="finite"):
        plots.plot_score_histogram([1, np.nan], [0, 1], ax=ax)


def test_overlays_colour_only_what_is_high(ax):
    image = np.full((8, 8), 100, np.uint8)
    values = np.zeros((8, 8), np.float32)
    values[2, 3] = 1
    picture = plots.map_overlay(image, values)
    assert (picture[2, 3] != 85).any()
    picture[2, 3] = 85
    assert (picture == 85).all()
    assert (plots.map_overlay(image, values, limits=(1, 2)) == 85).all()
    assert plots.plot_map_overlay(image, np.ones((2, 2)), mask=values > 0, ax=ax) is ax  # a map of its own size
    with pytest.raises(InvalidInputError, match="mask has shape"):
        plots.plot_map_overlay(image, values, mask=np.ones((4, 4), bool), ax=ax)
    with pytest.raises(InvalidTypeError, match="uint8"):
        plots.map_overlay(image.astype(float), values)
    with pytest.raises(InvalidInputError, match="limits"):
        plots.map_overlay(image, values, limits=(2, 1))


def test_pimo_curves_and_their_mean(ax):
    rng = np.random.default_rng(0)
    maps, masks = rng.random((6, 60, 60), dtype=np.float32), np.zeros((6, 60, 60), bool)
    masks[3:, 5:20, 5:20] = True
    maps[masks] += 0.4
    found = metrics.aupimo(maps, masks, fpr_bounds=(1e-2, 1e-1), bounds="snap", num_thresholds=5000, return_curves=True)
    assert plots.plot_pimo(found, ax=ax, label="screws", color="red") is ax
    *images, mean = ax.lines
    assert len(images) == 3  # those without a defect have no recall
    assert (mean.get_label(), mean.get_color(), mean.get_linewidth()) == ("screws", "red", 2)
    for line, recall in zip(images, found.recalls[3:], strict=True):
        x, y = line.get_data()
        assert (np.diff(x) >= 0).all()
        assert set(y) <= set(recall)
        assert y[0] == recall.min()
    kept = np.searchsorted(found.shared_fpr[::-1], mean.get_xdata(), side="right") - 1
    assert mean.get_ydata()[-1] == pytest.approx(found.recalls[3:].mean(axis=0)[::-1][kept[-1]])
    assert ax.get_xscale() == "log"
    assert ax.get_xlim() == (1e-6, 1)
    (shade,) = ax.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((1e-2, 1e-1))
    plots.plot_pimo(([1.0, 1e-3, 0.0], [0.9, 0.5, 0.2]), fpr_bounds=(1e-4, 1e-3), ax=ax)
    np.testing.assert_array_equal(ax.lines[-1].get_xydata(), [[1e-3, 0.5], [1, 0.9]])
    assert len(ax.patches) == 1


def test_pimo_curves_that_do_not_exist(ax):
    maps = np.arange(32.0).reshape(2, 4, 4)
    exact = metrics.aupimo(maps, maps > 20, fpr_bounds=(0.1, 0.5))
    for result, text in (
        (exact, "must hold curves"),
        (([0.1, 0.2], [0.1, 0.2, 0.3]), "rates of shape"),
        (([0.1], [[np.nan]]), "an image with recalls"),
        (([0.0], [0.5]), "an image with recalls"),
    ):
        with pytest.raises(InvalidInputError, match=text):
            plots.plot_pimo(result, ax=ax)
    with pytest.raises(InvalidInputError, match="fpr_bounds"):
        plots.plot_pimo(([0.1], [0.5]), fpr_bounds=(1, 0), ax=ax)


def test_histograms_count_every_score(ax):
    scores, labels = [0.1, 0.2, 0.25, 0.7, 0.9], [0, 0, 0, 1, 1]
    plots.plot_score_histogram(scores, labels, threshold=0.5, bins=4, ax=ax)
    heights = np.array([bar.get_height() for bar in ax.patches]).reshape(2, 4)
    assert heights.tolist() == [[3, 0, 0, 0], [0, 0, 1, 1]]
    assert ax.lines[0].get_xdata() == [0.5, 0.5]


def test_the_outline_of_the_defect(ax):
    mask = np.zeros((8, 8), bool)
    mask[2:5, 3:7] = True
    plots.plot_map_overlay(np.zeros((8, 8), np.uint8), np.ones((8, 8)), mask=mask, ax=ax)
    (outline,) = ax.collections
    corners = np.concatenate([path.vertices for path in outline.get_paths()])
    assert corners.min(axis=0).tolist() == [2.5, 1.5]
    assert corners.max(axis=0).tolist() == [6.5, 4.5]


def test_a_series_its_events_and_its_scores(ax):
    values, scores = [5.0, 6, np.nan, 9, 5, 5], [0.1, 0.2, 0.3, 0.9, np.inf, 0.2]
    labels = [1, 0, 0, 1, 1, 0]
    assert plots.plot_series(values, scores, labels, threshold=0.5, ax=ax, label="taxis", color="green") is ax
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), [[0, 5], [1, 6], [3, 9], [4, 5], [5, 5]])
    (lane,) = ax.child_axes
    drawn, threshold = lane.lines
    np.testing.assert_array_equal(drawn.get_xydata(), [[0, 0.1], [1, 0.2], [2, 0.3], [3, 0.9], [5, 0.2]])
    assert drawn.get_color() == "green"
    assert threshold.get_ydata() == [0.5, 0.5]
    (events,) = ax.collections
    spans = [path.get_extents().intervalx.tolist() for path in events.get_paths()]
    assert spans == [[-0.5, 0.5], [2.5, 4.5]]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), lane.get_ylabel()) == ("taxis", "point", "value", "score")
    # The values keep above the scores, and their ticks say only what there is of them.
    low, high = ax.get_ylim()
    assert (5 - low) / (high - low) > 0.42
    assert all(4.5 < tick < 9.5 for tick in ax.get_yticks())


def test_scores_alone(ax):
    scores = np.random.default_rng(0).random(50_000)
    scores[31_234] = 7
    plots.plot_series(None, scores, np.zeros(50_000), ax=ax)
    (line,) = ax.lines
    assert len(line.get_xdata()) <= 2000
    assert [31_234, 7] in line.get_xydata().tolist()
    assert not ax.child_axes
    assert ax.get_ylabel() == "score"
    for arguments, text in (
        (([1], [1, 2], [0, 1]), "values must have the shape of scores"),
        ((None, [1, 2], [0]), "same shape"),
        ((None, [1, 2], [0, np.nan]), "labels contains NaN, first at index 1"),
    ):
        with pytest.raises(InvalidInputError, match=text):
            plots.plot_series(*arguments, ax=ax)
    with pytest.raises(InvalidInputError, match="threshold must be finite"):
        plots.plot_series(None, [1, 2], [0, 1], threshold=np.inf, ax=ax)


@pytest.mark.parametrize(("n", "n_events", "window", "count"), [(400, 6, 40, 250), (300, 60, 31, 33), (40, 8, 70, 7)])
def test_the_surface_is_the_one_that_vus_integrates(ax, n, n_events, window, count):
    rng = np.random.default_rng(n)
    labels = np.zeros(n, int)
    for begin in rng.integers(0, n - 4, n_events):
        labels[begin : begin + rng.integers(1, 5)] = 1
    scores = np.round(rng.normal(size=n) + labels, 1)
    found = timeseries.vus(scores, labels, window=window, num_thresholds=count)
    fpr, tpr, precision = _surface.surface(scores, labels.astype(np.uint8), np.arange(window + 1), count)
    areas = (np.diff(tpr, axis=1, prepend=0) * precision).sum(axis=1)
    np.testing.assert_allclose(areas, found.pr_by_window, rtol=0, atol=1e-14)
    ends = np.zeros((window + 1, 1))
    areas = np.trapezoid(np.hstack([ends, tpr, ends + 1]), np.hstack([ends, fpr, ends + 1]), axis=1)
    np.testing.assert_allclose(areas, found.roc_by_window, rtol=0, atol=1e-14)


def test_the_surface_is_drawn(ax):
    from matplotlib.figure import Figure

    scores, labels = [1, 5, 7, 3, 6, 2, 0, 4], [0, 0, 1, 1, 0, 0, 0, 0]
    assert plots.plot_vus_surface(scores, labels, window=4, ax=ax, label="taxis", cmap="magma") is ax
    (mesh,) = ax.collections
    heights = mesh.get_array()
    assert heights.shape == (5, 201)
    assert mesh.get_cmap().name == "magma"
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("taxis", "recall, soft labels", "window, points")
    assert mesh.colorbar.ax.get_ylabel() == "precision"
    area = timeseries.vus(scores, labels, window=4).pr_by_window  # rectangles between the recalls, 1/200 apart here
    np.testing.assert_allclose(heights[:, 1:].mean(axis=1), area, atol=0.02)

    solid = Figure().add_subplot(projection="3d")
    assert plots.plot_vus_surface(scores, labels, window=4, kind="roc", ax=solid) is solid
    assert solid.get_xlabel() == "false positive rate, soft labels"
    assert solid.get_zlabel() == "true positive rate"
    plots.plot_vus_surface(scores, labels, window=300, ax=Figure().subplots())
    for arguments, text in (
        (([1, 2], [0, 0]), "labels contain no anomalous point"),
        (([1, 2], [1, 1]), "labels contain no normal point"),
        (([1, np.nan], [0, 1]), "scores contains NaN, first at index 1"),
    ):
        with pytest.raises(InvalidInputError, match=text):
            plots.plot_vus_surface(*arguments)
    with pytest.raises(InvalidInputError, match="kind must be one of"):
        plots.plot_vus_surface([1, 2], [0, 1], kind="f1")
