"""What `import anomalib_cpp` costs: NumPy and one extension module."""

import subprocess
import sys
from importlib import import_module

import pytest

import anomalib_cpp as ac


def modules_after(statement: str) -> set[str]:
    code = f"import sys, numpy\nbefore = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_importing_the_package_loads_no_other_library():
    loaded = {name.partition(".")[0] for name in modules_after("import anomalib_cpp") if not name.startswith("_")}
    foreign = loaded - set(sys.stdlib_module_names) - {"anomalib_cpp", "numpy"}
    assert not foreign


def test_importing_the_package_loads_no_room():
    ours = {name for name in modules_after("import anomalib_cpp") if name.startswith("anomalib_cpp.")}
    expected = ("_arrays", "_checks", "_config", "_core", "_cuda_arrays", "_errors", "_memory", "_show_config")
    assert ours == {f"anomalib_cpp.{name}" for name in expected}


def test_a_room_loads_on_first_use():
    assert "anomalib_cpp.bank" in modules_after("import anomalib_cpp; anomalib_cpp.bank")


@pytest.mark.parametrize("name", ac.__all__)
def test_every_public_name_exists(name):
    assert getattr(ac, name) is not None
    assert name in dir(ac)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = ac.nothing


@pytest.mark.parametrize("room", ["bank", "evaluators", "io", "maps", "metrics", "sklearn"])
def test_every_public_function_is_documented(room):
    module = import_module(f"anomalib_cpp.{room}")
    for name in module.__all__:
        assert len((getattr(module, name).__doc__ or "").splitlines()) > 3, name
