"""Farthest-first coresets at PatchCore sizes, against anomalib's `KCenterGreedy` and a plain PyTorch loop.

The loop gets finished projected rows, and so do we beside it: same rows, same start, same picks, compared before the
clock starts. anomalib's sampler does its own projection, and so do we beside it. A peer that would take longer than
`--peer-seconds` makes its first picks only (`peer_picks`), and the time of a pick is multiplied up: every pick costs it
the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import anomalib_cpp
from anomalib_cpp import bank
from machine import Call, report, wall_and_cpu
from peers import anomalib_k_center_greedy

SIZES = [(20_000, 1024, 244, 1_000), (280_576, 152, 64, 2_806)]  # rows, columns, projected columns, picks
Rows = NDArray[np.float32]


def relu_like(n: int, d: int) -> Rows:
    """Rows of low rank with a little noise, cut at zero."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((64, d), dtype=np.float32) / 8
    rows = rng.standard_normal((n, 64), dtype=np.float32) @ mixing
    rows += 0.1 * rng.standard_normal(rows.shape, dtype=np.float32)
    return np.maximum(rows, 0, out=rows)


def gaussian(n: int, d: int) -> Rows:
    """Rows without any structure to exploit."""
    return np.random.default_rng(0).standard_normal((n, d), dtype=np.float32)


def torch_loop(rows: torch.Tensor, count: int, start: int) -> list[int]:
    """Greedy k-center in the fewest calls into PyTorch."""
    picks = [start]
    nearest = torch.full((len(rows),), torch.inf)
    while len(picks) < count:
        torch.minimum(nearest, (rows - rows[picks[-1]]).square_().sum(1), out=nearest)
        picks.append(int(nearest.argmax()))
    return picks


def check(picks: NDArray[np.int64], rows: torch.Tensor, count: int) -> str:
    """First picks against the loop's; after a difference that float64 calls a tie, no comparison is possible."""
    expected = np.array(torch_loop(rows, count, int(picks[0])))
    other = np.flatnonzero(picks[:count] != expected)
    if len(other) == 0:
        return f"{count} of {count}"
    first = int(other[0])
    both = rows.numpy()[[picks[first], expected[first]]].astype(np.float64)
    earlier = rows.numpy()[picks[:first]].astype(np.float64)
    mine, theirs = np.sqrt(((both[:, None] - earlier) ** 2).sum(-1)).min(1)
    assert abs(mine - theirs) < 1e-5 * mine, (first, mine, theirs)
    return f"{first} of {count}, then a tie in float32"


def race(ours: Call, peer: Callable[[int], Any], count: int, repeats: int, peer_seconds: float) -> dict[str, Any]:
    """Median times of ours and the peer in turn; the peer makes as many of the `count` picks as the time allows.

    What the peer does once, such as its projection, is not multiplied: two runs of different length give the time of
    one pick, and only that is.
    """
    few = 3

    def extrapolated(picks: int) -> tuple[float, float]:
        short = wall_and_cpu(lambda: peer(few))
        long = wall_and_cpu(lambda: peer(picks))
        wall, cpu = (b + (b - a) / (picks - few) * (count - picks) for a, b in zip(short, long, strict=True))
        return wall, cpu

    peer(few)
    one = max(extrapolated(10 + few)[0] / count, 1e-9)
    picks = int(min(count, max(10 + few, peer_seconds / repeats / one)))
    columns = list(zip(*[(*wall_and_cpu(ours), *extrapolated(picks)) for _ in range(repeats)], strict=True))
    mine, cpu, theirs, their_cpu = (float(np.median(column)) for column in columns)
    return {
        "seconds": mine,
        "peer_seconds": theirs,
        "peer_picks": picks,
        "ratio": theirs / mine,
        "cpu_seconds": cpu,
        "cpu_ratio": their_cpu / cpu,
        "ratio_of_best": min(columns[2]) / min(columns[0]),
    }


def case(kind: str, features: Rows, columns: int, count: int, repeats: int, peer_seconds: float, checked: int) -> None:
    n, d = features.shape
    matrix = np.random.default_rng(1).standard_normal((columns, d), dtype=np.float32) / np.float32(columns**0.5)
    projected = np.ascontiguousarray(features @ matrix.T)
    rows = torch.from_numpy(projected)

    def on_projected() -> NDArray[np.int64]:
        return bank.coreset(projected, size=count, projection=None, start=0).indices

    common = {"data": kind, "rows": n, "columns": d, "picks": count}
    report(
        "coreset",
        **common,
        projected=columns,
        peer="plain torch loop on the same projected rows",
        same_picks=check(on_projected(), rows, min(checked, count)),
        **race(on_projected, lambda picks: torch_loop(rows, picks, 0), count, repeats, peer_seconds),
    )
    sampler = anomalib_k_center_greedy()
    if sampler is None:
        return
    tensor = torch.from_numpy(features)
    report(
        "coreset",
        **common,
        projected="by each",
        peer="anomalib KCenterGreedy",
        **race(
            lambda: bank.coreset(features, size=count),
            lambda picks: sampler(tensor, (picks + 0.5) / n),
            count,
            repeats,
            peer_seconds,
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, anomalib_cpp.get_num_threads()}))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-seconds", type=float, default=40, help="for all repeats of one peer together")
    parser.add_argument("--checked", type=int, default=200, help="first picks compared with the loop's")
    parser.add_argument("--data", nargs="*", default=["relu", "gaussian"])
    parser.add_argument("--sizes", type=int, nargs="*", default=[0, 1], help="positions in the list of sizes")
    options = parser.parse_args()
    for n, d, columns, count in [SIZES[size] for size in options.sizes]:
        for kind in options.data:
            features = (relu_like if kind == "relu" else gaussian)(n, d)
            for threads in options.threads:
                anomalib_cpp.set_num_threads(threads)
                torch.set_num_threads(threads)
                case(kind, features, columns, count, options.repeats, options.peer_seconds, options.checked)


if __name__ == "__main__":
    main()
