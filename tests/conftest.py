import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from anomalib_cpp import _core

# Random examples are the same on every run; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("short", settings.get_profile("fixed"), max_examples=5)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

LEVELS = ["baseline", "avx2", "avx512"]


def _run_at(level: str) -> Iterator[str]:
    before = _core.active_isa()
    try:
        _core.set_isa(level)
    except ValueError as missing:
        pytest.skip(str(missing))
    yield level
    _core.set_isa(before)


@pytest.fixture(params=LEVELS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test once per instruction set that this CPU has."""
    yield from _run_at(request.param)


@pytest.fixture(params=[*LEVELS, "avx512-vnni", "amx", "vnni-emulated", "amx-emulated"])
def engine_isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Like `isa`, with the levels that only the pairwise engine tells apart."""
    yield from _run_at(request.param)
