"""The command line: what it writes equals the Python API, and everything that goes wrong is one line and a code."""

import errno
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import bank, cpu_features
from anomalib_cpp.bank import PatchMemoryBank
from anomalib_cpp.cli import main
from anomalib_cpp.cli.features import read_features

GUIDE = Path(__file__).parents[1] / "docs" / "command_line.md"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with features of 10 normal and 3 other images, 4 x 4 patches each."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    np.save("normal.npy", random.normal(size=(10, 16, 8)).astype(np.float32))
    np.savez("test.npz", features=random.normal(size=(3, 16, 8)).astype(np.float32), other=np.zeros(3))
    return tmp_path


def read_test():
    return np.load("test.npz")["features"]


def run(capsys, line):
    code = main(shlex.split(line))
    out, err = capsys.readouterr()
    return code, out, err


def ok(capsys, line):
    code, out, err = run(capsys, line)
    assert (code, err) == (0, "")
    return out


# fit and score


def test_fit_and_score_are_the_python_api(here, capsys):
    ok(capsys, "fit normal.npy -o bank.safetensors --size 30 --seed 5 --projection none --n-neighbors 4 --agg max")
    memory = PatchMemoryBank(n_neighbors=4, agg="max").fit(np.load("normal.npy"))
    memory.subsample(size=30, random_state=5, projection=None)
    memory.save("expected.safetensors")
    assert Path("bank.safetensors").read_bytes() == Path("expected.safetensors").read_bytes()

    expected = memory.score(read_test()).image_scores.tolist()
    lines = ok(capsys, "score bank.safetensors test.npz").splitlines()
    assert lines == ["name,score", *(f"{i:06d},{score!r}" for i, score in enumerate(expected))]
    assert ok(capsys, "score bank.safetensors test.npz --mmap --threads 1 --memory-budget 1MiB").splitlines() == lines

    assert ok(capsys, "score bank.safetensors test.npz -o a.json") == ""
    found = json.loads(Path("a.json").read_text())
    assert [entry["score"] for entry in found["scores"]] == expected
    assert found["bank"]["settings"] == memory.settings
    assert ok(capsys, "score bank.safetensors test.npz --format json --threads 2") == Path("a.json").read_text()


def test_rows_without_patches_are_images_of_one_patch(here, capsys):
    np.save("rows.npy", read_test()[:, 0])
    ok(capsys, "fit normal.npy -o bank.safetensors --image-score max --metric cosine")
    lines = ok(capsys, "score bank.safetensors rows.npy").splitlines()
    memory = PatchMemoryBank.load("bank.safetensors")
    expected = memory.score(read_test()[:, :1]).image_scores
    assert lines[1:] == [f"{i:06d},{score!r}" for i, score in enumerate(expected.tolist())]


@pytest.mark.parametrize("kind", ["npy", "tiff"])
def test_maps(here, capsys, kind):
    read = np.load if kind == "npy" else pytest.importorskip("tifffile").imread
    ok(capsys, "fit normal.npy -o bank.safetensors")
    line = f"score bank.safetensors test.npz -o s.csv --maps maps --maps-format {kind} --grid 4x4 --map-size 20x30"
    ok(capsys, f"{line} --sigma 2")
    scores = PatchMemoryBank.load("bank.safetensors").score(read_test()).patch_scores
    expected = ac.maps.anomaly_map(scores.reshape(-1, 4, 4), (20, 30), sigma=2)
    found = [read(path) for path in sorted(Path("maps").iterdir())]
    assert found[0].dtype == np.float32
    assert np.array_equal(found, expected)


def test_features_of_every_format(here):
    from safetensors.numpy import save_file

    array = np.load("normal.npy")
    save_file({"features": array, "more": array[:1]}, "foreign.safetensors")
    ac.io.save("own.safetensors", {"only": array}, kind="Rows")
    np.savez_compressed("packed.npz", x=array)
    np.save("fortran.npy", np.asfortranarray(array))
    for name in ("normal.npy", "fortran.npy", "packed.npz", "foreign.safetensors", "own.safetensors"):
        assert np.array_equal(read_features(Path(name), None), array), name
    assert len(read_features(Path("foreign.safetensors"), "more")) == 1


# Images

CODE = """
import numpy as np


def corners(images):
    return [np.stack([np.resize(image, (2, 4, 4)) for image in images]).astype(np.float32) / 255]
"""


@pytest.fixture
def pictures(here, monkeypatch):
    """Two folders of images of different sizes, some of them nested."""
    pytest.importorskip("anomalib_cpp.demo.folders")
    image = pytest.importorskip("PIL.Image")
    random = np.random.default_rng(1)
    for name, shape in (
        ("good/0.png", (40, 40, 3)),
        ("good/1.png", (50, 40)),
        ("new/broken/0.png", (60, 40)),
        ("new/good/0.png", (33, 47, 3)),
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(random.integers(0, 256, shape, np.uint8)).save(name)
    Path("extractor_of_mine.py").write_text(CODE)
    monkeypatch.syspath_prepend(here)
    return here


def patches_of(folder, extractor, image_size):
    from anomalib_cpp.demo.extractors import make_extractor
    from anomalib_cpp.demo.folders import find_images, read_image

    paths = find_images(Path(folder))
    layers = make_extractor(extractor, image_size=image_size)([read_image(path) for path in paths])
    return paths, bank.patch_embeddings(layers), layers[0].shape[2:]


def test_images_are_the_python_api(pictures, capsys):
    ok(capsys, "fit good -o bank.safetensors --image-size 64 --ratio 0.5")
    _, normal, _ = patches_of("good", "filters", 64)
    memory = PatchMemoryBank().fit(normal).subsample(ratio=0.5)
    assert np.array_equal(PatchMemoryBank.load("bank.safetensors").rows, memory.rows)

    ok(capsys, "score bank.safetensors new -o new.json --maps maps --maps-format npy")
    paths, patches, grid = patches_of("new", "filters", 64)
    scores = memory.score(patches)
    found = json.loads(Path("new.json").read_text())
    names = [path.relative_to("new").as_posix() for path in paths]
    assert sorted(names) == ["broken/0.png", "good/0.png"]
    expected = [{"name": name, "score": score} for name, score in zip(names, scores.image_scores, strict=True)]
    assert found["scores"] == expected
    assert found["images"] == {"extractor": "filters", "image_size": 64, "patch_size": 3}
    for name, patch_scores in zip(names, scores.patch_scores, strict=True):
        size = {"broken/0.png": (60, 40), "good/0.png": (33, 47)}[name]
        expected_map = ac.maps.anomaly_map(patch_scores.reshape(grid), size)
        assert np.array_equal(np.load(f"maps/{name[:-4]}.npy"), expected_map)
    assert json.loads(ok(capsys, "info bank.safetensors --json"))["images"] == found["images"]


def test_what_a_file_says_runs_no_code(pictures, capsys):
    ok(capsys, "fit good -o bank.safetensors --extractor extractor_of_mine:corners --patch-size 1")
    code, _, err = run(capsys, "score bank.safetensors new")
    assert code == 3
    assert "confirm that it may run: --extractor 'extractor_of_mine:corners'" in err
    ok(capsys, "score bank.safetensors new --extractor extractor_of_mine:corners")


def test_scoring_refuses_another_recipe(pictures, capsys):
    ok(capsys, "fit good -o bank.safetensors --image-size 64")
    for line, text in (
        ("score bank.safetensors new --image-size 32", "--image-size is 32 but the bank was fitted with 64"),
        ("score bank.safetensors new --extractor efficientnet-lite0", "but the bank was fitted with filters"),
        ("score bank.safetensors none", "'none': No such file or directory"),
        ("score bank.safetensors empty", "'empty'"),
        ("score bank.safetensors text", "0.png"),
    ):
        Path("empty").mkdir(exist_ok=True)
        Path("text").mkdir(exist_ok=True)
        Path("text/0.png").write_text("no image")
        code, out, err = run(capsys, line)
        assert (code, out) == (3, ""), line
        assert text in err
    recipe = Path("bank.features.json")
    for content, text in (
        (recipe.read_bytes().replace(b"filters", b"\xff"), "a recipe is ASCII"),
        (recipe.read_bytes().replace(b"64,", b"0,"), "a value is out of range"),
        (b"{}", "its keys are not those that fit writes"),
    ):
        original = recipe.read_bytes()
        recipe.write_bytes(content)
        code, _, err = run(capsys, "score bank.safetensors new")
        assert code == 3
        assert f"'bank.features.json': {text}" in err.replace("not a valid recipe: ", "")
        recipe.write_bytes(original)
    ok(capsys, "fit normal.npy -o bank.safetensors")
    assert "belongs to another bank" in run(capsys, "score bank.safetensors new")[2]


# demo


def test_demo_on_a_folder(here, capsys):
    for package in ("anomalib_cpp.report", "jinja2", "matplotlib", "skimage", "scipy"):
        pytest.importorskip(package)
    image = pytest.importorskip("PIL.Image")
    random = np.random.default_rng(1)

    def write(name, pixels):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(pixels.astype(np.uint8)).save(name)

    for i in range(4):
        write(f"toy/train/good/{i}.png", random.integers(100, 120, (64, 64, 3)))
    for i in range(2):
        write(f"toy/test/good/{i}.png", random.integers(100, 120, (64, 64, 3)))
        hurt, mask = random.integers(100, 120, (64, 64, 3)), np.zeros((64, 64))
        hurt[20:40, 20 + i : 40], mask[20:40, 20 + i : 40] = 250, 255
        write(f"toy/test/hole/{i}.png", hurt)
        write(f"toy/ground_truth/hole/{i}_mask.png", mask)
    out = ok(capsys, "demo --data toy --output page.html --image-size 64 --coreset-ratio 0.5 --threads 1")
    assert "toy" in out
    assert out.endswith("report: page.html\n")
    assert Path("page.html").read_text().rstrip().endswith("</html>")

    Path("empty").mkdir()
    before = sorted(here.iterdir())
    for options in ("--data empty", "--data nowhere", "--data toy --extractor none"):
        code, out, err = run(capsys, f"demo {options} -o p.html")
        assert (code, out) == (3, ""), options
        assert re.fullmatch(r"anomalib-cpp demo: error: .+\n", err)
    assert sorted(here.iterdir()) == before


def test_an_extractor_without_its_packages(pictures, capsys, monkeypatch):
    for package, name, extra in (("scipy.ndimage", "filters", "demo"), ("torch", "efficientnet-lite0", "demo-torch")):
        monkeypatch.setitem(sys.modules, package, None)
        code, _, err = run(capsys, f"fit good -o bank.safetensors --extractor {name}")
        assert code == 4
        assert f"anomalib-cpp[{extra}]" in err
        assert not Path("bank.safetensors").exists()


@pytest.mark.parametrize("line", ["demo", "demo --extractor efficientnet-lite0", "fit . -o b.safetensors"])
def test_without_the_packages_of_the_demonstration(here, capsys, monkeypatch, line):
    monkeypatch.setitem(sys.modules, "anomalib_cpp.demo", None)
    code, _, err = run(capsys, line)
    assert code == 4
    extra = "demo-torch" if "efficientnet" in line else "demo"
    assert err.endswith(f"which is not installed: pip install 'anomalib-cpp[{extra}]'\n")


# Everything that goes wrong

BAD = [
    ("fit missing.npy -o b.safetensors", 3, "'missing.npy': No such file or directory"),
    ("fit features.pkl -o b.safetensors", 3, "can execute code"),
    ("fit text.txt -o b.safetensors", 3, "neither a folder of images nor"),
    ("fit objects.npy -o b.safetensors", 3, "'objects.npy': it holds Python objects"),
    ("fit cut.npy -o b.safetensors", 3, "'cut.npy': truncated: float32 of shape"),
    ("fit huge.npy -o b.safetensors", 3, "'huge.npy': truncated: float32 of shape"),
    ("fit garbage.npy -o b.safetensors", 3, "'garbage.npy': not a valid .npy header"),
    ("fit garbage.npz -o b.safetensors", 3, "'garbage.npz': not a valid .npz file"),
    ("fit garbage.safetensors -o b.safetensors", 3, "'garbage.safetensors': not a valid safetensors file"),
    ("fit integers.npy -o b.safetensors", 3, "must be float16, float32 or float64; got int64"),
    ("fit flat.npy -o b.safetensors", 3, "must have shape (rows, columns) or (images, patches, columns); got (3,)"),
    ("fit empty.npy -o b.safetensors", 3, "are empty: shape (0, 8)"),
    ("fit nan.npy -o b.safetensors", 3, "features must be finite; got nan at row 1, column 2"),
    ("fit many.npz -o b.safetensors", 3, "the file holds 'a', 'b'; choose an array with --key"),
    ("fit many.npz --key c -o b.safetensors", 3, "--key 'c' is not in the file; it holds 'a', 'b'"),
    ("fit normal.npy -o b.safetensors --key a", 3, "holds one array"),
    ("fit normal.npy -o b.safetensors --ratio 2", 3, "ratio must lie in (0, 1]"),
    ("fit normal.npy -o b.safetensors --size 161", 3, "size must be at most the number of rows"),
    ("fit normal.npy -o b.safetensors --top-fraction 2", 3, "top_fraction must lie in (0, 1]; got 2.0"),
    ("fit normal.npy -o b.safetensors --metric cosine", 3, "image_score='anomalib' weighs Euclidean distances"),
    ("fit normal.npy -o none/b.safetensors", 3, "the folder 'none' does not exist"),
    ("fit normal.npy -o b.txt", 2, "--output must end in .safetensors; got 'b.txt'"),
    ("fit normal.npy -o b.safetensors --seed 1", 2, "--seed needs --ratio or --size"),
    ("fit normal.npy -o b.safetensors --image-size 64", 2, "--image-size is for a folder of images"),
    ("fit . -o b.safetensors --key a", 2, "--key is for a file of features"),
    ("fit . -o b.safetensors --patch-size 2", 2, "--patch-size must be odd; got 2"),
    ("fit normal.npy -o b.safetensors --threads 0", 2, "must be an integer >= 1; got '0'"),
    ("fit normal.npy", 2, "the following arguments are required: -o/--output"),
    ("score missing.safetensors test.npz", 3, "'missing.safetensors': No such file or directory"),
    ("score garbage.safetensors test.npz", 3, "'garbage.safetensors': not a valid"),
    ("score flipped.safetensors test.npz", 3, "'flipped.safetensors': "),
    ("score bank.faiss test.npz", 3, ".faiss files are not containers"),
    ("score bank.safetensors wide.npy", 3, "features has shape (3, 9) but the bank has 8 columns"),
    ("score bank.safetensors .", 3, "was not fitted from images"),
    ("score bank.safetensors test.npz --memory-budget much", 3, "memory_budget must be a number of bytes"),
    ("score bank.safetensors test.npz -o .", 3, "'.' is a folder; name a file"),
    ("score bank.safetensors test.npz --sigma 2", 2, "--sigma needs --maps"),
    ("score bank.safetensors test.npz --maps m", 2, "maps of features need --grid HxW and --map-size HxW"),
    ("score bank.safetensors test.npz --maps m --grid 4x4 --map-size 9", 2, "must be HEIGHTxWIDTH, such as 28x28"),
    ("score bank.safetensors test.npz --maps m --grid 4x5 --map-size 9x9", 3, "--grid 4x5 does not hold 16 patches"),
    ("score bank.safetensors test.npz --maps full --grid 4x4 --map-size 9x9", 3, "--maps 'full' is not empty"),
    (
        "score bank.safetensors test.npz --maps m --maps-format npy --grid 4x4 --map-size 9x9 --sigma -1",
        3,
        "sigma must be finite and >= 0",
    ),
    ("score bank.safetensors test.npz --patch-size 3", 2, "--patch-size is for a folder of images"),
    ("info normal.npy", 3, "'normal.npy': not a valid"),
    ("fitt normal.npy", 2, "invalid choice: 'fitt'"),
    ("", 2, "the following arguments are required: COMMAND"),
]


@pytest.fixture
def bad_files(here):
    array = np.load("normal.npy")
    PatchMemoryBank().fit(array).save("bank.safetensors")
    data = bytearray(Path("bank.safetensors").read_bytes())
    data[-1] ^= 1
    Path("flipped.safetensors").write_bytes(data)
    for name in ("text.txt", "garbage.npy", "garbage.npz", "garbage.safetensors", "features.pkl", "bank.faiss"):
        Path(name).write_text("nothing that could be read as numbers")
    np.save("objects.npy", np.array([{}, {}]), allow_pickle=True)
    Path("cut.npy").write_bytes(Path("normal.npy").read_bytes()[:-4])
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 1 << 10)})
    Path("huge.npy").write_bytes(header.getvalue())
    np.save("integers.npy", np.zeros((2, 8), np.int64))
    np.save("flat.npy", np.zeros(3))
    np.save("empty.npy", np.zeros((0, 8)))
    np.save("nan.npy", np.where(np.arange(24).reshape(3, 8) == 10, np.nan, 0.0))
    np.save("wide.npy", np.zeros((3, 9)))
    np.savez("many.npz", a=array, b=array)
    Path("full").mkdir()
    Path("full/kept").touch()


@pytest.mark.parametrize(("line", "code", "text"), BAD)
def test_bad_input_is_one_line_and_leaves_nothing(bad_files, capsys, line, code, text):
    before = sorted(Path().rglob("*"))
    found, out, err = run(capsys, line)
    assert (found, out) == (code, "")
    assert text in err
    last = err.splitlines()[-1]
    assert re.match(r"anomalib-cpp( \w+)?: error: ", last)
    assert code == 2 or err == last + "\n"
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (KeyboardInterrupt(), 130, "anomalib-cpp fit: interrupted\n"),
        (ac.MemoryBudgetError("needs 3 GiB"), 4, "anomalib-cpp fit: error: needs 3 GiB\n"),
        (MemoryError(), 4, "anomalib-cpp fit: error: out of memory\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "No space left on device"),
        (ZeroDivisionError("a\nb"), 1, "anomalib-cpp fit: error: unexpected ZeroDivisionError: a b (the option -v"),
    ],
)
def test_exit_codes(here, capsys, monkeypatch, error, code, text):
    def fail(self, features):
        raise error

    monkeypatch.setattr(PatchMemoryBank, "fit", fail)
    found, out, err = run(capsys, "fit normal.npy -o b.safetensors")
    assert (found, out) == (code, "")
    assert text in err
    assert "Traceback" not in err
    if code == 1:
        assert "Traceback" in run(capsys, "fit normal.npy -o b.safetensors -v")[2]


def test_a_failure_between_maps_leaves_no_folder(here, capsys, monkeypatch):
    ok(capsys, "fit normal.npy -o bank.safetensors")
    before = sorted(here.iterdir())
    real, calls = np.save, []

    def save(*args, **options):
        calls.append(args)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*args, **options)

    monkeypatch.setattr(np, "save", save)
    line = "score bank.safetensors test.npz -o s.csv --maps maps --maps-format npy --grid 4x4 --map-size 20x30"
    assert run(capsys, line)[0] == 4
    assert len(calls) == 2
    assert sorted(here.iterdir()) == before


@pytest.mark.filterwarnings("default")
def test_warnings_are_one_line(here, capsys):
    np.save("same.npy", np.ones((5, 3)))
    code, out, err = run(capsys, "fit same.npy -o b.safetensors --size 2")
    assert code == 0
    assert out == "b.safetensors: 1 of 5 rows, 3 columns\n"
    assert re.fullmatch(r"anomalib-cpp fit: warning: coreset stopped after 1 of 2 picks.*\n", err)


def test_a_missing_extra_is_named(here, capsys, monkeypatch):
    ok(capsys, "fit normal.npy -o bank.safetensors")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    code, _, err = run(capsys, "score bank.safetensors test.npz --maps m --grid 4x4 --map-size 9x9")
    assert code == 4
    assert err == (
        "anomalib-cpp score: error: --maps-format tiff needs the package 'tifffile', which is not installed: "
        "pip install 'anomalib-cpp[cli]'\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_ctrl_c_inside_the_coreset(here, capsys, monkeypatch):
    np.save("large.npy", np.random.default_rng(0).random((60000, 64), np.float32))
    real = PatchMemoryBank.subsample

    def subsample(self, **options):
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        return real(self, **options)

    monkeypatch.setattr(PatchMemoryBank, "subsample", subsample)
    code, out, err = run(capsys, "fit large.npy -o b.safetensors --ratio 0.9 --projection none")
    assert (code, out, err) == (130, "", "anomalib-cpp fit: interrupted\n")
    assert sorted(path.name for path in here.iterdir()) == ["large.npy", "normal.npy", "test.npz"]


# info and selftest


def test_info(here, capsys):
    assert ok(capsys, "info").startswith("version: ")
    assert json.loads(ok(capsys, "info --json"))["version"] == ac.__version__
    ok(capsys, "fit normal.npy -o bank.safetensors --n-neighbors 3")
    described = json.loads(ok(capsys, "info bank.safetensors --json"))
    assert described["kind"] == "PatchMemoryBank"
    assert described["settings"]["n_neighbors"] == 3
    assert described["tensors"] == {"bank": "F32 [160, 8]"}
    assert described["images"] is None
    assert "  bank: F32 [160, 8]\n" in ok(capsys, "info bank.safetensors")


@pytest.mark.slow
def test_selftest_passes(capsys):
    before = cpu_features()["active"]
    result = json.loads(ok(capsys, "selftest --json"))
    assert result["passed"]
    assert {"baseline", before} <= set(result["levels"])
    assert cpu_features()["active"] == before


@pytest.fixture
def few_checks(monkeypatch):
    from anomalib_cpp.cli import checks

    monkeypatch.setattr(checks, "CHECKS", checks.CHECKS[-3:])


def test_selftest_finds_one_wrong_bit(capsys, monkeypatch, few_checks):
    real = ac.maps.image_scores

    def wrong(made, *, threads, **options):
        scores = real(made, threads=threads, **options)
        if threads == 3 and cpu_features()["active"] == "baseline":
            scores.view(np.int32)[1] ^= 1
        return scores

    monkeypatch.setattr(ac.maps, "image_scores", wrong)
    code, out, err = run(capsys, "selftest")
    assert (code, err) == (1, "")
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "DIFFERS" in lines["maps"]
    assert "MISMATCH" not in out
    assert "DIFFERS" not in lines["metrics"] + lines["patch_embeddings"]
    assert "FAILED" in out
    result = json.loads(run(capsys, "selftest --json")[1])
    assert [check["differing_threads"]["baseline"] for check in result["checks"]] == [[], [3], []]


def test_selftest_finds_an_error_that_all_levels_share(capsys, monkeypatch, few_checks):
    real = bank.patch_embeddings
    monkeypatch.setattr(bank, "patch_embeddings", lambda layers, *, threads: real(layers, threads=threads) * 1.001)
    code, out, _ = run(capsys, "selftest")
    assert code == 1
    assert out.count("MISMATCH") == 1
    assert "DIFFERS" not in out


def test_version_and_help(capsys):
    assert ok(capsys, "--version") == f"anomalib-cpp {ac.__version__}\n"
    listed = re.findall(r"(?m)^\| `(\w+)` \|", GUIDE.read_text().partition("## ")[0])
    assert listed == [
        *("demo", "fit", "score", "evaluate", "compare", "report", "series", "nab", "convert", "verify", "info"),
        *("selftest", "bench"),
    ]
    for command in listed:
        assert "usage: anomalib-cpp" in ok(capsys, f"{command} --help")


def test_the_command_line_loads_no_room_before_it_is_needed():
    code = (
        "import sys; from anomalib_cpp.cli import main; main(['info', '--json']); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stderr.split())
    assert not loaded & {"anomalib_cpp.bank", "anomalib_cpp.demo", "tifffile", "PIL", "matplotlib", "scipy", "tqdm"}


def test_the_guide_is_true(tmp_path, capsys, monkeypatch):
    for package in ("PIL", "matplotlib", "jinja2"):  # for its page
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```(python|console)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    ran = []
    for language, block in blocks:
        if language == "python":
            exec(block, {})
            continue
        for command in re.split(r"^\$ anomalib-cpp ", block, flags=re.MULTILINE)[1:]:
            line, _, expected = command.partition("\n")
            if "bottle" in line:  # data that is not here; test_images fits and scores a folder
                continue
            _, out, err = run(capsys, line)
            assert out + err == expected, line
            ran.append(line.split()[0])
    assert ran == [
        *("fit", "score", "score", "info", "evaluate", "evaluate", "evaluate", "report"),
        *("score", "evaluate", "compare", "compare", "series", "series", "series", "nab", "series"),
        *("convert", "convert", "verify", "fit"),
    ]
    assert len(list(Path("maps").iterdir())) == 3
