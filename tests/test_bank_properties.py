"""The laws of exact search, under every instruction set and every filter, on data that defeats careless arithmetic."""

import os
import signal
import time

import numpy as np
import pytest

from anomalib_cpp import bank
from anomalib_cpp.bank.search import PackedRows
from bank_oracle import closed_form

METRICS = ["euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product"]


@pytest.fixture(params=["fp32", "int16", "int8"])
def code(request, engine_isa):
    """Force one low-precision code, at every level that has it."""
    if request.param == "int8" and engine_isa == "baseline":
        pytest.skip("int8 products need AVX2 or emulation")
    if request.param == "int16" and (engine_isa == "baseline" or engine_isa.endswith("emulated")):
        pytest.skip("int16 products need AVX2")
    return request.param


@pytest.fixture
def find(code):
    """Search with the forced code, whatever the size of the problem."""

    def search(queries, rows, k=3, metric="sqeuclidean", threads=2, **options):
        packed = PackedRows(np.ascontiguousarray(rows), metric=metric, prefilter=code, threads=threads)
        return packed.search_keys(np.ascontiguousarray(queries), k, threads=threads, **options)

    return search


def integers(seed, n=40, m=600, d=40, dtype=np.float32):
    """Small integers: float32 and float64 hold every sum exactly, and ties abound."""
    rng = np.random.default_rng(seed)
    return (rng.integers(-3, 4, (size, d)).astype(dtype) for size in (n, m))


def assert_same(got, expected):
    assert got[0].tobytes() == expected[0].tobytes()
    np.testing.assert_array_equal(got[1], expected[1])


# --- laws, each of which some library breaks -------------------------------------------------------------------------


def test_a_common_offset_changes_nothing(find):
    queries, rows = integers(0)
    assert_same(find(queries + 8192, rows + 8192), find(queries, rows))


def test_a_common_offset_of_ten_thousand(find):
    rows = np.array([(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (3, 3, 3, 3)], np.float32) + 1e4
    many = np.tile(rows, (8, 1))
    keys, indices = find(many, np.concatenate([rows, rows + 50, rows + 90, rows + 130]), 5)
    assert indices[:5].tolist() == [[0, 1, 2, 3, 4], [1, 0, 2, 3, 4], [2, 0, 1, 3, 4], [3, 0, 1, 2, 4], [4, 1, 2, 3, 0]]
    assert keys[:5].tolist() == [[0, 1, 1, 1, 36], *[[0, 1, 2, 2, 31]] * 3, [0, 31, 31, 31, 36]]
    assert keys.reshape(8, 5, 5).tolist() == [keys[:5].tolist()] * 8


def test_columns_of_zeros_change_nothing(find):
    queries, rows = integers(1)
    padded = find(np.pad(queries, ((0, 0), (0, 9))), np.pad(rows, ((0, 0), (0, 9))))
    assert_same(padded, find(queries, rows))


@pytest.mark.parametrize("metric", METRICS)
def test_a_batch_is_its_rows_one_by_one(find, metric):
    rng = np.random.default_rng(2)
    rows, queries = rng.random((900, 40), np.float32), rng.random((60, 40), np.float32)
    together = find(queries, rows, 9, metric)
    for i in range(0, 60, 7):
        assert_same(find(queries[i : i + 1], rows, 9, metric), (together[0][i : i + 1], together[1][i : i + 1]))


@pytest.mark.parametrize("metric", METRICS)
def test_the_first_columns_do_not_depend_on_k(find, metric):
    queries, rows = integers(3)
    wide = find(queries, rows, 150, metric)
    for k in (1, 2, 17, 30):
        assert_same(find(queries, rows, k, metric), (wide[0][:, :k].copy(), wide[1][:, :k]))


def test_never_negative_and_zero_for_an_equal_row(find):
    rng = np.random.default_rng(4)
    rows = (rng.random((900, 33)) * 1e3 + 1e5).astype(np.float32)
    for metric in ("euclidean", "sqeuclidean"):
        keys, indices = find(rows[:80], rows, 4, metric)
        assert (keys[:, 0] == 0).all()
        assert (keys >= 0).all()
        assert (indices[:, 0] == np.arange(80)).all()


def test_permuted_rows_give_permuted_indices_and_ties_by_the_new_order(find):
    queries, rows = integers(5)
    order = np.random.default_rng(0).permutation(len(rows))
    keys = ((queries[:, None].astype(np.float64) - rows[order][None]) ** 2).sum(-1)
    got = find(queries, rows[order], 5)
    np.testing.assert_array_equal(got[1], np.argsort(keys, axis=1, kind="stable")[:, :5])
    np.testing.assert_array_equal(got[0], find(queries, rows, 5)[0])


def test_a_doubled_bank_gives_the_lowest_index(find):
    queries, rows = integers(6)
    assert_same(find(queries, np.concatenate([rows, rows]), 1), find(queries, rows, 1))


@pytest.mark.parametrize("metric", METRICS)
def test_any_thread_count_and_filter_gives_the_same_bits(code, metric):
    rng = np.random.default_rng(7)
    rows, queries = rng.random((1100, 33), np.float32), rng.random((100, 33), np.float32)
    expected = PackedRows(rows, metric=metric, prefilter="none").search_keys(queries, 5, threads=1)
    for threads in (1, 2, 3, 7, 8, 64):
        packed = PackedRows(rows, metric=metric, prefilter=code, keep_codes=threads % 2 == 0, threads=threads)
        assert_same(packed.search_keys(queries, 5, threads=threads), expected)


def test_a_power_of_two_scales_the_distances(find):
    rng = np.random.default_rng(8)
    rows, queries = rng.random((700, 40), np.float32), rng.random((50, 40), np.float32)
    plain = find(queries, rows)
    for exponent in (-30, 5, 60):  # the last is beyond what the codes hold
        scaled = find(np.ldexp(queries, exponent), np.ldexp(rows, exponent))
        assert_same(scaled, (np.ldexp(plain[0], 2 * exponent), plain[1]))


def test_cosine_ignores_lengths(find):
    rng = np.random.default_rng(9)
    rows, queries = rng.standard_normal((700, 40)), rng.standard_normal((50, 40))
    plain = find(queries, rows, 3, "cosine")
    scaled = find(queries * rng.uniform(0.1, 9, (50, 1)), rows * rng.uniform(0.1, 9, (700, 1)), 3, "cosine")
    np.testing.assert_array_equal(scaled[1], plain[1])
    np.testing.assert_allclose(scaled[0], plain[0], rtol=0, atol=1e-12)


def test_euclidean_is_the_root_of_sqeuclidean(engine_isa):
    rng = np.random.default_rng(10)
    rows, queries = rng.random((700, 90), np.float32), rng.random((50, 90), np.float32)
    root, indices = bank.knn(queries, rows, k=4)
    square, same = bank.knn(queries, rows, k=4, metric="sqeuclidean")
    np.testing.assert_array_equal(indices, same)
    np.testing.assert_allclose(root.astype(np.float64) ** 2, square, rtol=2e-7)


# --- against brute force ---------------------------------------------------------------------------------------------

SHAPES = [
    (0, 5, 3), (1, 1, 1), (1, 130, 1100), (2, 33, 2), (12, 90, 15), (13, 31, 16), (50, 213, 17), (200, 90, 65),
    (12, 113, 257), (13, 67, 1100),
]  # fmt: skip
KINDS = ["normal", "offset", "relu", "duplicates", "one huge row", "all huge", "tiny", "denormal", "zeros", "one-hot"]


def data_of(kind, n, d, dtype, rng):
    x = rng.standard_normal((n, d))
    if kind == "offset":
        x += 1e4
    elif kind == "relu":
        x = np.maximum(x, 0)
    elif kind == "duplicates":
        x = np.round(x[rng.integers(0, max(1, n // 3), n)])
    elif kind == "one huge row":
        x[n // 2 : n // 2 + 1] *= 1e15
    elif kind == "all huge":
        x *= 1e15
    elif kind == "tiny":
        x *= 1e-30
    elif kind == "denormal":
        x *= 1e-44
    elif kind == "zeros":
        x[rng.random(n) < 0.5] = 0
    elif kind == "one-hot":
        x = rng.random((n, d)) < 2 / d
    return x.astype(dtype)


def brute_force(queries, rows, metric):
    """Keys of all pairs in extended precision, from the definitions."""
    q, b = queries.astype(np.longdouble), rows.astype(np.longdouble)
    if metric in ("euclidean", "sqeuclidean"):
        return np.stack([((b - x) ** 2).sum(axis=1) for x in q]) if len(q) else np.zeros((0, len(b)), np.longdouble)
    products = q @ b.T
    if metric == "inner_product":
        return -products
    norms = [np.maximum(np.sqrt((x * x).sum(axis=1)), 1e-12) for x in (q, b)]
    return np.clip(1 - products / (norms[0][:, None] * norms[1]), 0, 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_no_mismatch_with_brute_force(find, kind, metric):
    rng = np.random.default_rng(KINDS.index(kind))
    for at, (n, m, d) in enumerate(SHAPES):
        types = [(np.float32, np.float32), (np.float64, np.float64), (np.float32, np.float64)][at % 3]
        queries, rows = (data_of(kind, size, d, t, rng) for size, t in zip((n, m), types, strict=True))
        queries[:1] = rows[-1:]
        true = brute_force(queries, rows, metric)
        reach = abs(true) if metric == "euclidean" else abs(queries.astype(np.longdouble)) @ abs(rows.T)
        reach = np.ones_like(true) if metric == "cosine" else reach
        options = {}
        if at % 4 == 3:
            options = {"query_groups": rng.integers(0, 4, n), "bank_groups": rng.integers(0, 3, m)}
            true = np.where(options["query_groups"][:, None] == options["bank_groups"], true, np.inf)
        for k in {1, min(9, m), m}:
            keys, indices = find(queries, rows, k, metric, **options)
            wanted = np.sort(true, axis=1)[:, :k]
            there = np.isfinite(wanted)
            np.testing.assert_array_equal(indices >= 0, there)
            np.testing.assert_array_equal(np.isfinite(keys), there)
            at_index = np.take_along_axis(true, np.maximum(indices, 0), axis=1)[there]
            slack = 1e-13 * reach.max(axis=1, initial=0, keepdims=True) * np.ones(wanted.shape)
            if metric == "euclidean":
                slack = 1e-13 * np.where(there, wanted, 0)
            # The key is that of its row, and its row is the one that belongs at this place.
            assert (abs(keys[there] - at_index) <= slack[there]).all()
            assert (abs(at_index - wanted[there]) <= slack[there]).all()
            rising = (keys[:, 1:] > keys[:, :-1]) | ((keys[:, 1:] == keys[:, :-1]) & (indices[:, 1:] > indices[:, :-1]))
            assert (rising | ~there[:, 1:]).all()
            for row in indices:
                assert len(np.unique(row[row >= 0])) == (row >= 0).sum()


def test_special_values_pass_every_filter(code):
    rng = np.random.default_rng(12)
    rows, queries = rng.random((700, 40), np.float32), rng.random((60, 40), np.float32)
    for x in (rows, queries):
        x[3, 5], x[7, 0], x[11, 39] = np.nan, np.inf, -np.inf
    for metric in METRICS:
        got, expected = (
            PackedRows(rows, metric=metric, prefilter=p, check_finite=False).search_keys(queries, 4, check_finite=False)
            for p in (code, "none")
        )
        np.testing.assert_array_equal(got[0], expected[0])
        np.testing.assert_array_equal(got[1], expected[1])
        assert (got[1][3] == -1).all()
        assert np.isnan(got[0][3]).all()
        assert not np.isin(got[1], 3).any()


# --- worked examples -------------------------------------------------------------------------------------------------

CLOSED_FORM = {
    (0, 20, 14): (5.351730468482414, 11.778530255046519, 12.332030783680455),
    (7, 6, 5): (3.847837301250256, 12.470502528734343, 13.534455779307528),
    (43, 14, 0): (4.764247990490846, 5.46284619502814, 10.033335369132967),
    (36, 21, 0): (4.435184311038107, 5.2993534879518505, 8.249856517329107),
    (48, 29, 7): (4.897627283920465, 5.677584681368767, 6.208760141869541),
    (22, 35, 14): (4.204442196975609, 5.457516577531563, 7.650174700300054),
    (15, 42, 21): (4.68632863779267, 5.687397697060752, 7.3863156774337115),
}
CLOSED_FORM_COSINE = [
    0.32987789870552897, 0.1967475673215363, 0.3003323203661781, 0.27130529588393093, 0.3533451840950339,
    0.2661698984372932, 0.30597324163371276,
]  # fmt: skip


def test_all_digits_of_the_closed_form_example(find):
    rows, queries = closed_form()
    keys, indices = find(queries, rows, 3)
    assert [tuple(row) for row in indices.tolist()] == list(CLOSED_FORM)
    np.testing.assert_allclose(keys, list(CLOSED_FORM.values()), rtol=1e-6)  # a libm may round a sine differently
    keys, indices = find(queries, rows, 1, "cosine")
    assert indices[:, 0].tolist() == [0, 7, 43, 36, 7, 22, 15]
    np.testing.assert_allclose(keys[:, 0], CLOSED_FORM_COSINE, rtol=1e-6)
    widened = bank.knn(queries.astype(np.float64), rows, k=3, metric="sqeuclidean")[0]
    np.testing.assert_array_equal(widened, find(queries, rows, 3)[0])


# --- odd arguments ---------------------------------------------------------------------------------------------------

ROWS = np.random.default_rng(0).random((6, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: bank.knn(ROWS, ROWS, k=np.array([1, 2])), TypeError, r"k must be an integer >= 1; got array\(\[1, 2"),
        (lambda: bank.knn(ROWS, ROWS, k=True), TypeError, "k must be an integer >= 1; got True"),
        (lambda: bank.knn(ROWS, ROWS, k=2**70, on_short="pad"), ValueError, "k must be at most 2147483647"),
        (lambda: bank.knn(ROWS, ROWS, metric=np.array(["a", "b"])), ValueError, "metric must be one of"),
        (lambda: bank.knn(ROWS, ROWS, on_short=np.array(["a", "b"])), ValueError, "on_short must be one of"),
        (lambda: bank.knn(ROWS, ROWS, check_finite="no"), TypeError, "check_finite must be True or False; got 'no'"),
        (lambda: bank.knn(ROWS, ROWS, ids=np.full(6, 2**64 - 1, np.uint64)), ValueError, "ids must fit int64"),
        (lambda: bank.knn_self(ROWS[:1]), ValueError, "number of other bank rows; got k=1 for 0 rows"),
        (lambda: bank.radius_neighbors(ROWS, ROWS, "1"[:0]), TypeError, "radius must be a number; got ''"),
        (lambda: bank.radius_neighbors(ROWS, ROWS, np.ones(6)), TypeError, "radius must be a number"),
        (lambda: bank.pairwise_distances(ROWS * np.nan, ROWS), ValueError, "x must be finite; got nan at row 0"),
        (lambda: bank.pairwise_distances(ROWS, ROWS * np.nan), ValueError, "y must be finite; got nan at row 0"),
        (lambda: bank.pairwise_distances(ROWS * np.nan), ValueError, "x must be finite; got nan at row 0"),
        (lambda: bank.coreset(ROWS, ratio=np.complex64(1)), TypeError, "ratio must be a number; got complex64"),
        (lambda: bank.coreset(ROWS, size=np.array([1, 2])), TypeError, "size must be an integer; got array"),
        (lambda: bank.coreset(ROWS, size=1, start=[[0], [1, 2]]), ValueError, "start must be rectangular"),
        (
            lambda: bank.coreset(ROWS, size=1, random_state=np.ones(2, int)),
            TypeError,
            "random_state must be an integer",
        ),
        (lambda: bank.patch_embeddings([ROWS], variant=np.array(["a", "b"])), ValueError, "variant must be one of"),
        (lambda: bank.PatchMemoryBank.from_state(None), TypeError, "state must be a mapping; got NoneType"),
        (
            lambda: bank.PatchMemoryBank.from_state({"settings": None, "rows": None}),
            TypeError,
            "settings must be a mapping; got NoneType",
        ),
        (lambda: bank.PatchMemoryBank().fit(ROWS).search(ROWS, check_finite=1), TypeError, "check_finite must be True"),
    ],
)
def test_odd_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_more_threads_than_any_machine_has():
    expected = bank.knn(ROWS, ROWS)[1]
    for threads in (10**6, 2**40):
        np.testing.assert_array_equal(bank.knn(ROWS, ROWS, threads=threads)[1], expected)


def test_no_queries_with_groups():
    distances, indices = bank.knn(ROWS[:0], ROWS, k=2, query_groups=[], bank_groups=[0] * 6)
    assert distances.shape == indices.shape == (0, 2)


def test_what_is_missing_is_farther_than_everything():
    for metric, worst in (("euclidean", np.inf), ("half_cosine", np.inf), ("inner_product", -np.inf)):
        distances, indices = bank.knn(ROWS, ROWS, k=8, metric=metric, on_short="pad")
        assert (distances[:, 6:] == worst).all()
        assert (indices[:, 6:] == -1).all()
        distances, indices = bank.knn(ROWS, ROWS, metric=metric, query_groups=[1] * 6, bank_groups=[0] * 6)
        assert (distances == worst).all()
        assert (indices == -1).all()


def test_an_image_beyond_every_distance():
    memory = bank.PatchMemoryBank().fit(np.array([[-1e308], [-1.1e308]]))
    assert memory.score(np.array([[[1e308], [0.0]]])).image_scores.tolist() == [np.inf]


def test_coreset_of_denormal_rows():
    for dtype, least in ((np.float32, 1e-45), (np.float64, 5e-324)):
        picked = bank.coreset(np.array([[least], [-least], [0]], dtype), size=3, start=2)
        assert picked.indices.tolist() == [2, 0, 1]
        np.testing.assert_array_equal(picked.radii, np.array([np.inf, least, least], dtype))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_may_call_us():
    rows = np.random.default_rng(0).random((3000, 64), np.float32)
    expected = bank.knn(rows, rows, k=3, threads=4)[1]  # the team that the child does not inherit
    child = os.fork()
    if child == 0:
        status = 1
        try:
            same = np.array_equal(bank.knn(rows, rows, k=3, threads=4)[1], expected)
            picked = bank.coreset(rows, size=20, threads=4)
            scores = bank.PatchMemoryBank().fit(rows).score(rows[None, :50], threads=4)
            status = 0 if same and len(picked.indices) == 20 and scores.image_scores.shape == (1,) else 2
        finally:
            os._exit(status)  # not back into pytest
    deadline = time.monotonic() + 60
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    assert ended[1] == 0
