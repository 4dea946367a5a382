"""Saving, loading and mapped search of a bank, beside safetensors and FAISS doing the same duty.

The peers of save and load also flush the file and compute a SHA-256, in one stream, as a user of them would.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
from pathlib import Path

import faiss
import numpy as np
from safetensors.numpy import load_file, save_file

from anomalib_cpp.bank import PatchMemoryBank
from machine import best_of, compare, report


def save_and_hash(path: Path, rows: np.ndarray) -> str:
    """Write with safetensors, flush, hash."""
    save_file({"bank": rows}, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return hashlib.sha256(rows).hexdigest()


def load_and_hash(path: Path) -> str:
    """Read with safetensors, hash, look for NaN."""
    rows = load_file(path)["bank"]
    if not np.isfinite(rows).all():
        raise ValueError("not finite")
    return hashlib.sha256(rows).hexdigest()


def main() -> None:
    """Measure all three for one size of bank."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=65536)
    parser.add_argument("--columns", type=int, default=1024)
    parser.add_argument("--queries", type=int, default=784)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((64, arguments.columns), np.float32)
    rows = np.maximum(rng.standard_normal((arguments.rows, 64), np.float32) @ mixing, 0)
    queries = np.maximum(rng.standard_normal((arguments.queries, 64), np.float32) @ mixing, 0)
    memory = PatchMemoryBank(image_score="max").fit(rows)
    shape = f"{arguments.rows} x {arguments.columns}"

    with tempfile.TemporaryDirectory() as folder:
        ours, peer, flat = (Path(folder) / name for name in ("ours.safetensors", "peer.safetensors", "peer.faiss"))
        memory.save(ours)
        mapped = PatchMemoryBank.load(ours, mmap=True)
        if not np.array_equal(mapped.rows, rows):
            raise RuntimeError("the file does not give the rows back")
        for got, expected in zip(mapped.search(queries, memory_budget="64MiB"), memory.search(queries), strict=True):
            if got.tobytes() != expected.tobytes():
                raise RuntimeError("the mapped search gives other answers")
        hashing = rows.nbytes / best_of(lambda: hashlib.sha256(rows), 3)
        for name, call, other in (
            ("save", lambda: memory.save(ours), lambda: save_and_hash(peer, rows)),
            ("load", lambda: PatchMemoryBank.load(ours), lambda: load_and_hash(peer)),
        ):
            figures = compare(call, other, 5)
            speed = rows.nbytes / figures["seconds"]
            report(f"bank {name}", shape=shape, peer="safetensors + sha256", gb_per_s=speed / 1e9,
                   of_one_sha256_stream=speed / hashing, **figures)  # fmt: skip

        faiss.write_index(memory.to_faiss(), str(flat))
        peers_index = faiss.read_index(str(flat), faiss.IO_FLAG_MMAP)
        for budget in ("64MiB", "4GiB"):
            mapped = PatchMemoryBank.load(ours, mmap=True, verify=False)
            figures = compare(
                lambda mapped=mapped, budget=budget: mapped.search(queries, memory_budget=budget),
                lambda: peers_index.search(queries, 1),
                3,
            )
            report("bank mapped search", shape=f"{arguments.queries} x {shape}", peer="faiss mmap", budget=budget,
                   **figures)  # fmt: skip


if __name__ == "__main__":
    main()
