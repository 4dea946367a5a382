import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from anomalib_cpp import InvalidInputError
from anomalib_cpp.demo import run_demo
from anomalib_cpp.report import write_report

for package in ("PIL", "matplotlib", "jinja2", "scipy", "skimage"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def result():
    return run_demo(output=None, image_size=32)


class Reader(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.addresses, self.tags, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data):
        self.text += data


def test_one_file_holds_everything(result, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(result, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    page = path.read_text("utf-8")
    reader = Reader(page)
    assert reader.addresses
    assert all(address.startswith("data:image/") for address in reader.addresses)
    assert not {"script", "link", "iframe"} & set(reader.tags)
    assert not re.search(r"url\(|@import", page)
    for category in result.categories:
        assert category.name in reader.text
        assert f"{category.pixel_metrics['aupro']:.4f}" in reader.text
        assert all(shown.verdict.name in reader.text for shown in category.gallery)
    assert reader.tags.count("img") == 3 + sum(4 + 3 * len(category.gallery) for category in result.categories)


def test_equal_results_give_equal_files(result, tmp_path):
    one = replace(result, categories=result.categories[:1])
    for name in ("a.html", "b.html"):
        write_report(one, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_names_are_escaped(result, tmp_path):
    nasty = replace(result.categories[0], name="<script>alert(1)</script>")
    write_report(replace(result, categories=[nasty], source='"><b>'), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert '"><b>' not in page


def test_outputs_that_cannot_be_written_are_refused_before_any_work(tmp_path):
    with pytest.raises(InvalidInputError, match="is a folder"):
        run_demo(output=tmp_path)
    with pytest.raises(InvalidInputError, match="does not exist"):
        run_demo(output=tmp_path / "no" / "report.html")
    assert not list(tmp_path.iterdir())


def test_a_category_without_defects_has_no_curves(result, tmp_path):
    nan = float("nan")
    brick = result.categories[0]
    harmless = replace(
        brick,
        image_metrics=dict.fromkeys(brick.image_metrics, nan),
        pixel_metrics=dict.fromkeys(brick.pixel_metrics, nan),
        verdicts=[replace(verdict, defect="good", predicted=False) for verdict in brick.verdicts],
        gallery=brick.gallery[:1],
    )
    write_report(replace(result, categories=[harmless]), tmp_path / "report.html")
    reader = Reader((tmp_path / "report.html").read_text("utf-8"))
    assert "there is no threshold" in reader.text
    assert "n/a: does not exist" in reader.text
    assert reader.tags.count("img") == 1 + 3
