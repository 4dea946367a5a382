"""The file container: same bytes for the same content, and nothing but FormatError from a hostile file."""

import contextlib
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anomalib_cpp as ac
from anomalib_cpp import _atomic, _container, io

BANK = np.array([[0, 0.25, 0.5], [0.75, 1, 1.25]], np.float32)
IDS = np.array([7, 9])


def write(path, header, data=b"", *, length=None, pad=True):
    """Write a file with any header: a dict or raw bytes."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    if pad:
        raw += b" " * (-(8 + len(raw)) % 64)
    path.write_bytes((len(raw) if length is None else length).to_bytes(8, "little") + raw + data)
    return path


def metadata(data=b"", **changes):
    entries = {
        "format": "anomalib_cpp",
        "format_version": "1",
        "kind": "Thing",
        "config": "{}",
        "payload_sha256_tree": hashlib.sha256(hashlib.sha256(data).digest()).hexdigest(),
    }
    return {key: value for key, value in {**entries, **changes}.items() if value is not None}


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.safetensors"


def test_golden_file(path):
    io.save(path, {"bank": BANK, "ids": IDS}, kind="PatchMemoryBank", config={"n_neighbors": 1, "metric": "euclidean"})
    raw = path.read_bytes()
    assert int.from_bytes(raw[:8], "little") == 376
    assert len(raw) == 424
    assert hashlib.sha256(raw[384:]).hexdigest() == "db1c668e77d0a42d8cefa527f75f99bb2f0b3a14eff2f21d08fd21120f3749c6"
    assert hashlib.sha256(raw).hexdigest() == "73856aa1b1690f8739d0d0d7ae6906bfee71ecfc15a103657cb0cdee1789e58d"
    info = io.verify(path)
    assert info.checksum == "ab9489e3d44ecdd5a9078380a7674e05e2641a444f7444a7af9a4ee858d0cf67"
    assert list(info.tensors) == ["ids", "bank"]
    assert info.config == {"metric": "euclidean", "n_neighbors": 1}


def test_empty_file_has_the_hash_of_one_empty_chunk(path):
    io.save(path, {}, kind="Nothing")
    assert io.verify(path).checksum == "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
    assert io.load(path).tensors == {}


def test_other_programs_read_it(path):
    from safetensors import safe_open

    io.save(path, {"bank": BANK, "ids": IDS}, kind="PatchMemoryBank")
    with safe_open(path, framework="numpy") as file:
        assert file.metadata()["kind"] == "PatchMemoryBank"
        np.testing.assert_array_equal(file.get_tensor("bank"), BANK)


@pytest.mark.parametrize("dtype", sorted(set(_container.DTYPES) - {"BF16"}))
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (5,), (2, 3, 4)])
@pytest.mark.parametrize("mmap", [False, True])
def test_every_dtype_comes_back(path, dtype, shape, mmap):
    values = np.random.default_rng(0).integers(0, 2, shape).astype(_container.DTYPES[dtype])
    io.save(path, {"x": values, "y": np.ones(3, np.uint8)}, kind="Thing")
    got = io.load(path, mmap=mmap).tensors["x"]
    assert got.dtype == values.dtype
    assert got.shape == shape
    np.testing.assert_array_equal(got, values)
    assert got.flags.writeable is not mmap


def test_any_layout_is_saved_as_its_values(path):
    base = np.arange(60, dtype=">f4").reshape(6, 10)[::2, ::-3]
    io.save(path, {"x": base}, kind="Thing")
    np.testing.assert_array_equal(io.load(path).tensors["x"], base)


@pytest.mark.parametrize("mmap", [False, True])
def test_bfloat16_is_read_widened(path, mmap):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    values = torch.tensor([1.5, -0.0, 3.140625], dtype=torch.bfloat16)
    raw = values.view(torch.int16).numpy().tobytes()
    save_file({"x": values}, path, metadata=metadata(raw))
    got = io.load(path, mmap=mmap).tensors["x"]
    assert got.dtype == np.float32
    assert got.tobytes() == values.float().numpy().tobytes()
    io.save(path, {"x": values}, kind="Thing")
    assert io.inspect(path).tensors["x"].dtype == "F32"


@pytest.mark.parametrize("sizes", [[10], [0, 10], [64], [63, 1, 1], [100, 3, 200], [1] * 40, []])
def test_tree_hash_is_its_definition_for_any_split_and_thread_count(monkeypatch, sizes):
    monkeypatch.setattr(_container, "HASH_CHUNK", 64)
    data = np.random.default_rng(1).bytes(sum(sizes))
    digests = [hashlib.sha256(data[i : i + 64]).digest() for i in range(0, max(len(data), 1), 64)]
    ends = np.cumsum(sizes, dtype=int)
    parts = [memoryview(data)[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    for threads in (1, 2, 5):
        assert _container.tree_hash(parts, threads) == hashlib.sha256(b"".join(digests)).hexdigest()


def test_nothing_is_replaced_without_leave(path):
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        io.save(path, {"x": BANK}, kind="Thing", overwrite=False)
    assert path.read_text() == "precious"
    assert names_in(path.parent) == [path.name]
    io.save(path, {"x": BANK}, kind="Thing")
    io.verify(path)


def test_a_file_that_appears_meanwhile_is_not_replaced(path, monkeypatch):
    real = os.fsync

    def race(handle):
        path.write_text("precious")
        real(handle)

    monkeypatch.setattr(os, "fsync", race)
    with pytest.raises(FileExistsError):
        io.save(path, {"x": BANK}, kind="Thing", overwrite=False)
    assert path.read_text() == "precious"
    assert names_in(path.parent) == [path.name]


def test_without_hard_links_an_existing_file_is_still_not_replaced(path, monkeypatch):
    def unsupported(*_):
        raise OSError("no hard links here")

    monkeypatch.setattr(os, "link", unsupported)
    io.save(path, {"x": BANK}, kind="Thing", overwrite=False)
    first = path.read_bytes()
    real = os.fsync

    def race(handle):
        real(handle)
        path.write_bytes(b"precious")

    path.unlink()
    monkeypatch.setattr(os, "fsync", race)
    with pytest.raises(FileExistsError):
        io.save(path, {"x": BANK}, kind="Thing", overwrite=False)
    assert path.read_bytes() == b"precious" != first
    assert names_in(path.parent) == [path.name]


@pytest.mark.parametrize("follow", [False, True])
def test_symlinks_are_followed_only_on_request(tmp_path, path, follow):
    target = tmp_path / "target"
    target.write_text("precious")
    path.symlink_to(target)
    with pytest.raises(FileExistsError):
        io.save(path, {"x": BANK}, kind="Thing", overwrite=False, follow_symlinks=follow)
    io.save(path, {"x": BANK}, kind="Thing", follow_symlinks=follow)
    assert path.is_symlink() is follow
    assert (target.read_bytes() == b"precious") is not follow
    io.verify(path)


def test_a_full_disk_is_reported_before_writing(path, monkeypatch):
    monkeypatch.setattr(_atomic.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(OSError, match=r"needs \d+ bytes, its disk has 10 free"):
        io.save(path, {"x": BANK}, kind="Thing")
    assert names_in(path.parent) == []


def test_a_failed_write_leaves_nothing(path, monkeypatch):
    def broken(_):
        raise OSError("disk on fire")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="disk on fire"):
        io.save(path, {"x": BANK}, kind="Thing")
    assert names_in(path.parent) == []


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(path):
    io.save(path, {"x": np.zeros(2)}, kind="Thing")
    code = f"""
import numpy as np
from anomalib_cpp import io
x = np.ones(1 << 21)
print("ready", flush=True)
while True:
    io.save({str(path)!r}, {{"x": x}}, kind="Thing", threads=1)
"""
    rng = np.random.default_rng(0)
    for _ in range(6):
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ)
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0, 0.12))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert io.verify(path).tensors["x"].shape in {(2,), (1 << 21,)}


def test_readers_never_see_a_part(path):
    io.save(path, {"x": np.zeros(1 << 16)}, kind="Thing")

    def write_many():
        for i in range(40):
            io.save(path, {"x": np.full(1 << 16, float(i))}, kind="Thing")

    writer = threading.Thread(target=write_many)
    writer.start()
    while writer.is_alive():
        for mmap in (False, True):
            assert len(set(io.load(path, mmap=mmap).tensors["x"].tolist())) == 1
    writer.join()


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("x.pkl", ac.FormatError, "can execute code"),
        ("x.PT", ac.FormatError, "can execute code"),
        ("x.faiss", ac.FormatError, "from_faiss_file"),
        ("missing/x.safetensors", FileNotFoundError, "does not exist"),
        ("", ac.InvalidInputError, "is a folder"),
    ],
)
def test_bad_targets(tmp_path, name, error, message):
    with pytest.raises(error, match=message):
        io.save(tmp_path / name, {"x": BANK}, kind="Thing")


@pytest.mark.parametrize(
    ("tensors", "options", "error", "message"),
    [
        ({"x": np.ones(2, complex)}, {}, TypeError, r"tensors\['x'\] must hold real numbers"),
        ({"x": np.array(["a"])}, {}, TypeError, "real numbers"),
        ({"x": np.ones(2, np.longdouble)}, {}, TypeError, "the file format holds"),
        ({"__metadata__": BANK}, {}, ValueError, "names have 1 to 512"),
        ({"": BANK}, {}, ValueError, "names have 1 to 512"),
        ({1: BANK}, {}, TypeError, "strings as keys"),
        ({"x": BANK}, {"kind": ""}, ValueError, "kind must be a non-empty string"),
        ({"x": BANK}, {"config": {"a": np.nan}}, ValueError, "config must hold what JSON can hold"),
        ({"x": BANK}, {"config": {"a": object()}}, ValueError, "config must hold what JSON can hold"),
        ({"x": BANK}, {"config": {"a": [[[[1]]]]}}, ValueError, "nested deeper than 4"),
    ],
)
def test_bad_content_is_named(path, tensors, options, error, message):
    with pytest.raises(error, match=message):
        io.save(path, tensors, **{"kind": "Thing", **options})
    assert not path.exists()


ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BAD_HEADERS = [
    ({"x": ONE}, "format='anomalib_cpp'"),
    ({"__metadata__": metadata(format="pt"), "x": ONE}, "written by another program"),
    ({"__metadata__": {**metadata(), "kind": 3}, "x": ONE}, "strings to strings"),
    ({"__metadata__": metadata(format_version="2"), "x": ONE}, "newer version"),
    ({"__metadata__": metadata(format_version="1.0"), "x": ONE}, "positive integer"),
    ({"__metadata__": metadata(format_version=None), "x": ONE}, "positive integer"),
    ({"__metadata__": metadata(kind=None), "x": ONE}, "lacks kind"),
    ({"__metadata__": metadata(author="me"), "x": ONE}, "unknown key 'author'"),
    ({"__metadata__": metadata(payload_sha256_tree="AB"), "x": ONE}, "64 lower-case hexadecimal"),
    ({"__metadata__": metadata(config="[]"), "x": ONE}, "config must be a JSON object"),
    ({"__metadata__": metadata(config='{"a":1,"a":1}'), "x": ONE}, "config has a duplicate key"),
    ({"__metadata__": metadata(config='{"a":NaN}'), "x": ONE}, "config holds NaN"),
    ({"__metadata__": metadata(config='{"a":1e999}'), "x": ONE}, "out of range"),
    ({"__metadata__": metadata(config='{"a":' + "9" * 5000 + "}"), "x": ONE}, "out of range"),
    ({"__metadata__": metadata(config="{'a':1}"), "x": ONE}, "not valid JSON"),
    ({"__metadata__": metadata(config='{"a":[[[[1]]]]}'), "x": ONE}, "nested deeper than 4"),
    ({"__metadata__": metadata(), "x": {**ONE, "dtype": "F8"}}, "unknown dtype 'F8'"),
    ({"__metadata__": metadata(), "x": {**ONE, "dtype": ["F32"]}}, "unknown dtype"),
    ({"__metadata__": metadata(), "x": {**ONE, "more": 1}}, "exactly the keys"),
    ({"__metadata__": metadata(), "x": [ONE]}, "exactly the keys"),
    ({"__metadata__": metadata(), "x" * 513: ONE}, "longer than 512"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [2.0]}}, "not an integer"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [True, 2]}}, "not an integer"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [-2]}}, "not an integer"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [2**53 + 1]}}, "not an integer"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [2**53, 2**53]}}, "too large for any machine"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [0, 2**53, 2**53]}}, "too large for any machine"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": 2}}, "at most 32 extents"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [1] * 33}}, "at most 32 extents"),
    ({"__metadata__": metadata(), "x": {**ONE, "shape": [3]}}, "needs 12 bytes, its data_offsets span 8"),
    ({"__metadata__": metadata(), "x": {**ONE, "data_offsets": [8, 0]}}, "span -8"),
    ({"__metadata__": metadata(), "x": {**ONE, "data_offsets": [0]}}, "two data_offsets"),
    ({"__metadata__": metadata(), "x": {**ONE, "data_offsets": [-8, 0]}}, "two data_offsets"),
    ({"__metadata__": metadata(), "x": {**ONE, "data_offsets": [4, 12]}}, "holes and overlaps"),
    ({"__metadata__": metadata(), "x": ONE, "y": ONE}, "holes and overlaps"),
    ({"__metadata__": metadata(), "x": ONE, "y": {**ONE, "data_offsets": [16, 24]}}, "holes and overlaps"),
    ({"__metadata__": metadata(), "x": ONE, "y": {**ONE, "data_offsets": [8, 16]}}, "the file has 8"),
    ({"__metadata__": metadata()}, "the file has 8"),
    ([], "must start with '{'"),
    (b"\xff\xfe", "not UTF-8"),
    (b'{"a":1', "not valid JSON"),
    (b'{"a":1,"a":1}', "duplicate key"),
    (b'{"__metadata__":NaN}', "holds NaN"),
    (b'{"a":' * 5 + b"1" + b"}" * 5, "nested deeper than 4"),
    (b"{" + b"[" * 1_000_000, "more than 10000 tensors"),
    (b'{"a":[' + b"1," * 1_000_000 + b"1]}", "too many entries"),
    (b'{"' + b'","' * 200_000 + b'":1}', "too many strings"),
]


@pytest.mark.parametrize(("header", "message"), BAD_HEADERS)
def test_every_rule_of_the_header_is_named(path, header, message):
    write(path, header, bytes(8))
    for read in (io.inspect, io.verify, io.load):
        with pytest.raises(ac.FormatError, match=message):
            read(path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "has 0 bytes"),
        (b"\x01\x02", "has 2 bytes"),
        ((100 << 20).to_bytes(8, "little") + b"{}", "exceeds the 2 bytes that follow"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "exceeds 104857600"),
        (b"\x80\x04\x95" + bytes(20), "header length"),
    ],
)
def test_files_that_are_no_container(path, raw, message):
    path.write_bytes(raw)
    with pytest.raises(ac.FormatError, match=message):
        io.load(path)


def test_a_hostile_header_takes_time_and_memory_in_proportion(path):
    size = 20 << 20
    patterns = [b"[", b'"', b"\\", b'\\"', b"9", b"{", b'"a":', "\N{SNOWMAN}".encode(), b" "]
    start = time.monotonic()
    for start_of_text in (b'{"', b'{"a":'):
        for pattern in patterns:
            write(path, start_of_text + pattern * (size // len(pattern)), pad=False)
            with pytest.raises(ac.FormatError):
                io.inspect(path)
    assert time.monotonic() - start < 250  # linear: some 0.1 s each; quadratic: hours


def test_a_changed_byte_is_noticed(path):
    io.save(path, {"x": BANK}, kind="Thing")
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    for read in (io.verify, io.load, lambda p: io.load(p, mmap=True)):
        with pytest.raises(ac.ChecksumError, match="does not match its checksum"):
            read(path)
    assert io.load(path, verify=False).tensors["x"].shape == (2, 3)
    assert io.inspect(path).kind == "Thing"


def test_kind_and_size_are_enforced(path):
    io.save(path, {"x": BANK}, kind="Thing")
    with pytest.raises(ac.FormatError, match="holds a 'Thing', not a 'Other'"):
        io.load(path, kind="Other")
    with pytest.raises(ac.FormatError, match="24 bytes, max_bytes is 23"):
        io.load(path, max_bytes=23)
    assert io.load(path, max_bytes=24, kind="Thing").kind == "Thing"
    with pytest.raises(TypeError, match="max_bytes must be an integer"):
        io.load(path, max_bytes="1")


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ac.FormatError, match="not a regular file"):
        io.load(tmp_path / "pipe")
    with pytest.raises(ac.FormatError, match="is a folder, not a file"):
        io.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        io.load(tmp_path / "none")


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt"])
def test_formats_that_run_code_are_refused_with_a_way_out(tmp_path, suffix):
    with pytest.raises(ac.FormatError, match=r"can execute code(.|\n)*PatchMemoryBank\(\)\.fit\(array\)\.save"):
        io.load(tmp_path / f"bank{suffix}")


def test_unaligned_tensors_are_not_mapped(path):
    data = BANK.tobytes()
    raw = json.dumps({"__metadata__": metadata(data), "x": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}})
    raw += " " * (-(8 + len(raw)) % 8 + 1)
    write(path, raw.encode(), data, pad=False)
    np.testing.assert_array_equal(io.load(path).tensors["x"], BANK)
    with pytest.raises(ac.FormatError, match="not aligned; load it with mmap=False"):
        io.load(path, mmap=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from([*_container.DTYPES, "F8", "", "f32"]) | JSON,
        "shape": st.lists(st.integers(-1, 5) | st.sampled_from([2**31, 2**53, 2**63, 2**64]), max_size=4) | JSON,
        "data_offsets": st.lists(st.integers(-8, 64) | st.just(2**64), min_size=1, max_size=3) | JSON,
    }
)


@settings(max_examples=200, deadline=None)
@given(
    entries=st.dictionaries(st.text(max_size=6), ENTRY | JSON, max_size=4),
    changes=st.dictionaries(st.sampled_from([*metadata(), "new"]), st.text(max_size=6) | JSON, max_size=2),
    data=st.binary(max_size=64),
)
def test_any_header_is_read_or_refused(tmp_path_factory, entries, changes, data):
    path = tmp_path_factory.getbasetemp() / "hostile.safetensors"
    write(path, {**entries, "__metadata__": {**metadata(data), **changes}}, data)
    for read in (io.inspect, io.verify, io.load, lambda p: io.load(p, mmap=True)):
        with contextlib.suppress(ac.FormatError):
            read(path)


def test_a_thousand_damaged_files_give_format_errors_only(path):
    tensors = {"bank": np.arange(12, dtype=np.float32).reshape(3, 4), "ids": np.arange(3), "flag": np.array([True])}
    io.save(path, tensors, kind="Thing", config={"metric": "euclidean"})
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(1000):
        raw = bytearray(good)
        action = rng.integers(4)
        place = int(rng.integers(len(raw)))
        if action == 0:
            raw[place] ^= 1 << rng.integers(8)
        elif action == 1:
            del raw[place:]
        elif action == 2:
            raw[place:place] = rng.bytes(rng.integers(1, 9))
        else:
            raw[place : place + 8] = rng.bytes(8)
        path.write_bytes(raw)
        try:
            loaded = io.load(path, kind="Thing").tensors
        except ac.FormatError:
            refused += 1
        else:  # a change of the header that means the same, or of its metadata
            for name in tensors.keys() & loaded.keys():
                assert loaded[name].tobytes() == tensors[name].tobytes()
    assert refused > 950


def test_no_source_file_reads_pickles():
    words = [
        "pickle." + "load",
        "joblib." + "load",
        "torch." + "load" + "(",
        "allow_pickle=" + "True",
        "eval" + "(",
        "yaml." + "load",
    ]
    for source in pathlib.Path(ac.__file__).parent.rglob("*.py"):
        for line in source.read_text(encoding="utf-8").splitlines():
            found = [word for word in words if word in line]
            if "weights_only=" + "True" in line:  # PyTorch's loader then runs nothing
                found = [word for word in found if not word.startswith("torch.")]
            assert not found, source
