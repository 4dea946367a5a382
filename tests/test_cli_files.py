"""`convert`, `verify` and `bench`: no value changes on the way, damage is found, the work measured is the same."""

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp.bank import PatchMemoryBank
from anomalib_cpp.cli import main, workloads
from anomalib_cpp.evaluators import ImageEvaluator, PixelEvaluator

NAMES = ["good/0", "hole/0", "hole/1"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Three maps in a folder, with values that no other type holds."""
    monkeypatch.chdir(tmp_path)
    maps = np.random.default_rng(0).normal(size=(3, 6, 5)).astype(np.float32)
    for name, values in zip(NAMES, maps, strict=True):
        Path("maps", name).parent.mkdir(parents=True, exist_ok=True)
        np.save(f"maps/{name}.npy", values)
    return maps


def run(capsys, line):
    code = main(shlex.split(line))
    out, err = capsys.readouterr()
    return code, out, err


def ok(capsys, line):
    code, out, err = run(capsys, line)
    assert (code, err) == (0, ""), err
    return out


def names_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("stack", ["s.npz", "s.safetensors"])
def test_a_folder_survives_as_a_stack(here, capsys, stack):
    assert ok(capsys, f"convert maps {stack}") == f"{stack}: 3 maps\n"
    ok(capsys, f"convert {stack} back")
    assert names_in("back") == names_in("maps") == [f"{name}.npy" for name in NAMES]
    for name, values in zip(NAMES, here, strict=True):
        assert Path(f"back/{name}.npy").read_bytes() == Path(f"maps/{name}.npy").read_bytes()
        assert np.load(f"back/{name}.npy").tobytes() == values.tobytes()
    first = Path(stack).read_bytes()
    ok(capsys, f"convert back {stack}")
    assert Path(stack).read_bytes() == first


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", "<i4", "<u2", "u1"])
def test_types_stay_what_they_are(here, capsys, dtype):
    values = (np.arange(60).reshape(2, 1, 6, 5) * 3.7).astype(dtype)
    np.save("s.npy", values)
    for i, target in enumerate(["t.safetensors", "t.npz", "t.npy"]):
        ok(capsys, f"convert {['s.npy', 't.safetensors', 't.npz'][i]} {target}")
    found = np.load("t.npy")
    assert (found.dtype, found.tobytes()) == (values.dtype, values.tobytes())
    assert set(np.load("t.npz")) == {"maps"}


def test_folders_of_tiff_and_png(here, capsys):
    tifffile = pytest.importorskip("tifffile")
    image = pytest.importorskip("PIL.Image")
    ok(capsys, "convert maps tiff --format tiff")
    assert np.array_equal(tifffile.imread("tiff/hole/1.tiff"), here[2])
    np.save("masks.npy", here > 0)
    ok(capsys, "convert masks.npy masks --what masks")
    assert np.array_equal(np.asarray(image.open("masks/000001.png")), np.where(here[1] > 0, 255, 0))
    ok(capsys, "convert masks masks.npz --what masks")
    assert np.array_equal(np.load("masks.npz")["masks"], here > 0)
    np.save("counts.npy", np.arange(60, dtype=np.uint16).reshape(2, 6, 5) * 1000)
    ok(capsys, "convert counts.npy counts --format png")
    ok(capsys, "convert counts again.npy")
    assert Path("again.npy").read_bytes() == Path("counts.npy").read_bytes()


BAD_CONVERSIONS = [
    ("convert none s.npz", 3, "'none': No such file or directory"),
    ("convert maps maps", 3, "OUT 'maps' is not empty; name a new folder"),
    ("convert maps none/s.npz", 3, "OUT 'none/s.npz': the folder 'none' does not exist"),
    ("convert maps s.pkl", 3, "can execute code"),
    ("convert maps s.npz --format npy", 2, "--format is for a folder; 's.npz' says what it is"),
    ("convert maps png --format png", 3, "is float32, which --format png does not hold"),
    ("convert mixed s.npz", 3, "is float64 of shape (6, 5) but 'mixed"),
    ("convert maps s.npz --mask-threshold 3", 2, "--mask-threshold needs --what masks"),
    ("convert maps s.npz --what masks", 0, ""),
    ("convert up.npz out", 3, "the name '../up' does not stay inside OUT"),
    ("convert root.npz out", 3, "the name '/etc/x' does not stay inside OUT"),
    ("convert drive.npz out", 3, "does not stay inside OUT"),
    ("convert maps out --max-pixels 20", 3, "holds 30 pixels; --max-pixels allows 20"),
]


@pytest.mark.parametrize(("line", "code", "text"), BAD_CONVERSIONS)
def test_conversions_that_are_refused_leave_nothing(here, capsys, line, code, text):
    for name, bad in (("up", "../up"), ("root", "/etc/x"), ("drive", "c:\\x")):
        np.savez(f"{name}.npz", maps=here[:1], names=np.array([bad]))
    Path("mixed").mkdir()
    np.save("mixed/a.npy", here[0])
    np.save("mixed/b.npy", here[1].astype(np.float64))
    before = sorted(Path().rglob("*"))
    found, out, err = run(capsys, line)
    assert found == code, err
    assert text in err
    if code:
        assert out == ""
        assert sorted(Path().rglob("*")) == before


@pytest.fixture
def saved(here):
    masks = np.zeros(here.shape, bool)
    masks[1, 2:4, 1:3] = True
    pixels, images = PixelEvaluator(), ImageEvaluator()
    pixels.update(here, masks)
    images.update([0.1, 0.9, 0.3], [0, 1, 0])
    pixels.save("pixels.safetensors")
    images.save("images.safetensors")
    PatchMemoryBank().fit(here[0]).save("bank.safetensors")
    ac.io.save("other.safetensors", {"x": here}, kind="Something")
    np.save("masks.npy", masks)
    ac.io.save("maps.safetensors", {"maps": here}, kind="AnomalyMaps")
    assert main(shlex.split("evaluate maps.safetensors masks.npy -q --json result.json")) == 0
    return here


def test_verify_says_what_is_there(saved, capsys):
    out = ok(capsys, "verify pixels.safetensors images.safetensors bank.safetensors other.safetensors result.json")
    lines = [line.split(", ")[0] for line in out.splitlines()]
    assert lines == [
        "pixels.safetensors: PixelEvaluator of 90 pixels",
        "images.safetensors: ImageEvaluator of 3 images",
        "bank.safetensors: PatchMemoryBank of 6 rows",
        "other.safetensors: Something",
        "result.json: result of 9 metrics",
    ]
    assert f"checksum {ac.io.inspect('bank.safetensors').checksum[:16]}" in out


def test_verify_finds_one_bit(saved, capsys):
    for name in ("pixels", "images", "bank", "other"):
        path = Path(f"{name}.safetensors")
        data = bytearray(path.read_bytes())
        data[-3] ^= 16
        path.write_bytes(data)
        code, out, err = run(capsys, f"verify {path}")
        assert (code, out) == (3, "")
        assert err.startswith(f"anomalib-cpp verify: error: '{path}': ")
        assert "checksum" in err


def test_verify_finds_settings_that_cannot_be(saved, capsys):
    content = ac.io.load("pixels.safetensors")
    config = {**content.config, "connectivity": 5}
    ac.io.save("pixels.safetensors", content.tensors, kind=content.kind, config=config)  # with a right checksum
    code, _, err = run(capsys, "verify pixels.safetensors")
    assert code == 3
    assert "connectivity must be one of 4, 8; got 5" in err


def test_verify_goes_on_after_a_bad_file(saved, capsys):
    Path("bad.json").write_text("{}")
    code, out, err = run(capsys, "verify bad.json missing.safetensors result.json maps")
    assert code == 3
    assert out == "result.json: result of 9 metrics, 3 images\n"
    assert [line.split(": ", 2)[1] for line in err.splitlines()] == ["error"] * 3
    code, _, err = run(capsys, "verify bank.pkl")
    assert code == 3
    assert "can execute code" in err


# bench


def test_bench_compares_equal_results(capsys, monkeypatch, tmp_path):
    path = tmp_path / "b.json"
    works = [workloads._auroc(500), workloads._regions(2), workloads._knn(5, 40)]
    works += [workloads._resize(1), workloads._blur(1)]
    monkeypatch.setattr(workloads, "workloads", lambda quick: works)
    out = ok(capsys, f"bench --quick --json {path}")
    content = json.loads(path.read_text())
    assert [work["name"].split(",")[0] for work in content["works"]] == [
        "auroc",
        "connected_components",
        "knn",
        "resize",
        "gaussian_blur",
    ]
    for work in content["works"]:
        assert work["seconds"] > 0
        assert work["limit_seconds"] > 0
        for other in work["others"]:
            assert other["same"], (work["name"], other)
            assert other["name"] in out
    assert content["library"]["version"] == ac.__version__
    assert content["machine"]["read_bytes_per_second"] > 0


def test_bench_tells_other_results_and_leaves_out_what_is_missing(capsys, monkeypatch):
    right = workloads.Work("sum", lambda: 3.0, {"numpy": lambda: 4.0})
    monkeypatch.setattr(workloads, "workloads", lambda quick: [right])
    assert "differs by 0.2" in ok(capsys, "bench --quick")
    for package in ("scipy.ndimage", "skimage.measure", "sklearn.metrics"):
        monkeypatch.setitem(sys.modules, package, None)
    assert workloads._regions(1).others == {}
    assert list(workloads._auroc(50).others) == ["numpy"]
