"""The Python examples of the README, run with a small made-up network."""

import re
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).parent.parent / "README.md"


def test_examples_of_the_readme(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(0)
    fine, coarse = (torch.randn((channels, 3, 1, 1), generator=generator) for channels in (8, 16))

    def backbone(images):
        pooled = [torch.nn.functional.avg_pool2d(images, side) for side in (8, 16)]
        return [torch.nn.functional.conv2d(x, w).relu() for x, w in zip(pooled, (fine, coarse), strict=True)]

    train_images, test_images = (torch.rand((n, 3, 224, 224), generator=generator) for n in (6, 4))
    labels = torch.tensor([0, 0, 1, 1])
    masks = torch.zeros((4, 224, 224), dtype=torch.bool)
    masks[2:, 60:140, 80:160] = True
    test_images[:, 0][masks] = 3.0
    names = {"backbone": backbone, "train_images": train_images, "test_images": test_images}
    names |= {"labels": labels, "masks": masks}
    monkeypatch.chdir(tmp_path)
    names["values"] = np.sin(np.arange(600) / 25 * np.pi)
    names["point_labels"] = np.arange(600) // 40 % 7 == 3
    names["point_scores"] = names["point_labels"] + np.random.default_rng(0).normal(size=600)
    bank, images, series = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(bank, names)
    assert isinstance(names["anomaly_maps"], torch.Tensor)
    assert names["anomaly_maps"].shape == masks.shape
    assert (tmp_path / "bank.safetensors").exists()
    exec(images, names)
    assert names["of_images"]["auroc"] == 1.0
    assert names["of_pixels"]["auroc"] > 0.95
    assert np.isfinite(list(names["of_pixels"].values())).all()
    exec(series, names)
    assert names["window"] == 50
    assert 0.5 < names["of_series"]["vus_roc"] < 1
