"""Banks in files, memory maps, other processes and FAISS indexes."""

import contextlib
import doctest
import importlib.util
import multiprocessing
import pathlib
import pickle
import struct
import sys

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import io
from anomalib_cpp.bank import PatchMemoryBank
from bank_oracle import PATCHES, ROWS, random_case


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
    test = doctest.DocTestParser().get_doctest(guide.read_text("utf-8"), {}, "banks.md", str(guide), 0)
    if importlib.util.find_spec("faiss") is None:
        test.examples = [example for example in test.examples if "faiss" not in example.source]
    failed, tried = doctest.DocTestRunner().run(test)
    assert (failed, tried > 20) == (0, True)
