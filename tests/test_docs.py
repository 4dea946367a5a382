"""The documentation against the tree: examples run, paths exist, every public module has its page."""

import doctest
import importlib
import pathlib
import pkgutil
import re

import pytest

import anomalib_cpp as ac

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
QUICK_START = (DOCS / "quickstart.md").read_text(encoding="utf-8")


def run(text):
    examples = doctest.DocTestParser().get_doctest(text, {}, "quickstart.md", "quickstart.md", 0)
    return doctest.DocTestRunner().run(examples)


def test_quick_start_without_pytorch():
    sections = re.split(r"(?m)^(?=## )", QUICK_START)
    assert sum(section.startswith("## With PyTorch") for section in sections) == 1
    failed, tried = run("".join(section for section in sections if not section.startswith("## With PyTorch")))
    assert (failed, tried > 15) == (0, True)


def test_quick_start_with_pytorch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    failed, tried = run(QUICK_START)
    assert (failed, tried > 25) == (0, True)


def test_why_numbers_differ():
    failed, tried = run((DOCS / "why_numbers_differ.md").read_text(encoding="utf-8"))
    assert (failed, tried > 25) == (0, True)


@pytest.mark.parametrize("page", ["timeseries", "which_vus", "coming_from_series_packages", "api/temporal"])
def test_guides_along_time(page):
    failed, tried = run((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert (failed, tried > 5) == (0, True)


@pytest.mark.parametrize("page", ["scikit_learn", "adeval", "aupimo", "torchmetrics"])
def test_coming_from(page):
    if page == "torchmetrics":
        pytest.importorskip("torch")
        importlib.import_module("test_torchmetrics_dropin")  # mends torchvision
    failed, tried = run((DOCS / f"coming_from_{page}.md").read_text(encoding="utf-8"))
    assert (failed, tried > 8) == (0, True)


@pytest.mark.parametrize(
    "page",
    [
        "quickstart",
        "banks",
        "maps",
        "metrics",
        "timeseries",
        "which_vus",
        "why_numbers_differ",
        "coming_from_scikit_learn",
        "coming_from_torchmetrics",
        "coming_from_adeval",
        "coming_from_aupimo",
        "coming_from_anomalib",
        "coming_from_series_packages",
        "api/temporal",
    ],
)
def test_every_block_of_a_guide_is_an_example_that_runs(page):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        assert block.startswith(">>> ")
        assert "+SKIP" not in block


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="needs a clone of the repository")
def test_every_place_to_change_something_exists():
    table = re.findall(r"(?m)^\| (?!I want|---)(.+?) \| (.+?) \|$", (DOCS / "contributing.md").read_text("utf-8"))
    rows = [places for what, places in table if not what.startswith("`ANOMALIB_CPP")]
    assert len(rows) > 15
    for places in rows:
        folder = ROOT
        for place in re.findall(r"`([^`]+)`", places):
            pattern = re.sub(r"<[a-z]+>", "*", place)
            if "/" in pattern:
                assert list(ROOT.glob(pattern.rstrip("/"))), place
                folder = (ROOT / pattern).parent
            elif "." in pattern:  # beside the path named before it
                assert (folder / pattern).exists(), place


def test_every_public_module_is_in_the_api_pages():
    listed = re.findall(r"(?m)^([a-z]+)$", (DOCS / "api" / "index.md").read_text(encoding="utf-8"))
    pages = "".join((DOCS / "api" / f"{page}.md").read_text(encoding="utf-8") for page in listed)
    public = {module.name for module in pkgutil.iter_modules(ac.__path__) if not module.name.startswith("_")}
    assert {"bank", "io", "maps", "metrics"} <= public
    for name in sorted(public - {"cli"}):  # has a guide of its own
        assert f"automodule:: anomalib_cpp.{name}\n" in pages, name
