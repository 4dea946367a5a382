import numpy as np
import pytest

from anomalib_cpp import InvalidInputError, InvalidTypeError, metrics, plots

pytest.importorskip("matplotlib")


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
