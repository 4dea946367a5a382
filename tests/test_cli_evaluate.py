"""`evaluate` and `compare`: the numbers of the Python API, and files of which none can be trusted."""

import json
import re
import shlex
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import adeval
from anomalib_cpp.cli import main
from anomalib_cpp.evaluators import PixelEvaluator
from anomalib_cpp.metrics import aupimo, aupr, aupro, bootstrap, image_report, pixel_report, pr_curve, roc_curve

Image = pytest.importorskip("PIL.Image")
PIXEL_METRICS = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "dice_max", "fpr_at_tpr", "aupro", "aupimo")
NAMES = ["good/0", "hole/0", "hole/1", "tear/0"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Four maps and their masks, as folders and as stacks; the first image is normal."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    masks = np.zeros((4, 48, 40), bool)
    masks[1, 5:20, 5:12] = masks[2, 30:40, 20:39] = masks[3, 2:4, 2:4] = True
    maps = (np.round(random.normal(size=masks.shape), 2) + 0.8 * masks).astype(np.float32)
    for name, values, mask in zip(NAMES, maps, masks, strict=True):
        for path in (Path("maps", name), Path("masks", name)):
            path.parent.mkdir(parents=True, exist_ok=True)
        np.save(f"maps/{name}.npy", values)
        Image.fromarray(mask.astype(np.uint8) * 255).save(f"masks/{name}.png")
    np.save("maps.npy", maps)
    np.savez_compressed("masks.npz", masks=masks, more=masks[:1])
    return tmp_path


def stacks():
    return np.load("maps.npy"), np.load("masks.npz")["masks"]


def run(capsys, line):
    code = main(shlex.split(line))
    out, err = capsys.readouterr()
    return code, out, err


def ok(capsys, line):
    code, out, err = run(capsys, line)
    assert (code, err) == (0, ""), err
    return out


def values(path):
    return {name: entry["value"] for name, entry in json.loads(Path(path).read_text())["metrics"].items()}


def expected(maps, masks, scores=None, labels=None, *, image=(), **options):
    labels = masks.any(axis=(1, 2)) if labels is None else labels
    images = image_report(maps.max(axis=(1, 2)) if scores is None else scores, labels, **dict(image))
    pixels = pixel_report(maps, masks, **options)
    return {f"image_{k}": v for k, v in images.items()} | {f"pixel_{k}": v for k, v in pixels.items()}


def overlap_of_images(maps, masks):
    """Mean share of the regions of every image, from regions scored one by one."""
    parts = aupro(maps, masks, per_region=True)
    of_image = [parts.region_scores[parts.region_images == i] for i in range(len(maps))]
    return [float(scores.mean()) if len(scores) else float("nan") for scores in of_image]


def test_folders_give_the_numbers_of_the_python_api(here, capsys):
    out = ok(capsys, "evaluate maps masks --json a.json --per-image each.csv --save-state state.safetensors")
    maps, masks = stacks()
    wanted = expected(maps, masks)
    assert values("a.json") == wanted
    rows = [line.split() for line in out.splitlines()]
    assert rows[:-1] == [["metric", "value"], *([name, f"{value:.6g}"] for name, value in wanted.items())]
    assert out.endswith(f"4 images, 3 of them anomalous; 7680 pixels, {masks.sum()} of them anomalous\n")

    scores, overlaps = maps.max(axis=(1, 2)).tolist(), overlap_of_images(maps, masks)
    rows = [
        [name, str(int(name[0] != "g")), repr(score), "" if np.isnan(overlap) else repr(overlap)]
        for name, score, overlap in zip(NAMES, scores, overlaps, strict=True)
    ]
    lines = [line.split(",") for line in Path("each.csv").read_text().splitlines()]
    assert lines == [["name", "label", "score", "aupro"], *rows]
    listed = json.loads(Path("a.json").read_text())["per_image"]
    assert [entry["score"] for entry in listed] == scores
    assert [entry["aupro"] for entry in listed[1:]] == overlaps[1:]
    assert listed[0] == {"name": "good/0", "label": 0, "score": scores[0], "aupro": "NaN"}
    pixels = {f"pixel_{name}": value for name, value in PixelEvaluator.load("state.safetensors").compute().items()}
    assert pixels == {name: value for name, value in wanted.items() if name.startswith("pixel")}


@pytest.mark.parametrize("more", ["", "--threads 1", "--threads 3", "--memory-budget 10KB --spill-dir ."])
def test_equal_inputs_give_equal_bytes(here, capsys, more):
    ok(capsys, "evaluate maps masks --json a.json")
    assert ok(capsys, f"evaluate maps masks --json b.json -q {more}") == ""
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()
    assert sorted(path.name for path in here.iterdir()) == [
        "a.json",
        "b.json",
        "maps",
        "maps.npy",
        "masks",
        "masks.npz",
    ]


def test_all_options_reach_the_metrics(here, capsys):
    maps, masks = stacks()
    ok(
        capsys,
        "evaluate maps.npy masks.npz --json a.json --metrics all --image-metrics aupr,fpr_at_tpr --image-score mean "
        "--integration-limit 0.05 --fpr-bounds 1e-3,1e-1 --connectivity 4",
    )
    names = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "dice_max", "fpr_at_tpr", "aupro", "aupimo")
    wanted = expected(
        maps,
        masks,
        [image.mean(dtype=np.float64) for image in maps],
        image={"metrics": ("aupr", "fpr_at_tpr")},
        metrics=names,
        integration_limit=0.05,
        fpr_bounds=(1e-3, 1e-1),
        connectivity=4,
    )
    assert values("a.json") == wanted
    ok(capsys, "evaluate maps.npy masks.npz --json b.json --image-score none --metrics auroc")
    assert values("b.json") == {"pixel_auroc": wanted["pixel_auroc"]}


def test_every_format_holds_the_same(here, capsys):
    tifffile = pytest.importorskip("tifffile")
    save_file = pytest.importorskip("safetensors.numpy").save_file
    maps, masks = stacks()
    counts = np.round(maps * 100 + 1000).astype(np.uint16)
    writers = {
        "npy": lambda path, image: np.save(path, image[None]),
        "npz": lambda path, image: np.savez(path, only=image),
        "png": lambda path, image: Image.fromarray(image).save(path),
        "tiff": lambda path, image: tifffile.imwrite(path, image),
    }
    for i, (kind, write) in enumerate(writers.items()):
        for folder in ("mixed", "truth"):
            Path(folder).mkdir(exist_ok=True)
        write(f"mixed/{i}.{kind}", counts[i])
        write(f"truth/{i}_mask.{kind}", masks[i].astype(np.uint8))  # 0 and 1 in pictures too
    save_file({"maps": counts[:, None], "names": np.arange(4)}, "stack.safetensors")
    ac.io.save("own.safetensors", {"masks": masks}, kind="Masks")
    ok(capsys, "evaluate mixed truth --json a.json")
    assert values("a.json") == expected(counts, masks)
    ok(capsys, "evaluate stack.safetensors own.safetensors --json b.json")
    assert values("b.json") == values("a.json")


def test_what_is_anomalous_in_a_picture(here, capsys):
    maps, _ = stacks()
    labels = np.random.default_rng(1).integers(0, 256, maps[0].shape).astype(np.uint8)
    Path("one").mkdir()
    Path("truth").mkdir()
    np.save("one/a.npy", maps[0])
    np.save("one/b.npy", maps[1])
    Image.fromarray(labels).save("truth/a.bmp")
    Image.fromarray(np.stack([labels // 4] * 3, axis=2)).save("truth/b.png")
    for more, masks in (
        ("", [labels > 127, labels // 4 > 0]),
        ("--mask-threshold 20", [labels > 20, labels // 4 > 20]),
    ):
        ok(capsys, f"evaluate one truth --json a.json --image-score none --metrics f1_max {more}")
        wanted = pixel_report(maps[:2], np.array(masks), metrics=["f1_max"])
        assert values("a.json") == {f"pixel_{name}": value for name, value in wanted.items()}


def test_a_map_without_a_mask(here, capsys):
    ok(capsys, "evaluate maps masks --json a.json")
    Path("masks/good/0.png").unlink()
    code, out, err = run(capsys, "evaluate maps masks --json b.json")
    assert (code, out) == (3, "")
    path = str(Path("maps/good/0.npy"))
    assert err.startswith(f"anomalib-cpp evaluate: error: the map {path!r} has no mask 'good/0' in 'masks'")
    ok(capsys, "evaluate maps masks --json b.json --missing-mask=normal")
    assert values("a.json") == values("b.json")


@pytest.mark.filterwarnings("default")
def test_a_mask_without_a_map(here, capsys):
    Path("maps/tear/0.npy").unlink()
    code, _, err = run(capsys, "evaluate maps masks --json a.json")
    path = str(Path("masks/tear/0.png"))
    assert (code, err) == (0, f"anomalib-cpp evaluate: warning: 1 masks have no map, the first is {path!r}\n")
    assert run(capsys, "evaluate maps masks --strict")[0] == 3


def test_nan(here, capsys):
    maps, masks = stacks()
    maps[1, 3, 7] = np.nan
    maps[2] = np.nan
    np.save("maps/hole/0.npy", maps[1])
    code, _, err = run(capsys, "evaluate maps masks --json a.json")
    assert code == 3
    assert f"{str(Path('maps/hole/0.npy'))!r}" in err
    assert "contains 1 NaN, first at index (3, 7)" in err
    np.save("maps/hole/1.npy", maps[2])
    ok(capsys, "evaluate maps masks --json a.json --nan-policy omit --metrics auroc,aupro")
    scores = [maps[0].max(), np.nanmax(maps[1]), np.nan, maps[3].max()]
    omit = {"nan_policy": "omit"}
    assert values("a.json") == expected(maps, masks, scores, image=omit, metrics=("auroc", "aupro"), **omit)
    ok(capsys, "evaluate maps masks --json a.json --nan-policy propagate")
    assert set(values("a.json").values()) == {"NaN"}
    assert json.loads(Path("a.json").read_text())["metrics"]["pixel_auroc"]["undefined"] is True


# Where scores, names, sizes and parts come from


def test_scores_of_a_file(here, capsys):
    maps, masks = stacks()
    rows = zip(["", "1", "", "0"], NAMES, [0.0, 1.0, 2.0, 3.0], strict=True)
    lines = ["label,name,score,more", *(f"{label},{name}.png,{score},x" for label, name, score in rows)]
    Path("scores.csv").write_text("\n".join(lines))
    code, _, err = run(capsys, "evaluate maps masks --scores scores.csv")
    assert code == 1  # in tests, a warning is an error
    assert "1 labels of --scores differ from what the masks say; they count" in err
    Path("scores.csv").write_text("\n".join(lines).replace("0,tear", "1,tear"))
    ok(capsys, "evaluate maps masks --scores scores.csv --json a.json --per-image each.csv")
    assert values("a.json") == expected(maps, masks, [0.0, 1.0, 2.0, 3.0])
    assert json.loads(Path("a.json").read_text())["settings"]["image_score"] == "file"
    ok(capsys, "evaluate maps masks --scores each.csv --json b.json")  # what it writes it reads
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()


def test_a_stack_with_names_and_scores(here, capsys):
    maps, masks = stacks()
    scores = np.array([[4.0], [1.0], [2.0], [3.0]])
    np.savez("named.npz", maps=maps, names=np.array(NAMES), scores=scores)
    for truth in ("masks", "masks.npz"):  # by name; by order, for that stack has none
        ok(capsys, f"evaluate named.npz {truth} --json a.json --per-image each.csv")
        assert values("a.json") == expected(maps, masks, scores)
        assert [line.split(",")[0] for line in Path("each.csv").read_text().splitlines()[1:]] == NAMES
    ok(capsys, "evaluate named.npz masks --json b.json --image-score max")
    assert values("b.json") == expected(maps, masks)


def test_resizing(here, capsys):
    maps, masks = stacks()
    small = maps[:, ::2, ::2].copy()
    np.save("small.npy", small)
    scores = small.max(axis=(1, 2))
    code, _, err = run(capsys, "evaluate small.npy masks.npz")
    assert code == 1
    assert "4 maps were resized to their masks, the first is 'small.npy', image 0; --resize says how" in err
    ok(capsys, "evaluate small.npy masks.npz --json a.json --resize maps")
    assert values("a.json") == expected(ac.maps.resize(small, (48, 40)), masks, scores)
    ok(capsys, "evaluate small.npy masks.npz --json a.json --resize 30x20")
    at = np.ix_(range(4), np.arange(30) * 48 // 30, np.arange(20) * 40 // 20)
    assert values("a.json") == expected(ac.maps.resize(small, (30, 20)), masks[at], scores)
    assert json.loads(Path("a.json").read_text())["settings"]["resize"] == [30, 20]
    np.save("counts.npy", np.arange(4 * 6 * 5, dtype=np.uint16).reshape(4, 6, 5))
    ok(capsys, "evaluate counts.npy masks.npz --json a.json --resize maps --image-score none")
    wanted = pixel_report(ac.maps.resize(np.load("counts.npy").astype(float), (48, 40)), masks)
    assert values("a.json") == {f"pixel_{name}": value for name, value in wanted.items()}


def test_parts_of_several_images(here, capsys):
    maps, masks = stacks()
    maps, masks = np.concatenate([maps, maps[:1]]), np.concatenate([masks, masks[:1]])
    np.savez("views.npz", maps=maps, names=np.array(["a_C1_", "b_C1_", "b_C2_", "c_C1_", "a_C2_"]))
    np.save("truth.npy", masks)
    scores, labels = maps.max(axis=(1, 2)), masks.any(axis=(1, 2))
    for more, reduce in (("", "max"), ("--group-reduce mean", "mean")):
        ok(capsys, f"evaluate views.npz truth.npy --json a.json --group-by '(.*)_C[0-9]_' {more}")
        wanted = image_report(scores, labels, groups=list("abbca"), group_reduce=reduce)
        found = values("a.json")
        for name, value in wanted.items():
            assert found[name if name.startswith("sample_") else f"image_{name}"] == value
    code, _, err = run(capsys, "evaluate views.npz truth.npy --group-by '(.*)_C[0-9]_' --expected-views 2")
    assert (code, err) == (
        3,
        "anomalib-cpp evaluate: error: the part 'c' has 1 images; --expected-views asks for 2\n",
    )


# How it is measured


def test_bins_say_where_the_exact_values_lie(here, capsys):
    maps, masks = stacks()
    line = "evaluate maps masks --mode binned --bins 64 --metrics all --fpr-bounds 1e-2,1e-1"
    ok(capsys, f"{line} --json a.json --curves a.csv --save-state a.safetensors")
    found = json.loads(Path("a.json").read_text())
    exact = expected(maps, masks, metrics=PIXEL_METRICS, fpr_bounds=(1e-2, 1e-1))
    measured = {name: entry for name, entry in found["metrics"].items() if name.startswith("pixel_")}
    assert {*measured} == {f"pixel_{name}" for name in PIXEL_METRICS}
    for name, entry in measured.items():
        assert entry["low"] <= exact[name] <= entry["high"], name
        assert 0 < entry["high"] - entry["low"] < 0.3
        assert entry["interval"] == "certified"
    assert found["metrics"]["image_auroc"] == {"value": exact["image_auroc"], "undefined": False}
    assert found["settings"]["bins"] == 64

    low, high = maps.min(), maps.max()
    reference = PixelEvaluator(
        PIXEL_METRICS, mode="binned", n_bins=64, score_range=(low, high), fpr_bounds=(1e-2, 1e-1)
    )
    reference.update(maps, masks)
    for one in (reference, PixelEvaluator.load("a.safetensors")):
        assert {f"pixel_{name}": [value.value, value.low, value.high] for name, value in one.compute().items()} == {
            name: [entry[key] for key in ("value", "low", "high")] for name, entry in measured.items()
        }
    ok(capsys, f"{line} --json b.json --score-range={low},{high} -q")
    assert values("b.json") == values("a.json")
    curves = read_curves("a.csv")
    fpr, tpr, thresholds = curves["pixel_roc"]
    assert [(maps >= t)[~masks].mean() for t in thresholds[1:-1]] == fpr[1:-1].tolist()
    assert [(maps >= t)[masks].mean() for t in thresholds[1:-1]] == tpr[1:-1].tolist()
    assert np.trapezoid(curves["pixel_pro"][1], curves["pixel_pro"][0]) > 0.5


def read_curves(path):
    rows = [line.split(",") for line in Path(path).read_text().splitlines()[1:]]
    names = dict.fromkeys(row[0] for row in rows)
    return {name: np.array([row[1:] for row in rows if row[0] == name], float).T for name in names}


def test_definitions_of_others(here, capsys):
    maps, masks = stacks()
    scores, labels = maps.max(axis=(1, 2)), masks.any(axis=(1, 2))
    line = "evaluate maps masks --metrics auroc,aupr,aupro --image-metrics auroc,aupr,f1_max --json a.json"
    of_pixels = dict(zip(("auroc", "aupr", "aupro"), adeval.auroc_aupr_aupro(maps, masks), strict=True))
    wanted = {
        "anomalib": {
            "image_aupr": aupr(scores, labels, variant="anomalib"),
            "pixel_aupr": aupr(maps, masks, variant="anomalib"),
            "pixel_aupro": aupro(maps, masks, variant="anomalib"),
        },
        "adeval": {
            "image_auroc": adeval.auroc(scores, labels),
            "image_aupr": adeval.auroc_and_aupr(scores, labels)[1],
            **{f"pixel_{name}": value for name, value in of_pixels.items()},
        },
        "compute_pro": {"pixel_aupro": aupro(maps, masks, variant="compute_pro")},
    }
    ok(capsys, line)
    native = values("a.json")
    for variant, others in wanted.items():
        out = ok(capsys, f"{line} --variant {variant}")
        assert values("a.json") == {**native, **others}
        entries = json.loads(Path("a.json").read_text())["metrics"]
        assert {name for name, entry in entries.items() if entry.get("variant") == variant} == others.keys()
        assert out.splitlines()[0].split() == ["metric", "value", "definition"]


@pytest.mark.filterwarnings("ignore:.*resamples, which lack a class")
def test_intervals_of_resamples(here, capsys):
    maps, masks = stacks()
    ok(capsys, "evaluate maps masks --json a.json --bootstrap 200 --threads 1")
    entries = json.loads(Path("a.json").read_text())["metrics"]
    images = bootstrap(["auroc"], maps.max(axis=(1, 2)), masks.any(axis=(1, 2)), n_resamples=200)
    pixels = bootstrap(["auroc", "aupro"], list(maps), list(masks), n_resamples=200)
    for name, wanted in (
        ("image_auroc", images["auroc"]),
        ("pixel_auroc", pixels["auroc"]),
        ("pixel_aupro", pixels["aupro"]),
    ):
        assert (entries[name]["low"], entries[name]["high"]) == (wanted.low, wanted.high)
        assert entries[name]["interval"] == "bootstrap"
    ok(capsys, "evaluate maps masks --json b.json --bootstrap 200 --threads 3")
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()


def test_overlaps_of_images(here, capsys):
    maps, masks = stacks()
    ok(capsys, "evaluate maps masks --json a.json --metrics aupimo --fpr-bounds 1e-3,1e-1")
    wanted = aupimo(maps, masks, fpr_bounds=(1e-3, 1e-1)).scores
    listed = json.loads(Path("a.json").read_text())["per_image"]
    assert [float(entry["aupimo"]) for entry in listed[1:]] == wanted[1:].tolist()
    assert listed[0]["aupimo"] == "NaN"
    assert "aupro" not in listed[0]


# What is written


def test_formats(here, capsys):
    ok(capsys, "evaluate maps masks --json a.json -q")
    assert ok(capsys, "evaluate maps masks --format json") == Path("a.json").read_text()
    for suffix in ("json", "csv", "md", "txt"):
        assert ok(capsys, f"evaluate maps masks --output result.{suffix} --threads 1") == ""
    assert Path("result.json").read_bytes() == Path("a.json").read_bytes()
    lines = Path("result.csv").read_text().splitlines()
    assert lines[0] == "metric,value,low,high,interval,variant"
    assert {line.split(",")[0]: float(line.split(",")[1]) for line in lines[1:]} == values("a.json")
    assert Path("result.md").read_text().startswith("| metric | value |\n| --- | ---: |\n| image_auroc | 1 |\n")
    assert Path("result.txt").read_text() == ok(capsys, "evaluate maps masks")


def test_curves(here, capsys):
    maps, masks = stacks()
    ok(capsys, "evaluate maps masks --curves curves.csv --image-metrics auroc")
    ok(capsys, "evaluate maps masks --curves curves.json --image-metrics auroc")
    found = read_curves("curves.csv")
    assert list(found) == ["image_roc", "image_pr", "pixel_roc", "pixel_pr", "pixel_pro"]
    for name, entry in json.loads(Path("curves.json").read_text())["curves"].items():
        columns = [[float(value) for value in entry[key]] for key in ("x", "y", "thresholds")]
        np.testing.assert_array_equal(columns, found[name])
    roc = roc_curve(maps, masks, drop_collinear=True)
    np.testing.assert_array_equal(found["pixel_roc"], [roc.x, roc.y, roc.thresholds])
    pr = pr_curve(maps.max(axis=(1, 2)), masks.any(axis=(1, 2)))
    np.testing.assert_array_equal(found["image_pr"], [pr.x, pr.y, pr.thresholds])


def test_the_time_is_told_only_when_asked_for(here, capsys):
    ok(capsys, "evaluate maps masks --json a.json")
    ok(capsys, "evaluate maps masks --json b.json --timestamp")
    a, b = (json.loads(Path(name).read_text()) for name in ("a.json", "b.json"))
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", b.pop("timestamp"))
    assert a == b


BAD = [
    ("maps masks --scores none.csv", 3, "'none.csv': No such file"),
    (
        "maps masks --scores head.csv",
        3,
        "'head.csv': its first line must name the columns name, score and perhaps",
    ),
    ("maps masks --scores word.csv", 3, "'word.csv': line 2 has no number as score: 'high'"),
    ("maps masks --scores label.csv", 3, "'label.csv': line 2 has a label that is not 0 or 1: '2'"),
    ("maps masks --scores wide.csv", 3, "'wide.csv': line 2 has 3 columns, not 2"),
    ("maps masks --scores twice.csv", 3, "'twice.csv' has two scores of 'good/0'"),
    ("maps masks --scores few.csv", 3, "'few.csv' lacks the scores of 3 maps, such as 'hole/0'"),
    ("maps masks --scores many.csv --strict", 3, "'many.csv' has scores of 1 images without a map, such as 'more'"),
    ("maps masks --scores few.csv --image-score max", 2, "--scores and --image-score both say"),
    ("names.npz masks.npz", 3, "'names.npz': it names 4 images, 1 of them differently, but holds 4"),
    ("scores.npz masks.npz", 3, "'scores.npz': scores must be 4 numbers, one an image; got float64 (3,)"),
    ("maps masks --group-by '(.*)/(.*)'", 2, "--group-by must have exactly one group in parentheses"),
    ("maps masks --group-by '('", 2, "--group-by is not a regular expression"),
    ("maps masks --group-by 'h(o)le'", 3, "--group-by finds no group in the name 'good/0'"),
    (
        "maps masks --group-by '(.*)/' --expected-views 2",
        3,
        "the part 'good' has 1 images; --expected-views asks",
    ),
    ("maps masks --group-reduce max", 2, "--group-reduce needs --group-by"),
    ("maps masks --expected-views 2", 2, "--expected-views needs --group-by"),
    ("maps masks --bins 5", 2, "--bins needs --mode binned"),
    ("maps masks --mode binned --bins 1", 3, "n_bins must be an integer >= 2"),
    ("maps masks --mode binned --metrics aupimo", 3, "fpr_bounds must be reachable; got 1e-05 as lower bound"),
    ("maps masks --mode binned --memory-budget 1GiB", 2, "--memory-budget is for --mode exact"),
    ("maps masks --mode binned --spill-dir .", 2, "--spill-dir is for --mode exact: bins do not keep the scores"),
    ("maps masks --mode binned --nan-policy omit", 2, "--mode binned refuses NaN"),
    ("maps masks --mode binned --score-range 2,1", 3, "score_range must be finite and ascend"),
    ("maps masks --mode binned --variant adeval", 2, "--variant is for --mode exact"),
    (
        "maps masks --variant quantile --metrics auroc",
        2,
        "--variant quantile is about aupro, none of which",
    ),
    (
        "maps masks --bootstrap 9 --metrics aupimo --image-metrics aupr",
        2,
        "--bootstrap is for auroc, average_precision",
    ),
    ("maps masks --quiet --format csv", 2, "--format with --quiet needs --output"),
    ("maps masks --resize 3", 2, "must be HEIGHTxWIDTH"),
    ("maps masks --max-pixels 100", 3, "0.npy' holds 1920 pixels; --max-pixels allows 100"),
    ("maps.npy masks --max-pixels 100", 3, "an image of 'maps.npy' holds 1920 pixels; --max-pixels allows 100"),
    ("maps masks --curves a.txt", 2, "--curves must end in .json or .csv"),
    ("maps masks -o a.doc", 2, "--output 'a.doc' has no suffix of .txt"),
    ("maps masks --images masks", 2, "--images is for --format html"),
    ("maps masks --bootstrap 10 --nan-policy propagate", 3, "nan_policy must be one of 'raise', 'omit' for resamples"),
    ("maps none", 3, "'none': No such file or directory"),
    ("empty masks", 3, "'empty' holds no maps (.npy, .npz, .png, .tif, .tiff)"),
    ("state.pkl masks", 3, "can execute code"),
    ("text.txt masks", 3, "'text.txt' is neither a folder of maps nor a .npy, .npz, .safetensors file"),
    ("maps.npy short.npy", 3, "'maps.npy' holds 4 maps but 'short.npy' 3 masks"),
    (
        "maps masks.npz",
        3,
        "no map of 'maps' has a mask in 'masks.npz': the names differ, such as 'good/0' and '000000'",
    ),
    ("flat.npy masks.npz", 3, "'flat.npy': a stack of maps has shape (images, height, width)"),
    ("many.npz masks.npz", 3, "'many.npz': the file holds 'a', 'b'; one of them has to be called 'maps'"),
    ("broken/wide truth --resize none", 3, "0.npy' is 48 x 41 pixels (height x width) but its mask 'truth"),
    ("broken/twice truth", 3, "are both maps of '0'; keep one of them"),
    ("broken/stack truth", 3, "0.npy': a map has shape (height, width); got (2, 48, 40)"),
    ("broken/bool truth", 3, "0.npy': a map holds floating-point numbers or integers; got bool"),
    ("broken/colour truth", 3, "0.png' is a picture of mode RGB; a map has one number a pixel"),
    ("broken/text truth", 3, "0.png': it is not an image"),
    ("broken/cut truth", 3, "cannot read"),
    ("broken/cut.tif truth", 3, "cannot read"),
    ("broken/bomb truth", 3, "0.tif' would inflate to"),
    ("broken/cut.npy truth", 3, "0.npy': truncated: float32 of shape (48, 40)"),
    ("maps.npy three.npy", 3, "'maps.npy', image 1 and 'three.npy', image 1: masks must be 0 or 1"),
    ("maps masks --metrics auroc,best", 3, "--metrics: metrics must be one of 'auroc'"),
    ("maps masks --image-metrics aupro", 3, "--image-metrics: metrics must be one of 'auroc'"),
    ("maps masks --integration-limit 2", 3, "integration_limit must lie in (0, 1]"),
    ("maps masks --fpr-bounds 1,0", 3, "fpr_bounds must"),
    ("maps masks --fpr-bounds 1", 2, "must be LOW,HIGH"),
    ("maps masks --spill-dir none", 3, "--spill-dir 'none' is not a folder"),
    ("maps masks --json none/a.json", 3, "--json 'none/a.json': the folder 'none' does not exist"),
    ("maps masks --json a --per-image a", 2, "--json and --per-image name the same file 'a'"),
    ("maps masks --save-state a.bin", 2, "--save-state must end in .safetensors; got 'a.bin'"),
    ("maps masks --image-score none --per-image a.csv", 2, "--per-image needs --image-score max or mean"),
]


@pytest.fixture
def bad_files(here):
    tifffile = pytest.importorskip("tifffile")
    maps, masks = stacks()
    for name in ("empty", "truth"):
        Path(name).mkdir()
    Image.fromarray(masks[0]).save("truth/0.png")
    for name in ("state.pkl", "text.txt"):
        Path(name).write_text("nothing")
    np.save("short.npy", masks[:3])
    np.save("three.npy", masks * 3)
    np.save("flat.npy", np.zeros(3))
    np.savez("many.npz", a=maps, b=maps)
    good = "good/0,1"
    for name, text in (
        ("head", "names,scores"),
        ("word", "name,score\ngood/0,high"),
        ("label", "name,score,label\ngood/0,1,2"),
        ("wide", "name,score\ngood/0,1,2"),
        ("twice", f"name,score\n{good}\n{good}"),
        ("few", f"name,score\n{good}"),
        ("many", "name,score\n" + "".join(f"{n},1\n" for n in [*NAMES, "more"])),
    ):
        Path(f"{name}.csv").write_text(text)
    np.savez("names.npz", maps=maps, names=np.array(["a"] * 4))
    np.savez("scores.npz", maps=maps, scores=np.zeros(3))
    for name in ("wide", "twice", "stack", "bool", "colour", "text", "cut", "cut.tif", "cut.npy", "bomb"):
        Path("broken", name).mkdir(parents=True)
    np.save("broken/wide/0.npy", np.zeros((48, 41)))
    np.save("broken/twice/0.npy", maps[0])
    np.savez("broken/twice/0.npz", maps[0])
    np.save("broken/stack/0.npy", maps[:2])
    np.save("broken/bool/0.npy", masks[0])
    Image.fromarray(np.zeros((48, 40, 3), np.uint8)).save("broken/colour/0.png")
    Path("broken/text/0.png").write_text("nothing")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 40)).astype(np.uint8)).save("broken/cut/0.png")
    tifffile.imwrite("broken/cut.tif/0.tif", maps[0])
    np.save("broken/cut.npy/0.npy", maps[0])
    for path in ("broken/cut/0.png", "broken/cut.tif/0.tif", "broken/cut.npy/0.npy"):
        Path(path).write_bytes(Path(path).read_bytes()[:-500])
    entries = [(256, 4, 1 << 20), (257, 4, 1 << 20), (258, 3, 8), (262, 3, 1), (273, 4, 8), (278, 4, 1 << 20)]
    packed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in [*entries, (279, 4, 8)])
    Path("broken/bomb/0.tif").write_bytes(struct.pack("<2sHIH", b"II", 42, 8, 7) + packed + bytes(4))


@pytest.mark.parametrize(("line", "code", "text"), BAD)
def test_bad_input_is_one_line_and_leaves_nothing(bad_files, capsys, line, code, text):
    before = sorted(Path().rglob("*"))
    outputs = "" if any(option in line for option in ("--json", "--per-image")) else " --json a.json --per-image a.csv"
    found, out, err = run(capsys, f"evaluate {line}{outputs}")
    assert (found, out) == (code, ""), err
    assert text in err
    last = err.splitlines()[-1]
    assert re.match("anomalib-cpp evaluate: error: ", last)
    assert code == 2 or err == last + "\n"
    assert sorted(Path().rglob("*")) == before


def test_a_missing_package_is_named(here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    code, _, err = run(capsys, "evaluate maps masks")
    assert code == 4
    assert err.endswith("which is not installed: pip install 'anomalib-cpp[cli]'\n")
    ok(capsys, "evaluate maps.npy masks.npz")


# compare


@pytest.mark.filterwarnings("default")
def test_compare(here, capsys):
    ok(capsys, "evaluate maps.npy masks.npz --json a.json --metrics auroc,aupro")
    maps, masks = stacks()
    np.save("better.npy", maps + masks)
    ok(capsys, "evaluate better.npy masks.npz --json b.json --metrics auroc --image-score none")
    one, two = values("a.json"), values("b.json")
    code, out, err = run(capsys, "compare a.json b.json --json c.json")
    assert (code, err) == (0, "anomalib-cpp compare: warning: the results have different settings: 'image_score'\n")
    found = json.loads(Path("c.json").read_text())["metrics"]
    gap = two["pixel_auroc"] - one["pixel_auroc"]
    assert found["pixel_auroc"] == {"a": one["pixel_auroc"], "b": two["pixel_auroc"], "difference": gap}
    assert found["pixel_aupro"] == {"a": one["pixel_aupro"], "b": None, "difference": None}
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert lines["metric"] == ["A", "B", "difference"]
    assert lines["pixel_auroc"] == [f"{one['pixel_auroc']:.6g}", f"{two['pixel_auroc']:.6g}", f"{gap:+.6g}"]
    assert lines["pixel_aupro"] == [f"{one['pixel_aupro']:.6g}", "-", "-"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "'b.json': No such file or directory"),
        ("nothing", "'b.json': "),
        ("[" * 100000, "'b.json': "),
        ("[1]", "'b.json': not a result of evaluate: it has no metrics"),
        ('{"schema": 1, "scores": []}', "'b.json': not a result of evaluate: it has no metrics"),
        ('{"schema": 2, "metrics": {"x": {"value": 1}}}', "'b.json': not a result of schema 1"),
        ('{"schema": 1, "metrics": {"x": {"value": 1}}}', "'b.json': not a result of evaluate: it lacks inputs"),
        (
            '{"schema": 1, "inputs": {}, "settings": {}, "metrics": {"x": {"value": true}}}',
            "'b.json': not a result of evaluate: the metric 'x' has no number",
        ),
        ("é", "'b.json': not a result of evaluate: it is not ASCII"),
    ],
)
def test_what_is_no_result(here, capsys, content, text):
    ok(capsys, "evaluate maps.npy masks.npz --json a.json --metrics auroc")
    if content is not None:
        Path("b.json").write_text(content, encoding="utf-8")
    code, out, err = run(capsys, "compare a.json b.json --json c.json")
    assert (code, out) == (3, "")
    assert err.startswith(f"anomalib-cpp compare: error: {text}")
    assert err.count("\n") == 1
    assert not Path("c.json").exists()
