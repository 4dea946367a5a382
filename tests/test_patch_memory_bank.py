"""PatchMemoryBank against the definitions of its scores, and against everything that may happen to it."""

import copy
import itertools
import signal
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
from anomalib_cpp import _core, bank
from anomalib_cpp.bank import PatchMemoryBank, image_scores
from bank_oracle import PATCHES, ROWS, closed_form, random_case, reference_scores


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


@pytest.mark.skipif(
    "address" in ac.show_config("dict")["build"]["sanitizers"], reason="the sanitizer keeps freed memory"
)
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
    assert time.monotonic() - start < 30
    assert memory.search(rows[:3])[1].ravel().tolist() == [0, 1, 2]


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
