from __future__ import annotations

import collections.abc
import typing

import numpy
import numpy.typing

__all__: list[str] = [
    "BinCounts",
    "EventMetric",
    "GridCounts",
    "ImageSlots",
    "Levels",
    "NormalRanks",
    "PackedRows",
    "RankPairs",
    "ResizedMaps",
    "SeriesPlan",
    "ThresholdChoice",
    "active_isa",
    "affiliation_of_intervals",
    "bank_adaptive_embeddings",
    "bank_average_embeddings",
    "bin_areas",
    "bin_counts",
    "build_info",
    "code_row_bytes",
    "compiled_isas",
    "connected_components",
    "coreset",
    "counted_pairs",
    "counted_ranks",
    "cpu_features",
    "default_threads",
    "detected_isa",
    "equal_error_rate",
    "even_edges",
    "from_dlpack",
    "grid_counts",
    "image_slots",
    "level_components",
    "levels",
    "maps_anomaly_map",
    "maps_gaussian_blur",
    "maps_image_scores",
    "maps_resize",
    "normal_ranks",
    "pairs_and_ranks",
    "project_rows",
    "rank_association",
    "rank_pairs",
    "require_finite",
    "search_blocks",
    "series_plan",
    "set_isa",
    "temporal_ema",
    "temporal_gaussian",
    "temporal_overlap_aggregate",
    "temporal_sliding",
]

class PackedRows:
    def __init__(
        self,
        rows: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
        metric: str,
        prefilter: str,
        keep_codes: bool,
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
        memory_budget: typing.SupportsInt | typing.SupportsIndex,
        check_finite: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> tuple[typing.Any, ...]: ...
    def within(
        self,
        queries: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
        radius: typing.SupportsFloat | typing.SupportsIndex,
        query_groups: typing.Any,
        bank_groups: typing.Any,
        memory_budget: typing.SupportsInt | typing.SupportsIndex,
        check_finite: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> tuple[typing.Any, ...]: ...
    @property
    def nbytes(self) -> int: ...

class RankPairs:
    def aupr_reordered(self) -> float: ...
    def aupr_trapezoid(self) -> float: ...
    def aupro(self, limit: typing.SupportsFloat | typing.SupportsIndex) -> float: ...
    def auroc(self, limit: typing.SupportsFloat | typing.SupportsIndex) -> float: ...
    def average_precision(self) -> float: ...
    def defect_scores(
        self,
        ranks: collections.abc.Sequence[typing.Annotated[numpy.typing.ArrayLike, numpy.uint32]],
        saturation: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        limit: typing.SupportsFloat | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def f1_max(self) -> tuple[float, float, float, float, float]: ...
    def fpr_at_tpr(self, rate: typing.SupportsFloat | typing.SupportsIndex, method: str) -> tuple[float, float]: ...
    def image_ranks(self, image: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint32]: ...
    def region_scores(
        self, limit: typing.SupportsFloat | typing.SupportsIndex
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def region_table(self) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]: ...
    def tpr_at_fpr(self, rate: typing.SupportsFloat | typing.SupportsIndex, method: str) -> tuple[float, float]: ...
    @property
    def first_missing(self) -> tuple[typing.Any, ...]: ...
    @property
    def missing(self) -> int: ...
    @property
    def negatives(self) -> int: ...
    @property
    def positives(self) -> int: ...
    @property
    def regions(self) -> int: ...

class ResizedMaps:
    def __init__(self, maps: typing.Any, mode: str) -> None: ...

class GridCounts:
    @property
    def coverage(self) -> numpy.typing.NDArray[numpy.float64]: ...
    @property
    def coverage_limbs(self) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]: ...
    @property
    def first_missing(self) -> tuple[typing.Any, ...]: ...
    @property
    def fp(self) -> numpy.typing.NDArray[numpy.int64]: ...
    @property
    def missing(self) -> int: ...
    @property
    def negatives(self) -> int: ...
    @property
    def positives(self) -> int: ...
    @property
    def regions(self) -> int: ...
    @property
    def tp(self) -> numpy.typing.NDArray[numpy.int64]: ...

class ImageSlots:
    def reweighted(
        self,
        weights: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
        limit: typing.SupportsFloat | typing.SupportsIndex,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> tuple[
        numpy.typing.NDArray[numpy.float64],
        numpy.typing.NDArray[numpy.float64],
        numpy.typing.NDArray[numpy.float64],
        numpy.typing.NDArray[numpy.float64],
    ]: ...
    @property
    def first_missing(self) -> tuple[typing.Any, ...]: ...
    @property
    def images(self) -> int: ...
    @property
    def missing(self) -> int: ...
    @property
    def negatives(self) -> numpy.typing.NDArray[numpy.int64]: ...
    @property
    def positives(self) -> numpy.typing.NDArray[numpy.int64]: ...

class NormalRanks:
    def aupimo(
        self,
        low: typing.SupportsFloat | typing.SupportsIndex,
        high: typing.SupportsFloat | typing.SupportsIndex,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def image_means(
        self,
        value: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def image_recalls(
        self,
        first: typing.SupportsInt | typing.SupportsIndex,
        last: typing.SupportsInt | typing.SupportsIndex,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]: ...
    @property
    def anomalous_images(self) -> int: ...
    @property
    def first_missing(self) -> tuple[typing.Any, ...]: ...
    @property
    def highest(self) -> float: ...
    @property
    def lowest(self) -> float: ...
    @property
    def missing(self) -> int: ...
    @property
    def normal_images(self) -> int: ...
    @property
    def shared_fpr(self) -> numpy.typing.NDArray[numpy.float64]: ...
    @property
    def smallest_rate(self) -> float: ...

class Levels:
    def pr_curve(self) -> tuple[typing.Any, ...]: ...
    def pro_curve(self, drop_collinear: bool) -> tuple[typing.Any, ...]: ...
    def roc_curve(self, drop_collinear: bool) -> tuple[typing.Any, ...]: ...
    @property
    def first_missing(self) -> tuple[typing.Any, ...]: ...
    @property
    def missing(self) -> int: ...
    @property
    def negatives(self) -> int: ...
    @property
    def positives(self) -> int: ...
    @property
    def regions(self) -> int: ...

class BinCounts:
    @property
    def first_missing(self) -> tuple[typing.Any, ...]: ...
    @property
    def missing(self) -> int: ...
    @property
    def table(self) -> numpy.typing.NDArray[numpy.int64]: ...

class ThresholdChoice:
    def __init__(
        self,
        kind: str,
        count: typing.SupportsInt | typing.SupportsIndex = 0,
        strict: bool = False,
        values: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [],
    ) -> None: ...

class EventMetric:
    def __init__(
        self,
        name: str,
        precision_alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        precision_reciprocal: bool = False,
        precision_bias: str = "flat",
        recall_alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        recall_reciprocal: bool = False,
        recall_bias: str = "flat",
    ) -> None: ...

class SeriesPlan:
    def __len__(self) -> int: ...
    def best_f1(
        self,
        metric: EventMetric,
        thresholds: ThresholdChoice,
        eps: typing.SupportsFloat | typing.SupportsIndex,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def curve(
        self, series: typing.SupportsInt | typing.SupportsIndex, metric: EventMetric, thresholds: ThresholdChoice
    ) -> tuple[
        numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]
    ]: ...
    def delay_scores(
        self, thresholds: ThresholdChoice, threads: typing.SupportsInt | typing.SupportsIndex
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def delays(
        self, arg0: typing.SupportsInt | typing.SupportsIndex, arg1: ThresholdChoice
    ) -> numpy.typing.NDArray[numpy.int64]: ...
    def events(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int64]: ...
    def found_points(
        self, arg0: typing.SupportsInt | typing.SupportsIndex, arg1: ThresholdChoice
    ) -> numpy.typing.NDArray[numpy.int64]: ...
    def fpr_at_tpr(
        self,
        tpr: typing.SupportsFloat | typing.SupportsIndex,
        normal: bool,
        nearest: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def levels(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint32]: ...
    def order(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint32]: ...
    def pa_k(
        self,
        shares: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex],
        thresholds: ThresholdChoice,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def pate(
        self,
        thresholds: ThresholdChoice,
        early: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        late: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        gain: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None = None,
        weight: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None = None,
        threads: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def pate_curve(
        self,
        series: typing.SupportsInt | typing.SupportsIndex,
        thresholds: ThresholdChoice,
        early: typing.SupportsInt | typing.SupportsIndex,
        late: typing.SupportsInt | typing.SupportsIndex,
    ) -> tuple[
        numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]
    ]: ...
    def pate_f1(
        self,
        thresholds: ThresholdChoice,
        early: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        late: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def predicted(self, arg0: typing.SupportsInt | typing.SupportsIndex, arg1: ThresholdChoice) -> int: ...
    def range_areas(
        self,
        first: typing.SupportsInt | typing.SupportsIndex,
        last: typing.SupportsInt | typing.SupportsIndex,
        count: typing.SupportsInt | typing.SupportsIndex,
        variant: str,
        degenerate: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def range_areas_by_length(
        self,
        share: typing.SupportsFloat | typing.SupportsIndex,
        count: typing.SupportsInt | typing.SupportsIndex,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def range_prediction(
        self,
        thresholds: ThresholdChoice,
        last: typing.SupportsInt | typing.SupportsIndex,
        carried: bool,
        threads: typing.SupportsInt | typing.SupportsIndex,
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def rank_pairs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> RankPairs: ...
    def rank_scores(
        self, threads: typing.SupportsInt | typing.SupportsIndex
    ) -> numpy.typing.NDArray[numpy.float64]: ...
    def runs(
        self, arg0: typing.SupportsInt | typing.SupportsIndex, arg1: ThresholdChoice
    ) -> numpy.typing.NDArray[numpy.int64]: ...

def active_isa() -> str: ...
def affiliation_of_intervals(
    predicted: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    events: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    begin: typing.SupportsFloat | typing.SupportsIndex,
    end: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple[
    float,
    float,
    numpy.typing.NDArray[numpy.float64],
    numpy.typing.NDArray[numpy.float64],
    numpy.typing.NDArray[numpy.float64],
    numpy.typing.NDArray[numpy.float64],
]: ...
def bank_adaptive_embeddings(
    layers: collections.abc.Sequence[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]],
    patch: typing.SupportsInt | typing.SupportsIndex,
    stride: typing.SupportsInt | typing.SupportsIndex,
    pretrain_dim: typing.SupportsInt | typing.SupportsIndex,
    target_dim: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]: ...
def bank_average_embeddings(
    layers: collections.abc.Sequence[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]],
    patch: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]: ...
def bin_areas(
    positives: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
    negatives: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
    coverage: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None,
    single: typing.Annotated[numpy.typing.ArrayLike, numpy.bool],
    limit: typing.SupportsFloat | typing.SupportsIndex,
    most_listed: typing.SupportsInt | typing.SupportsIndex,
    gaps: bool,
) -> dict[str, tuple[float, float, float, numpy.typing.NDArray[numpy.float64]]]: ...
def bin_counts(
    scores: typing.Any,
    labels: typing.Any,
    score_name: str,
    label_name: str,
    low: typing.SupportsFloat | typing.SupportsIndex,
    high: typing.SupportsFloat | typing.SupportsIndex,
    n_bins: typing.SupportsInt | typing.SupportsIndex,
    regions: bool,
    connectivity: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> BinCounts: ...
def build_info() -> dict[str, typing.Any]: ...
def code_row_bytes(columns: typing.SupportsInt | typing.SupportsIndex) -> int: ...
def compiled_isas() -> list[str]: ...
def connected_components(
    masks: typing.Any,
    connectivity: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def coreset(
    features: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    size: typing.SupportsInt | typing.SupportsIndex,
    variant: str,
    random: tuple[str, typing.SupportsInt | typing.SupportsIndex] | None,
    matrix: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None,
    start: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    on_duplicate: str,
    seed: typing.SupportsInt | typing.SupportsIndex,
    method: str,
    threads: typing.SupportsInt | typing.SupportsIndex,
    progress: typing.Any,
) -> tuple[typing.Any, ...]: ...
def counted_pairs(
    score: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    tp: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
    above: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
    equal: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
    negatives: typing.SupportsInt | typing.SupportsIndex,
    missing: typing.SupportsInt | typing.SupportsIndex,
    rank: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32],
    region: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32],
    areas: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
) -> RankPairs: ...
def counted_ranks(
    level: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    above: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    at_least: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    rank: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32],
    image_begin: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
    normal_images: typing.SupportsInt | typing.SupportsIndex,
    smallest_rate: typing.SupportsFloat | typing.SupportsIndex,
    missing: typing.SupportsInt | typing.SupportsIndex,
) -> NormalRanks: ...
def cpu_features() -> dict[str, bool]: ...
def default_threads() -> int: ...
def detected_isa() -> str: ...
def equal_error_rate(pairs: RankPairs) -> float: ...
def even_edges(
    low: typing.SupportsFloat | typing.SupportsIndex,
    high: typing.SupportsFloat | typing.SupportsIndex,
    n_bins: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
def from_dlpack(capsule: typing.Any, name: str) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], bool]: ...
def grid_counts(
    scores: typing.Any,
    labels: typing.Any,
    score_name: str,
    label_name: str,
    thresholds: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    strict: bool,
    regions: bool,
    connectivity: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> GridCounts: ...
def image_slots(
    scores: typing.Any,
    labels: typing.Any,
    score_name: str,
    label_name: str,
    connectivity: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> ImageSlots: ...
def level_components(
    maps: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8],
    erode: bool,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def levels(
    scores: typing.Any,
    labels: typing.Any,
    score_name: str,
    label_name: str,
    regions: bool,
    connectivity: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> Levels: ...
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
def normal_ranks(
    scores: typing.Any,
    labels: typing.Any,
    score_name: str,
    label_name: str,
    thresholds: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> NormalRanks: ...
def pairs_and_ranks(
    scores: typing.Any,
    labels: typing.Any,
    score_name: str,
    label_name: str,
    connectivity: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[RankPairs, NormalRanks]: ...
def project_rows(
    features: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    kind: str,
    outputs: typing.SupportsInt | typing.SupportsIndex,
    seed: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]: ...
def rank_association(
    x: SeriesPlan, y: SeriesPlan, threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]: ...
def rank_pairs(
    scores: typing.Any,
    labels: typing.Any,
    score_name: str,
    label_name: str,
    regions: bool,
    connectivity: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> RankPairs: ...
def require_finite(
    rows: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    name: str,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def search_blocks(
    queries: typing.SupportsInt | typing.SupportsIndex,
    rows: typing.SupportsInt | typing.SupportsIndex,
    columns: typing.SupportsInt | typing.SupportsIndex,
    k: typing.SupportsInt | typing.SupportsIndex,
    memory_budget: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
def series_plan(
    scores: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    labels: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8],
    offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    name: str,
    nan_on_error: bool,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> SeriesPlan: ...
def set_isa(level: str) -> None: ...
def temporal_ema(
    x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    alpha: typing.SupportsFloat | typing.SupportsIndex,
    adjust: bool,
    omit_nan: bool,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def temporal_gaussian(
    x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    sigma: typing.SupportsFloat | typing.SupportsIndex,
    radius: typing.SupportsInt | typing.SupportsIndex,
    border: str,
    omit_nan: bool,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def temporal_overlap_aggregate(
    windows: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    reduce: str,
    stride: typing.SupportsInt | typing.SupportsIndex,
    offset: typing.SupportsInt | typing.SupportsIndex,
    fill: typing.SupportsFloat | typing.SupportsIndex,
    omit_nan: bool,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def temporal_sliding(
    x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]],
    kind: str,
    before: typing.SupportsInt | typing.SupportsIndex,
    after: typing.SupportsInt | typing.SupportsIndex,
    threshold: typing.SupportsFloat | typing.SupportsIndex,
    early_ends: bool,
    omit_nan: bool,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
