"""Exact k-NN at PatchCore sizes, at every instruction set, against faiss-cpu's exact index at equal threads.

The bank is packed before the clock starts, as FAISS's index is filled before it starts; `one_shot` is `bank.knn` on
plain arrays, packing included. `--faiss-level AVX2` restricts FAISS and its BLAS to AVX2, for a comparison with our
own AVX2 level.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

if "--faiss-level" in sys.argv:  # read when FAISS and its BLAS are loaded
    os.environ["FAISS_SIMD_LEVEL"] = sys.argv[sys.argv.index("--faiss-level") + 1]
    os.environ["OPENBLAS_CORETYPE"] = "Haswell"

import faiss

import anomalib_cpp
from anomalib_cpp import bank, cpu_features, set_isa
from anomalib_cpp.bank.search import PackedRows
from machine import compare, median_of, read_bandwidth, register_peaks, report, roofline

Rows = NDArray[np.float32]
SIZES = [(784, 16384, 1024), (3136, 16384, 384), (1, 16384, 1024)]  # queries, bank rows, columns
LEVELS = ["avx2", "avx512", "avx512-vnni", "amx"]


def relu_like(rng: np.random.Generator, mixing: Rows, n: int, shift: float) -> Rows:
    """Rows of low rank with a little noise, cut at zero: what a convolutional network gives. `shift` is added after."""
    low_rank = rng.standard_normal((n, len(mixing)), dtype=np.float32) @ mixing
    noise = rng.standard_normal(low_rank.shape, dtype=np.float32)
    return np.maximum(low_rank + 0.1 * noise, 0) + np.float32(shift)


def data(n: int, m: int, d: int) -> Iterator[tuple[str, Rows, Rows]]:
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((64, d), dtype=np.float32) / 8
    for name, shift in (("relu", 0.0), ("relu + 3", 3.0)):
        yield name, relu_like(rng, mixing, n, shift), relu_like(rng, mixing, m, shift)
    yield "gaussian", rng.standard_normal((n, d), dtype=np.float32), rng.standard_normal((m, d), dtype=np.float32)


def check(found: tuple[Rows, NDArray[np.int64]], queries: Rows, rows: Rows) -> None:
    """Nearest rows by brute force in float64, for a few queries."""
    for i in range(0, len(queries), max(1, len(queries) // 5)):
        sq = ((rows.astype(np.float64) - queries[i]) ** 2).sum(axis=1)
        expected = np.argsort(sq, kind="stable")[: found[1].shape[1]]
        np.testing.assert_array_equal(found[1][i], expected)


def memory(n: int, m: int, d: int, budget: str) -> None:
    """Peak resident bytes that a one-shot search adds to its inputs, in a process of its own (Linux)."""
    script = f"""
import numpy as np
from anomalib_cpp import bank
rng = np.random.default_rng(0)
queries, rows = (rng.standard_normal((size, {d}), dtype=np.float32) for size in ({n}, {m}))
bank.knn(queries[:20], rows[:2000])
def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) << 10
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # from here on the peak counts anew
before = status("VmRSS")
bank.knn(queries, rows, k=9, memory_budget="{budget}")
print(status("VmHWM") - before)
"""
    extra = int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)
    report(
        "knn memory",
        queries=n,
        bank=m,
        columns=d,
        memory_budget=budget,
        extra_bytes=extra,
        bank_bytes=4 * m * d,
        matrix_bytes=4 * n * m,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, anomalib_cpp.get_num_threads()}))
    parser.add_argument("--levels", nargs="*", default=LEVELS)
    parser.add_argument("--faiss-level", default=None)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="*", default=[0, 1, 2], help="positions in the list of sizes")
    parser.add_argument("--data", nargs="*", default=["relu", "relu + 3", "gaussian"])
    options = parser.parse_args()
    best = cpu_features()["detected"]
    peaks = register_peaks()
    for threads in options.threads:
        anomalib_cpp.set_num_threads(threads)
        faiss.omp_set_num_threads(threads)
        bandwidth = read_bandwidth(16 << 20, threads)
        for n, m, d in [SIZES[size] for size in options.sizes]:
            for kind, queries, rows in data(n, m, d):
                if kind not in options.data:
                    continue
                index = faiss.IndexFlatL2(d)
                index.add(rows)
                for level in options.levels:
                    try:
                        set_isa(level)
                    except ValueError:
                        continue  # this CPU lacks it
                    packed = PackedRows(rows)
                    for k in (1, 9):
                        check(packed.search(queries, k), queries, rows)
                        timing = compare(
                            lambda p=packed, q=queries, k=k: p.search(q, k),
                            lambda i=index, q=queries, k=k: i.search(q, k),
                            options.repeats,
                        )
                        one_shot = median_of(lambda q=queries, r=rows, k=k: bank.knn(q, r, k=k), 3)
                        share = roofline(
                            timing["seconds"],
                            nbytes=m * d,  # of codes: one byte a number
                            bandwidth=bandwidth,
                            ops=2 * n * m * d,
                            peak=threads * peaks.get(level, float("nan")),
                        )
                        report(
                            "knn",
                            data=kind,
                            queries=n,
                            bank=m,
                            columns=d,
                            k=k,
                            level=level,
                            peer="faiss-cpu IndexFlatL2"
                            + (f" at {options.faiss_level}" if options.faiss_level else ""),
                            **timing,
                            one_shot_seconds=one_shot,
                            giga_ops=2 * n * m * d / timing["seconds"] / 1e9,
                            roofline=share,
                            cpu_roofline=share * timing["seconds"] * threads / max(timing["cpu_seconds"], 1e-9),
                        )
                set_isa(best)
    for size in [(784, 16384, 1024), (20_000, 100_000, 384)]:
        for budget in ("auto", "32MiB", "8MiB"):
            memory(*size, budget)


if __name__ == "__main__":
    main()
