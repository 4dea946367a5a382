"""Pages of results, one and two side by side: everything in one file, and no more than the results say."""

import html
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from anomalib_cpp.cli import main
from anomalib_cpp.evaluators import PixelEvaluator
from anomalib_cpp.metrics import bootstrap
from test_report import Reader

Image = pytest.importorskip("PIL.Image")
for package in ("matplotlib", "jinja2"):
    pytest.importorskip(package)

NAMES = [f"good/{i}" for i in range(4)] + [f"hole/{i}" for i in range(4)]


def make_data(folder):
    """Eight maps of two detectors with masks and images; half of the images have a defect."""
    random = np.random.default_rng(0)
    masks = np.zeros((8, 32, 24), bool)
    for i in range(4, 8):
        masks[i, 3 * i - 8 : 3 * i, 2:12] = True
    noise = random.normal(size=masks.shape)
    for detector, strength in (("a", 1.5), ("b", 1.0)):
        np.savez(folder / f"{detector}.npz", maps=(noise + strength * masks).astype(np.float32), names=np.array(NAMES))
    np.save(folder / "masks.npy", masks)
    for name in NAMES:
        path = Path(folder, "images", f"{name}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (64, 48), dtype=np.uint8)).save(path)


@pytest.fixture
def here(tmp_path, monkeypatch):
    make_data(tmp_path)
    monkeypatch.chdir(tmp_path)


def run(capsys, line):
    code = main(shlex.split(line))
    out, err = capsys.readouterr()
    return code, out, err


def ok(capsys, line):
    code, out, err = run(capsys, line)
    assert (code, err) == (0, ""), err
    return out


def read(path):
    page = Path(path).read_text("utf-8")
    reader = Reader(page)
    assert reader.addresses
    assert all(address.startswith("data:image/") for address in reader.addresses)
    assert not {"script", "link", "iframe", "object", "form"} & set(reader.tags)
    assert not re.search(r"url\(|@import|https?:", page)
    return reader


def metrics_of(path):
    return json.loads(Path(path).read_text())["metrics"]


def words(path):
    """Text of a page, the parts of its tables apart."""
    body = Path(path).read_text("utf-8").partition("</style>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_a_page_of_an_evaluation(here, capsys):
    line = "evaluate a.npz masks.npy --json a.json"
    assert ok(capsys, f"{line} -o page.html") == ""
    reader = read("page.html")
    for name, entry in metrics_of("a.json").items():
        assert f"{name} {entry['value']:.4f}" in words("page.html")
    assert reader.tags.count("img") == 1 + 4  # metrics; ROC, precision and recall, PRO, scores
    assert all(name in reader.text for name in NAMES)
    assert "8 images, 4 of them anomalous; 6144 pixels" in words("page.html")
    assert "integration_limit 0.3" in words("page.html")
    assert "compiler" in reader.text
    assert ok(capsys, "evaluate a.npz masks.npy --format html") == Path("page.html").read_text("utf-8")
    ok(capsys, f"{line} -o images.html --images images")
    assert read("images.html").tags.count("img") == 1 + 4 + 3 * 8


def test_the_worst_come_first(here, capsys):
    rows = zip(NAMES, [1, 2, 9, 3, 4, 5, 6, 0.5], strict=True)
    Path("scores.csv").write_text("name,score\n" + "\n".join(f"{name},{score}" for name, score in rows))
    ok(capsys, "evaluate a.npz masks.npy --scores scores.csv -o page.html --images images")
    text = words("page.html")
    rows = re.findall(r"((?:good|hole)/\d) (normal|anomalous) ([\d.]+) (?:[\d.]+ )?(right|missed|false alarm)", text)
    assert rows[:3] == [
        ("good/2", "normal", "9", "false alarm"),
        ("hole/3", "anomalous", "0.5", "missed"),
        ("hole/0", "anomalous", "4", "right"),
    ]
    assert len(rows) == 8
    assert text.index("good/2 normal, score 9") < text.index("hole/3 anomalous, score 0.5")


def test_intervals_stand_on_the_page(here, capsys):
    ok(capsys, "evaluate a.npz masks.npy --mode binned --bins 32 --json a.json -o page.html")
    text = words("page.html")
    found = metrics_of("a.json")["pixel_aupro"]
    assert f"pixel_aupro {found['value']:.4f} {found['low']:.4f} to {found['high']:.4f}" in text
    assert "the exact value lies in the interval" in text


def test_reports_of_saved_results(here, capsys):
    ok(capsys, "evaluate a.npz masks.npy --json a.json --curves c.json --save-state s.safetensors -o direct.html")
    assert ok(capsys, "report a.json --curves c.json -o page.html") == "report: page.html\n"
    page, direct = read("page.html"), read("direct.html")
    assert sorted(page.addresses[1:]) == sorted(direct.addresses[1:])  # the same figures; metrics are in another order
    ok(capsys, "report a.json -o short.html")
    assert read("short.html").tags.count("img") == 1 + 3  # without the curves of pixels
    ok(capsys, "report a.json -o images.html --images images --maps a.npz --masks masks.npy")
    assert read("images.html").tags.count("img") == 1 + 3 + 3 * 8
    ok(capsys, "report s.safetensors -o state.html")
    assert f"pixel_aupro {metrics_of('a.json')['pixel_aupro']['value']:.4f}" in words("state.html")
    pro = direct.addresses[3]
    assert pro in read("state.html").addresses


def test_a_state_that_counts_in_bins_has_metrics_and_curves(here, capsys):
    for name in "ab":
        line = f"evaluate {name}.npz masks.npy --mode binned --bins 32 -q --json {name}.json --curves {name}c.json"
        ok(capsys, f"{line} --save-state {name}.safetensors")
    ok(capsys, "report a.safetensors -o page.html")
    ok(capsys, "report a.json --curves ac.json -o whole.html")
    page, text = read("page.html"), words("page.html")
    assert page.tags.count("img") == 1 + 3
    assert page.addresses[3] in read("whole.html").addresses  # PRO
    for name, entry in metrics_of("a.json").items():
        if name.startswith("pixel_"):
            assert f"{name} {entry['value']:.4f} {entry['low']:.4f} to {entry['high']:.4f}" in text
    assert "8 images, ? of them anomalous; " in text

    ok(capsys, "compare a.safetensors b.safetensors -o both.html --json both.json")
    assert read("both.html").tags.count("img") == 1 + 3
    a, b = (metrics_of(f"{side}.json")["pixel_aupro"]["value"] for side in "ab")
    assert json.loads(Path("both.json").read_text())["metrics"]["pixel_aupro"] == {"a": a, "b": b, "difference": b - a}


def test_equal_results_give_equal_pages(here, capsys):
    for name in ("x.html", "y.html"):
        ok(capsys, f"evaluate a.npz masks.npy -o {name} --images images")
    assert Path("x.html").read_bytes() == Path("y.html").read_bytes()


def test_nothing_of_a_result_is_markup(here, capsys):
    ok(capsys, "evaluate a.npz masks.npy --json a.json")
    content = json.loads(Path("a.json").read_text())
    nasty = "<script>alert(1)</script>\"'&\ud800"
    content["per_image"][0]["name"] = content["settings"][nasty] = content["library"]["version"] = nasty
    content["inputs"] = {"n_images": nasty}
    content["settings"]["mode"] = nasty
    Path("a.json").write_text(json.dumps(content))
    ok(capsys, "report a.json -o page.html")
    page = Path("page.html").read_text("utf-8", "surrogateescape")
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5


def test_results_without_images_or_values(here, capsys):
    ok(capsys, "evaluate a.npz masks.npy --json a.json --image-score none --metrics auroc")
    content = json.loads(Path("a.json").read_text())
    del content["per_image"]
    content["metrics"]["pixel_auroc"] = {"value": "NaN", "undefined": True}
    Path("a.json").write_text(json.dumps(content))
    ok(capsys, "report a.json -o page.html")
    reader = read("page.html")
    assert "pixel_auroc does not exist" in words("page.html")
    assert reader.tags.count("img") == 1


# compare


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    make_data(folder)
    for name in "ab":
        line = f"evaluate {folder}/{name}.npz {folder}/masks.npy -q --json {folder}/{name}.json"
        more = f"--curves {folder}/{name}c.json --metrics auroc,aupro,aupimo --fpr-bounds 1e-3,1e-1"
        assert main(shlex.split(f"{line} {more} --save-state {folder}/{name}.safetensors")) == 0
    return folder


@pytest.fixture
def two(results, tmp_path, monkeypatch):
    """Results of both detectors, with their curves and states."""
    shutil.copytree(results, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def column(path, name):
    entries = json.loads(Path(path).read_text())["per_image"]
    return np.array([float(entry[name]) for entry in entries]), np.array([entry["label"] for entry in entries])


@pytest.mark.parametrize("test", ["wilcoxon", "ttest"])
def test_overlaps_of_the_same_images_are_tested(two, capsys, test):
    stats = pytest.importorskip("scipy.stats")
    out = ok(capsys, f"compare a.json b.json --paired {test} --json c.json")
    found = json.loads(Path("c.json").read_text())["paired"]
    assert found["test"] == test
    assert set(found["values"]) == {"aupro", "aupimo"}
    for name, entry in found["values"].items():
        a, b = (column(f"{side}.json", name)[0][4:] for side in "ab")
        p = stats.wilcoxon(a - b).pvalue if test == "wilcoxon" else stats.ttest_rel(a, b).pvalue
        assert entry["p"] == pytest.approx(p, rel=1e-9)
        assert (entry["n_images"], entry["a"], entry["b"]) == (4, a.mean(), b.mean())
        assert entry["difference"] == b.mean() - a.mean()
        assert f"{name}" in out


@pytest.mark.filterwarnings("ignore:.*resamples, which lack a class")
def test_metrics_of_the_same_images_are_resampled(two, capsys):
    ok(capsys, "compare a.json b.json --paired bootstrap --resamples 300 --json c.json")
    found = json.loads(Path("c.json").read_text())["paired"]
    (a, labels), (b, _) = (column(f"{side}.json", "score") for side in "ab")
    wanted = bootstrap("auroc", b, labels, paired_with=a, n_resamples=300)
    entry = found["values"]["image_auroc"]
    assert (entry["low"], entry["high"], entry["p"]) == (wanted.low, wanted.high, wanted.p_value)
    assert (
        entry["difference"]
        == metrics_of("b.json")["image_auroc"]["value"] - metrics_of("a.json")["image_auroc"]["value"]
    )
    assert found["resamples"] == 300

    ok(capsys, "compare a.safetensors b.safetensors --paired bootstrap --resamples 300 --json d.json")
    found = json.loads(Path("d.json").read_text())["paired"]["values"]
    maps, masks = [np.load(f"{side}.npz")["maps"] for side in "ab"], np.load("masks.npy")
    wanted = bootstrap("aupro", maps[1], masks, paired_with=maps[0], n_resamples=300)
    assert (found["pixel_aupro"]["low"], found["pixel_aupro"]["high"]) == (wanted.low, wanted.high)


def test_a_page_of_two(two, capsys):
    assert ok(capsys, "compare a.json b.json --curves-a ac.json --curves-b bc.json -o page.html") == ""
    reader = read("page.html")
    assert reader.tags.count("img") == 1 + 5 + 2
    a, b = (metrics_of(f"{side}.json")["pixel_aupro"]["value"] for side in "ab")
    assert f"pixel_aupro {a:.4f} {b:.4f} {b - a:+.4g}" in words("page.html")
    overlap = [column(f"{side}.json", "aupro")[0] for side in "ab"]
    worst = 4 + int(np.argmax(np.abs(overlap[1] - overlap[0])[4:]))
    assert f"AUPRO A AUPRO B difference {NAMES[worst]} anomalous " in words("page.html")
    pytest.importorskip("scipy.stats")
    ok(capsys, "compare a.json b.json --paired wilcoxon -o page.html")
    assert "Wilcoxon signed-rank test" in words("page.html")


PICTURES = "--maps-a a.npz --maps-b b.npz --masks masks.npy"


def test_pictures_of_two(two, capsys):
    ok(capsys, f"compare a.json b.json -o page.html {PICTURES} --images images")
    reader, text = read("page.html"), words("page.html")
    assert reader.tags.count("img") == 1 + 2 + 2 + 4 * 8
    changed = text.partition("Images that changed most")[2]
    (a, _), (b, _) = (column(f"{side}.json", "aupro") for side in "ab")
    first = 4 + int(np.argmax(np.abs(b - a)[4:]))
    ranks = [np.argsort(np.argsort(-column(f"{side}.json", "score")[0])) for side in "ab"]
    caption = f"{NAMES[first]} anomalous, AUPRO {b[first] - a[first]:+.4g}, rank {(ranks[1] - ranks[0])[first]:+d}"
    assert caption in changed
    assert all(changed.index(caption) <= changed.index(name) for name in NAMES)
    maps = np.load("a.npz")["maps"]
    low, high = (f"{end:.3g}" for end in (maps.min(), maps.max()))
    assert f"Colours run from {low} to {high} in all maps of A" in text
    assert f"A score {maps[first].max():.4g}, AUPRO {a[first]:.4g}" in changed

    ok(capsys, "compare a.safetensors b.safetensors -o states.html")
    assert read("states.html").tags.count("img") == 1 + 5 + 2 + 3 * 8
    ok(capsys, f"compare a.json b.json -o bare.html {PICTURES}")
    bare = read("bare.html").addresses
    assert len(bare) == 1 + 2 + 2 + 3 * 8
    assert {*bare[-24:]} == {*read("states.html").addresses[-24:]}  # the same maps and masks, from files
    assert len({*reader.addresses} & {*bare[-24:]}) == 5  # the masks: over photographs, maps have other colours


@pytest.mark.filterwarnings("default")
def test_pictures_that_do_not_exist(two, capsys):
    Path("empty").mkdir()
    _, _, err = run(capsys, f"compare a.json b.json -o page.html {PICTURES} --images empty")
    assert err.endswith("warning: 'empty' has no image with the name of a map: the page shows none\n")
    assert read("page.html").tags.count("img") == 1 + 2 + 2 + 3 * 8
    evaluator = PixelEvaluator()
    evaluator.update(np.load("a.npz")["maps"], ~np.load("masks.npy"))
    evaluator.save("other.safetensors")
    _, _, err = run(capsys, "compare a.safetensors other.safetensors -o page.html")
    assert "warning: the states have different masks: the page shows no images\n" in err


def test_what_both_say_of_each_image(two, capsys):
    ok(capsys, "compare a.json b.json --per-image images.csv")
    head, *rows = [line.split(",") for line in Path("images.csv").read_text().splitlines()]
    values = [f"{value}_{end}" for value in ("score", "aupro", "aupimo") for end in ("a", "b", "difference")]
    assert head == ["name", "label_a", "label_b", *values]
    a, b = ({entry["name"]: entry for entry in json.loads(Path(f"{x}.json").read_text())["per_image"]} for x in "ab")
    gaps = [abs(float(row[8])) for row in rows[:4]]
    assert gaps == sorted(gaps, reverse=True)
    assert {row[0] for row in rows[4:]} == {*NAMES[:4]}  # normal images have no overlap
    for name, one, two_, *cells in rows:
        assert (int(one), int(two_)) == (a[name]["label"], b[name]["label"])
        assert [float(cell) for cell in cells[:2]] == [a[name]["score"], b[name]["score"]]
        assert cells[3:] == [""] * 6 or float(cells[5]) == b[name]["aupro"] - a[name]["aupro"]


def test_ranks_of_equal_scores_are_equal():
    from anomalib_cpp.cli.results import Result
    from anomalib_cpp.report._changes import changes

    def result(scores):
        return Result({}, {}, {}, [{"name": str(i), "label": 0, "score": s} for i, s in enumerate(scores)])

    (found,) = changes(result([5.0, 5, 5, 1, float("nan")]), result([2.0, 9, 2, 0, 1]))
    assert [pair[0]["name"] for pair in found.images] == ["1", "0", "2", "3"]
    assert found.ranks.tolist() == [[2, 2, 2, 4], [1, 2.5, 2.5, 4]]
    assert found.moved.tolist() == [-1, 0.5, 0.5, 0]


def test_formats_of_a_comparison(two, capsys):
    ok(capsys, "compare a.json b.json --json c.json")
    assert ok(capsys, "compare a.json b.json --format json") == Path("c.json").read_text()
    lines = ok(capsys, "compare a.json b.json --format csv").splitlines()
    found = json.loads(Path("c.json").read_text())["metrics"]
    assert lines[0] == "metric,a,b,difference"
    assert {row[0]: float(row[3]) for row in (line.split(",") for line in lines[1:])} == {
        name: entry["difference"] for name, entry in found.items()
    }
    assert ok(capsys, "compare a.json b.json --format markdown").startswith("| metric | A | B | difference |\n")


# What goes wrong

BAD = [
    ("report none.json", 3, "'none.json': No such file"),
    ("report a.json -o none/p.html", 3, "--output 'none/p.html': the folder 'none' does not exist"),
    ("report a.json --images images", 2, "--images, --maps and --masks belong together"),
    ("report a.json --curves a.json", 3, "'a.json': not the curves of evaluate"),
    ("report a.json --curves short.json", 3, "'short.json': not the curves of evaluate: 'pixel_roc' has no equally"),
    ("report bank.safetensors", 3, "'bank.safetensors': it holds a 'Bank', not the state of an evaluator"),
    ("report a.pkl", 3, "can execute code"),
    ("report image.json", 3, "'image.json': not a result of evaluate: an entry of per_image is not valid"),
    ("report interval.json", 3, "'interval.json': not a result of evaluate: the metric 'x' has no proper interval"),
    ("report huge.json", 3, "'huge.json': not a result of evaluate: it holds a number out of range"),
    ("report twice.json", 3, "'twice.json': not a result of evaluate: it has a duplicate key"),
    ("compare a.json plain.json --paired bootstrap", 3, "--paired bootstrap needs scores of both classes of the same"),
    ("compare a.json plain.json --paired wilcoxon", 3, "--paired wilcoxon needs overlaps (metrics aupro or aupimo)"),
    ("compare a.json flipped.json --paired bootstrap", 3, "'good/0' is anomalous in one result only"),
    ("compare a.safetensors other.safetensors --paired bootstrap", 3, "two states with the same masks; they differ"),
    ("compare a.json b.json --resamples 0", 2, "must be an integer >= 1"),
    ("compare a.json b.json --curves-a ac.json", 2, "--curves-a and --curves-b are for --format html"),
    ("compare a.json b.json --images images", 2, "--images is for --format html"),
    ("compare a.json b.json -o p.html --images images", 2, "--images needs --maps-a"),
    ("compare a.json b.json -o p.html --maps-a a.npz --maps-b b.npz", 2, "--maps-a needs --masks"),
    ("compare a.json b.json -o p.html --images none", 3, "--images 'none' is not a folder"),
    (f"compare a.safetensors b.json -o p.html {PICTURES}", 2, "--maps-a is for .json results; 'a."),
    ("compare a.json b.safetensors -o p.html --maps-a a.npz --masks masks.npy", 2, "--masks is for .json"),
    (
        "compare a.json b.json -o p.html --maps-a b.npz --maps-b a.npz --masks masks.npy",
        3,
        "is not the map that the result had of 'hole/",
    ),
    ("compare a.json b.json -o p.html --maps-a none --maps-b b.npz --masks masks.npy", 3, "'none': No such file"),
    ("report a.json -o p.html --images images --maps b.npz --masks masks.npy", 3, "is not the map that the result had"),
    (
        "report bins.safetensors -o p.html --images images --maps a.npz --masks masks.npy",
        3,
        "--images: 'bins.safetensors' names no images to show; a result of evaluate --json does",
    ),
    (
        "compare bins.safetensors b.json -o p.html --maps-a a.npz --maps-b b.npz --masks masks.npy",
        3,
        "--maps-a: 'bins.safetensors' names no images to show; a result of evaluate --json does",
    ),
    ("compare bins.safetensors bins.safetensors --paired bootstrap", 3, "needs scores of both classes of the same"),
    ("compare bins.safetensors bins.safetensors --per-image p.csv", 3, "--per-image needs the same images in both"),
    ("compare a.json b.json -o c.csv --json c.csv", 2, "--output and --json name the same file 'c.csv'"),
    ("compare a.json plain.json --per-image p.csv", 3, "--per-image needs the same images in both results"),
    ("compare a.json b.json --json b.json", 2, "--json 'b.json' is read, too; name another file"),
    ("compare a.json b.json --resamples 9 --paired wilcoxon", 2, "--resamples is for --paired bootstrap"),
    ("report a.json --curves ac.json -o ac.json", 2, "--output 'ac.json' is read, too"),
    ("compare a.json", 2, "error: the following arguments are required: B (anomalib-cpp compare --help lists"),
    ("compare a.json b.json -o c.doc", 2, "--output 'c.doc' has no suffix of"),
]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("line", "code", "text"), BAD)
def test_bad_input_is_one_line_and_leaves_nothing(two, capsys, line, code, text):
    from anomalib_cpp import io

    result = json.loads(Path("a.json").read_text())
    Path("plain.json").write_text(json.dumps({**result, "per_image": []}))
    flipped = [{**entry, "label": 1 - entry["label"]} for entry in result["per_image"]]
    Path("flipped.json").write_text(json.dumps({**result, "per_image": flipped}))
    Path("image.json").write_text(json.dumps({**result, "per_image": [{"name": "x", "label": 2}]}))
    Path("interval.json").write_text(json.dumps({**result, "metrics": {"x": {"value": 1, "low": 0.5}}}))
    Path("huge.json").write_text('{"schema": 1, "metrics": {"x": {"value": 1e999}}}')
    Path("twice.json").write_text('{"schema": 1, "schema": 1}')
    points = {"x": [0, 1], "y": [0], "thresholds": [1, 0]}
    Path("short.json").write_text(json.dumps({"schema": 1, "curves": {"pixel_roc": points}}))
    io.save("bank.safetensors", {"x": np.zeros(3)}, kind="Bank")
    other = PixelEvaluator()
    other.update(np.load("a.npz")["maps"], ~np.load("masks.npy"))
    other.save("other.safetensors")
    counting = PixelEvaluator(mode="binned", n_bins=9)
    counting.update(np.load("a.npz")["maps"], np.load("masks.npy"))
    counting.save("bins.safetensors")
    before = sorted(Path().rglob("*"))
    found, out, err = run(capsys, line)
    assert (found, out) == (code, ""), err
    assert text in err
    assert re.match(r"anomalib-cpp \w+: error: ", err.splitlines()[-1])
    assert sorted(Path().rglob("*")) == before


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(two, capsys, monkeypatch):
    from anomalib_cpp.cli import options

    monkeypatch.setattr(options.os, "access", lambda path, mode: False)
    before = sorted(Path().rglob("*"))
    for line, name in (
        ("report a.json -o p.html", "--output 'p.html'"),
        ("compare a.json b.json --json c.json", "--json 'c.json'"),
        ("convert a.npz new", "OUT 'new'"),
    ):
        code, out, err = run(capsys, line)
        assert (code, out) == (3, "")
        assert f"error: {name}: the folder '.' may not be written to\n" in err
    assert sorted(Path().rglob("*")) == before


def test_a_missing_package_is_named_before_the_work(two, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for line in ("report a.json", "compare a.json b.json -o p.html", "evaluate a.npz masks.npy -o p.html"):
        code, out, err = run(capsys, line)
        assert (code, out) == (4, "")
        assert err.endswith("which is not installed: pip install 'anomalib-cpp[demo]'\n")


@pytest.mark.filterwarnings("default")
def test_a_folder_without_the_images(here, capsys):
    Path("empty").mkdir()
    _, _, err = run(capsys, "evaluate a.npz masks.npy -o page.html --images empty")
    assert err == "anomalib-cpp evaluate: warning: 'empty' has no image with the name of a map: the page shows none\n"
    assert read("page.html").tags.count("img") == 1 + 4


def test_metrics_are_drawn_with_their_intervals():
    from matplotlib.figure import Figure

    from anomalib_cpp.cli.results import Measured, Result
    from anomalib_cpp.report._evaluation_figures import draw_metrics
    from anomalib_cpp.report._sides import Side

    measured = {
        "pixel_auroc": Measured(0.9, 0.8, 0.95, "certified"),
        "pixel_f1_max": Measured(0.5),
        "pixel_f1_max_threshold": Measured(0.4),  # a score, not a rate
        "pixel_aupro": Measured(float("nan")),
    }
    ax = Figure().subplots()
    draw_metrics(ax, [Side(None, Result({}, {}, measured))])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["pixel_f1_max", "pixel_auroc"]
    dots, interval = ax.lines
    np.testing.assert_array_equal(dots.get_xydata(), [[0.9, 1], [0.5, 0]])
    np.testing.assert_array_equal(interval.get_xydata(), [[0.8, 1], [0.95, 1]])
