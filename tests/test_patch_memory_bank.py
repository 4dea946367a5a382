"""PatchMemoryBank against the definitions of its scores, and against everything that may happen to it."""

import contextlib
import copy
import doctest
import itertools
import multiprocessing
import pathlib
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import anomalib_cpp as ac
from anomalib_cpp import _core, bank, io
from anomalib_cpp.bank import PatchMemoryBank, image_scores

ROWS = np.array([(0, 0), (1, 0), (0, 1), (3, 3), (5, 0)], np.float64)
PATCHES = np.array([[(0.2, 0.1), (4, 2), (2.5, 2.5)]])


def closed_form():
    i, j, a = np.arange(50)[:, None], np.arange(16), np.arange(7)[:, None]
    rows = np.sin(1.7 * i + 0.9 * j + 0.3 * i * j).astype(np.float32)
    return rows, np.sin(1.7 * (7 * a + 0.5) + 0.9 * j + 2.1 * a * j).astype(np.float32)


def random_case(seed=0, rows=90, images=5, patches=12, dim=17, dtype=np.float32):
    """Small integers: many ties, and distances that float64 holds exactly before the root."""
    rng = np.random.default_rng(seed)
    return (
        rng.integers(-3, 4, (rows, dim)).astype(dtype),
        rng.integers(-3, 4, (images, patches, dim)).astype(dtype),
    )


def distances_of(queries, rows, metric):
    q, b = queries.astype(np.float64), rows.astype(np.float64)
    if metric in ("euclidean", "sqeuclidean"):
        squares = ((q[:, None] - b[None]) ** 2).sum(-1)
        return squares if metric == "sqeuclidean" else np.sqrt(squares)
    if metric == "inner_product":
        return -(q @ b.T)
    norms = np.maximum(np.linalg.norm(q, axis=1), 1e-12)[:, None] * np.maximum(np.linalg.norm(b, axis=1), 1e-12)
    cosine = 1 - (q @ b.T) / norms
    return cosine / 2 if metric == "half_cosine" else cosine


def reference_scores(rows, features, *, metric="euclidean", n_neighbors=9, image_score="anomalib", patch_neighbors=1,
                     agg="mean", squared=False, top_fraction=0.01, mask=None):  # fmt: skip
    """Scores straight from the definitions, one image at a time, with explicit loops."""
    image_scores, patch_scores = [], []
    for n, patches in enumerate(features):
        distances = distances_of(patches, rows, metric)
        order = np.argsort(distances, axis=1, kind="stable")
        scores = []
        for p in range(len(patches)):
            values = distances[p, order[p, :patch_neighbors]]
            values = values**2 if squared else values
            scores.append(
                {"mean": np.mean, "max": np.max, "median": np.median, "rms": lambda v: np.sqrt(np.mean(v**2))}[agg](
                    values
                )
            )
            if mask is not None and not mask[n, p]:
                scores[-1] = 0.0
        scores = np.array(scores)
        patch_scores.append(scores)
        worst = int(np.argmax(scores))
        if image_score == "max" or (image_score in ("anomalib", "paper_query") and n_neighbors == 1):
            image_scores.append(scores.max())
        elif image_score == "top_fraction":
            image_scores.append(np.sort(scores)[::-1][: max(int(top_fraction * len(scores)), 1)].mean())
        else:
            centre = rows[order[worst, 0]] if image_score == "anomalib" else patches[worst]
            around = np.argsort(distances_of(centre[None], rows, "euclidean")[0], kind="stable")[:n_neighbors]
            x = distances_of(patches[worst][None], rows[around], "euclidean")[0]
            weights = np.exp(x - x.max())
            image_scores.append((1 - weights[0] / weights.sum()) * scores[worst])
    return np.array(image_scores), np.array(patch_scores)


# --- golden values ---


@pytest.mark.parametrize(
    ("options", "scores"),
    [
        ({}, [0.22360679775, 1.414213562373, 0.707106781187]),
        ({"squared": True}, [0.05, 2, 0.5]),
        ({"squared": True, "patch_neighbors": 2}, [0.35, 3.5, 4.5]),
        ({"metric": "sqeuclidean", "patch_neighbors": 2}, [0.35, 3.5, 4.5]),
        ({"patch_neighbors": 2, "agg": "rms"}, np.sqrt([0.35, 3.5, 4.5])),
    ],
)
def test_patch_scores_of_the_worked_example(options, scores):
    got = PatchMemoryBank(**options).fit(ROWS).score(PATCHES)
    np.testing.assert_allclose(got.patch_scores, [scores], rtol=1e-12)
    assert got.indices.tolist() == [[0, 3, 3]]


@pytest.mark.parametrize(
    ("image_score", "n_neighbors", "expected"),
    [
        ("anomalib", 3, 1.3575539273071686),
        ("paper_query", 3, 1.298502016358039),
        ("anomalib", 9, 1.3850652261099352),
        ("paper_query", 9, 1.3850652261099352),
        ("anomalib", 1, 1.4142135623730951),
        ("paper_query", 1, 1.4142135623730951),
        ("max", 9, 1.4142135623730951),
    ],
)
def test_image_scores_of_the_worked_example(image_score, n_neighbors, expected):
    scores = PatchMemoryBank(image_score=image_score, n_neighbors=n_neighbors).fit(ROWS).score(PATCHES)
    np.testing.assert_allclose(scores.image_scores, [expected], rtol=1e-14)


@pytest.mark.parametrize(
    ("image_score", "expected"), [("anomalib", 2.248827567819777), ("paper_query", 2.2449901455056924)]
)
def test_image_scores_of_the_closed_form_data(engine_isa, image_score, expected):
    rows, queries = closed_form()
    scores = PatchMemoryBank(image_score=image_score).fit(rows).score(queries[None])
    np.testing.assert_allclose(scores.image_scores, [expected], rtol=1e-6)  # a libm may round a sine differently
    assert scores.indices.tolist() == [[0, 7, 43, 36, 48, 22, 15]]


@pytest.mark.parametrize(("patches", "expected"), [(250, 248.5), (100, 99.0), (1, 0.0)])
def test_top_fraction_of_the_worked_example(patches, expected):
    features = np.arange(patches, dtype=np.float32).reshape(1, patches, 1)
    memory = PatchMemoryBank(image_score="top_fraction").fit(np.zeros((1, 1), np.float32))
    assert memory.score(features).image_scores.tolist() == [expected]


def test_the_share_is_truncated_in_float64():
    for patches, count in [(100, 1), (199, 1), (784, 7), (1369, 13)]:
        scores = np.arange(patches, dtype=np.float64)[None]
        assert image_scores.top_fraction_mean(scores, 0.01)[0] == np.arange(patches)[-count:].mean()


# --- the definitions ---


VARIANTS = [
    {},
    {"n_neighbors": 1},
    {"n_neighbors": 2},
    {"n_neighbors": 500},
    {"image_score": "paper_query", "n_neighbors": 4},
    {"image_score": "max", "patch_neighbors": 3},
    {"image_score": "max", "patch_neighbors": 4, "agg": "median"},
    {"image_score": "max", "patch_neighbors": 3, "agg": "max", "squared": True},
    {"image_score": "top_fraction", "top_fraction": 0.3, "metric": "cosine", "patch_neighbors": 2},
    {"image_score": "top_fraction", "top_fraction": 1, "metric": "half_cosine"},
    {"image_score": "max", "metric": "inner_product", "patch_neighbors": 2},
    {"metric": "sqeuclidean", "patch_neighbors": 2, "agg": "rms"},
]


@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_variant_is_its_definition(options, dtype):
    rows, features = random_case(dtype=dtype)
    mask = np.random.default_rng(1).random(features.shape[:2]) < 0.7
    for patch_mask in (None, mask):
        got = PatchMemoryBank(**options).fit(rows).score(features, patch_mask=patch_mask)
        image, patch = reference_scores(rows, features, **options, mask=patch_mask)
        np.testing.assert_allclose(got.patch_scores, patch, rtol=1e-6 if dtype == np.float32 else 1e-13, atol=1e-14)
        np.testing.assert_allclose(got.image_scores, image, rtol=1e-12, atol=1e-13)
        assert got.patch_scores.dtype == dtype
        assert got.image_scores.dtype == np.float64
        assert got.indices.dtype == np.int64


def test_more_images_than_a_block_of_the_reweighting():
    rows, features = random_case(images=2 * image_scores._IMAGES_PER_BLOCK + 3, patches=4)
    got = PatchMemoryBank().fit(rows).score(features)
    np.testing.assert_allclose(got.image_scores, reference_scores(rows, features)[0], rtol=1e-12)
    one = [PatchMemoryBank().fit(rows).score(features[i : i + 1]).image_scores[0] for i in range(len(features))]
    assert got.image_scores.tolist() == one


def test_edges_of_the_reweighting():
    one_row = PatchMemoryBank().fit(ROWS[:1]).score(PATCHES)
    assert one_row.image_scores.tolist() == [0]  # a row has no neighbours to compare it with
    equal = PatchMemoryBank(n_neighbors=4).fit(np.zeros((6, 2))).score(np.zeros((1, 3, 2)))
    assert equal.image_scores.tolist() == [0]
    duplicated = PatchMemoryBank(n_neighbors=4).fit(np.zeros((6, 2))).score(np.array([[[3.0, 4.0]]]))
    np.testing.assert_allclose(duplicated.image_scores, [5 * 0.75], rtol=1e-15)
    far = PatchMemoryBank(n_neighbors=2).fit(np.array([[0.0], [1e6]])).score(np.array([[[-1e6]]]))
    np.testing.assert_allclose(far.image_scores, [1e6], rtol=1e-15)  # exponents that overflow without care
    assert PatchMemoryBank().fit(ROWS).score(np.zeros((0, 3, 2))).image_scores.shape == (0,)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(-5, 5)),
    arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 5), st.just(3)), elements=st.integers(-5, 5)),
    st.integers(2, 6),
    st.sampled_from(["anomalib", "paper_query"]),
)
def test_the_weight_lies_between_0_and_1(rows, features, n_neighbors, variant):
    scores = PatchMemoryBank(n_neighbors=n_neighbors, image_score=variant).fit(rows).score(features)
    largest = PatchMemoryBank(image_score="max").fit(rows).score(features).image_scores
    assert ((scores.image_scores >= 0) & (scores.image_scores <= largest)).all()


def test_same_bits_for_every_isa_and_thread_count(engine_isa):
    rng = np.random.default_rng(2)
    rows, features = rng.random((700, 40), np.float32), rng.random((3, 50, 40), np.float32)
    got = [PatchMemoryBank().fit(rows, threads=t).score(features, threads=t) for t in (1, 2, 3)]
    _core.set_isa("baseline")
    expected = PatchMemoryBank().fit(rows).score(features, threads=1)
    for scores in got:
        for name in ("image_scores", "patch_scores", "indices"):
            assert getattr(scores, name).tobytes() == getattr(expected, name).tobytes()


# --- search ---


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product"])
def test_search_is_knn(metric):
    rows, features = random_case()
    memory = PatchMemoryBank(metric=metric, image_score="max").fit(rows)
    for k, on_short in [(1, "error"), (7, "error"), (100, "pad"), (100, "clip")]:
        got = memory.search(features[0], k, on_short=on_short)
        expected = bank.knn(features[0], rows, k=k, metric=metric, on_short=on_short)
        for a, b in zip(got, expected, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize(("count", "dim", "queries"), [(70, 17, 12), (3000, 64, 120)])
def test_same_bits_for_any_memory_budget(tmp_path, metric, mapped, count, dim, queries):
    rng = np.random.default_rng(3)
    rows = rng.random((count, dim), np.float32)
    rows[count // 2 : count // 2 + count // 4] = rows[: count // 4]  # ties between blocks
    features = np.concatenate([rows[: queries // 2], rng.random((queries - queries // 2, dim), np.float32)])
    whole = PatchMemoryBank(metric=metric, image_score="max").fit(rows)
    whole.save(tmp_path / "bank.safetensors")

    def fresh():
        return PatchMemoryBank.load(tmp_path / "bank.safetensors", mmap=True) if mapped else copy.copy(whole)

    for k, on_short in [(1, "error"), (5, "error"), (count + 5, "pad"), (count + 5, "clip")]:
        expected = whole.search(features, k, on_short=on_short)
        for budget in ("430KiB", "1MiB", "64MiB"):
            memory = fresh()
            for _ in range(2):  # the second time with codes, if they fit
                got = memory.search(features, k, on_short=on_short, memory_budget=budget)
                for a, b in zip(got, expected, strict=True):
                    assert a.tobytes() == b.tobytes()
        whole.search(features, memory_budget="430KiB")  # codes made under a larger budget


def test_blocks_give_the_same_bits_on_every_instruction_set(engine_isa):
    rng = np.random.default_rng(3)
    rows, features = rng.random((3000, 64), np.float32), rng.random((3, 40, 64), np.float32)
    expected = PatchMemoryBank().fit(rows).score(features)
    for budget in ("430KiB", "1MiB"):
        got = PatchMemoryBank().fit(rows).score(features, memory_budget=budget)
        for name in ("image_scores", "patch_scores", "indices"):
            assert getattr(got, name).tobytes() == getattr(expected, name).tobytes()


def test_a_budget_below_the_smallest_blocks_is_refused():
    rows = np.random.default_rng(0).random((3000, 64), np.float32)
    with pytest.raises(ac.MemoryBudgetError, match=r"needs at least .* memory_budget is 4096"):
        PatchMemoryBank().fit(rows).search(rows[:120], memory_budget="4KiB")


def test_codes_are_kept_only_if_they_fit():
    rows, features = random_case()
    memory = PatchMemoryBank().fit(rows)
    assert memory.nbytes == rows.nbytes
    memory.search(features[0], memory_budget=10_000)
    assert memory._stored._packed is None
    memory.search(features[0])
    packed = memory._stored._packed
    memory.search(features[0])
    assert memory._stored._packed is packed
    assert memory.nbytes == rows.nbytes + packed.nbytes


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory the way Linux does")
def test_a_mapped_bank_is_searched_in_less_memory_than_it_has(tmp_path):
    rows = np.random.default_rng(0).random((40_000, 1024), np.float32)  # 156 MiB
    PatchMemoryBank(image_score="max").fit(rows).save(tmp_path / "bank.safetensors")
    code = f"""
import resource
import numpy as np
from anomalib_cpp.bank import PatchMemoryBank
memory = PatchMemoryBank.load({str(tmp_path / "bank.safetensors")!r}, mmap=True, verify=False)
queries = np.array(memory.rows[5:40_000:1600])
PatchMemoryBank().fit(memory.rows[:2000]).search(queries)  # starts the threads
with open("/proc/self/status") as file:
    data = next(int(line.split()[1]) for line in file if line.startswith("VmData")) << 10
resource.setrlimit(resource.RLIMIT_DATA, (data + (40 << 20),) * 2)  # memory that is not a file's
print((memory.search(queries, memory_budget="24MiB")[1][:, 0] == np.arange(5, 40_000, 1600)).all(), memory.nbytes)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "0"]


# --- changing the bank ---


def test_partial_fit_in_any_split_is_fit():
    rows, features = random_case()
    expected = PatchMemoryBank().fit(rows).score(features)
    for cuts in ([0, 90], [0, 1, 2, 90], [0, 0, 45, 45, 90]):
        memory = PatchMemoryBank()
        for begin, end in itertools.pairwise(cuts):
            memory.partial_fit(rows[begin:end])
        assert len(memory) == 90
        assert memory.score(features).image_scores.tobytes() == expected.image_scores.tobytes()
        np.testing.assert_array_equal(memory.rows, rows)


def test_fit_replaces_and_takes_images():
    rows, features = random_case()
    memory = PatchMemoryBank().fit(rows).fit(features)
    np.testing.assert_array_equal(memory.rows, features.reshape(-1, 17))
    assert (len(memory), memory.dim) == (60, 17)


def test_the_bank_owns_its_rows():
    rows = ROWS.copy()
    memory = PatchMemoryBank().fit(rows)
    rows[:] = 9
    np.testing.assert_array_equal(memory.rows, ROWS)
    with pytest.raises(ValueError, match="read-only"):
        memory.rows[0] = 1


def test_merge_is_partial_fit_and_leaves_the_other():
    rows, features = random_case()
    first, second = PatchMemoryBank().fit(rows[:40]), PatchMemoryBank().fit(rows[40:])
    merged = first.merge(second).merge(PatchMemoryBank())
    np.testing.assert_array_equal(merged.rows, rows)
    assert len(second) == 50
    assert PatchMemoryBank().merge(second).score(features).indices.shape == (5, 12)
    np.testing.assert_array_equal(first.merge(first).rows, np.concatenate([rows, rows]))


def test_float64_banks_widen_and_float32_banks_refuse():
    memory = PatchMemoryBank().fit(ROWS).partial_fit(ROWS.astype(np.float16))
    assert memory.rows.dtype == np.float64
    with pytest.raises(TypeError, match="features is float64 but the bank holds float32"):
        PatchMemoryBank().fit(ROWS.astype(np.float32)).partial_fit(ROWS)


def test_a_refused_change_leaves_the_bank_as_it_was():
    memory = PatchMemoryBank().fit(ROWS)
    for change in (
        lambda: memory.fit(np.full((2, 2), np.nan)),
        lambda: memory.partial_fit(np.ones((2, 3))),
        lambda: memory.merge(PatchMemoryBank().fit(np.ones((2, 3)))),
    ):
        with pytest.raises(ValueError, match=r"finite|widths"):
            change()
        np.testing.assert_array_equal(memory.rows, ROWS)


def test_searches_while_another_thread_adds_see_one_state_or_the_next():
    rng = np.random.default_rng(0)
    batches = rng.integers(-9, 10, (30, 20, 8)).astype(np.float32)
    queries = rng.integers(-9, 10, (6, 8)).astype(np.float32)
    possible = set()
    for count in range(1, 31):
        found = bank.knn(queries, batches[:count].reshape(-1, 8), k=3)
        possible.add(found[0].tobytes() + found[1].tobytes())
    memory = PatchMemoryBank().fit(batches[0])
    done = threading.Event()

    def search():
        seen = []
        while not done.is_set():
            distances, indices = memory.search(queries, 3, threads=1)
            seen.append(distances.tobytes() + indices.tobytes())
        return seen

    with ThreadPoolExecutor(8) as pool:
        searches = [pool.submit(search) for _ in range(8)]
        for batch in batches[1:]:
            memory.partial_fit(batch)
        done.set()
        seen = set().union(*(search.result() for search in searches))
    assert seen <= possible
    assert len(memory) == 600


def test_many_threads_add_without_losing_rows():
    memory = PatchMemoryBank()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: memory.partial_fit(np.full((3, 2), float(i))), range(50)))
    assert sorted(memory.rows[:, 0].tolist()) == sorted(float(i) for i in range(50) for _ in range(3))


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to the main thread")
def test_ctrl_c_stops_a_search_and_leaves_the_bank():
    rows = np.random.default_rng(0).standard_normal((20_000, 512), np.float32)
    memory = PatchMemoryBank().fit(rows)
    threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        [memory.search(rows) for _ in range(100)]
    assert time.monotonic() - start < 3
    assert memory.search(rows[:3])[1].ravel().tolist() == [0, 1, 2]


# --- arrays ---


def test_torch_in_torch_out():
    torch = pytest.importorskip("torch")
    rows, features = random_case()
    memory = PatchMemoryBank().fit(torch.from_numpy(rows))
    expected = memory.score(features)
    got = memory.score(torch.from_numpy(features).requires_grad_())
    for name in ("image_scores", "patch_scores", "indices"):
        assert isinstance(getattr(got, name), torch.Tensor)
        assert not getattr(got, name).requires_grad
        np.testing.assert_array_equal(getattr(got, name).numpy(), getattr(expected, name))
    half = PatchMemoryBank().fit(torch.from_numpy(rows).bfloat16()).score(torch.from_numpy(features).bfloat16())
    np.testing.assert_array_equal(half.image_scores.numpy(), expected.image_scores)  # small integers are exact
    assert isinstance(memory.search(torch.from_numpy(features[0]), 2)[1], torch.Tensor)


def test_any_layout_gives_the_same(recwarn):
    rows, features = random_case()
    expected = PatchMemoryBank().fit(rows).score(features)
    wide = np.zeros((5, 24, 40), np.float32)
    wide[:, ::2, 3:20] = features
    views = [wide[:, ::2, 3:20], np.asfortranarray(features), features[::-1].copy()[::-1], features.astype(np.float16)]
    views[0].flags.writeable = False
    for view in views:
        got = PatchMemoryBank().fit(np.asfortranarray(rows)).score(view)
        assert got.image_scores.tobytes() == expected.image_scores.tobytes()


# --- errors ---


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"metric": "l2"}, ValueError, "metric must be one of 'euclidean'"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors must be an integer >= 1; got 0"),
        ({"n_neighbors": 1.5}, TypeError, "n_neighbors must be an integer"),
        ({"n_neighbors": True}, TypeError, "n_neighbors must be an integer"),
        ({"patch_neighbors": -1}, ValueError, "patch_neighbors must be an integer >= 1"),
        ({"image_score": "mean"}, ValueError, "image_score must be one of 'anomalib', 'paper_query'"),
        ({"image_score": ["max"]}, ValueError, "image_score must be one of"),
        ({"agg": "min"}, ValueError, "agg must be one of 'mean', 'max', 'median', 'rms'"),
        ({"squared": 1}, TypeError, "squared must be True or False"),
        ({"top_fraction": 0}, ValueError, r"top_fraction must lie in \(0, 1\]; got 0"),
        ({"top_fraction": float("nan")}, ValueError, "top_fraction must lie in"),
        ({"top_fraction": "1%"}, TypeError, "top_fraction must be a number"),
        ({"metric": "cosine"}, ValueError, "choose image_score='max' or 'top_fraction'"),
        ({"metric": "cosine", "image_score": "max", "squared": True}, ValueError, "squared=True squares Euclidean"),
        ({"metric": "inner_product", "image_score": "max", "agg": "rms"}, ValueError, "agg='rms' needs a distance"),
        ({"reweight": True}, TypeError, "reweight"),
    ],
)
def test_bad_settings_are_named(options, error, message):
    with pytest.raises(error, match=message):
        PatchMemoryBank(**options)


def test_settings_are_readable_and_fixed():
    memory = PatchMemoryBank(metric="cosine", image_score="top_fraction", top_fraction=0.05, n_neighbors=np.int64(3))
    assert PatchMemoryBank(**memory.settings).settings == memory.settings
    for name, value in memory.settings.items():
        assert getattr(memory, name) == value
        with pytest.raises(AttributeError):
            setattr(memory, name, value)
    assert repr(memory).endswith("empty>")
    assert "5 rows x 2, float64" in repr(PatchMemoryBank().fit(ROWS))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda b: b.fit(np.ones(3)), ValueError, "features must be .rows, columns. or .images, patches, columns."),
        (lambda b: b.fit(np.ones((3, 0))), ValueError, "at least one column"),
        (lambda b: b.fit(np.ones((0, 2))), ValueError, r"features must have at least one row; got shape \(0, 2\)"),
        (lambda b: b.fit(np.ones((3, 2), int)), TypeError, "features must be float16"),
        (lambda b: b.fit(np.array([[1, np.inf]])), ValueError, "features must be finite; got inf at row 0, column 1"),
        (lambda b: b.partial_fit(np.ones((3, 4))), ValueError, r"features has shape \(3, 4\) but the bank has 2"),
        (lambda b: b.merge(ROWS), TypeError, "other must be a PatchMemoryBank; got ndarray"),
        (lambda b: b.merge(PatchMemoryBank(n_neighbors=3)), ValueError, "other has n_neighbors=3 but this bank has"),
        (lambda b: b.search(np.ones(2)), ValueError, "queries must be 2-D"),
        (lambda b: b.search(np.ones((1, 3))), ValueError, r"queries has shape \(1, 3\) but the bank has 2 columns"),
        (lambda b: b.search(np.ones((1, 2)), 6), ValueError, "k=6 for 5 rows"),
        (lambda b: b.search(np.ones((1, 2)), 0), ValueError, "k must be an integer >= 1"),
        (lambda b: b.search(np.ones((1, 2)), -5), ValueError, "k must be an integer >= 1"),
        (lambda b: b.search(np.ones((1, 2)), "3"), TypeError, "k must be an integer"),
        (lambda b: b.search(np.ones((1, 2)), 1, on_short="no"), ValueError, "on_short must be one of"),
        (lambda b: b.search(np.array([[1, np.nan]])), ValueError, "queries must be finite; got nan at row 0, column 1"),
        (lambda b: b.search(np.ones((1, 2)), threads=0), ValueError, "threads must be an integer >= 1"),
        (lambda b: b.search(np.ones((1, 2)), memory_budget="much"), ValueError, "memory_budget must be"),
        (lambda b: b.score(np.ones((3, 2))), ValueError, r"features must be 3-D .*got \(3, 2\)"),
        (lambda b: b.score(np.ones((3, 0, 2))), ValueError, "none of the last two 0"),
        (lambda b: b.score(np.ones((1, 1, 3))), ValueError, "the bank has 2 columns"),
        (lambda b: b.score(np.full((1, 1, 2), np.nan)), ValueError, "features must be finite"),
        (lambda b: b.score(PATCHES, patch_mask=np.ones((1, 2), bool)), ValueError, r"patch_mask has shape \(1, 2\)"),
        (lambda b: b.score(PATCHES, patch_mask=np.ones((1, 3))), TypeError, "patch_mask must be boolean"),
        (lambda b: PatchMemoryBank(patch_neighbors=6).merge(b), ValueError, "patch_neighbors=1 but this bank has"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(PatchMemoryBank().fit(ROWS))


def test_too_few_rows_for_the_patch_score():
    with pytest.raises(ValueError, match="patch_neighbors is 6 but the bank has 5 rows"):
        PatchMemoryBank(patch_neighbors=6).fit(ROWS).score(PATCHES)


@pytest.mark.parametrize(
    "call",
    [
        lambda b, path: b.search(np.ones((1, 2))),
        lambda b, path: b.score(PATCHES),
        lambda b, path: b.rows,
        lambda b, path: b.save(path),
        lambda b, path: b.to_faiss(),
    ],
)
def test_an_empty_bank_says_so(tmp_path, call):
    for memory in (PatchMemoryBank(), PatchMemoryBank().partial_fit(np.ones((0, 2)))):
        with pytest.raises(ValueError, match="memory bank is empty") as error:
            call(memory, tmp_path / "bank.safetensors")
        assert isinstance(error.value, ac.NotFittedError)
    assert list(tmp_path.iterdir()) == []


# --- subsampling ---


def test_subsample_keeps_the_rows_of_the_coreset():
    rows, features = random_case(rows=300)
    options = {"random_state": 3, "variant": "inspection_exact", "projection": None}
    for amount in ({"size": 20}, {"ratio": 0.1}):
        memory = PatchMemoryBank().fit(rows)
        assert memory.subsample(**amount, **options) is memory
        picked = bank.coreset(rows, **amount, **options).indices
        np.testing.assert_array_equal(memory.rows, rows[picked])
        expected = PatchMemoryBank().fit(rows[picked]).score(features)
        assert memory.score(features).image_scores.tobytes() == expected.image_scores.tobytes()


def test_a_refused_coreset_leaves_the_bank(tmp_path):
    memory = PatchMemoryBank().fit(ROWS)
    for options, message in [({"size": 9}, "size"), ({"ratio": 0.0}, "ratio"), ({}, "size or ratio")]:
        with pytest.raises(ValueError, match=message):
            memory.subsample(**options)
    with pytest.raises(TypeError, match="method"):
        memory.subsample(size=2, method="random")
    with pytest.raises(ac.OperationCancelled):
        memory.subsample(size=2, progress=lambda done, total: False)
    with pytest.raises(ValueError, match="memory bank is empty"):
        PatchMemoryBank().subsample(size=1)
    np.testing.assert_array_equal(memory.rows, ROWS)
    memory.save(tmp_path / "bank.safetensors")
    mapped = PatchMemoryBank.load(tmp_path / "bank.safetensors", mmap=True).subsample(size=2, start=0)
    assert mapped.nbytes == 2 * 2 * 8


# --- files ---


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_save_and_load_keep_rows_settings_and_scores(tmp_path, mmap, dtype):
    rows, features = random_case(dtype=dtype)
    path = tmp_path / "bank.safetensors"
    memory = PatchMemoryBank(n_neighbors=4, patch_neighbors=2, agg="rms", top_fraction=1 / 3).fit(rows)
    memory.save(path)
    again = PatchMemoryBank.load(path, mmap=mmap)
    assert again.settings == memory.settings
    assert again.rows.dtype == dtype
    np.testing.assert_array_equal(again.rows, rows)
    assert isinstance(again.rows, np.memmap) is mmap
    assert again.nbytes == (0 if mmap else rows.nbytes)
    assert again.score(features).image_scores.tobytes() == memory.score(features).image_scores.tobytes()
    again.save(tmp_path / "copy.safetensors")
    assert path.read_bytes() == (tmp_path / "copy.safetensors").read_bytes()


def test_a_mapped_bank_can_be_added_to(tmp_path):
    path = tmp_path / "bank.safetensors"
    PatchMemoryBank().fit(ROWS).save(path)
    before = path.read_bytes()
    memory = PatchMemoryBank.load(path, mmap=True)
    assert "mapped" in repr(memory)
    other = PatchMemoryBank().merge(memory)
    memory.partial_fit(ROWS[:1]).save(path)
    assert len(PatchMemoryBank.load(path)) == 6
    np.testing.assert_array_equal(other.rows, ROWS)
    assert path.read_bytes() != before


def test_saving_over_its_own_mapped_file(tmp_path):
    path = tmp_path / "bank.safetensors"
    PatchMemoryBank().fit(ROWS).save(path)
    memory = PatchMemoryBank.load(path, mmap=True)
    memory.save(path)
    np.testing.assert_array_equal(memory.rows, ROWS)
    np.testing.assert_array_equal(PatchMemoryBank.load(path).rows, ROWS)
    with pytest.raises(FileExistsError):
        memory.save(path, overwrite=False)


@pytest.mark.parametrize(
    ("tensors", "config", "message"),
    [
        ({"rows": ROWS}, {}, "one tensor, 'bank'"),
        ({"bank": ROWS, "ids": np.arange(5)}, {}, "one tensor, 'bank'"),
        ({}, {}, "one tensor, 'bank'"),
        ({"bank": ROWS[0]}, {}, "bank must be 2-D float32 or float64"),
        ({"bank": ROWS[:0]}, {}, "bank must be 2-D float32 or float64"),
        ({"bank": ROWS.astype(np.float16)}, {}, "bank must be 2-D float32 or float64"),
        ({"bank": ROWS.astype(int)}, {}, "bank must be 2-D float32 or float64"),
        ({"bank": ROWS * np.nan}, {}, "bank must be finite; got nan at row 0, column 0"),
        ({"bank": ROWS}, {"reweight": True}, "unknown setting 'reweight'"),
        ({"bank": ROWS}, {"metric": "l2"}, "metric must be one of"),
        ({"bank": ROWS}, {"metric": ["euclidean"]}, "metric must be one of"),
        ({"bank": ROWS}, {"n_neighbors": "9"}, "n_neighbors must be an integer"),
        ({"bank": ROWS}, {"n_neighbors": 0}, "n_neighbors must be an integer >= 1"),
        ({"bank": ROWS}, {"top_fraction": 2}, "top_fraction must lie in"),
    ],
)
def test_a_file_with_another_content_is_refused(tmp_path, tensors, config, message):
    path = tmp_path / "bank.safetensors"
    io.save(path, tensors, kind="PatchMemoryBank", config=config)
    for mmap in (False, True):
        with pytest.raises(ac.FormatError, match=message):
            PatchMemoryBank.load(path, mmap=mmap)


def test_settings_that_a_file_lacks_have_their_defaults(tmp_path):
    path = tmp_path / "bank.safetensors"
    io.save(path, {"bank": ROWS}, kind="PatchMemoryBank", config={"metric": "euclidean", "n_neighbors": 1})
    assert PatchMemoryBank.load(path).settings == PatchMemoryBank(n_neighbors=1).settings


def test_other_kinds_and_damage_are_refused(tmp_path):
    path = tmp_path / "bank.safetensors"
    io.save(path, {"bank": ROWS}, kind="Thing")
    with pytest.raises(ac.FormatError, match="holds a 'Thing', not a 'PatchMemoryBank'"):
        PatchMemoryBank.load(path)
    PatchMemoryBank().fit(ROWS).save(path)
    with pytest.raises(ac.FormatError, match="max_bytes is 79"):
        PatchMemoryBank.load(path, max_bytes=79)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 0x7F
    path.write_bytes(raw)
    for mmap in (False, True):
        with pytest.raises(ac.ChecksumError):
            PatchMemoryBank.load(path, mmap=mmap)
    path.write_bytes(raw[:-3])
    with pytest.raises(ac.FormatError, match="truncated"):
        PatchMemoryBank.load(path)


def test_an_unverified_mapped_bank_is_checked_when_it_is_searched(tmp_path):
    path = tmp_path / "bank.safetensors"
    io.save(path, {"bank": np.where(np.arange(10).reshape(5, 2) == 7, np.nan, 1.0)}, kind="PatchMemoryBank")
    memory = PatchMemoryBank.load(path, mmap=True, verify=False)
    with pytest.raises(ValueError, match="bank must be finite; got nan at row 3, column 1"):
        memory.search(np.ones((1, 2)))


# --- other processes ---


def test_state_is_all_there_is():
    memory = PatchMemoryBank(n_neighbors=3).fit(ROWS)
    again = PatchMemoryBank.from_state(memory.state())
    assert again.settings == memory.settings
    np.testing.assert_array_equal(again.rows, memory.rows)
    assert len(PatchMemoryBank.from_state(PatchMemoryBank().state())) == 0
    for state, message in [
        ({"settings": {}}, "keys 'settings' and 'rows'"),
        ({"settings": {"x": 1}, "rows": None}, "unknown setting 'x'"),
        ({"settings": {}, "rows": np.full((1, 2), np.nan)}, "must be finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            PatchMemoryBank.from_state(state)


def test_banks_travel_to_other_processes(tmp_path):
    rows, features = random_case()
    memory = PatchMemoryBank().fit(rows)
    memory.save(tmp_path / "bank.safetensors")
    mapped = PatchMemoryBank.load(tmp_path / "bank.safetensors", mmap=True)
    expected = memory.score(features).image_scores.tobytes()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for travelled in pool.map(PatchMemoryBank.score.__get__, [memory, mapped]):
            assert travelled(features).image_scores.tobytes() == expected
    assert len(pickle.dumps(mapped)) < 1000
    assert pickle.loads(pickle.dumps(mapped))._stored.mapped
    PatchMemoryBank().fit(ROWS).save(tmp_path / "bank.safetensors")
    with pytest.raises(ac.FormatError, match="has changed since"):
        pickle.loads(pickle.dumps(mapped))


# --- FAISS ---


def flat_file(path, *, tag=b"IxF2", dim=2, rows=5, trained=1, metric=1, words=None, data=None, tail=b""):
    data = ROWS.astype("<f4").tobytes() if data is None else data
    words = len(data) // 4 if words is None else words
    path.write_bytes(struct.pack("<4siqqqBiQ", tag, dim, rows, 1 << 20, 1 << 20, trained, metric, words) + data + tail)
    return path


@pytest.fixture(params=["faiss", "no faiss"])
def maybe_faiss(request, monkeypatch):
    if request.param == "faiss":
        pytest.importorskip("faiss")
    else:
        monkeypatch.setitem(sys.modules, "faiss", None)


def test_flat_files_are_read_with_and_without_faiss(tmp_path, maybe_faiss):
    memory = PatchMemoryBank.from_faiss_file(flat_file(tmp_path / "search_index.faiss"))
    assert memory.metric == "euclidean"
    np.testing.assert_array_equal(memory.rows, ROWS.astype(np.float32))
    scores = PatchMemoryBank.from_faiss_file(tmp_path / "search_index.faiss", squared=True, image_score="max")
    np.testing.assert_allclose(scores.score(PATCHES).image_scores, [2])
    inner = PatchMemoryBank.from_faiss_file(flat_file(tmp_path / "inner.faiss", tag=b"IxFI", metric=0))
    assert (inner.metric, inner.image_score) == ("inner_product", "max")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tag": b"IwFl"}, "starts with 'IwFl'"),
        ({"tag": b"\xff\x00\x01\x02"}, "not a flat FAISS index"),
        ({"dim": 0}, "0 columns"),
        ({"dim": -2}, "-2 columns"),
        ({"dim": 2**31 - 1}, "2147483647 columns"),
        ({"rows": -1}, "values for -1 rows"),
        ({"rows": 2**62}, "values for 4611686018427387904 rows"),
        ({"rows": 4}, "10 values for 4 rows of 2"),
        ({"rows": 2**40, "words": 2**41}, "truncated or extended"),
        ({"words": 2**63}, "values for 5 rows"),
        ({"metric": 0}, "metric type 0 in a IxF2"),
        ({"metric": 2, "tag": b"IxFl"}, "metric type 2"),
        ({"trained": 7}, "is_trained is 7"),
        ({"tail": b"x"}, "truncated or extended"),
        ({"rows": 0, "data": b""}, "is empty"),
        ({"data": np.full(10, np.nan, "<f4").tobytes()}, "must be finite"),
    ],
)
def test_hostile_flat_files_are_refused_by_rule(tmp_path, maybe_faiss, changes, message):
    with pytest.raises(ac.FormatError, match=message):
        PatchMemoryBank.from_faiss_file(flat_file(tmp_path / "hostile.faiss", **changes))


def test_damaged_flat_files_give_format_errors_only(tmp_path, maybe_faiss):
    path = flat_file(tmp_path / "damaged.faiss")
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        raw = bytearray(good)
        place = int(rng.integers(len(raw)))
        raw[place : place + int(rng.integers(0, 9))] = rng.bytes(int(rng.integers(0, 9)))
        path.write_bytes(raw)
        with contextlib.suppress(ac.FormatError):
            assert PatchMemoryBank.from_faiss_file(path).rows.nbytes <= len(raw)
    path.write_bytes(good[:20])
    with pytest.raises(ac.FormatError, match="it has 20 bytes"):
        PatchMemoryBank.from_faiss_file(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        PatchMemoryBank.from_faiss_file(path)


def test_faiss_round_trip(tmp_path):
    faiss = pytest.importorskip("faiss")
    rows, features = random_case()
    memory = PatchMemoryBank().fit(rows)
    index = memory.to_faiss()
    assert (type(index), index.ntotal) == (faiss.IndexFlatL2, 90)
    squares, _ = index.search(features[0], 1)
    np.testing.assert_allclose(np.sqrt(squares), memory.search(features[0])[0], rtol=1e-5, atol=1e-3)
    np.testing.assert_array_equal(PatchMemoryBank.from_faiss(index, n_neighbors=3).rows, rows)
    faiss.write_index(index, str(tmp_path / "index.faiss"))
    np.testing.assert_array_equal(PatchMemoryBank.from_faiss_file(tmp_path / "index.faiss").rows, rows)

    inner = PatchMemoryBank(metric="inner_product", image_score="max").fit(rows).to_faiss()
    assert isinstance(inner, faiss.IndexFlatIP)
    assert PatchMemoryBank.from_faiss(inner).metric == "inner_product"
    assert PatchMemoryBank.from_faiss(inner, metric="cosine", image_score="max").metric == "cosine"
    with pytest.warns(ac.CompatibilityWarning, match="float64 rows are rounded"):
        PatchMemoryBank().fit(ROWS).to_faiss()
    with pytest.raises(ValueError, match="FAISS has no flat index for metric='cosine'"):
        PatchMemoryBank(metric="cosine", image_score="max").fit(ROWS).to_faiss()


def test_faiss_indexes_that_are_not_flat():
    faiss = pytest.importorskip("faiss")
    rows = np.random.default_rng(0).random((300, 8), np.float32)
    graph = faiss.IndexHNSWFlat(8, 4)
    graph.add(rows)
    with pytest.warns(ac.CompatibilityWarning, match="what it reconstructs"):
        np.testing.assert_array_equal(PatchMemoryBank.from_faiss(graph).rows, rows)
    renumbered = faiss.IndexIDMap(faiss.IndexFlatL2(8))
    renumbered.add_with_ids(rows, np.arange(300))
    lists = faiss.IndexIVFFlat(faiss.IndexFlatL2(8), 8, 4)
    lists.train(rows)
    lists.add(rows)
    for index in (renumbered, lists):
        with pytest.raises(ValueError, match="cannot give its vectors back"):
            PatchMemoryBank.from_faiss(index)
    lists.make_direct_map()
    with pytest.warns(ac.CompatibilityWarning, match="what it reconstructs"):
        np.testing.assert_array_equal(PatchMemoryBank.from_faiss(lists).rows, rows)
    manhattan = faiss.IndexFlat(8, faiss.METRIC_L1)
    manhattan.add(rows)
    with pytest.raises(ValueError, match="a bank takes L2 or inner product"):
        PatchMemoryBank.from_faiss(manhattan)
    with pytest.raises(ValueError, match="index is empty"):
        PatchMemoryBank.from_faiss(faiss.IndexFlatL2(8))
    with pytest.raises(TypeError, match=r"index must be a faiss\.Index; got ndarray"):
        PatchMemoryBank.from_faiss(rows)


def test_the_guide_runs():
    guide = pathlib.Path(__file__).parents[1] / "docs" / "banks.md"
    failed, tried = doctest.testfile(str(guide), module_relative=False, encoding="utf-8")
    assert (failed, tried > 20) == (0, True)
