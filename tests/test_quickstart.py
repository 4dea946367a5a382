"""The examples of the quick start, on NumPy alone and, where PyTorch is installed, as the page stands."""

import doctest
import pathlib
import re

import pytest

PAGE = (pathlib.Path(__file__).parents[1] / "docs" / "quickstart.md").read_text(encoding="utf-8")


def run(text):
    examples = doctest.DocTestParser().get_doctest(text, {}, "quickstart.md", "quickstart.md", 0)
    return doctest.DocTestRunner().run(examples)


def test_without_pytorch():
    sections = re.split(r"(?m)^(?=## )", PAGE)
    assert sum(section.startswith("## With PyTorch") for section in sections) == 1
    failed, tried = run("".join(section for section in sections if not section.startswith("## With PyTorch")))
    assert (failed, tried > 15) == (0, True)


def test_with_pytorch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    failed, tried = run(PAGE)
    assert (failed, tried > 25) == (0, True)


def test_every_block_is_an_example():
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        assert block.startswith(">>> ")
