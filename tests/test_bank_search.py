"""Exact search against its definition: one fp64 value per pair, sorted by (value, row)."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anomalib_cpp import InvalidInputError, _core, bank
from anomalib_cpp.bank.search import PackedRows, merge_nearest

METRICS = ["euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product"]


def fused_sum(x, y):
    """The canonical dot of every row of x with y: 16 lanes of exactly rounded fused multiply-adds, folded by halves."""
    lanes = np.zeros((len(x), 16), np.longdouble)
    for j in range(x.shape[1]):
        # The product of two float64 of 24 and 53 bits or less, summed in 64 bits and rounded once to 53.
        lanes[:, j % 16] = (lanes[:, j % 16] + x[:, j].astype(np.longdouble) * y[:, j]).astype(np.float64)
    lanes = lanes.astype(np.float64)
    for width in (8, 4, 2, 1):
        lanes = lanes[:, :width] + lanes[:, width : 2 * width]
    return lanes[:, 0]


def reference(queries, rows, metric):
    """Values of all pairs in float64, and the order that sorts them."""
    q, b = queries.astype(np.float64), rows.astype(np.float64)
    if metric in ("euclidean", "sqeuclidean"):
        keys = np.stack([((b - x) ** 2).sum(axis=1) for x in q]) if len(q) else np.zeros((0, len(b)))
        values = np.sqrt(keys) if metric == "euclidean" else keys
    else:
        dots = q @ b.T
        if metric == "inner_product":
            keys, values = -dots, dots
        else:
            norms = np.maximum(np.linalg.norm(q, axis=1), 1e-12)[:, None] * np.maximum(np.linalg.norm(b, axis=1), 1e-12)
            keys = np.clip(1 - dots / norms, 0, 2)
            values = keys / 2 if metric == "half_cosine" else keys
    return values, np.argsort(keys, axis=1, kind="stable")


def closed_form():
    i, j, a = np.arange(50)[:, None], np.arange(16)[None, :], np.arange(7)[:, None]
    rows = np.sin(1.7 * i + 0.9 * j + 0.3 * i * j).astype(np.float32)
    queries = np.sin(1.7 * (7 * a + 0.5) + 0.9 * j + 2.1 * a * j).astype(np.float32)
    return queries, rows


def test_golden_closed_form(engine_isa):
    queries, rows = closed_form()
    distances, indices = bank.knn(queries, rows, k=3, metric="sqeuclidean")
    assert indices.tolist() == [
        [0, 20, 14],
        [7, 6, 5],
        [43, 14, 0],
        [36, 21, 0],
        [48, 29, 7],
        [22, 35, 14],
        [15, 42, 21],
    ]
    expected = [5.351730468482414, 3.847837301250256, 4.764247990490846, 4.435184311038107, 4.897627283920465]
    np.testing.assert_allclose(distances[:5, 0], expected, rtol=1e-6)
    cosine, nearest = bank.knn(queries, rows, metric="cosine")
    assert nearest[:, 0].tolist() == [0, 7, 43, 36, 7, 22, 15]
    expected = [0.32987789870552897, 0.1967475673215363, 0.3003323203661781, 0.27130529588393093, 0.3533451840950339]
    np.testing.assert_allclose(cosine[:5, 0], expected, rtol=1e-6)


def test_golden_patch_scores(engine_isa):
    rows = np.array([(0, 0), (1, 0), (0, 1), (3, 3), (5, 0)], np.float32)
    patches = np.array([(0.2, 0.1), (4, 2), (2.5, 2.5)], np.float32)
    distances, indices = bank.knn(patches, rows)
    assert indices[:, 0].tolist() == [0, 3, 3]
    np.testing.assert_allclose(distances[:, 0], [0.22360679775, 1.414213562373, 0.707106781187], rtol=1e-7)


def test_canonical_order_of_additions(engine_isa):
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((20, 53)).astype(np.float32), rng.standard_normal((20, 53)).astype(np.float32)
    got = bank.pairwise_distances(x.astype(np.float64), y.astype(np.float64), metric="inner_product").diagonal()
    np.testing.assert_array_equal(got, fused_sum(x, y))
    difference = x.astype(np.float64) - y
    got = bank.pairwise_distances(x.astype(np.float64), y.astype(np.float64), metric="sqeuclidean").diagonal()
    np.testing.assert_array_equal(got, fused_sum(difference, difference))


def make(kind, n, d, rng):
    x = rng.standard_normal((n, d)).astype(np.float32)
    if kind == "offset":
        x += 1e4
    elif kind == "relu":
        x = np.maximum(x, 0)
    elif kind == "duplicates":
        x = np.round(x[rng.integers(0, max(1, n // 3), n)])
    elif kind == "one huge row":
        x[n // 2] *= 1e15
        x[0] = 0
    elif kind == "tiny":
        x *= 1e-30
    return x


@pytest.mark.parametrize("kind", ["normal", "offset", "relu", "duplicates", "one huge row", "tiny"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_filter_changes_nothing(engine_isa, kind, metric):
    rng = np.random.default_rng(len(kind) + len(metric))
    code = "fp32" if engine_isa == "baseline" else "int8"
    for n, m, d in [
        (1, 1, 1),
        (5, 31, 2),
        (13, 33, 17),
        (50, 700, 64),
        (97, 1100, 65),
        (30, 600, 1100),
        (200, 90, 257),
    ]:
        queries, rows = make(kind, n, d, rng), make(kind, m, d, rng)
        queries[0] = rows[-1]
        for k in {1, min(9, m), m}:
            expected = PackedRows(rows, metric=metric, prefilter="none").search_keys(queries, k)
            for keep_codes, threads in [(True, 1), (False, 3)]:
                packed = PackedRows(rows, metric=metric, prefilter=code, keep_codes=keep_codes, threads=threads)
                keys, indices = packed.search_keys(queries, k, threads=threads)
                np.testing.assert_array_equal(indices, expected[1])
                np.testing.assert_array_equal(keys, expected[0])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("n", "m", "d"), [(3, 7, 1), (20, 300, 15), (33, 400, 16), (40, 513, 33), (70, 1500, 100)])
def test_matches_the_definition(engine_isa, metric, n, m, d):
    rng = np.random.default_rng(n * m)
    # Small integers: sums of squares are exact, so ties are real and the comparison needs no tolerance.
    queries, rows = (rng.integers(-3, 4, (size, d)).astype(np.float32) for size in (n, m))
    values, order = reference(queries, rows, metric)
    distances, indices = bank.knn(queries, rows, k=5, metric=metric)
    if metric in ("cosine", "half_cosine"):  # quotients: an order within rounding is enough
        np.testing.assert_allclose(distances, np.take_along_axis(values, order[:, :5], axis=1), atol=1e-7)
    else:
        np.testing.assert_array_equal(indices, order[:, :5])
        np.testing.assert_array_equal(distances, np.take_along_axis(values, order[:, :5], axis=1).astype(np.float32))


def test_same_bits_for_every_isa_thread_count_batch_and_budget(engine_isa):
    rng = np.random.default_rng(0)
    rows, queries = make("relu", 3000, 200, rng), make("relu", 150, 200, rng)
    got = bank.knn(queries, rows, k=9)
    rowwise = [bank.knn(queries[i : i + 1], rows, k=9) for i in range(0, 150, 37)]
    for at, (distances, indices) in zip(range(0, 150, 37), rowwise, strict=True):
        np.testing.assert_array_equal(distances[0], got[0][at])
        np.testing.assert_array_equal(indices[0], got[1][at])
    for options in [{"threads": 1}, {"threads": 2}, {"threads": 3}, {"threads": 8}, {"memory_budget": "2MiB"}]:
        for x, y in zip(got, bank.knn(queries, rows, k=9, **options), strict=True):
            np.testing.assert_array_equal(x, y)
    level = _core.active_isa()
    _core.set_isa("baseline")
    expected = bank.knn(queries, rows, k=9)
    _core.set_isa(level)
    np.testing.assert_array_equal(got[0].view(np.uint32), expected[0].view(np.uint32))
    np.testing.assert_array_equal(got[1], expected[1])


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 20)), elements=st.integers(-50, 50)),
    st.data(),
)
def test_laws(rows, data):
    d = rows.shape[1]
    queries = data.draw(arrays(np.float32, st.tuples(st.integers(1, 6), st.just(d)), elements=st.integers(-50, 50)))
    k = data.draw(st.integers(1, len(rows)))
    distances, indices = bank.knn(queries, rows, k=k, metric="sqeuclidean")
    assert (distances >= 0).all()
    assert (np.diff(distances, axis=1) >= 0).all()
    # the first columns of a wider search
    wide = bank.knn(queries, rows, k=len(rows), metric="sqeuclidean")
    np.testing.assert_array_equal(wide[1][:, :k], indices)
    # a common offset that float32 holds exactly
    shifted = bank.knn(queries + 8192, rows + 8192, k=k, metric="sqeuclidean")
    np.testing.assert_array_equal(shifted[1], indices)
    np.testing.assert_array_equal(shifted[0], distances)
    # columns of zeros
    padded = bank.knn(np.pad(queries, ((0, 0), (0, 3))), np.pad(rows, ((0, 0), (0, 3))), k=k, metric="sqeuclidean")
    np.testing.assert_array_equal(padded[1], indices)
    # a power of two
    scaled = bank.knn(queries * 4, rows * 4, k=k, metric="sqeuclidean")
    np.testing.assert_array_equal(scaled[0], distances * 16)
    # every row twice: the same distances, the lower index
    doubled = bank.knn(queries, np.concatenate([rows, rows]), metric="sqeuclidean")
    np.testing.assert_array_equal(doubled[1], indices[:, :1])
    # permuted rows
    order = np.random.default_rng(0).permutation(len(rows))
    permuted = bank.knn(queries, rows[order], k=k, metric="sqeuclidean")
    np.testing.assert_array_equal(permuted[0], distances)
    # two halves, merged
    half = len(rows) // 2
    if half:
        parts = []
        for start, part in ((0, rows[:half]), (half, rows[half:])):
            keys, where = PackedRows(part, metric="sqeuclidean").search_keys(queries, k, on_short="pad")
            parts.append((keys, np.where(where < 0, -1, where + start)))
        np.testing.assert_array_equal(merge_nearest(parts, k)[1], indices)


def test_cosine_ignores_lengths_and_gives_zero_vectors_distance_one():
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((1200, 40))
    queries = rng.standard_normal((60, 40))
    rows[7] = 0
    distances, indices = bank.knn(queries, rows, k=3, metric="cosine")
    scaled = bank.knn(queries * 3, rows * rng.uniform(0.1, 9, (1200, 1)), k=3, metric="cosine")
    np.testing.assert_array_equal(scaled[1], indices)
    np.testing.assert_allclose(scaled[0], distances, rtol=0, atol=1e-12)
    assert bank.pairwise_distances(queries[:1], rows[7:8], metric="cosine")[0, 0] == 1.0
    assert bank.knn(np.zeros((1, 40)), rows, metric="cosine")[1][0, 0] == 0


def test_self_search_leaves_out_the_row_not_its_value():
    rng = np.random.default_rng(1)
    rows = rng.integers(-2, 3, (700, 6)).astype(np.float32)
    distances, indices = bank.knn_self(rows, k=4)
    keys = ((rows[:, None] - rows[None]) ** 2).sum(-1)
    np.fill_diagonal(keys, np.inf)
    np.testing.assert_array_equal(indices, np.argsort(keys, axis=1, kind="stable")[:, :4])
    np.testing.assert_array_equal(distances, np.sqrt(np.sort(keys, axis=1)[:, :4]))
    with pytest.raises(InvalidInputError, match="k must be at most"):
        bank.knn_self(rows[:3], k=3)


@pytest.mark.parametrize("metric", METRICS)
def test_radius_is_inclusive_and_agrees_with_knn(engine_isa, metric):
    rng = np.random.default_rng(2)
    queries, rows = (rng.integers(-3, 4, (size, 40)).astype(np.float32) for size in (60, 1300))
    distances, indices = bank.knn(queries, rows, k=len(rows), metric=metric)
    limit = float(np.median(distances[:, 20]))
    found = bank.radius_neighbors(queries, rows, limit, metric=metric)
    # knn's float32 may round across the limit; decide on the float64 values.
    values = bank.pairwise_distances(queries.astype(np.float64), rows.astype(np.float64), metric=metric)
    inside = values >= limit if metric == "inner_product" else values <= limit
    np.testing.assert_array_equal(np.diff(found.limits), inside.sum(axis=1))
    for i in range(len(queries)):
        own = found.indices[found.limits[i] : found.limits[i + 1]]
        np.testing.assert_array_equal(own, indices[i, : len(own)])


def test_groups_restrict_the_pairs(engine_isa):
    rng = np.random.default_rng(4)
    queries, rows = rng.standard_normal((80, 30)), rng.standard_normal((900, 30))
    of_query, of_row = rng.integers(0, 5, 80), rng.integers(0, 4, 900)
    distances, indices = bank.knn(queries, rows, k=2, query_groups=of_query, bank_groups=of_row)
    values = bank.pairwise_distances(queries, rows)
    values[of_query[:, None] != of_row[None]] = np.inf
    lonely = of_query == 4
    np.testing.assert_array_equal(indices[~lonely], np.argsort(values, axis=1, kind="stable")[~lonely, :2])
    assert (indices[lonely] == -1).all()
    assert np.isinf(distances[lonely]).all()
    both = np.full(80, 3, np.uint64)  # groups 0 and 1 as a bit set
    indices = bank.knn(queries, rows, query_groups=both, bank_groups=np.uint64(1) << of_row.astype(np.uint64))[1]
    assert np.isin(of_row[indices[:, 0]], [0, 1]).all()


def test_many_equal_rows_are_decided_by_index():
    rows = np.ones((5000, 64), np.float32)
    rows[4000] += 1
    distances, indices = bank.knn(np.ones((40, 64), np.float32), rows, k=3)
    assert (indices == [0, 1, 2]).all()
    assert (distances == 0).all()


def test_nearly_equidistant_rows_in_high_dimension(engine_isa):
    # Codes of eight bits cannot tell these apart: the search has to fall back, and say the same.
    rng = np.random.default_rng(6)
    rows, queries = rng.standard_normal((3000, 6000)).astype(np.float32), np.zeros((12, 6000), np.float32)
    queries[:, 0] = np.arange(12)
    got = PackedRows(rows).search_keys(queries, 2)
    expected = PackedRows(rows, prefilter="none").search_keys(queries, 2)
    np.testing.assert_array_equal(got[0], expected[0])
    np.testing.assert_array_equal(got[1], expected[1])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_layouts_and_kinds_of_array(dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    rows, queries = rng.standard_normal((60, 24)).astype(dtype), rng.standard_normal((9, 24)).astype(dtype)
    rows.flags.writeable = False
    distances, indices = bank.knn(queries, rows, k=2)
    assert distances.dtype == (np.float64 if dtype == np.float64 else np.float32)
    assert indices.dtype == np.int64
    variants = [
        (np.asfortranarray(queries), rows),
        (np.repeat(queries, 2, axis=0)[::2], np.pad(rows, ((0, 0), (0, 5)))[:, :24]),
        (queries[:, ::-1][:, ::-1], rows.astype(rows.dtype.newbyteorder())),
    ]
    for q, b in variants:
        np.testing.assert_array_equal(bank.knn(q, b, k=2)[0], distances)
    from_torch = bank.knn(torch.from_numpy(queries.copy()).requires_grad_(), torch.from_numpy(rows.copy()), k=2)
    assert isinstance(from_torch[0], torch.Tensor)
    assert not from_torch[0].requires_grad
    np.testing.assert_array_equal(from_torch[0].numpy(), distances)
    half = torch.from_numpy(rows.astype(np.float32)).bfloat16()
    np.testing.assert_array_equal(bank.knn(half[:5], half)[1][:, 0].numpy(), np.arange(5))


def test_mixed_precision_is_widened():
    rng = np.random.default_rng(8)
    queries, rows = rng.standard_normal((30, 50)), rng.standard_normal((2000, 50)).astype(np.float32)
    np.testing.assert_array_equal(bank.knn(queries, rows)[0], bank.knn(queries, rows.astype(np.float64))[0])
    np.testing.assert_array_equal(
        bank.knn(rows[:30], rows.astype(np.float64), k=2)[0], bank.knn(rows[:30].astype(np.float64), rows, k=2)[0]
    )


def test_special_values_without_the_check():
    rows = np.array([[0, 0], [np.nan, 1], [np.inf, 0], [1, 1]], np.float32)
    queries = np.array([[1, 0.9], [np.nan, 0], [np.inf, 0]], np.float32)
    distances, indices = bank.knn(queries, rows, k=4, check_finite=False)
    assert indices[0].tolist() == [3, 0, 2, -1]
    assert indices[1].tolist() == [-1] * 4
    assert np.isnan(distances[1]).all()
    assert indices[2].tolist() == [0, 3, -1, -1]
    huge = np.full((1, 4), 3e38, np.float32)
    assert np.isposinf(bank.knn(-huge, huge, metric="sqeuclidean")[0][0, 0])


def test_short_banks():
    rows = np.eye(3, dtype=np.float32)
    with pytest.raises(ValueError, match=r"k must be at most the number of bank rows; got k=5 for 3 rows"):
        bank.knn(rows, rows, k=5)
    distances, indices = bank.knn(rows, rows, k=5, on_short="pad")
    assert indices[0].tolist() == [0, 1, 2, -1, -1]
    assert np.isposinf(distances[:, 3:]).all()
    assert bank.knn(rows, rows, k=5, on_short="clip")[1].shape == (3, 3)
    assert bank.knn(rows[:0], rows, k=2)[0].shape == (0, 2)


def test_ids_are_returned_in_place_of_row_numbers():
    rows = np.eye(3, dtype=np.float32)
    assert bank.knn(rows, rows, ids=[7, 5, 9])[1][:, 0].tolist() == [7, 5, 9]


ROWS = np.ones((4, 3), np.float32)
BAD_ROWS = ROWS.copy()
BAD_ROWS[2, 1] = np.nan


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: bank.knn(ROWS, ROWS[:0]), ValueError, "memory bank is empty"),
        (lambda: bank.knn(ROWS[:, :2], ROWS), ValueError, r"queries has shape \(4, 2\) but bank has shape \(4, 3\)"),
        (lambda: bank.knn(ROWS[0], ROWS), ValueError, r"queries must be 2-D .* got shape \(3,\)"),
        (lambda: bank.knn(ROWS[:, :0], ROWS[:, :0]), ValueError, "queries must have at least one column"),
        (lambda: bank.knn(ROWS, BAD_ROWS), ValueError, "bank must be finite; got nan at row 2, column 1"),
        (lambda: bank.knn(-np.inf * ROWS, ROWS), ValueError, "queries must be finite; got -inf at row 0, column 0"),
        (lambda: bank.knn(ROWS.astype(int), ROWS), TypeError, "queries must be float16, bfloat16, float32 or float64"),
        (lambda: bank.knn(ROWS.astype(complex), ROWS), TypeError, "queries must hold real numbers"),
        (lambda: bank.knn(ROWS, np.ma.array(ROWS)), TypeError, "bank is a masked array"),
        (lambda: bank.knn(ROWS, ROWS, k=0), ValueError, "k must be an integer >= 1; got 0"),
        (lambda: bank.knn(ROWS, ROWS, k=1.5), TypeError, "k must be an integer >= 1; got 1.5"),
        (lambda: bank.knn(ROWS, ROWS, metric="l2"), ValueError, "metric must be one of 'euclidean', .* got 'l2'"),
        (lambda: bank.knn(ROWS, ROWS, on_short="x"), ValueError, "on_short must be one of"),
        (lambda: bank.knn(ROWS, ROWS, ids=[1]), ValueError, "ids must have one entry per bank row"),
        (lambda: bank.knn(ROWS, ROWS, query_groups=[0] * 4), ValueError, "must be given together"),
        (
            lambda: bank.knn(ROWS, ROWS, query_groups=[64] * 4, bank_groups=[0] * 4),
            ValueError,
            "query_groups must hold group numbers from 0 to 63; got 64 to 64",
        ),
        (lambda: bank.knn(ROWS, ROWS, threads=0), ValueError, "threads must be an integer >= 1"),
        (lambda: bank.radius_neighbors(ROWS, ROWS, np.nan), ValueError, "radius must be a number"),
        (lambda: bank.pairwise_distances(ROWS, ROWS[:, :1]), ValueError, "their widths must agree"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_budget_too_small_is_refused_before_any_work():
    rows = np.random.default_rng(0).standard_normal((5000, 500)).astype(np.float32)
    with pytest.raises(MemoryError, match="memory_budget is 1000"):
        bank.knn(rows[:100], rows, memory_budget=1000)


def test_concurrent_searches_of_one_bank():
    rng = np.random.default_rng(9)
    rows, queries = rng.standard_normal((4000, 64)).astype(np.float32), rng.standard_normal((64, 64)).astype(np.float32)
    packed = PackedRows(rows)
    expected = packed.search(queries, 3)
    failures = []

    def search():
        for _ in range(5):
            got = packed.search(queries, 3, threads=2)
            if not (np.array_equal(got[0], expected[0]) and np.array_equal(got[1], expected[1])):
                failures.append(got)

    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_ctrl_c_stops_it():
    import signal
    import time

    rows = np.random.default_rng(0).standard_normal((60000, 512)).astype(np.float32)
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    packed = PackedRows(rows)
    threading.Timer(0.3, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        packed.search(rows, 5)
    assert time.monotonic() - sent[0] < 20  # far less than the search itself


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_equal_rows_are_expanded_under_every_filter(engine_isa, metric):
    rng = np.random.default_rng(11)
    rows = rng.standard_normal((1500, 40)).astype(np.float32)
    rows[rng.integers(0, 1500, 700)] = rows[3]
    rows[rng.integers(0, 1500, 200)] = 0
    queries = np.concatenate([rows[:40], rng.standard_normal((40, 40)).astype(np.float32)])
    of_query, of_row = rng.integers(0, 3, 80), rng.integers(0, 3, 1500)
    for k in (1, 7):
        for keep_codes in (True, False):
            packed = PackedRows(rows, metric=metric, keep_codes=keep_codes)
            plain = PackedRows(rows, metric=metric, prefilter="none")
            for options in [{}, {"query_groups": of_query, "bank_groups": of_row}]:
                got, expected = (p.search_keys(queries, k, **options) for p in (packed, plain))
                np.testing.assert_array_equal(got[1], expected[1])
                np.testing.assert_array_equal(got[0], expected[0])
            got, expected = (p.search_keys(rows, k, exclude_self=True) for p in (packed, plain))
            np.testing.assert_array_equal(got[1], expected[1])
    limit = float(np.quantile(bank.pairwise_distances(queries, rows, metric=metric), 0.3))
    found = bank.radius_neighbors(queries, rows, limit, metric=metric)
    values = bank.pairwise_distances(queries.astype(np.float64), rows.astype(np.float64), metric=metric)
    inside = values >= limit if metric == "inner_product" else values <= limit
    np.testing.assert_array_equal(np.diff(found.limits), inside.sum(axis=1))
