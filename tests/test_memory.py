"""estimate_memory against the peak that a fresh process measures."""

import subprocess
import sys

import pytest

import anomalib_cpp as ac

MEASURE = """
import numpy as np
from anomalib_cpp import bank, metrics

rng = np.random.default_rng(0)
def rows(*shape):
    return rng.random(shape, np.float32)
def masks(n, h, w, share):
    result = np.zeros((n, h, w), bool)
    result[:, 2 : 2 + round(h * share), :] = True
    return result
{setup}
{warm}
def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) << 10
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # from here on the peak counts anew
before = status("VmRSS")
{call}
print(status("VmHWM") - before)
"""
PIXELS = "maps, labels = rows(10, 400, 400), masks(10, 400, 400, {})"

CASES = [
    (
        "q, b = rows(800, 768), rows(12000, 768)",
        "bank.knn({}, {}, k=9)",
        ("q[:32]", "b[:900]"),
        ("q", "b"),
        ("knn", {"queries": (800, 768), "bank": (12000, 768), "k": 9}),
    ),
    (
        "q, b = rows(800, 768), rows(12000, 768)",
        "bank.knn({}, {}, memory_budget='6MiB')",
        ("q[:32]", "b[:900]"),
        ("q", "b"),
        ("knn", {"queries": (800, 768), "bank": (12000, 768), "memory_budget": "6MiB"}),
    ),
    (
        "f = rows(20000, 512)",
        "bank.coreset({}, size=200)",
        ("f[:500]",),
        ("f",),
        ("coreset", {"features": (20000, 512), "size": 200}),
    ),
    (
        "f = rows(20000, 64)",
        "bank.coreset({}, ratio=0.01, projection=None)",
        ("f[:500]",),
        ("f",),
        ("coreset", {"features": (20000, 64), "ratio": 0.01, "projection": None}),
    ),
    *(
        (
            PIXELS.format(share),
            f"metrics.{name}({{}}, {{}})",
            ("maps[:1]", "labels[:1]"),
            ("maps", "labels"),
            (name, {"maps": (10, 400, 400), "anomalous": share}),
        )
        for name, share in [("auroc", 0.02), ("auroc", 0.3), ("aupro", 0.1), ("pixel_report", 0.3)]
    ),
]


@pytest.mark.skipif(sys.platform != "linux", reason="reads peak memory the way Linux reports it")
@pytest.mark.skipif(
    "address" in ac.show_config("dict")["build"]["sanitizers"], reason="the sanitizer keeps memory that was given back"
)
@pytest.mark.parametrize(("setup", "call", "small", "large", "question"), CASES, ids=[case[4][0] for case in CASES])
def test_the_estimate_bounds_the_peak_within_a_factor(setup, call, small, large, question):
    code = MEASURE.format(setup=setup, warm=call.format(*small), call=call.format(*large))
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    measured = int(answer)
    estimate = ac.estimate_memory(question[0], **question[1]).host_bytes
    slack = 6 << 20  # the allocator, stacks, pages of the library that are touched for the first time
    assert measured <= 1.2 * estimate + slack
    assert estimate <= 3 * measured + slack


def test_a_budget_lowers_the_estimate_down_to_the_minimum():
    shapes = {"queries": (20_000, 256), "bank": (200_000, 256)}
    estimates = [ac.estimate_memory("knn", **shapes, memory_budget=budget) for budget in ("1GiB", "20MiB", "4MiB", 1)]
    sizes = [estimate.host_bytes for estimate in estimates]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) >= 3
    assert sizes[-1] == estimates[-1].minimum_bytes
    assert len({estimate.minimum_bytes for estimate in estimates}) == 1
    assert [estimate.blocks for estimate in estimates] == sorted(estimate.blocks for estimate in estimates)
    assert {estimate.device_bytes for estimate in estimates} == {0}


def test_no_data_needs_little():
    assert ac.estimate_memory("knn", queries=(0, 3), bank=(5, 3)).host_bytes < 4 << 20
    assert ac.estimate_memory("auroc", maps=(0, 256, 256)).blocks == 1


@pytest.mark.parametrize(
    ("function", "shapes", "error", "message"),
    [
        ("sort", {}, ValueError, "function must be one of 'knn', 'coreset'"),
        ("knn", {"queries": (1, 2)}, TypeError, "'bank' is missing"),
        ("knn", {"queries": (1, 2), "bank": (3, 2), "n": 4}, TypeError, "takes queries, bank.*got 'n'"),
        ("knn", {"queries": (1, 2), "bank": (3, 4)}, ValueError, "widths must agree"),
        ("knn", {"queries": 3, "bank": (3, 4)}, TypeError, r"queries must be a shape \(n, d\)"),
        ("knn", {"queries": (1.5, 4), "bank": (3, 4)}, TypeError, "queries must be an integer"),
        ("knn", {"queries": (1, 4), "bank": (-3, 4)}, ValueError, "bank must be an integer >= 0; got -3"),
        ("knn", {"queries": (1, 4), "bank": (3, 4), "k": 0}, ValueError, "k must be an integer >= 1; got 0"),
        ("knn", {"queries": (1, 4), "bank": (3, 4), "dtype": "int8"}, TypeError, "dtype must be float16"),
        ("coreset", {"features": (9, 4)}, ValueError, "either size or ratio"),
        ("coreset", {"features": (9, 4), "size": 10}, ValueError, "size must be at most"),
        ("coreset", {"features": (9, 4), "size": 1, "variant": "x"}, ValueError, "variant must be one of"),
        ("coreset", {"features": (9, 4), "size": 1, "projection": "x"}, ValueError, "projection must be one of"),
        ("auroc", {"maps": (9, 4)}, TypeError, r"maps must be a shape \(N, H, W\)"),
        ("auroc", {"maps": (9, 4, 4), "anomalous": 2}, ValueError, "anomalous must be the share"),
    ],
)
def test_bad_questions_are_named(function, shapes, error, message):
    with pytest.raises(error, match=message):
        ac.estimate_memory(function, **shapes)
