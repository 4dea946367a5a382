"""The documentation against the tree: examples run, paths exist, every public module has its page."""

import doctest
import inspect
import pathlib
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


@pytest.mark.parametrize("page", ["quickstart", "banks", "maps", "metrics"])
def test_every_block_of_a_guide_is_an_example_that_runs(page):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        assert block.startswith(">>> ")
        assert "+SKIP" not in block


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


def test_every_public_module_has_a_page():
    modules = [name for name in ac.__all__ if inspect.ismodule(getattr(ac, name))]
    assert {"bank", "io", "maps", "metrics"} <= set(modules)
    for name in modules:
        page = (DOCS / "api" / f"{name}.md").read_text(encoding="utf-8")
        assert f"automodule:: anomalib_cpp.{name}\n" in page
        assert re.search(rf"(?m)^{name}$", (DOCS / "api" / "index.md").read_text(encoding="utf-8"))
