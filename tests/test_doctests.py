"""Every example of every docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import anomalib_cpp

MODULES = [
    "anomalib_cpp",
    *(
        module.name
        for module in pkgutil.walk_packages(anomalib_cpp.__path__, "anomalib_cpp.")
        if module.name.rpartition(".")[2] not in ("__main__", "_core", "_cuda")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    if name in ("anomalib_cpp.anomalib", "anomalib_cpp.torchmetrics"):
        pytest.importorskip("torchmetrics")
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).failed == 0
