from __future__ import annotations

import typing

import numpy
import numpy.typing

__all__: list[str] = [
    "PackedRows",
    "active_isa",
    "build_info",
    "compiled_isas",
    "cpu_features",
    "default_threads",
    "detected_isa",
    "from_dlpack",
    "maps_anomaly_map",
    "maps_gaussian_blur",
    "maps_image_scores",
    "maps_resize",
    "require_finite",
    "set_isa",
]

class PackedRows:
    def __init__(
        self,
        rows: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
        metric: str,
        check_finite: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> None: ...
    def all_keys(
        self,
        queries: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
        check_finite: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def nearest(
        self,
        queries: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
        k: typing.SupportsInt | typing.SupportsIndex,
        query_groups: typing.Any,
        bank_groups: typing.Any,
        exclude_self: bool,
        check_finite: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> tuple[typing.Any, ...]: ...
    @property
    def nbytes(self) -> int: ...

def active_isa() -> str: ...
def build_info() -> dict[str, typing.Any]: ...
def compiled_isas() -> list[str]: ...
def cpu_features() -> dict[str, bool]: ...
def default_threads() -> int: ...
def detected_isa() -> str: ...
def from_dlpack(capsule: typing.Any, name: str) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], bool]: ...
def maps_anomaly_map(
    patch_scores: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    sigma: typing.SupportsFloat | typing.SupportsIndex,
    radius: typing.SupportsInt | typing.SupportsIndex,
    mode: str,
    border: str,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def maps_gaussian_blur(
    maps: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    sigma: typing.SupportsFloat | typing.SupportsIndex,
    radius: typing.SupportsInt | typing.SupportsIndex,
    border: str,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def maps_image_scores(
    maps: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    k: typing.SupportsInt | typing.SupportsIndex,
    divisor: typing.SupportsFloat | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]: ...
def maps_resize(
    maps: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    mode: str,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def require_finite(
    rows: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    name: str,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def set_isa(level: str) -> None: ...
