"""Peers of the time-series metrics. Each runs under an interpreter of its own, since their pins exclude one another.

`PATE_PYTHON` or `--pate-python` names the interpreter of an environment (Python 3.8 to 3.11) with

    pip install pate==0.1.1

and `VUS_PYTHON` or `--vus-python` that of another one (Python 3.11) with

    pip install numpy==1.26.4 scipy==1.17.1 scikit-learn==1.9.1 pandas==3.0.6 statsmodels==0.15.0 matplotlib==3.11.2 \
        tqdm==4.70.1 prts==1.0.0.3
    pip install --no-deps vus==0.0.6 tsb-ad==1.5 tadpak==0.3.3

whose modules of metrics do without the deep-learning stack that the packages ask for. Run alone, this file prints
what every peer answers on one series and how long it takes. A function answers None without its interpreter.

Seconds are the median of repeated calls, taken inside the peer's process: neither its start nor the way there counts.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PYTHONS = {name: os.environ.get(name) for name in ("PATE_PYTHON", "VUS_PYTHON")}


class Answer(NamedTuple):
    """What a peer returned, as a list of numbers, and the median seconds of a call."""

    value: list[float]
    seconds: float


def ask(variable: str, peer: str, scores: Any, labels: Any, repeats: int = 3, **options: Any) -> Answer | None:
    """Call a peer in its own environment; RuntimeError with its last words where it fails."""
    python = PYTHONS[variable]
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "series.npz")
        np.savez(data, scores=np.asarray(scores), labels=np.asarray(labels))
        request = json.dumps({"peer": peer, "repeats": repeats, "options": options, "data": str(data)})
        done = subprocess.run([python, __file__, "--answer", request], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{peer} failed: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return Answer(**json.loads(done.stdout.splitlines()[-1]))


def pate(scores: Any, labels: Any, *, repeats: int = 3, **options: Any) -> Answer | None:
    """PATE, or PATE-F1 with `binary_scores=True`; options by its own names, one job."""
    return ask("PATE_PYTHON", "pate", scores, labels, repeats, **options)


def vus(scores: Any, labels: Any, *, window: int = 100, thre: int = 250, version: str = "opt",
        repeats: int = 3) -> Answer | None:  # fmt: skip
    """VUS-ROC and VUS-PR: version "opt", "opt_mem" or "opt_time", or "vldb", which has 250 thresholds."""
    options = {"window": window, "thre": thre, "version": version}
    return ask("VUS_PYTHON", "vus", scores, labels, repeats, **options)


def r_auc(scores: Any, labels: Any, *, window: int, variant: str = "vldb_sym", repeats: int = 3) -> Answer | None:
    """R-AUC-ROC and R-AUC-PR: variant "vldb_sym" or "vldb"."""
    return ask("VUS_PYTHON", "r_auc", scores, labels, repeats, window=window, variant=variant)


def tsb_ad(scores: Any, labels: Any, *, window: int = 100, repeats: int = 3) -> Answer | None:
    """The nine metrics of TSB-AD's report, in its order: AUC-PR, AUC-ROC, VUS-PR, VUS-ROC, then the five F1s."""
    return ask("VUS_PYTHON", "tsb_ad", scores, labels, repeats, window=window)


def tsb_ad_f1(scores: Any, labels: Any, *, metric: str, repeats: int = 3) -> Answer | None:
    """One of TSB-AD's F1s over 100 thresholds: "PointF1", "PointF1PA", "EventF1PA", "RF1" or "Affiliation"."""
    return ask("VUS_PYTHON", "tsb_ad_f1", scores, labels, repeats, metric=metric)


def vus_pred(predictions: Any, labels: Any, *, window: int = 100, repeats: int = 3) -> Answer | None:
    """VUS-Recall, VUS-Precision and VUS-F of a binary prediction."""
    return ask("VUS_PYTHON", "vus_pred", predictions, labels, repeats, window=window)


def affiliation(predictions: Any, labels: Any, *, repeats: int = 3) -> Answer | None:
    """Affiliation precision and recall by the authors' code, as TSB-AD carries it."""
    return ask("VUS_PYTHON", "affiliation", predictions, labels, repeats)


def range_pr(predictions: Any, labels: Any, *, alpha: float = 0.0, cardinality: str = "one", bias: str = "flat",
             repeats: int = 3) -> Answer | None:  # fmt: skip
    """Range-based precision and recall by PRTS."""
    options = {"alpha": alpha, "cardinality": cardinality, "bias": bias}
    return ask("VUS_PYTHON", "range_pr", predictions, labels, repeats, **options)


def best_pa_k_f1(scores: Any, labels: Any, *, K: float = 20, repeats: int = 3) -> Answer | None:
    """Best F1 after PA%K by tadpak, over every tenth threshold, of which there must be ten."""
    return ask("VUS_PYTHON", "best_pa_k_f1", scores, labels, repeats, K=K)


def find_length(series: Any, *, repeats: int = 3) -> Answer | None:
    """Window length from the autocorrelation."""
    return ask("VUS_PYTHON", "find_length", series, [], repeats)


# Below: inside the peers' processes. Each gives a function of the two arrays, its imports already done.


def _pate(**options: Any) -> Callable[[Any, Any], Any]:
    from pate.PATE_metric import PATE

    return lambda scores, labels: PATE(labels, scores, **options)


def _vus(window: int, thre: int, version: str) -> Callable[[Any, Any], Any]:
    from vus.basic_metrics import basic_metricor
    from vus.utils.metrics import metricor

    if version == "vldb":
        return lambda scores, labels: basic_metricor().RangeAUC_volume(labels, scores, window)[-2:]
    volume = getattr(metricor(), f"RangeAUC_volume_{version}")
    return lambda scores, labels: volume(labels, scores, window, thre)[-2:]


def _r_auc(window: int, variant: str) -> Callable[[Any, Any], Any]:
    from vus.basic_metrics import basic_metricor
    from vus.utils.metrics import metricor

    metric = {"vldb": basic_metricor, "vldb_sym": metricor}[variant]().RangeAUC
    return lambda scores, labels: metric(labels=labels, score=scores, window=window, plot_ROC=True)[:2]


def _tsb_ad(window: int) -> Callable[[Any, Any], Any]:
    from TSB_AD.evaluation.metrics import get_metrics

    return lambda scores, labels: list(get_metrics(scores, labels, slidingWindow=window).values())


def _tsb_ad_f1(metric: str) -> Callable[[Any, Any], Any]:
    from TSB_AD.evaluation.basic_metrics import basic_metricor

    call = getattr(basic_metricor(), f"metric_{metric}")
    return lambda scores, labels: call(labels, scores)


def _vus_pred(window: int) -> Callable[[Any, Any], Any]:
    from TSB_AD.evaluation.basic_metrics import basic_metricor

    return lambda predictions, labels: basic_metricor().metric_VUS_pred(labels.copy(), predictions, window)


def _affiliation() -> Callable[[Any, Any], Any]:
    from TSB_AD.evaluation.affiliation.generics import convert_vector_to_events
    from TSB_AD.evaluation.affiliation.metrics import pr_from_events

    def call(predictions: Any, labels: Any) -> list[float]:
        found = pr_from_events(
            convert_vector_to_events(predictions), convert_vector_to_events(labels), (0, len(labels))
        )
        return [found["Affiliation_Precision"], found["Affiliation_Recall"]]

    return call


def _range_pr(alpha: float, cardinality: str, bias: str) -> Callable[[Any, Any], Any]:
    import prts

    options = (alpha, cardinality, bias)
    return lambda predictions, labels: [
        metric(labels, predictions, *options) for metric in (prts.ts_precision, prts.ts_recall)
    ]


def _best_pa_k_f1(K: float) -> Callable[[Any, Any], Any]:
    from tadpak.evaluate import evaluate

    return lambda scores, labels: evaluate(scores, labels, k=K)["best_f1_w_pa"]


def _find_length() -> Callable[[Any, Any], Any]:
    from vus.utils.slidingWindows import find_length as call

    return lambda series, _: call(series)


def answer(peer: str, repeats: int, options: dict[str, Any], data: str) -> Answer:
    """Run a peer in this process, its prints and warnings swallowed."""
    call = globals()[f"_{peer}"](**options)
    arrays, times = np.load(data), []
    scores, labels = arrays["scores"], arrays["labels"]
    quiet = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        warnings.simplefilter("ignore")
        for _ in range(repeats):
            start = time.perf_counter()
            value = call(scores, labels)
            times.append(time.perf_counter() - start)
    return Answer(np.asarray(value, float).ravel().tolist(), statistics.median(times))


def main() -> None:
    """Print every peer's answer on one random series with events."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--pate-python", help="interpreter with pate; else PATE_PYTHON")
    parser.add_argument("--vus-python", help="interpreter with vus, tsb-ad, prts and tadpak; else VUS_PYTHON")
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.answer:
        print(json.dumps(answer(**json.loads(arguments.answer))._asdict()))
        return
    PYTHONS["PATE_PYTHON"] = arguments.pate_python or PYTHONS["PATE_PYTHON"]
    PYTHONS["VUS_PYTHON"] = arguments.vus_python or PYTHONS["VUS_PYTHON"]

    rng = np.random.default_rng(0)
    labels = np.zeros(arguments.points, np.int64)
    for first in rng.choice(arguments.points - 60, arguments.points // 400, replace=False):
        labels[first : first + rng.integers(5, 60)] = 1
    scores = rng.random(arguments.points) + 0.5 * labels
    predictions, common = (scores > 1).astype(np.int64), {"repeats": arguments.repeats}
    calls: dict[str, Callable[[], Answer | None]] = {
        "pate": lambda: pate(scores, labels, **common),
        "pate-f1": lambda: pate(predictions, labels, binary_scores=True, **common),
        **{f"vus {v}": lambda v=v: vus(scores, labels, window=arguments.window, version=v, **common)
           for v in ("opt", "opt_mem", "opt_time", "vldb")},
        "r_auc": lambda: r_auc(scores, labels, window=arguments.window, **common),
        "tsb_ad": lambda: tsb_ad(scores, labels, window=arguments.window, **common),
        **{m: lambda m=m: tsb_ad_f1(scores, labels, metric=m, **common)
           for m in ("PointF1", "PointF1PA", "EventF1PA", "RF1", "Affiliation")},
        "vus_pred": lambda: vus_pred(predictions, labels, window=arguments.window, **common),
        "affiliation": lambda: affiliation(predictions, labels, **common),
        "range_pr": lambda: range_pr(predictions, labels, **common),
        "best_pa_k_f1": lambda: best_pa_k_f1(scores, labels, **common),
        "find_length": lambda: find_length(scores, **common),
    }  # fmt: skip
    for name, call in calls.items():
        found = call()
        if found is None:
            print(f"{name:13} no interpreter given")
        else:
            values = " ".join(f"{v:.6f}" for v in found.value)
            print(f"{name:13} {1000 * found.seconds:10.2f} ms  {values}")


if __name__ == "__main__":
    main()
