"""Patch embeddings against their definitions, written out patch by patch, and against PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anomalib_cpp as ac
from anomalib_cpp import _core
from anomalib_cpp.bank import patch_embeddings


def adaptive_mean(x, m):
    n = x.shape[-1]
    return np.stack([x[..., i * n // m : -(-(i + 1) * n // m)].mean(-1) for i in range(m)], -1)


def bilinear(x, height, width):
    """Resize axes 1 and 2 of (n, h, w, d)."""
    for axis, size in ((1, height), (2, width)):
        n = x.shape[axis]
        at = np.maximum((np.arange(size) + 0.5) * n / size - 0.5, 0)
        low = np.minimum(at.astype(int), n - 1)
        shape = [-1 if a == axis else 1 for a in range(4)]
        f = (at - low).reshape(shape)
        x = (1 - f) * x.take(low, axis) + f * x.take(np.minimum(low + 1, n - 1), axis)
    return x


def neighbourhoods(x, patch, stride):
    """(n, c, h, w) -> (n, rows, columns, c * patch * patch), zeros outside, in the order (channel, dy, dx)."""
    pad = (patch - 1) // 2
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (patch, patch), (2, 3))[:, :, ::stride, ::stride]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(*windows.shape[:1], *windows.shape[2:4], -1)


def anomalib_reference(layers, patch=3):
    grid = layers[0].shape[2:]
    means = [neighbourhoods(x, patch, 1) for x in layers]
    means = [m.reshape(*m.shape[:3], -1, patch * patch).mean(-1) for m in means]
    joined = np.concatenate([means[0], *(bilinear(m, *grid) for m in means[1:])], -1)
    return joined.reshape(len(joined), -1, joined.shape[-1])


def inspection_reference(layers, patch, stride, pretrain, target):
    patches = [neighbourhoods(x, patch, stride) for x in layers]
    grid = patches[0].shape[1:3]
    patches = [patches[0], *(bilinear(p, *grid) for p in patches[1:])]
    joined = np.concatenate([adaptive_mean(p, pretrain) for p in patches], -1)
    return adaptive_mean(joined, target).reshape(len(joined), -1, target)


def channels_last(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def feature_maps(*shapes, images=2, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((images, *shape)).astype(dtype) for shape in shapes]


SHAPES = [
    [(1, 1, 1)],
    [(3, 5, 4), (2, 5, 4)],
    [(67, 9, 7), (5, 4, 3), (130, 2, 2)],
    [(16, 28, 28), (33, 14, 14)],
    [(2, 3, 70), (64, 6, 5)],
]


@pytest.mark.parametrize(
    ("values", "m", "expected"),
    [([0, 1, 2, 3, 4, 5, 6], 3, [1, 3, 5]), ([1, 2, 4, 8, 16], 2, [7 / 3, 28 / 3]), ([1, 2, 4], 5, [1, 1.5, 2, 3, 4])],
)
def test_adaptive_average_golden_values(isa, values, m, expected):
    channels = np.array(values, np.float64).reshape(1, -1, 1, 1)
    for pretrain, target in ((m, m), (len(values), m)):
        rows = patch_embeddings(
            [channels], variant="inspection", patch_size=1, pretrain_dim=pretrain, target_dim=target
        )
        np.testing.assert_allclose(rows, [[expected]], rtol=1e-14)


def test_average_golden_values(isa):
    rows = patch_embeddings([np.arange(9.0).reshape(1, 1, 3, 3)])
    expected = [8 / 9, 5 / 3, 4 / 3, 7 / 3, 4, 3, 20 / 9, 11 / 3, 8 / 3]
    np.testing.assert_allclose(rows[0, :, 0], expected, rtol=1e-14)


def test_inspection_golden_values(isa):
    layer = np.arange(8.0).reshape(1, 2, 2, 2)
    rows = patch_embeddings([layer], variant="inspection", pretrain_dim=4, target_dim=2)
    np.testing.assert_allclose(rows, [[[0.6, 2.6], [0.7, 2.7], [0.8, 2.8], [0.9, 2.9]]], rtol=1e-14)
    first = patch_embeddings([layer], variant="inspection", pretrain_dim=4, target_dim=4)[0, 0]
    np.testing.assert_allclose(first, [0, 1.2, 0.8, 4.4], rtol=1e-14)


@pytest.mark.parametrize("patch", [1, 3, 5])
@pytest.mark.parametrize("shapes", SHAPES)
def test_anomalib_matches_the_definition(isa, shapes, patch):
    layers = feature_maps(*shapes)
    expected = anomalib_reference(layers, patch)
    rows = patch_embeddings(layers, patch_size=patch)
    assert rows.dtype == np.float64
    np.testing.assert_allclose(rows, expected, atol=1e-14)
    single = patch_embeddings([x.astype(np.float32) for x in layers], patch_size=patch)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=2e-6)


@pytest.mark.parametrize(
    ("patch", "stride", "pretrain", "target"),
    [(3, 1, 16, 16), (3, 2, 100, 7), (2, 1, 9, 70), (5, 3, 301, 150), (1, 1, 1, 1)],
)
@pytest.mark.parametrize("shapes", [[(3, 5, 6)], [(16, 9, 8), (33, 5, 4)], [(2, 7, 9), (7, 7, 9), (1, 6, 5)]])
def test_inspection_matches_the_definition(isa, shapes, patch, stride, pretrain, target):
    layers = feature_maps(*shapes)
    expected = inspection_reference(layers, patch, stride, pretrain, target)
    options = {"patch_size": patch, "stride": stride, "pretrain_dim": pretrain, "target_dim": target}
    rows = patch_embeddings(layers, variant="inspection", **options)
    np.testing.assert_allclose(rows, expected, atol=1e-13)
    single = patch_embeddings([x.astype(np.float32) for x in layers], variant="inspection", **options)
    np.testing.assert_allclose(single, expected, atol=3e-6)


def test_both_variants_match_torch_at_network_sizes():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    layers = [torch.from_numpy(x) for x in feature_maps((512, 28, 28), (1024, 14, 14), images=1, dtype=np.float32)]

    pooled = [functional.avg_pool2d(x, 3, 1, 1) for x in layers]
    resized = functional.interpolate(pooled[1], (28, 28), mode="bilinear")
    expected = torch.cat([pooled[0], resized], 1).permute(0, 2, 3, 1).reshape(1, 784, 1536)
    torch.testing.assert_close(patch_embeddings(layers), expected, rtol=0, atol=1e-6)

    columns = [functional.unfold(x, 3, padding=1).reshape(-1, *x.shape[2:]) for x in layers]
    columns[1] = functional.interpolate(columns[1][None], (28, 28), mode="bilinear")[0]
    vectors = [functional.adaptive_avg_pool1d(c.reshape(1, len(c), -1).transpose(1, 2), 1024) for c in columns]
    expected = functional.adaptive_avg_pool1d(torch.cat(vectors, 2), 1024)
    torch.testing.assert_close(patch_embeddings(layers, variant="inspection"), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", [{}, {"variant": "inspection", "pretrain_dim": 90, "target_dim": 75}])
def test_same_bits_for_every_isa_and_thread_count(isa, dtype, options):
    layers = feature_maps((70, 40, 41), (35, 11, 10), images=3, dtype=dtype)
    ours = [patch_embeddings(layers, threads=threads, **options) for threads in (1, 2, 3)]
    _core.set_isa("baseline")
    expected = patch_embeddings(layers, threads=1, **options)
    unsigned = np.uint32 if dtype == np.float32 else np.uint64
    for rows in ours:
        np.testing.assert_array_equal(rows.view(unsigned), expected.view(unsigned))
    alone = patch_embeddings([x[1:2] for x in layers], **options)
    np.testing.assert_array_equal(alone[0].view(unsigned), expected[1].view(unsigned))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_embeddings_are_linear_and_adaptive_averages_keep_constants(data):
    shape = st.tuples(st.integers(1, 9), st.integers(1, 8), st.integers(1, 8))
    shapes = data.draw(st.lists(shape, min_size=1, max_size=3))
    a, b = feature_maps(*shapes, seed=1), feature_maps(*shapes, seed=2)
    options = data.draw(
        st.sampled_from([{}, {"variant": "inspection", "patch_size": 1, "pretrain_dim": 5, "target_dim": 4}])
    )
    mixed = patch_embeddings([2 * x - 3 * y for x, y in zip(a, b, strict=True)], **options)
    np.testing.assert_allclose(
        mixed, 2 * patch_embeddings(a, **options) - 3 * patch_embeddings(b, **options), atol=1e-12
    )
    if options:
        constant = patch_embeddings([np.full_like(x, 7.0) for x in a], **options)
        np.testing.assert_allclose(constant, 7.0, rtol=1e-13)


def test_a_large_result_equals_its_images_one_by_one(isa):
    layers = feature_maps((160, 28, 28), (96, 14, 14), images=48, dtype=np.float32)
    rows = patch_embeddings(layers)
    assert rows.nbytes > 32 << 20  # beyond this rows are written past the caches
    for i in (0, 17, 47):
        np.testing.assert_array_equal(rows[i], patch_embeddings([x[i : i + 1] for x in layers])[0])


def test_layouts():
    wide = feature_maps((8, 20, 24), (6, 10, 12), images=4, dtype=np.float32)
    views = [
        [x[::2, 1::2, ::2, :5] for x in wide],
        [x[::-1, ::-1] for x in wide],
        [x.transpose(0, 1, 3, 2) for x in wide],
        [channels_last(x) for x in wide],
        [channels_last(x)[:, 1:, ::-1, ::3] for x in wide],
        [x[:1, :1] for x in wide],
        [np.broadcast_to(x[:, :1], x.shape) for x in wide],
    ]
    for layers in views:
        packed = [np.ascontiguousarray(x) for x in layers]
        for x in packed:
            x.flags.writeable = False
        for options in ({}, {"variant": "inspection", "pretrain_dim": 20, "target_dim": 10}):
            np.testing.assert_array_equal(patch_embeddings(layers, **options), patch_embeddings(packed, **options))


def test_dtypes_and_kinds_of_array():
    half = [x.astype(np.float16) for x in feature_maps((4, 5, 6), (3, 3, 3))]
    single = [x.astype(np.float32) for x in half]
    np.testing.assert_array_equal(patch_embeddings(half), patch_embeddings(single))
    mixed = patch_embeddings([single[0], single[1].astype(np.float64)])
    assert mixed.dtype == np.float64
    torch = pytest.importorskip("torch")
    tensors = [torch.from_numpy(x).requires_grad_() for x in single]
    rows = patch_embeddings(tensors)
    assert isinstance(rows, torch.Tensor)
    np.testing.assert_array_equal(rows.numpy(), patch_embeddings(single))
    low = [x.detach().to(torch.bfloat16).to(memory_format=torch.channels_last) for x in tensors]
    assert torch.equal(patch_embeddings(low), patch_embeddings([x.float() for x in low]))


def test_no_images():
    layers = feature_maps((4, 5, 6), (3, 3, 3), images=0)
    assert patch_embeddings(layers).shape == (0, 30, 7)
    assert patch_embeddings(layers, variant="inspection", target_dim=9).shape == (0, 30, 9)


def test_a_result_beyond_memory_is_a_memory_error():
    with pytest.raises(MemoryError):
        patch_embeddings([np.ones((1, 1, 2, 2))], variant="inspection", target_dim=2**62)


LAYER = np.ones((2, 3, 4, 5))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: patch_embeddings(LAYER), TypeError, "feature_maps must be a list of arrays.*got ndarray"),
        (lambda: patch_embeddings([]), ValueError, "feature_maps must hold at least one layer"),
        (
            lambda: patch_embeddings([LAYER, LAYER[0]]),
            ValueError,
            r"feature_maps\[1\] must have shape.*got \(3, 4, 5\)",
        ),
        (lambda: patch_embeddings([LAYER[:, :0]]), ValueError, r"feature_maps\[0\] must have shape"),
        (lambda: patch_embeddings([LAYER, LAYER[:1]]), ValueError, r"feature_maps\[1\] holds 1 images but .* holds 2"),
        (lambda: patch_embeddings([LAYER.astype(int)]), TypeError, r"feature_maps\[0\] must be float16"),
        (lambda: patch_embeddings([LAYER], variant="other"), ValueError, "variant must be one of 'anomalib'"),
        (lambda: patch_embeddings([LAYER], patch_size=2), ValueError, "patch_size must be odd"),
        (lambda: patch_embeddings([LAYER], patch_size=0), ValueError, "patch_size must be an integer >= 1; got 0"),
        (lambda: patch_embeddings([LAYER], patch_size=10**9 + 1), ValueError, "lie between 1 and 4096"),
        (
            lambda: patch_embeddings([LAYER], variant="inspection", patch_size=10**9),
            ValueError,
            "patch_size must lie between 1 and 4096; got 1000000000",
        ),
        (lambda: patch_embeddings([LAYER], patch_size=3.0), TypeError, "patch_size must be an integer >= 1; got 3.0"),
        (lambda: patch_embeddings([LAYER], stride=2), ValueError, "stride must be 1 for variant='anomalib'"),
        (lambda: patch_embeddings([LAYER], target_dim=8), ValueError, "target_dim belongs to variant='inspection'"),
        (lambda: patch_embeddings([LAYER], pretrain_dim=8), ValueError, "pretrain_dim belongs to"),
        (
            lambda: patch_embeddings([LAYER], variant="inspection", target_dim=0),
            ValueError,
            "target_dim must be an integer >= 1",
        ),
        (
            lambda: patch_embeddings([LAYER[:, :, :1]], variant="inspection", patch_size=2),
            ValueError,
            "patch_size 2 does not fit a feature map of 1 x 5",
        ),
        (lambda: patch_embeddings([LAYER], variant="inspection", pretrain_dim=2**40), ValueError, "1 and 16777216"),
        (lambda: patch_embeddings([LAYER], threads=0), ValueError, "threads must be an integer >= 1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)
