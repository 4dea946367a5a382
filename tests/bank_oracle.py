"""Small banks, and their scores written straight from the definitions."""

import numpy as np

ROWS = np.array([(0, 0), (1, 0), (0, 1), (3, 3), (5, 0)], np.float64)
PATCHES = np.array([[(0.2, 0.1), (4, 2), (2.5, 2.5)]])


def closed_form():
    i, j, a = np.arange(50)[:, None], np.arange(16), np.arange(7)[:, None]
    rows = np.sin(1.7 * i + 0.9 * j + 0.3 * i * j).astype(np.float32)
    return rows, np.sin(1.7 * (7 * a + 0.5) + 0.9 * j + 2.1 * a * j).astype(np.float32)


def random_case(seed=0, rows=90, images=5, patches=12, dim=17, dtype=np.float32):
    """Small integers: many ties, and distances that float64 holds exactly before the root."""
    rng = np.random.default_rng(seed)
    return (
        rng.integers(-3, 4, (rows, dim)).astype(dtype),
        rng.integers(-3, 4, (images, patches, dim)).astype(dtype),
    )


def distances_of(queries, rows, metric):
    q, b = queries.astype(np.float64), rows.astype(np.float64)
    if metric in ("euclidean", "sqeuclidean"):
        squares = ((q[:, None] - b[None]) ** 2).sum(-1)
        return squares if metric == "sqeuclidean" else np.sqrt(squares)
    if metric == "inner_product":
        return -(q @ b.T)
    norms = np.maximum(np.linalg.norm(q, axis=1), 1e-12)[:, None] * np.maximum(np.linalg.norm(b, axis=1), 1e-12)
    cosine = 1 - (q @ b.T) / norms
    return cosine / 2 if metric == "half_cosine" else cosine


def reference_scores(rows, features, *, metric="euclidean", n_neighbors=9, image_score="anomalib", patch_neighbors=1,
                     agg="mean", squared=False, top_fraction=0.01, mask=None):  # fmt: skip
    """Scores straight from the definitions, one image at a time, with explicit loops."""
    image_scores, patch_scores = [], []
    for n, patches in enumerate(features):
        distances = distances_of(patches, rows, metric)
        order = np.argsort(distances, axis=1, kind="stable")
        scores = []
        for p in range(len(patches)):
            values = distances[p, order[p, :patch_neighbors]]
            values = values**2 if squared else values
            scores.append(
                {"mean": np.mean, "max": np.max, "median": np.median, "rms": lambda v: np.sqrt(np.mean(v**2))}[agg](
                    values
                )
            )
            if mask is not None and not mask[n, p]:
                scores[-1] = 0.0
        scores = np.array(scores)
        patch_scores.append(scores)
        worst = int(np.argmax(scores))
        if image_score == "max" or (image_score in ("anomalib", "paper_query") and n_neighbors == 1):
            image_scores.append(scores.max())
        elif image_score == "top_fraction":
            image_scores.append(np.sort(scores)[::-1][: max(int(top_fraction * len(scores)), 1)].mean())
        else:
            centre = rows[order[worst, 0]] if image_score == "anomalib" else patches[worst]
            around = np.argsort(distances_of(centre[None], rows, "euclidean")[0], kind="stable")[:n_neighbors]
            x = distances_of(patches[worst][None], rows[around], "euclidean")[0]
            weights = np.exp(x - x.max())
            image_scores.append((1 - weights[0] / weights.sum()) * scores[worst])
    return np.array(image_scores), np.array(patch_scores)
