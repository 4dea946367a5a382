"""Maps against the definitions, SciPy and PyTorch: sampling, blur, the fused map, image scores."""

import doctest
import pathlib
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

import anomalib_cpp as ac
from anomalib_cpp import _core, maps

MODES = ["bilinear", "bilinear_corners", "nearest"]
BORDERS = ["mirror", "symmetric", "replicate", "zero"]
SCIPY_BORDER = {"mirror": "mirror", "symmetric": "reflect", "replicate": "nearest", "zero": "constant"}


def sampling_matrix(size_in, size_out, mode):
    """Definition, one output after the other."""
    w = np.zeros((size_out, size_in))
    for o in range(size_out):
        if mode == "nearest":
            scale = np.float32(size_in) / np.float32(size_out)
            w[o, min(int(np.floor(np.float32(o) * scale)), size_in - 1)] = 1
            continue
        x = 0.0
        if mode == "bilinear":
            x = max((o + 0.5) * size_in / size_out - 0.5, 0)
        elif size_out > 1:
            x = o * (size_in - 1) / (size_out - 1)
        i = int(x)
        w[o, i] += 1 - (x - i)
        w[o, min(i + 1, size_in - 1)] += x - i
    return w


def resize_reference(x, size, mode):
    x = x.astype(np.float64)
    return sampling_matrix(x.shape[-2], size[0], mode) @ x @ sampling_matrix(x.shape[-1], size[1], mode).T


def blur_reference(x, sigma, radius, border):
    x = x.astype(np.float64)
    t = np.arange(-radius, radius + 1)
    taps = np.exp(-(t**2) / (2 * sigma**2))
    taps /= taps.sum()
    for axis in (-2, -1):
        x = ndimage.correlate1d(x, taps, axis=axis, mode=SCIPY_BORDER[border])
    return x


def bits(x):
    return np.asarray(x).view(np.uint32 if x.dtype == np.float32 else np.uint64)


GRID = np.array([[(i + 0.1 * j) ** 1.5 for j in range(28)] for i in range(28)])


def test_bilinear_and_nearest_golden_values(isa):
    x = np.array([[0.0, 1.0], [2.0, 4.0]])
    expected = [[0, 0.25, 0.75, 1], [0.5, 0.8125, 1.4375, 1.75], [1.5, 1.9375, 2.8125, 3.25], [2, 2.5, 3.5, 4]]
    np.testing.assert_allclose(maps.resize(x, 4), expected, rtol=1e-15)
    corners = maps.resize(x, (4, 4), mode="bilinear_corners")
    np.testing.assert_allclose(corners[:2], [[0, 1 / 3, 2 / 3, 1], [2 / 3, 10 / 9, 14 / 9, 2]], rtol=1e-15)
    row = maps.resize(np.array([[10.0, 20.0, 30.0]]), (1, 5), mode="nearest")
    np.testing.assert_array_equal(row, [[10, 10, 20, 20, 30]])


def test_kernel_golden_values(isa):
    point = np.zeros((1, 65))
    point[0, 32] = 1
    row = maps.gaussian_blur(point, 4.0)[0]  # its only row repeats, so columns keep their values
    expected = [0.09973909953098634, 0.0966704500421759, 0.0880194464026721, 0.07528702219271172]
    np.testing.assert_allclose(row[32:36], expected, rtol=1e-14)
    np.testing.assert_allclose(row[48], 3.345874043329486e-05, rtol=1e-13)
    assert row[49] == 0


def test_blur_golden_values(isa):
    x = np.zeros((9, 9))
    x[4, 4], x[0, 8] = 1, 2
    symmetric = maps.gaussian_blur(x, 1.0)
    expected = [0.1591559275631519, 0.8215438744821051, 0.37937424786037]
    np.testing.assert_allclose([symmetric[4, 4], symmetric[0, 8], symmetric[0, 7]], expected, rtol=1e-14)
    np.testing.assert_allclose(symmetric.sum(), 3.0, rtol=1e-14)
    mirror = maps.gaussian_blur(x, 1.0, border="mirror")
    expected = [0.1591559275631519, 0.3183118551263038, 0.19306704226832716]
    np.testing.assert_allclose([mirror[4, 4], mirror[0, 8], mirror[0, 7]], expected, rtol=1e-14)
    np.testing.assert_allclose(mirror.sum(), 1.9790568093680414, rtol=1e-14)

    x = np.zeros((40, 40))
    x[0, 0] = x[20, 20] = 1
    symmetric, mirror = maps.gaussian_blur(x, 4.0), maps.gaussian_blur(x, 4.0, border="mirror")
    np.testing.assert_allclose(
        [symmetric[0, 0], symmetric[1, 1], mirror[0, 0], mirror[1, 1], symmetric[20, 20], mirror[20, 20]],
        [0.03857671116353248, 0.034110357848808684, 0.009947887975251998, 0.009345175911356828]
        + [0.009947887975251998] * 2,
        rtol=1e-13,
    )


def test_map_golden_values(isa):
    places = ([0, 10, 111, 223], [0, 10, 112, 223])
    original = maps.anomaly_map(GRID, 224)
    expected = [0.08973338154355336, 1.0281353675432268, 56.941893568764556, 161.09300285471897]
    np.testing.assert_allclose(original[places], expected, rtol=1e-14)
    peer = maps.anomaly_map(GRID, 224, mode="nearest", border="mirror")
    expected = [0.06255615004883905, 0.993497263855149, 56.92940622500456, 161.32152825162504]
    np.testing.assert_allclose(peer[places], expected, rtol=1e-14)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("size_in", "size_out"),
    [
        ((1, 1), (3, 5)),
        ((5, 7), (1, 1)),
        ((3, 17), (40, 33)),
        ((31, 16), (7, 15)),
        ((28, 28), (256, 300)),
        ((9, 9), (9, 9)),
    ],
)
def test_resize_matches_the_definition(isa, mode, size_in, size_out):
    x = np.random.default_rng(0).standard_normal((2, *size_in))
    np.testing.assert_allclose(maps.resize(x, size_out, mode=mode), resize_reference(x, size_out, mode), atol=1e-13)
    single = x.astype(np.float32)
    expected = resize_reference(single, size_out, mode)
    np.testing.assert_allclose(maps.resize(single, size_out, mode=mode), expected, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_resize_matches_torch_at_many_sizes(mode):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    options = {"bilinear": {"mode": "bilinear", "align_corners": False}, "nearest": {"mode": "nearest"}}
    options["bilinear_corners"] = {"mode": "bilinear", "align_corners": True}
    for _ in range(60):
        size_in, size_out = (tuple(int(s) for s in rng.integers(1, 90, 2)) for _ in range(2))
        x = torch.from_numpy(rng.standard_normal((1, 2, *size_in)).astype(np.float32))
        expected = torch.nn.functional.interpolate(x, size_out, **options[mode])
        ours = maps.resize(x, size_out, mode=mode)
        assert ours.shape == expected.shape
        if mode == "nearest":
            assert torch.equal(ours, expected)
        else:
            torch.testing.assert_close(ours, expected, rtol=0, atol=3e-5)  # torch rounds positions to float32


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(("shape", "sigma"), [((40, 37), 4.0), ((300, 270), 2.3), ((7, 9), 0.3), ((17, 65), 3.9)])
def test_blur_matches_scipy(isa, border, shape, sigma):
    x = np.random.default_rng(2).standard_normal(shape)
    radius = int(4 * sigma + 0.5)
    if border == "mirror" and radius >= min(shape):
        with pytest.raises(ValueError, match="needs a radius smaller than the map"):
            maps.gaussian_blur(x, sigma, border=border)
        return
    expected = ndimage.gaussian_filter(x, sigma, mode=SCIPY_BORDER[border])
    np.testing.assert_allclose(maps.gaussian_blur(x, sigma, border=border), expected, atol=1e-13)
    single = maps.gaussian_blur(x.astype(np.float32), sigma, border=border)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=2e-6)


@pytest.mark.parametrize("border", ["symmetric", "replicate", "zero"])
def test_radius_beyond_the_map(border):
    x = np.random.default_rng(3).standard_normal((3, 5))
    expected = blur_reference(x, 6.0, 24, border)
    np.testing.assert_allclose(maps.gaussian_blur(x, 6.0, border=border), expected, atol=1e-13)
    np.testing.assert_allclose(maps.gaussian_blur(x, 6.0, radius=2, border=border), blur_reference(x, 6.0, 2, border))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("border", BORDERS)
def test_fused_map_equals_the_two_steps(isa, mode, border):
    x = np.random.default_rng(4).random((3, 14, 21))
    two_steps = blur_reference(resize_reference(x, (130, 97), mode), 4.0, 16, border)
    np.testing.assert_allclose(maps.anomaly_map(x, (130, 97), mode=mode, border=border), two_steps, atol=1e-12)
    single = x.astype(np.float32)
    two_steps = blur_reference(resize_reference(single, (130, 97), mode), 4.0, 16, border)
    fused = maps.anomaly_map(single, (130, 97), mode=mode, border=border)
    np.testing.assert_allclose(fused, two_steps, atol=1e-6)
    ours = maps.gaussian_blur(maps.resize(x, (130, 97), mode=mode), 4.0, border=border)
    np.testing.assert_allclose(maps.anomaly_map(x, (130, 97), mode=mode, border=border), ours, atol=1e-12)


def test_sigma_zero_leaves_the_blur_out():
    x = np.random.default_rng(5).random((2, 5, 6), dtype=np.float32)
    np.testing.assert_array_equal(maps.gaussian_blur(x, 0), x)
    np.testing.assert_array_equal(maps.anomaly_map(x, 11, sigma=0), maps.resize(x, 11))


def test_a_kernel_may_be_one_tap_or_flat():
    x = np.random.default_rng(12).random((6, 7))
    for options in ({"truncate": 0}, {"radius": 0}):
        np.testing.assert_array_equal(maps.gaussian_blur(x, 4.0, **options), x)
    np.testing.assert_array_equal(maps.gaussian_blur(x, 1e-200, radius=1), x)  # its square is zero
    flat = maps.gaussian_blur(x, 1e200, radius=2)  # its square is infinite
    np.testing.assert_allclose(flat, ndimage.uniform_filter(x, 5, mode="reflect"), rtol=1e-14)


def test_sizes_of_numpy():
    x = np.random.default_rng(13).random((6, 7))
    for size in ((9, 11), [9, 11], np.array([9, 11]), (np.int64(9), np.uint8(11))):
        np.testing.assert_array_equal(maps.resize(x, size), maps.resize(x, (9, 11)))
    assert maps.resize(x, np.int32(5)).shape == (5, 5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits_for_every_isa_and_thread_count(isa, dtype):
    x = np.random.default_rng(6).standard_normal((3, 29, 31)).astype(dtype)
    calls = [
        lambda threads: maps.anomaly_map(x, (301, 283), threads=threads),
        lambda threads: maps.resize(x, (67, 300), threads=threads),
        lambda threads: maps.gaussian_blur(x, 3.3, threads=threads),
        lambda threads: maps.image_scores(x, variant="top_fraction", fraction=0.2, threads=threads),
    ]
    ours = [[call(threads) for threads in (1, 2, 3, 8)] for call in calls]
    _core.set_isa("baseline")
    for results, call in zip(ours, calls, strict=True):
        expected = call(1)
        for result in results:
            np.testing.assert_array_equal(bits(result), bits(expected))


def test_one_map_does_not_depend_on_its_batch():
    x = np.random.default_rng(7).random((5, 28, 28), dtype=np.float32)
    together = maps.anomaly_map(x, 224)
    for i in range(5):
        np.testing.assert_array_equal(bits(maps.anomaly_map(x[i], 224)), bits(together[i]))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.3, 5), st.sampled_from(BORDERS), st.integers(0, 2**32 - 1))
def test_blur_is_linear_keeps_constants_and_symmetric_keeps_the_sum(h, w, sigma, border, seed):
    radius = int(4 * sigma + 0.5)
    if border == "mirror" and radius >= min(h, w):
        border = "symmetric"
    a, b = np.random.default_rng(seed).standard_normal((2, h, w))

    def blur(x):
        return maps.gaussian_blur(x, sigma, border=border)

    np.testing.assert_allclose(blur(2 * a - 3 * b), 2 * blur(a) - 3 * blur(b), atol=1e-12)
    if border != "zero":
        np.testing.assert_allclose(blur(np.full((h, w), 7.0)), 7.0, rtol=1e-13)
    if border == "symmetric":
        np.testing.assert_allclose(blur(a).sum(), a.sum(), atol=1e-9)


def test_layouts_and_leading_dimensions():
    rng = np.random.default_rng(8)
    wide = rng.random((4, 2, 40, 60), dtype=np.float32)
    for view in (wide[:, :, ::2, :33], wide[::-1, :1], wide[..., ::3], wide.swapaxes(-1, -2), wide[:, 0], wide[0, 0]):
        packed = np.ascontiguousarray(view)
        packed.flags.writeable = False
        for call in (lambda x: maps.resize(x, (21, 22)), lambda x: maps.gaussian_blur(x, 1.0)):
            ours = call(view)
            assert ours.shape[:-2] == view.shape[:-2]
            np.testing.assert_array_equal(ours, call(packed))
        np.testing.assert_array_equal(maps.image_scores(view), packed.max((-2, -1)))


def test_half_precision_is_widened():
    x = np.random.default_rng(9).random((2, 6, 7)).astype(np.float16)
    ours = maps.anomaly_map(x, 30)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, maps.anomaly_map(x.astype(np.float32), 30))


def test_torch_in_torch_out():
    torch = pytest.importorskip("torch")
    x = torch.rand(2, 1, 6, 7, generator=torch.Generator().manual_seed(0)).requires_grad_()
    ours = maps.anomaly_map(x, (30, 31))
    assert ours.shape == (2, 1, 30, 31)
    assert ours.dtype == torch.float32
    assert not ours.requires_grad
    low = x.detach().to(torch.bfloat16)
    assert torch.equal(maps.resize(low, 9), maps.resize(low.float(), 9))
    assert torch.equal(maps.image_scores(low), low.float().amax((-2, -1)))


def test_no_maps():
    empty = np.zeros((0, 4, 5), np.float32)
    assert maps.resize(empty, 7).shape == (0, 7, 7)
    assert maps.anomaly_map(empty, 7).shape == (0, 7, 7)
    assert maps.image_scores(empty).shape == (0,)


def test_image_scores_follow_their_definitions():
    values = np.random.default_rng(10).permutation(1000).astype(float).reshape(2, 2, 10, 25)
    np.testing.assert_array_equal(maps.image_scores(values), values.max((-2, -1)))
    flat = np.sort(values.reshape(2, 2, -1))[..., ::-1]
    np.testing.assert_array_equal(maps.image_scores(values, variant="top_fraction"), flat[..., :2].mean(-1))
    np.testing.assert_array_equal(maps.image_scores(values, variant="topk_sum", k=250), flat.sum(-1))
    np.testing.assert_array_equal(maps.image_scores(np.arange(250.0).reshape(10, 25), variant="top_fraction"), 248.5)
    np.testing.assert_array_equal(maps.image_scores(np.arange(100.0).reshape(10, 10), variant="top_fraction"), 99)
    np.testing.assert_array_equal(maps.image_scores(np.full((3, 50, 50), -2.5), variant="topk_sum", k=40), [-100.0] * 3)
    large = np.random.default_rng(11).random((1, 64, 64), dtype=np.float32)
    expected = np.float32(np.sort(large.ravel())[::-1][:512].astype(np.float64).sum())
    np.testing.assert_allclose(maps.image_scores(large, variant="topk_sum"), [expected], rtol=1e-7)


ONES = np.ones((4, 5))
BAD = ONES.copy()
BAD[2, 3] = np.inf


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: maps.resize(np.ones(4), 3),
            ValueError,
            r"maps must have shape \(..., height, width\); got shape \(4,\)",
        ),
        (lambda: maps.resize(np.ones((4, 0)), 3), ValueError, "at least one row and one column"),
        (lambda: maps.resize(ONES.astype(int), 3), TypeError, "maps must be float16, bfloat16, float32 or float64"),
        (lambda: maps.resize(ONES, 0), ValueError, "size must be at least 1 in each direction; got 0"),
        (lambda: maps.resize(ONES, (3, 4, 5)), TypeError, "size must be an integer or a pair"),
        (lambda: maps.resize(ONES, 2.5), TypeError, "size must be an integer or a pair"),
        (lambda: maps.resize(ONES, True), TypeError, "size must be an integer or a pair .*; got True"),
        (lambda: maps.resize(ONES, "34"), TypeError, "size must be an integer or a pair"),
        (lambda: maps.resize(ONES, (3, 1 << 40)), ValueError, "size must be at most 16777216 in each direction"),
        (lambda: maps.resize(np.array([["a"]]), 3), TypeError, "maps must hold real numbers; got dtype <U1"),
        (lambda: maps.resize(np.array([[None]]), 3), TypeError, "maps must hold real numbers; got dtype object"),
        (lambda: maps.resize(ONES * 1j, 3), TypeError, "maps must hold real numbers; got dtype complex128"),
        (lambda: maps.resize(ONES.astype(np.longdouble), 3), TypeError, "maps must be float16, bfloat16, float32"),
        (lambda: maps.resize(ONES, 3, mode=None), TypeError, "mode must be a string; got NoneType"),
        (lambda: maps.resize(ONES, 3, mode="cubic"), ValueError, "mode must be one of 'bilinear'.*got 'cubic'"),
        (lambda: maps.resize(BAD, 3), ValueError, "maps must be finite.*map 0, row 2, column 3"),
        (lambda: maps.gaussian_blur(ONES, -1), ValueError, "sigma must be finite and >= 0; got -1"),
        (lambda: maps.gaussian_blur(ONES, np.nan), ValueError, "sigma must be finite"),
        (lambda: maps.gaussian_blur(ONES, "1"), TypeError, "sigma must be a number; got '1'"),
        (lambda: maps.gaussian_blur(ONES, np.ones(2)), TypeError, "sigma must be a number; got array"),
        (lambda: maps.gaussian_blur(ONES, 1, border=2), TypeError, "border must be a string; got int"),
        (lambda: maps.gaussian_blur(ONES, 1, border="wrap"), ValueError, "border must be one of 'mirror'.*got 'wrap'"),
        (lambda: maps.gaussian_blur(ONES, 1, border="mirror"), ValueError, "got radius 4 and size 4"),
        (lambda: maps.gaussian_blur(ONES, 1, radius=-1), ValueError, "radius must be an integer >= 0; got -1"),
        (lambda: maps.gaussian_blur(ONES, 1, radius=2.0), TypeError, "radius must be an integer"),
        (lambda: maps.gaussian_blur(ONES, 1, radius=np.ones(2, int)), TypeError, "radius must be an integer >= 0"),
        (lambda: maps.gaussian_blur(ONES, 1, radius=1 << 70), ValueError, "radius must lie between 0 and 1048576"),
        (lambda: maps.gaussian_blur(ONES, 1e300, truncate=1e300), ValueError, "radius must lie between 0 and"),
        (lambda: maps.gaussian_blur(ONES, 1e6), ValueError, "radius must lie between 0 and 1048576"),
        (lambda: maps.gaussian_blur(ONES, 1, truncate=-1), ValueError, "truncate must be finite"),
        (lambda: maps.anomaly_map(BAD, 9), ValueError, "patch_scores must be finite.*row 2, column 3"),
        (lambda: maps.image_scores(BAD), ValueError, "maps must be finite"),
        (lambda: maps.image_scores(ONES, variant=["max"]), ValueError, r"variant must be one of .*; got \['max'\]"),
        (lambda: maps.image_scores(ONES, variant="top_fraction", fraction="a"), TypeError, "fraction must be a number"),
        (
            lambda: maps.image_scores(ONES, variant="top_fraction", fraction=np.nan),
            ValueError,
            r"fraction must lie in \(0, 1\]",
        ),
        (lambda: maps.image_scores(ONES, variant="mean"), ValueError, "variant must be one of 'max'"),
        (lambda: maps.image_scores(ONES, k=3), ValueError, "k belongs to variant='topk_sum'"),
        (lambda: maps.image_scores(ONES, fraction=0.5), ValueError, "fraction belongs to"),
        (lambda: maps.image_scores(ONES, variant="topk_sum"), ValueError, "between 1 and the 20 values.*got 512"),
        (lambda: maps.image_scores(ONES, variant="topk_sum", k=1.5), TypeError, "k must be an integer"),
        (
            lambda: maps.image_scores(ONES, variant="top_fraction", fraction=0),
            ValueError,
            r"fraction must lie in \(0, 1\]",
        ),
        (lambda: maps.resize(ONES, 3, threads=0), ValueError, "threads must be an integer >= 1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


def test_ctrl_c_stops_a_long_blur():
    import signal
    import time

    x = np.zeros((40, 1500, 1500), np.float32)
    timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        maps.gaussian_blur(x, 60.0, threads=1)
    assert time.monotonic() - start < 20


def test_the_guide_runs():
    guide = pathlib.Path(__file__).parents[1] / "docs" / "maps.md"
    failed, tried = doctest.testfile(str(guide), module_relative=False, encoding="utf-8")
    assert (failed, tried > 8) == (0, True)
