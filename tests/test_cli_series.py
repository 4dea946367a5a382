"""`series` and `nab`: the numbers of the Python API, from the layouts in which such data lie about."""

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from anomalib_cpp import nab
from anomalib_cpp.cli import main
from anomalib_cpp.timeseries import find_length, range_auc, series_report, tsb_metrics, vus
from test_report import Reader

DATA = Path(__file__).parents[2] / "shared" / "data" / "timeseries"


def make(seed, n=400, events=((60, 90), (200, 203), (300, 340))):
    """A noisy wave, its labels, and the scores of two detectors."""
    random = np.random.default_rng(seed)
    labels = np.zeros(n, int)
    for begin, end in events:
        labels[begin:end] = 1
    values = np.round(np.sin(2 * np.pi * np.arange(n) / 25) + 0.1 * random.normal(size=n) + labels, 3)
    return values, labels, np.round(random.random(n) + 0.5 * labels, 2), np.round(random.random(n) + 0.2 * labels, 2)


def write(path, columns, header=None, mark=","):
    rows = [mark.join(map(str, row)) for row in zip(*columns, strict=True)]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("\n".join([*([mark.join(header)] if header else []), *rows]) + "\n")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Three files of one layout."""
    monkeypatch.chdir(tmp_path)
    for i in range(3):
        values, labels, scores, _ = make(i)
        write(f"in/{i}.csv", (range(400), values, labels, scores), ("time", "value", "label", "score"))
    return tmp_path


def run(capsys, line):
    code = main(shlex.split(line))
    out, err = capsys.readouterr()
    return code, out, err


def ok(capsys, line):
    code, out, err = run(capsys, line)
    assert (code, err) == (0, ""), err
    return out


def found(capsys, line):
    return json.loads(ok(capsys, f"{line} --format json"))


def metrics(capsys, line):
    return [entry["metrics"] for entry in found(capsys, line)["series"]]


def reported(i, **options):
    _, labels, scores, _ = make(i)
    return series_report(scores, labels, **options)


def test_files_give_the_numbers_of_the_python_api(here, capsys):
    content = found(capsys, "series 'in/*.csv'")
    wanted = [reported(i) for i in range(3)]
    assert [entry["metrics"] for entry in content["series"]] == wanted
    assert [entry["file"] for entry in content["series"]] == ["0.csv", "1.csv", "2.csv"]
    mean = content["mean"]["score"]
    assert mean == pytest.approx({k: np.mean([one[k] for one in wanted]) for k in mean}, rel=1e-15)
    assert wanted[0].keys() - mean.keys() == {k for k in wanted[0] if k.endswith("threshold")}
    assert content["inputs"]["n_events"] == 9
    assert content["inputs"]["n_anomalous_points"] == 3 * 73

    lines = [line.split() for line in ok(capsys, "series in/0.csv in/1.csv in/2.csv in/0.csv").splitlines()]
    kept = lines[0][1:]
    assert {"auroc", "vus_pr", "pate", "affiliation_f1"} <= {*kept}
    for line, one, name in zip(lines[1:], [*wanted, mean], ["0.csv", "1.csv", "2.csv", "mean"], strict=True):
        assert line == [name, *(f"{one[metric]:.4f}" for metric in kept)]
    (head, *rows) = [line.split() for line in ok(capsys, "series in/0.csv").splitlines()][:-1]
    assert (head, rows) == (["metric", "value"], [[name, f"{value:.6g}"] for name, value in wanted[0].items()])

    ok(capsys, "series 'in/*.csv' -o out.csv")
    head, *rows = [line.split(",") for line in Path("out.csv").read_text().splitlines()]
    assert head == ["file", "detector", "points", "anomalous_points", "events", "window", *wanted[0]]
    assert [float(cell) for cell in rows[2][6:]] == list(wanted[2].values())


def test_options_reach_the_metrics(here, capsys):
    options = {"window": 12, "num_thresholds": 40, "early_buffer": 5, "delay_buffer": 8, "threshold": 0.9}
    words = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    assert metrics(capsys, f"series in/1.csv {words}") == [reported(1, **options)]
    assert metrics(capsys, "series in/1.csv --metrics pate,rank") == [reported(1, metrics=["rank", "pate"])]

    values, labels, scores, _ = make(1)
    (one,) = metrics(capsys, "series in/1.csv --window 12 --variant vldb")
    areas = [f(scores, labels, window=12, variant="vldb") for f in (vus, range_auc)]
    names = ("vus_roc", "vus_pr", "range_auc_roc", "range_auc_pr")
    assert [one[name] for name in names] == [areas[0].roc, areas[0].pr, areas[1].roc, areas[1].pr]
    assert one["pate"] == reported(1)["pate"]

    period = find_length(values)
    assert period == 25
    content = found(capsys, "series in/1.csv --window auto")
    assert content["series"][0]["window"] == period
    assert content["series"][0]["metrics"] == reported(1, window=period)


def test_tsb(here, capsys):
    _, labels, scores, _ = make(2)
    for words, options in (
        ("--window 30 --num-thresholds 50", {"sliding_window": 30, "num_thresholds": 50}),
        ("--threshold 1 --variant vldb", {"predictions": scores >= 1, "variant": "vldb"}),
    ):
        assert metrics(capsys, f"series in/2.csv --tsb {words}") == [tsb_metrics(scores, labels, **options)]
    assert ok(capsys, "series in/2.csv --tsb").splitlines()[1].startswith("AUC-PR ")


@pytest.mark.parametrize("more", ["--threads 1", "--threads 3"])
def test_equal_inputs_give_equal_bytes(here, capsys, more):
    ok(capsys, "series 'in/*.csv' -o a.json")
    assert ok(capsys, f"series in/0.csv in/1.csv in/2.csv -o b.json {more}") == ""
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()
    (here / "in").rename("elsewhere")
    ok(capsys, f"series '{here}/**/*.csv' -o c.json {more}")
    assert Path("a.json").read_bytes() == Path("c.json").read_bytes()
    assert sorted(path.name for path in here.iterdir()) == ["a.json", "b.json", "c.json", "elsewhere"]


# Layouts


def test_columns_of_other_layouts(here, capsys):
    values, labels, scores, others = make(0)
    wanted = reported(0)
    days = [f"2014-07-01 {i // 60:02}:{i % 60:02}:00" for i in range(400)]
    write(
        "nab.csv", (days, values, scores, others, labels), ("timestamp", "value", "anomaly_score", "raw_score", "label")
    )
    write("vus.out", (values, labels, scores))
    write("named.csv", (scores, labels, values), ("s", "truth", "x"), mark=";")
    write("words.csv", (np.where(labels, "True", "false"), scores), ("is_anomaly", "score"), mark="\t")
    for line in (
        "nab.csv",
        "vus.out",
        "named.csv --score-column s --label-column truth --value-column x",
        "named.csv --score-column 1 --label-column 2 --value-column 3",
        "words.csv",
    ):
        assert metrics(capsys, f"series {line}") == [wanted], line
    assert found(capsys, "series vus.out --window auto")["series"][0]["window"] == 25
    assert run(capsys, "series words.csv --window auto")[0] == 3


def stamps(n=400):
    """A minute apart, as NAB writes them."""
    return [str(time).replace("T", " ") + ":00" for time in np.datetime64("2014-07-01T00:00") + np.arange(n)]


def windows(i, at=((60, 89), (200, 202), (300, 339))):
    """What labels the same points as the events of `make`, as ``combined_windows.json`` has it."""
    return {f"real/{i}.csv": [[f"{stamps()[first]}.000000", f"{stamps()[last]}.000000"] for first, last in at]}


def test_labels_of_windows(here, capsys):
    for i in range(2):
        values, _, scores, _ = make(i)
        write(f"nab/{i}.csv", (stamps(), values, scores), ("timestamp", "value", "anomaly_score"))
    Path("windows.json").write_text(json.dumps(windows(0) | windows(1) | {"real/2.csv": []}))
    content = found(capsys, "series nab/0.csv nab/1.csv --windows windows.json")
    assert [entry["metrics"] for entry in content["series"]] == [reported(0), reported(1)]
    assert (content["inputs"]["n_events"], content["inputs"]["n_anomalous_points"]) == (6, 2 * 73)
    assert content["settings"]["windows"] == "windows.json"

    # A label column beside them says nothing; results are called after their detector too; days are timestamps.
    values, labels, scores, _ = make(0)
    write("results/mine_0.csv", (stamps(), scores, 1 - labels), ("when", "score", "label"), mark=";")
    assert metrics(capsys, "series results/mine_0.csv --windows windows.json --time-column when") == [reported(0)]
    write("bare/0.csv", (stamps(), values, scores))
    write("two/0.csv", (stamps(), scores))
    for name in ("bare", "two"):
        line = f"series {name}/0.csv --windows windows.json --time-column 1"
        assert metrics(capsys, line) == [reported(0)], name
    (one,) = found(capsys, "series bare/0.csv --windows windows.json --time-column 1 --window auto")["series"]
    assert one["window"] == 25
    np.save("scores.npy", scores)
    write("data/0.csv", (stamps(), values), ("timestamp", "value"))
    assert metrics(capsys, "series data/0.csv --windows windows.json --scores scores.npy") == [reported(0)]
    days = [f"2014-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    write("days/0.csv", (days, make(0)[2][:336]), ("date", "score"))
    Path("days.json").write_text(json.dumps({"0.csv": [["2014-02-01", "2014-02-10 00:00:00.000000"]]}))
    assert found(capsys, "series days/0.csv --windows days.json")["inputs"]["n_anomalous_points"] == 10

    # Of groups with a series of one name, the folder tells which is meant.
    Path("both.json").write_text(json.dumps({"a/0.csv": [], **windows(0)}))
    (here / "nab").rename("real")
    assert metrics(capsys, "series real/0.csv --windows both.json") == [reported(0)]
    code, _, err = run(capsys, "series data/0.csv --windows both.json --scores scores.npy")
    assert (code, "may be any of 'a/0.csv', 'real/0.csv'; put it into the folder of its group" in err) == (3, True)


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("in/0.csv --windows windows.json", 3, "'time': '0'; one is like 2014-07-01 00:30:00"),
        ("in/0.csv --windows windows.json --time-column score", 3, "line 2 has no timestamp in 'score'"),
        ("bare.csv --windows windows.json", 3, "'bare.csv' is called like no series of 'windows.json'; it has '0.csv'"),
        ("no/0.csv --windows windows.json", 3, "no column of timestamps; the columns are 'value', 'score'"),
        ("nab/0.csv --windows month.json", 3, "the entry 'real/0.csv' holds '2014-13-01', which is no timestamp"),
        ("nab/0.csv --windows word.json", 3, "the entry 'real/0.csv' holds 'now', which is no timestamp"),
        ("nab/0.csv --windows early.json", 3, "'nab/0.csv': windows[0][0] is 2013-01-01, which is the timestamp of no"),
        ("nab/0.csv --windows in/0.csv", 3, "is not valid JSON"),
        ("nab/0.csv --windows none.json", 3, "No such file"),
        ("in/0.csv --time-column time", 2, "--time-column needs --windows"),
        ("in/0.csv --windows windows.json --label-column label", 2, "both say which points are anomalous; give one"),
    ],
)
def test_windows_that_do_not_fit(here, capsys, line, code, text):
    _, _, scores, _ = make(0)
    write("nab/0.csv", (stamps(), scores), ("timestamp", "anomaly_score"))
    write("bare.csv", (stamps(), scores), ("timestamp", "score"))
    write("no/0.csv", (scores, scores), ("value", "score"))
    Path("windows.json").write_text(json.dumps(windows(0)))
    for name, ends in (("month", ["2014-13-01"] * 2), ("word", ["now"] * 2), ("early", ["2013-01-01"] * 2)):
        Path(f"{name}.json").write_text(json.dumps({"real/0.csv": [ends]}))
    status, out, err = run(capsys, f"series {line} -o out.json")
    assert (status, out) == (code, ""), err
    assert text in err.replace("\\\\", "/")
    assert not Path("out.json").exists()


def test_several_detectors(here, capsys):
    for i in range(2):
        values, labels, first, second = make(i)
        write(f"two/{i}.csv", (values, labels, first, second), ("Data", "Label", "score_a", "b_score"))
    content = found(capsys, "series 'two/*.csv' --metrics vus")
    assert [(entry["file"], entry["detector"]) for entry in content["series"]] == [
        (f"{i}.csv", name) for i in range(2) for name in ("score_a", "b_score")
    ]
    second = [series_report(make(i)[3], make(i)[1], metrics=["vus"])["vus_pr"] for i in range(2)]
    assert content["mean"]["b_score"]["vus_pr"] == pytest.approx(np.mean(second), rel=1e-15)
    rows = [line.split()[:2] for line in ok(capsys, "series 'two/*.csv' --metrics vus").splitlines()]
    assert rows[0] == ["file", "detector"]
    assert rows[-2:] == [["mean", "score_a"], ["mean", "b_score"]]
    (one, _) = metrics(capsys, "series two/0.csv two/1.csv --metrics vus --score-column b_score")
    assert one["vus_pr"] == second[0]


def test_scores_in_files_of_their_own(here, capsys):
    for i in range(2):
        values, labels, first, second = make(i)
        write(f"tsb/{i}.csv", (values, labels), ("Data", "Label"))
        Path("of").mkdir(exist_ok=True)
        np.save(f"of/{i}.npy", np.stack([first, second], axis=1))
        write(f"text/{i}.txt", (first,))
    one = [series_report(make(i)[2], make(i)[1]) for i in range(2)]
    assert metrics(capsys, "series 'tsb/*.csv' --scores text") == one
    assert metrics(capsys, "series 'tsb/*.csv' --scores of")[::2] == one
    assert metrics(capsys, "series tsb/1.csv --scores text/1.txt") == one[1:]
    code, _, err = run(capsys, "series tsb/1.csv")
    path = str(Path("tsb/1.csv"))
    assert (code, err) == (
        3,
        f"anomalib-cpp series: error: {path!r}: no column of scores; the columns are 'Data', 'Label'; give "
        "--score-column, or --scores with a file of them\n",
    )
    write("text/0.txt", (make(0)[2][:399],))
    assert "has 400 points, but" in run(capsys, "series tsb/0.csv --scores text")[2]
    assert run(capsys, "series 'tsb/*.csv' --scores of/0.npy")[0] == 2
    Path("of/1.npy").unlink()
    assert "has no file called '1'" in run(capsys, "series 'tsb/*.csv' --scores of")[2]


def test_a_series_without_events(here, capsys):
    values, labels, scores, _ = make(3, events=())
    write("in/3.csv", (values, labels, scores), ("value", "label", "score"))
    code, out, err = run(capsys, "series 'in/*.csv' -o out.json")
    assert (code, out) == (3, "")
    assert err.startswith(f"anomalib-cpp series: error: {str(Path('in/3.csv'))!r}: metric ")
    assert "labels contain no anomalous point" in err
    assert not Path("out.json").exists()
    content = found(capsys, "series 'in/*.csv' --on-error nan")
    assert content["series"][3]["metrics"]["auroc"] == "NaN"
    assert content["mean"]["score"]["auroc"] == pytest.approx(np.mean([reported(i)["auroc"] for i in range(3)]))
    assert ok(capsys, "series 'in/*.csv' --on-error nan").splitlines()[4].split()[:2] == ["3.csv", "-"]


# What is refused

GOOD = "value,label,score\n1,0,0.1\n2,1,0.9\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "it is empty"),
        ("value,label,score\n", "it holds no point"),
        (f"{GOOD}3,0\n", "line 4 has 2 columns, not 3"),
        (f"{GOOD}\n3,0,x\n", "line 5 has no number in 'score': 'x'"),
        (f"{GOOD}3,0,\n", "line 4 has no number in 'score': ''"),
        (f"{GOOD}3,0,nan\n", "line 4 has no number in 'score': 'nan'"),
        (f"{GOOD}?,0,1\n", "line 4 has no number in 'value': '?'"),
        (f"{GOOD}3,maybe,1\n", "line 4 has no number in 'label': 'maybe'"),
        (f"{GOOD}3,-1,1\n", "line 4 has a label below 0 in 'label': '-1'"),
        (f'{GOOD}3,0,"1\n', "is not valid CSV"),
        ("a,label,a\n", "its header names a column twice: 'a', 'label', 'a'"),
        ("value,truth,score\n1,0,1\n", "no column of labels; the columns are 'value', 'truth', 'score'"),
        ("1\n2\n", "no column of labels; the columns are 1 without a name"),
        ("value,label,score\n1,0,0.1\n2,1,inf\n", "scores must be finite"),
    ],
)
def test_files_that_cannot_be_read(here, capsys, content, text):
    Path("bad.csv").write_text(content)
    code, out, err = run(capsys, "series in/0.csv bad.csv -o out.json")
    assert (code, out) == (3, ""), err
    assert err.startswith("anomalib-cpp series: error: 'bad.csv': ")
    assert text in err
    assert err.count("\n") == 1
    assert not Path("out.json").exists()


def test_missing_values_of_the_series_are_no_error(here, capsys):
    Path("gap.csv").write_text(f"{GOOD},0,0.2\nNaN,0,0.3\n")
    assert len(found(capsys, "series gap.csv --window 2")["series"]) == 1
    code, _, err = run(capsys, "series gap.csv --window 2 --score-column value")
    assert (code, "line 4 has no number in 'value': ''" in err) == (3, True)


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("in", 3, "'in' is a folder; name its files, such as"),
        ("'in/*.out'", 3, "'in/*.out' fits no file"),
        ("in/9.csv", 3, "No such file or directory"),
        (
            "in/0.csv --score-column s",
            3,
            "--score-column 's' is not a column; the columns are 'time', 'value',",
        ),
        ("in/0.csv --label-column 5", 3, "--label-column '5' is not a column"),
        ("in/0.csv --metrics rank,f1", 3, "--metrics must be of rank, vus, range_auc, pate"),
        ("in/0.csv --metrics rank --variant vldb", 2, "--variant vldb needs vus or range_auc among --metrics"),
        ("in/0.csv --tsb --metrics rank", 2, "--metrics is not for --tsb"),
        ("in/0.csv --tsb --early-buffer 3", 2, "--early-buffer is not for --tsb"),
        ("in/0.csv --window -3", 2, "must be an integer >= 0 or auto; got '-3'"),
        ("in/0.csv --threshold nan", 2, "must be a finite number; got 'nan'"),
        ("in/0.csv --scores nowhere", 3, "--scores 'nowhere' does not exist"),
        ("'in/*.csv' -o in/1.csv", 2, "is read, too; name another file"),
        ("binary.csv", 3, "'binary.csv': it is not a text file"),
        ("in/0.csv -o nowhere/a.json", 3, "the folder 'nowhere' does not exist"),
        ("in/0.csv -o a.what", 2, "has no suffix of .txt, .json"),
    ],
)
def test_what_is_refused(here, capsys, line, code, text):
    Path("binary.csv").write_bytes(b"value,label\0score\n")
    found, out, err = run(capsys, f"series {line}")
    assert (found, out) == (code, "")
    assert text in err


# The page


def test_the_page(here, capsys):
    for package in ("PIL", "matplotlib", "jinja2"):
        pytest.importorskip(package)
    values, labels, scores, _ = make(3, events=())
    write("in/<b>.csv", (values, labels, scores), ("value", "label", "score"))
    assert ok(capsys, "series 'in/*.csv' --on-error nan -o page.html") == ""
    page = Path("page.html").read_text("utf-8")
    reader = Reader(page)
    assert all(address.startswith("data:image/") for address in reader.addresses)
    assert not {"script", "link", "iframe", "b"} & {*reader.tags}
    assert reader.tags.count("img") == 3 * 4 + 1  # the series; areas, curves and surface, where they exist
    assert "Without both anomalous and normal points there are no curves." in reader.text
    for i in range(3):
        assert f"{reported(i)['vus_pr']:.4f}" in reader.text
    assert "4 files, 1600 points, 219 of them anomalous, in 9 events" in reader.text
    assert "400 points, 73 of them anomalous, in 3 events; window 100; the line is the best F1 of points" in reader.text
    ok(capsys, "series 'in/*.csv' --on-error nan -o again.html")
    assert Path("again.html").read_text("utf-8") == page

    for i in range(12):
        values, labels, scores, other = make(i)
        write(f"many/{i}.csv", (labels, scores, other), ("label", "score_a", "score_b"))
    ok(capsys, "series 'many/*.csv' --variant vldb --threshold 1 -o page.html --window 5")
    reader = Reader(Path("page.html").read_text("utf-8"))
    assert reader.tags.count("img") == 8 * 3  # no surface of this variant
    assert "8 of 24 rows are drawn" in reader.text
    drawn = [vus(make(i)[3], make(i)[1], window=5, variant="vldb").pr for i in range(12)]
    assert f"{np.argmin(drawn)}.csv, score_b" in reader.text


def test_a_page_needs_its_packages(here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    code, _, err = run(capsys, "series in/0.csv -o page.html")
    assert (code, "anomalib-cpp[demo]" in err) == (4, True)


# nab


def test_nab_from_the_command_line(here, capsys):
    for i in range(2):
        write(f"results/mine/mine_{i}.csv", (stamps(), make(i)[2]), ("timestamp", "anomaly_score"))
    Path("windows.json").write_text(json.dumps(windows(0, [(60, 90)]) | windows(1, [(300, 340)])))
    content = found(capsys, "nab results windows.json")
    runner = nab.Runner("results", "windows.json")
    assert content["final_results"] == runner.normalize()
    rows = ok(capsys, "nab results windows.json").splitlines()
    assert rows[1].split()[:3] == ["mine", "standard", "2"]
    code, _, err = run(capsys, "nab results windows.json -o page.html")
    assert (code, err) == (2, "anomalib-cpp nab: error: nab writes no page; give --format table, json, csv, markdown\n")
    assert run(capsys, "nab in windows.json")[0] == 3
    code, _, err = run(capsys, "nab results windows.json -o a.csv --per-file a.csv")
    assert (code, "--output and --per-file name the same file 'a.csv'" in err) == (2, True)
    assert not Path("a.csv").exists()


@pytest.mark.skipif(not DATA.is_dir(), reason="needs public data that is kept beside the repository")
def test_public_data(capsys, tmp_path):
    labelled = found(capsys, f"series '{DATA}/nab/numentaTM_*.csv' --metrics pate,vus")
    assert labelled["inputs"]["n_events"] == 11
    path = DATA / "nab" / "numentaTM_nyc_taxi.csv"
    scores, labels = np.loadtxt(path, delimiter=",", skiprows=1, usecols=(2, 3)).T
    assert labelled["series"][2]["metrics"] == series_report(scores, labels, metrics=["pate", "vus"])
    line = f"series '{DATA}/nab/numentaTM_*.csv' --metrics pate,vus --windows {DATA}/nab/combined_windows.json"
    assert found(capsys, line)["series"] == labelled["series"]  # NAB's label column says the same as its windows
    values, labels = np.loadtxt(DATA / "sed.csv", delimiter=",").T
    np.save(tmp_path / "sed.npy", np.abs(values))
    (one,) = metrics(capsys, f"series {DATA}/sed.csv --scores {tmp_path} --tsb --window auto")
    assert one == tsb_metrics(np.abs(values), labels, sliding_window=find_length(values, variant="tsb"))
    final = found(capsys, f"nab {DATA}/nab {DATA}/nab/combined_windows.json")["final_results"]
    assert set(final) == {"numentaTM", "relativeEntropy", "windowedGaussian"}
