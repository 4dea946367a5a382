"""Our drop-ins for packages of time-series metrics beside those packages, on random, tied, degenerate and real series.

The packages cannot live in one environment with ours: give the Python interpreters of theirs, for example

    python benchmarks/compare_series_adapters.py pate_environment/bin/python vus_environment/bin/python

Each is asked which of pate, vus, TSB_AD, affiliation and prts it can import (the copy inside vus will do for
affiliation), and called as a process of its own. The output is a Markdown table.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib
import io
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PEERS = ("pate", "vus", "TSB_AD", "affiliation", "prts")
DATA = Path(__file__).parents[2] / "shared" / "data" / "timeseries"


class Call(NamedTuple):
    """A function of an adapter with arguments; arrays are numbers of the table of arrays."""

    adapter: str
    function: str
    label: str  # the row of the table
    arrays: dict[str, int]
    options: dict[str, Any]


# What runs beside the peers: no import of ours, no output but a file.


def peer_functions(name: str) -> dict[str, Callable[..., Any]]:
    if name == "pate":
        metric, utilities = importlib.import_module("pate.PATE_metric"), importlib.import_module("pate.PATE_utils")
        return {"PATE": metric.PATE, "ACF_find_buffer_size": utilities.ACF_find_buffer_size}
    if name == "vus":
        windows = importlib.import_module("vus.utils.slidingWindows")
        return {"get_metrics": importlib.import_module("vus.metrics").get_metrics, "find_length": windows.find_length}
    if name == "TSB_AD":
        module = importlib.import_module("TSB_AD.evaluation.metrics")
        windows = importlib.import_module("TSB_AD.utils.slidingWindows")
        names = ("get_metrics", "get_metrics_pred")
        return {n: getattr(module, n) for n in names} | {"find_length_rank": windows.find_length_rank}
    if name == "affiliation":
        try:
            where = importlib.import_module("affiliation").__name__
        except ImportError:
            where = importlib.import_module("vus.affiliation").__name__
        generics = importlib.import_module(f"{where}.generics")
        metrics = importlib.import_module(f"{where}.metrics")
        return affiliation_functions(generics, metrics)
    module = importlib.import_module("prts")
    return {n: getattr(module, n) for n in ("ts_precision", "ts_recall", "ts_fscore")}


def affiliation_functions(generics: Any, metrics: Any) -> dict[str, Callable[..., Any]]:
    """Functions of arrays, as they can be sent."""

    def of_vectors(pred: Any, labels: Any) -> Any:
        events = [generics.convert_vector_to_events(vector) for vector in (pred, labels)]
        return events, list(metrics.pr_from_events(*events, (0, len(labels))).values())

    def of_events(pred: Any, events: Any, end: float) -> Any:
        pairs = [[(float(a), float(b)) for a, b in side] for side in (pred, events)]
        inferred = generics.infer_Trange(*pairs)
        return inferred, list(metrics.pr_from_events(*pairs, (0.0, end)).values())

    return {"of_vectors": of_vectors, "of_events": of_events}


def outcome(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(**arguments)
        return {"values": list(numbers(value)), "names": list(value) if isinstance(value, dict) else []}
    except Exception as error:  # whatever a peer raises is its answer
        return {"error": f"{type(error).__name__}: {error}"}


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple, np.ndarray)):
        for item in value:
            yield from numbers(item)
    else:
        yield float(value)


def serve(peer: str, file: str) -> None:
    """Answer the calls in `file`.npz and .json in `file`.out; without a file only import."""
    with contextlib.redirect_stdout(io.StringIO()):
        functions = peer_functions(peer)
    if file:
        calls = [Call(*call) for call in json.loads(Path(file + ".json").read_text("utf-8"))]
        with np.load(file + ".npz") as arrays:
            answers = [outcome(functions[c.function], arguments_of(c, lambda i: arrays[str(i)])) for c in calls]
        Path(file + ".out").write_text(json.dumps(answers), "utf-8")


def arguments_of(call: Call, array: Callable[[int], Any]) -> dict[str, Any]:
    return {name: array(i) for name, i in call.arrays.items()} | call.options


# What runs beside ours.


def our_functions() -> dict[str, dict[str, Callable[..., Any]]]:
    from anomalib_cpp import affiliation, pate, prts, tsb, vus

    ours = {
        "pate": (pate, ("PATE", "ACF_find_buffer_size")),
        "vus": (vus, ("get_metrics", "find_length")),
        "TSB_AD": (tsb, ("get_metrics", "get_metrics_pred", "find_length_rank")),
        "prts": (prts, ("ts_precision", "ts_recall", "ts_fscore")),
    }
    found = {adapter: {n: getattr(module, n) for n in names} for adapter, (module, names) in ours.items()}
    return found | {"affiliation": affiliation_functions(affiliation, affiliation)}


class Work:
    """Calls and the arrays they share."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []
        self.calls: list[Call] = []

    def add(self, adapter: str, function: str, label: str, arrays: dict[str, Any], **options: Any) -> None:
        places = {}
        for name, array in arrays.items():
            places[name] = len(self.arrays)
            self.arrays.append(array)
        self.calls.append(Call(adapter, function, label, places, options))


def random_series(rng: np.random.Generator, kind: str) -> tuple[Any, Any]:
    """Scores and labels; events of any length, some of them near each other or at the ends."""
    n = int(rng.integers(2, 12)) if kind == "short" else int(rng.integers(20, 160))
    labels = np.zeros(n, np.int64)
    for first in rng.integers(0, n, 1 if kind == "one event" else rng.integers(1, 9)):
        labels[first : first + rng.integers(1, 14)] = 1
    labels[0] |= rng.random() < 0.2
    labels[-1] |= rng.random() < 0.2
    scores = rng.random(n) + rng.choice([0.0, 0.3, 1.0]) * np.roll(labels, rng.integers(-3, 4))
    if kind == "tied":
        scores = np.floor(scores * 5) / 4 - 0.5
    elif kind == "integers":
        scores = np.floor(scores * rng.choice([3, 40])).astype(np.int64)
    elif kind == "constant":
        scores = np.full(n, 0.7)
    elif kind == "normal only":
        labels[:] = 0
    elif kind == "anomalous only":
        labels[:] = 1
    return scores, labels


KINDS = ("random", "tied", "integers", "one event", "short", "random", "tied")
DEGENERATE = ("constant", "normal only", "anomalous only")


def pate_calls(work: Work, rng: np.random.Generator, scores: Any, labels: Any, label: str) -> None:
    series = {"y_true": labels, "y_score": scores}
    buffers = {
        "e_buffer": int(rng.integers(0, 25)),
        "d_buffer": int(rng.integers(0, 25)),
        "num_splits_MaxBuffer": int(rng.integers(1, 4)),
        "include_zero": bool(rng.random() < 0.5),
    }
    grid = {
        "Big_Data": bool(rng.random() < 0.6),
        "num_desired_thresholds": int(rng.choice([1, 2, 20, 100, 250])),
        "drop_intermediate": bool(rng.random() < 0.5),
    }
    work.add("pate", "PATE", f"PATE, {label}", series, **buffers, **grid)
    weights = series | {"sample_weight": rng.integers(0, 3, len(scores)) * 0.5}
    if weights["sample_weight"].any():
        work.add("pate", "PATE", f"PATE, weights and pos_label, {label}", weights, **buffers, **grid,
                 pos_label=int(rng.integers(0, 2)))  # fmt: skip
    predicted = {"y_true": labels, "y_score": (scores > np.median(scores)).astype(int)}
    work.add("pate", "PATE", f"PATE, binary_scores, {label}", predicted, **buffers, binary_scores=True)


def score_calls(work: Work, rng: np.random.Generator, scores: Any, labels: Any, label: str) -> None:
    series = {"score": scores, "labels": labels}
    window, count = int(rng.integers(0, 26)), int(rng.choice([1, 2, 30, 100, 250]))
    version = str(rng.choice(["opt", "opt_mem"]))
    options = {"slidingWindow": window, "thre": count, "version": version}
    work.add("vus", "get_metrics", f"get_metrics, all, {label}", series, metric="all", **options)
    for metric in ("vus", "range_auc", "auc"):
        work.add("vus", "get_metrics", f"get_metrics, {metric}, {label}", series, metric=metric, **options)
    work.add("TSB_AD", "get_metrics", f"get_metrics, {label}", series, **options)
    predicted = series | {"pred": (scores > np.quantile(scores, rng.choice([0.3, 0.7, 0.95]))).astype(int)}
    work.add("TSB_AD", "get_metrics", f"get_metrics with pred, {label}", predicted, **options)
    work.add("TSB_AD", "get_metrics_pred", f"get_metrics_pred, {label}", predicted, slidingWindow=window)


def prediction_calls(work: Work, rng: np.random.Generator, scores: Any, labels: Any, label: str) -> None:
    pred = (scores > np.quantile(scores, rng.choice([0.3, 0.7, 0.95]))).astype(int)
    work.add("affiliation", "of_vectors", f"convert_vector_to_events, pr_from_events, {label}",
             {"pred": pred, "labels": labels})  # fmt: skip
    rule = {"cardinality": str(rng.choice(["one", "reciprocal", "udf_gamma"]))}
    biases = [str(b) for b in rng.choice(["flat", "front", "middle", "back"], 2)]
    alphas = [float(a) for a in rng.choice([0.0, 0.2, 0.5, 1.0], 2)]
    both = {"real": labels, "pred": pred}
    for name in ("ts_precision", "ts_recall"):
        work.add("prts", name, f"{name}, {label}", both, **rule, alpha=alphas[0], bias=biases[0])
    work.add("prts", "ts_fscore", f"ts_fscore, {label}", both, **rule, beta=float(rng.choice([0.0, 0.5, 1.0, 2.0])),
             p_alpha=alphas[0], r_alpha=alphas[1], p_bias=biases[0], r_bias=biases[1])  # fmt: skip


def random_events(rng: np.random.Generator) -> Any:
    ends = np.unique(np.round(rng.random(2 * int(rng.integers(1, 9))) * 100, 3))
    return ends[: len(ends) // 2 * 2].reshape(-1, 2)


def random_work(cases: int, seed: int) -> Work:
    rng, work = np.random.default_rng(seed), Work()
    for i in range(cases):
        scores, labels = random_series(rng, KINDS[i % len(KINDS)])
        for calls in (pate_calls, score_calls, prediction_calls):
            calls(work, rng, scores, labels, "random")
        events = {"pred": random_events(rng), "events": random_events(rng)}
        work.add("affiliation", "of_events", "infer_Trange, pr_from_events, real numbers", events, end=100.0)
    for i in range(max(cases // 4, len(DEGENERATE))):
        scores, labels = random_series(rng, DEGENERATE[i % len(DEGENERATE)])
        for calls in (pate_calls, score_calls, prediction_calls):
            calls(work, rng, scores, labels, "degenerate")
    for _ in range(cases):
        n, period = int(rng.integers(30, 900)), int(rng.integers(2, 120))
        wave = np.sin(2 * np.pi * np.arange(n) / period) + rng.choice([0.0, 0.5]) * rng.standard_normal(n)
        length_calls(work, wave, "random")
    return work


def length_calls(work: Work, series: Any, label: str) -> None:
    work.add("pate", "ACF_find_buffer_size", f"ACF_find_buffer_size, {label}", {"data": series})
    work.add("vus", "find_length", f"find_length, {label}", {"data": series})
    for rank in (1, 2):
        work.add("TSB_AD", "find_length_rank", f"find_length_rank, {label}", {"data": series}, rank=rank)


def real_series(folder: Path, points: int) -> Iterator[tuple[Any, Any, Any]]:
    """Values, scores and labels, of at most `points` points."""
    for name in ("mba_ecg805", "sed"):
        table = np.loadtxt(folder / f"{name}.csv", delimiter=",")[:points]
        x = np.round(100 * table[:, 0]).astype(np.int64)
        total = np.concatenate([[0], np.cumsum(x)])
        t = np.arange(len(x))
        before = np.minimum(t, 64)
        yield table[:, 0], np.abs(before * x - (total[t] - total[t - before])), table[:, 1].astype(np.int64)
    windows = json.loads((folder / "nab" / "combined_windows.json").read_text("utf-8"))
    windows = {name.rpartition("/")[2]: pairs for name, pairs in windows.items()}
    for file in sorted((folder / "nab").glob("*.csv")):
        with file.open(newline="") as rows:
            table = list(csv.DictReader(rows))[:points]
        inside = windows[file.name.partition("_")[2]]
        labels = [any(a <= row["timestamp"] + ".000000" <= b for a, b in inside) for row in table]
        value, score = (np.array([float(row[name]) for row in table]) for name in ("value", "anomaly_score"))
        yield value, score, np.array(labels).astype(np.int64)


def real_work(folder: Path, points: int, seed: int) -> Work:
    rng, work = np.random.default_rng(seed), Work()
    for value, scores, labels in real_series(folder, points):
        work.add("pate", "PATE", "PATE, real", {"y_true": labels, "y_score": scores})
        predicted = {"y_true": labels, "y_score": (scores > np.quantile(scores, 0.95)).astype(int)}
        work.add("pate", "PATE", "PATE, binary_scores, real", predicted, binary_scores=True)
        window = {"slidingWindow": 50}
        series = {"score": scores, "labels": labels}
        work.add("vus", "get_metrics", "get_metrics, all, real", series, metric="all", **window)
        work.add("TSB_AD", "get_metrics", "get_metrics, real", series, **window)
        marked = series | {"pred": predicted["y_score"]}
        work.add("TSB_AD", "get_metrics_pred", "get_metrics_pred, real", marked, **window)
        prediction_calls(work, rng, scores, labels, "real")
        length_calls(work, value, "real")
    return work


def peers_of(pythons: Iterable[str]) -> dict[str, str]:
    """Which interpreter has which package."""
    found: dict[str, str] = {}
    for python in pythons:
        for peer in PEERS:
            if peer not in found and run(python, peer, "") == 0:
                found[peer] = python
    return found


def run(python: str, peer: str, file: str) -> int:
    command = [python, __file__, "--peer", peer, "--file", file]
    return subprocess.run(
        command, check=False, capture_output=not file, stdout=None if not file else sys.stderr
    ).returncode


def answers_of(python: str, peer: str, work: Work) -> list[tuple[Call, Any]]:
    calls = [call for call in work.calls if call.adapter == peer]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "work")
        used = {i for call in calls for i in call.arrays.values()}
        np.savez(file + ".npz", **{str(i): work.arrays[i] for i in used})
        Path(file + ".json").write_text(json.dumps(calls), "utf-8")
        if run(python, peer, file) != 0:
            raise SystemExit(f"{peer} failed in {python}")
        return list(zip(calls, json.loads(Path(file + ".out").read_text("utf-8")), strict=True))


class Row:
    """What one row of the table says."""

    def __init__(self) -> None:
        self.cases = self.both_refuse = self.values = 0
        self.worst, self.remarks = 0.0, {}  # type: tuple[float, dict[str, int]]

    def note(self, remark: str) -> None:
        self.remarks[remark] = self.remarks.get(remark, 0) + 1

    def add(self, ours: Any, theirs: Any) -> None:
        self.cases += 1
        if "error" in ours and "error" in theirs:
            self.note("both refuse")
        elif "error" in ours:
            self.note(f"we refuse ({ours['error'].split(':')[0]}), peer has a value")
        elif "error" in theirs:
            self.note(f"peer: {theirs['error'].split(':')[0]}")
        elif len(ours["values"]) != len(theirs["values"]) or ours["names"] != theirs["names"]:
            self.note("other keys")
        else:
            self.compare(ours, theirs)

    def compare(self, ours: Any, theirs: Any) -> None:
        a, b = np.array(ours["values"]), np.array(theirs["values"])
        names = ours["names"] or [""] * len(a)
        self.values += len(a)
        for name, x, y in zip(names if len(names) == len(a) else [""] * len(a), a, b, strict=True):
            if x == y or (np.isnan(x) and np.isnan(y)):
                continue
            if not (np.isfinite(x) and np.isfinite(y)):
                self.note(f"{name} {x:.3g} here, {y:.3g} there")
            else:
                difference = abs(x - y) / max(1.0, abs(y))
                self.worst = max(self.worst, difference)
                if difference > 1e-12:
                    self.note(f"{name} differs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pythons", nargs="*", help="interpreters of environments with the packages")
    parser.add_argument("--cases", type=int, default=140, help="random series")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with real series; left out where it is missing")
    parser.add_argument("--points", type=int, default=6000, help="points of each real series")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return serve(options.peer, options.file)
    works = [random_work(options.cases, options.seed)]
    if options.data.is_dir():
        works.append(real_work(options.data, options.points, options.seed))
    functions = our_functions()
    rows: dict[tuple[str, str], Row] = {}
    for peer, python in peers_of(options.pythons).items():
        for work in works:
            for call, theirs in answers_of(python, peer, work):
                ours = outcome(functions[peer][call.function], arguments_of(call, work.arrays.__getitem__))
                rows.setdefault((peer, call.label), Row()).add(ours, theirs)
    print("| adapter | function | cases | largest difference | remark |\n| --- | --- | --- | --- | --- |")
    for (peer, label), row in rows.items():
        remark = "; ".join(f"{text}: {count}" for text, count in sorted(row.remarks.items()))
        print(f"| {peer} | {label} | {row.cases} | {row.worst:.1e} | {remark} |")
    return None


if __name__ == "__main__":
    main()
