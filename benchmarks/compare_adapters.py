"""Every adapter beside its peer: a Markdown table of the largest difference, and of where they part.

`--write docs/adapters.md` puts the table into the page. Peers that are not installed are left out. MuSc is no package:
`--musc` names utils/metrics.py of a checkout.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import logging
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import adapter_rows as rows
import anomalib_cpp
import peers

PACKAGES = ("scikit-learn", "torchmetrics", "anomalib", "adeval", "torch", "numpy")
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"
HEAD = "| | cases | largest difference | where they part |\n| --- | --- | --- | --- |\n"
NOTABLE = 1e-4  # more than rounding


def flat(value: Any) -> np.ndarray:
    """All numbers of a result, in order, as float64."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        return np.concatenate([flat(each) for each in value])
    if hasattr(value, "shared_fpr"):
        value = np.concatenate([flat(value.thresholds), flat(value.shared_fpr), flat(value.per_image_tprs)])
    return np.asarray(value.detach() if hasattr(value, "detach") else value, np.float64).ravel()


def outcome(call: Callable[..., Any], pair: tuple[np.ndarray, np.ndarray]) -> Any:
    """Return the numbers that a call gives, or the error that it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return flat(call(*(value.copy() for value in pair)))
        except Exception as error:
            return error


def told(value: Any) -> str:
    """Tell in a few words what a call gave."""
    if isinstance(value, ValueError):
        return "refused"
    if isinstance(value, Exception):
        return f"`{type(value).__name__}`"
    if len(value) <= 3:
        return ", ".join(f"{each:.4g}" for each in value)
    missing = int(np.isnan(value).sum())
    return f"{missing} of {len(value)} NaN" if missing else f"{len(value)} values"


def difference(mine: Any, theirs: Any) -> float:
    """Largest absolute difference; NaN where there is none to tell."""
    failed = [isinstance(value, Exception) for value in (mine, theirs)]
    if any(failed):
        return 0.0 if all(failed) else math.nan
    if mine.shape != theirs.shape or (np.isnan(mine) != np.isnan(theirs)).any():
        return math.nan
    same = (mine == theirs) | np.isnan(mine)
    return float(np.abs(np.where(same, 0, mine - np.where(same, 0, theirs)) * ~same).max(initial=0))


def line(row: rows.Row) -> str:
    name, ours, peer, cases, reasons = row
    largest, parted, refused = 0.0, [], 0
    for case, pair in cases.items():
        mine, theirs = outcome(ours, pair), outcome(peer, pair)
        far = difference(mine, theirs)
        refused += isinstance(mine, Exception) and isinstance(theirs, Exception)
        if far < NOTABLE:
            largest = max(largest, far)
            continue
        both = f"peer {told(theirs)}, ours {told(mine)}"
        what = both if math.isnan(far) or len(mine) <= 3 else f"off by {far:.2g}"
        parted.append(f"{case}{f' ({reasons[case]})' if case in reasons else ''}: {what}")
    count = f"{len(cases) - len(parted)} of {len(cases)}" + (f", {refused} refused by both" if refused else "")
    return f"| `{name}` | {count} | {f'{largest:.1e}' if largest else 0} | {'; '.join(parted)} |"


def tables(musc: Path | None) -> Iterator[str]:
    makers: dict[str, Callable[[], Iterator[rows.Row]]] = {
        "`anomalib_cpp.sklearn` beside scikit-learn": rows.sklearn_rows,
        "`anomalib_cpp.torchmetrics` beside torchmetrics": rows.torchmetrics_rows,
        "`anomalib_cpp.anomalib` beside anomalib": rows.anomalib_rows,
        "`anomalib_cpp.adeval` beside ADEval": rows.adeval_rows,
        "`anomalib_cpp.aupimo` beside anomalib's port of aupimo, on aupimo's thresholds": rows.aupimo_rows,
        "`anomalib_cpp.metrics.aupro` beside the evaluation of MVTec 3D": rows.grid_rows,
    }
    if musc is not None:
        makers["`anomalib_cpp.musc` beside MuSc"] = lambda: rows.musc_rows(musc)
    for title, maker in makers.items():
        try:
            lines = [line(row) for row in maker()]
        except ImportError as error:
            print(f"left out: {title} ({error})", file=sys.stderr)
            continue
        yield f"## {title}\n\n{HEAD}" + "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page to put the tables into")
    parser.add_argument("--musc", type=Path, help="utils/metrics.py of a checkout of MuSc")
    arguments = parser.parse_args()
    if not hasattr(np, "trapz"):  # ADEval calls a name that NumPy 2.4 no longer has
        setattr(np, "trapz", np.trapezoid)  # noqa: B010
    mend_torchvision()
    logging.disable(logging.ERROR)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES if installed(name)]
    stamp = f"Made on {datetime.date.today()} with anomalib_cpp {anomalib_cpp.__version__}, {', '.join(versions)}.\n"
    text = "\n".join([stamp, *tables(arguments.musc)])
    if arguments.write is None:
        print(text)
        return
    page = arguments.write.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    arguments.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def mend_torchvision() -> None:
    """Let torchmetrics import torchvision, which a CUDA build beside a CPU build of torch refuses."""
    try:
        import torchvision  # noqa: F401
    except ImportError:
        return
    except RuntimeError:
        import torch

        peers.declare_torchvision_operators(torch)


def installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
