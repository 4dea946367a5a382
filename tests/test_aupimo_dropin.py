"""anomalib_cpp.aupimo: worked examples, the definition, files, and where we differ from aupimo on purpose."""

import json
import subprocess
import sys

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import aupimo as ours
from anomalib_cpp import metrics
from anomalib_cpp.aupimo import AUPIMOResult, PIMOResult, aupimo_scores, pimo_curves
from test_metrics_golden import modular_maps

MAPS, MASKS = modular_maps()
METRIC = "mean-per-image-fpr"
RATES = np.array([1.0, 0.5, 0.0])
TPRS = np.array([[np.nan] * 3, [1.0, 0.75, 0.5]])
CURVES = {"shared_fpr_metric": METRIC, "threshs": np.arange(3.0), "shared_fpr": RATES, "per_image_tprs": TPRS}
AREAS = {
    "shared_fpr_metric": METRIC,
    "fpr_lower_bound": 1e-5,
    "fpr_upper_bound": 1e-4,
    "num_threshs": 500,
    "thresh_lower_bound": 0.25,
    "thresh_upper_bound": 0.5,
    "aupimos": np.array([0.75, np.nan, 0.1, 1.0]),
}


def steps():
    """Normal scores 1 to 7 whose rates are powers of ten; the same map with everything and with a part anomalous."""
    normal = np.ones(1_000_000, np.float32)
    for power in range(6):
        normal[: 10**power] += 1
    maps = np.broadcast_to(normal.reshape(1, 1000, 1000), (3, 1000, 1000))
    masks = np.zeros((3, 1_000_000), np.uint8)
    masks[1] = 1
    masks[2, :100_000] = 1
    return maps, masks.reshape(maps.shape)


@pytest.mark.filterwarnings("ignore:only ")
def test_golden_values():
    maps, masks = steps()
    curves = pimo_curves(maps, masks, 7)
    rates = np.array([1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6])
    assert curves.threshs.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert curves.threshs.dtype == np.float32
    np.testing.assert_allclose(curves.shared_fpr, rates, rtol=1e-12)
    np.testing.assert_allclose(curves.per_image_tprs[1:], [rates, np.minimum(1, 10 * rates)], rtol=1e-12)
    assert np.isnan(curves.per_image_tprs[0]).all()
    assert curves.image_classes.tolist() == [0, 1, 1]
    for bounds, expected in {
        (0.1, 1): (0.55, 1.0),
        (1e-3, 1e-1): (0.03025, 0.3025),
        (1e-5, 1e-4): (5.5e-5, 5.5e-4),
    }.items():
        _, areas = aupimo_scores(maps, masks, 7, fpr_bounds=bounds, force=True)
        np.testing.assert_allclose(areas.aupimos, [np.nan, *expected], rtol=1e-12)
        assert areas.image_classes.tolist() == [0, 1, 1]
        assert areas.fpr_bounds == bounds
        assert areas.thresh_bounds == (curves.thresh_at(bounds[1])[1], curves.thresh_at(bounds[0])[1])


@pytest.mark.filterwarnings("ignore:only ", "ignore:the rate nearest")
def test_golden_values_of_the_modular_maps():
    curves, areas = aupimo_scores(MAPS, MASKS, 50, fpr_bounds=(0.05, 0.5), force=True, paths=list("abcde"))
    expected = [np.nan, 0.510328531694, 0.669706537411, 0.380015874989, np.nan]
    np.testing.assert_allclose(areas.aupimos, expected, atol=1e-12)
    assert (areas.num_threshs, areas.num_images, areas.num_normal_images, areas.num_anomalous_images) == (23, 5, 2, 3)
    assert curves.thresh_at(0.05)[::2] == (46, 0.046875)
    assert curves.thresh_at(0.5)[::2] == (24, 0.5)
    assert curves.paths == areas.paths == list("abcde")
    _, fine = aupimo_scores(MAPS, MASKS, 100_001, fpr_bounds=(0.05, 0.5))
    np.testing.assert_allclose(fine.aupimos[1:4], [0.510328531694, 0.667083479766, 0.381174216043], atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_curves_are_the_definition(dtype):
    rng = np.random.default_rng(1)
    masks = np.zeros((5, 9, 7), np.uint8)
    masks[2:] = rng.random((3, 9, 7)) < 0.3
    maps = rng.random(masks.shape).astype(dtype)
    curves = pimo_curves(maps, masks, 40, "python")
    normal = maps[:2].astype(np.float64)
    grid = np.linspace(normal.min(), normal.max(), 40, dtype=dtype)
    np.testing.assert_array_equal(curves.threshs, grid, strict=True)
    reached = maps[..., None].astype(np.float64) >= grid.astype(np.float64)
    assert curves.shared_fpr == pytest.approx(reached[:2].mean(axis=(0, 1, 2)), abs=1e-14)
    for i in range(2, 5):
        assert curves.per_image_tprs[i] == pytest.approx(reached[i][masks[i] == 1].mean(axis=0), abs=1e-14)
    assert (curves.num_threshs, curves.num_images) == (40, 5)
    as_list = pimo_curves(list(maps), list(masks > 0), 40)
    np.testing.assert_array_equal(as_list.per_image_tprs, curves.per_image_tprs)


def test_areas_are_those_of_the_metric():
    rng = np.random.default_rng(2)
    masks = np.zeros((4, 60, 60), bool)
    masks[2:, 20:40, 10:30] = True
    maps = (rng.random(masks.shape) + 0.2 * masks).astype(np.float32)
    _, areas = aupimo_scores(maps, masks, 30_000, fpr_bounds=(0.01, 0.1))
    same = metrics.aupimo(maps, masks, fpr_bounds=(0.01, 0.1), bounds="snap", num_thresholds=30_000)
    np.testing.assert_array_equal(areas.aupimos, same.scores)
    exact = metrics.aupimo(maps, masks, fpr_bounds=(0.01, 0.1))
    np.testing.assert_allclose(areas.aupimos, exact.scores, atol=2e-3)


def test_threshold_at_a_rate():
    result = PIMOResult(METRIC, np.arange(5.0), np.array([1, 1, 0.5, 0, 0]), np.ones((1, 5)))
    assert result.thresh_at(1) == (1, 1.0, 1.0)
    assert result.thresh_at(0.4) == (2, 2.0, 0.5)
    assert result.thresh_at(0.25) == (2, 2.0, 0.5)  # the first of two
    assert result.thresh_at(0) == (3, 3.0, 0.0)
    assert PIMOResult(**CURVES).thresh_at(np.float32(0.7)) == (1, 1.0, 0.5)


def test_statistics_are_of_the_anomalous_images():
    result = AUPIMOResult(**AREAS)
    assert result.image_classes.tolist() == [1, 0, 1, 1]
    assert result.image_classes.dtype == np.int32
    assert {stat["image_idx"] for stat in result.stats()} == {0, 2, 3}
    assert result.stats(repeated_policy=None) == metrics.per_image_scores_stats(
        AREAS["aupimos"], classes=[1, 0, 1, 1], only_class=1, repeated_policy="none"
    )
    assert ours.compare_models_pairwise_wilcoxon is metrics.compare_models_pairwise_wilcoxon


def test_dictionaries():
    for cls, content in ((PIMOResult, CURVES), (AUPIMOResult, AREAS)):
        result = cls(**content)
        assert result.to_dict() == content
        assert list(result.to_dict()) == list(content)
        again = cls.from_dict({**content, "paths": ("a",) * result.num_images})
        assert again.to_dict()["paths"] == ["a"] * result.num_images


def test_json_files(tmp_path):
    path = AUPIMOResult(**AREAS, paths=list("abcd")).save(tmp_path / "aupimos.json")
    text = path.read_text()
    assert text == json.dumps({**AREAS, "aupimos": AREAS["aupimos"].tolist(), "paths": list("abcd")}, indent=4)
    assert "\n        NaN,\n" in text
    again = AUPIMOResult.load(str(path))
    np.testing.assert_array_equal(again.aupimos, AREAS["aupimos"], strict=True)
    assert again.paths == list("abcd")
    assert again.thresh_bounds == (0.25, 0.5)
    names = [AUPIMOResult(**AREAS).save(path).name for _ in range(2)]
    assert names == ["aupimos_1.json", "aupimos_2.json"]
    assert path.read_text() == text
    path.write_text(text.replace('"num_threshs": 500', '"num_threshs": null'))  # as published
    assert AUPIMOResult.load(path).num_threshs is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a JSON file"),
        ("[" * 100_000, "is not a JSON file"),
        ("[]", "must hold an object with a list called 'aupimos'"),
        ('{"aupimos": ["0.5"]}', r"must hold numbers in \[0, 1\] or NaN"),
        ('{"aupimos": [2.0]}', "shared_fpr_metric, .* missing"),
        (json.dumps({**AREAS, "aupimos": [1.5]}), r"aupimos must lie in \[0, 1\]"),
        (json.dumps({**AREAS, "aupimos": [0.5], "more": 1}), r"\['more'\] unknown"),
        (json.dumps({**AREAS, "aupimos": [0.5], "paths": "a"}), "paths must be a list of str"),
        (json.dumps({**AREAS, "aupimos": [0.5], "thresh_lower_bound": 10**400}), "AUPIMOResult"),
        (json.dumps({**AREAS, "aupimos": [0.5], "fpr_lower_bound": [0.1]}), "fpr_bounds must be a number"),
    ],
)
def test_json_files_that_are_no_results(tmp_path, content, message):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(ac.FormatError, match=message):
        AUPIMOResult.load(path)


def test_curve_files(tmp_path):
    result = PIMOResult(**CURVES, paths=["good/0.png", "bad/1.png"])
    path = result.save(tmp_path / "curves.safetensors")
    again = PIMOResult.load(path)
    for name in ("threshs", "shared_fpr", "per_image_tprs"):
        np.testing.assert_array_equal(getattr(again, name), CURVES[name], strict=True)
    assert again.paths == result.paths
    assert PIMOResult(**CURVES).save(path).name == "curves_1.safetensors"
    assert PIMOResult.load(tmp_path / "curves_1.safetensors").paths is None
    ac.io.save(path, {"threshs": np.ones(2)}, kind="PIMOResult")
    with pytest.raises(ac.FormatError, match="does not hold a valid PIMOResult: dic must hold"):
        PIMOResult.load(path)
    ac.io.save(path, {"threshs": np.ones(2)}, kind="Other")
    with pytest.raises(ac.FormatError, match="Other"):
        PIMOResult.load(path)


def test_files_that_could_run_code_are_refused(tmp_path):
    path = tmp_path / "curves.pt"
    path.write_bytes(b"")
    for call in (PIMOResult(**CURVES).save, PIMOResult.load, AUPIMOResult.load):
        with pytest.raises(ac.FormatError, match=r"torch.load\(file, weights_only=True\) to from_dict"):
            call(path)
    with pytest.raises(ValueError, match=r"file_path must end in .json; got '.*x.txt'"):
        AUPIMOResult(**AREAS).save(tmp_path / "x.txt")


@pytest.mark.filterwarnings("ignore:only ", "ignore:the rate nearest")
def test_tensors():
    torch = pytest.importorskip("torch")
    options = {"num_threshs": 50, "fpr_bounds": (0.05, 0.5), "force": True}
    curves, areas = aupimo_scores(torch.from_numpy(MAPS), torch.from_numpy(MASKS).bool(), **options)
    expected = aupimo_scores(MAPS, MASKS, **options)
    for name in ("threshs", "shared_fpr", "per_image_tprs", "image_classes"):
        assert isinstance(getattr(curves, name), torch.Tensor)
        np.testing.assert_array_equal(getattr(curves, name).numpy(), getattr(expected[0], name), strict=True)
    assert isinstance(areas.aupimos, torch.Tensor)
    assert isinstance(areas.image_classes, torch.Tensor)
    np.testing.assert_array_equal(areas.aupimos.numpy(), expected[1].aupimos, strict=True)
    assert areas.stats() == expected[1].stats()
    assert curves.thresh_at(0.05) == expected[0].thresh_at(0.05)


def test_a_class_is_missing_whatever_the_configuration():
    with ac.config_context(undefined=0.0, nan_policy="omit"):
        for masks, kind in ((MASKS * 0, "anomalous"), (MASKS * 0 + 1, "normal")):
            with pytest.raises(ValueError, match=f"masks must show at least one {kind} image; got none"):
                aupimo_scores(MAPS, masks)
        with pytest.raises(ValueError, match="anomaly_maps contains 320 NaN"):
            pimo_curves(MAPS * np.nan, MASKS, 10)


BAD = [
    (lambda: pimo_curves(MAPS, MASKS, 1), ValueError, "num_threshs must be an integer >= 2; got 1"),
    (lambda: pimo_curves(MAPS, MASKS, 9, "gpu"), ValueError, "binclf_algorithm must be one of 'python', 'numba'"),
    (lambda: pimo_curves(MAPS, MASKS, 9, "numba", "max"), ValueError, "shared_fpr_metric must be one of 'mean-per"),
    (
        lambda: pimo_curves(MAPS, MASKS, 9, paths=["a"]),
        ValueError,
        "paths must have one entry for each of the 5",
    ),
    (lambda: pimo_curves(MAPS, MASKS, 9, paths="abcde"), TypeError, "paths must be a list of str; got str"),
    (lambda: pimo_curves(MASKS, MASKS, 9), TypeError, "anomaly_maps must be bfloat16, float32 .* uint8"),
    (lambda: pimo_curves(MAPS, MASKS[:4], 9), ValueError, "anomaly_maps"),
    (lambda: pimo_curves(MAPS, MASKS * 3, 9), ValueError, "masks"),
    (lambda: pimo_curves(MAPS.ravel(), MASKS.ravel(), 9), ValueError, r"anomaly_maps must have shape \(h, w\)"),
    (lambda: pimo_curves(MAPS + np.inf, MASKS, 9), ValueError, "anomaly_maps must be finite in normal images"),
    (lambda: pimo_curves(MAPS * 1e-9 + 1, MASKS, 9), ValueError, "num_threshs must leave different thresholds; got 9"),
    (lambda: aupimo_scores(MAPS, MASKS, fpr_bounds=(0.1, 0.01)), ValueError, "fpr_bounds must satisfy 0 < lower"),
    (
        lambda: aupimo_scores(MAPS, MASKS, 50, fpr_bounds=(0.05, 0.5)),
        ValueError,
        "fpr_bounds must enclose more than",
    ),
    (lambda: aupimo_scores(MAPS, MASKS, force=1), TypeError, "force must be True or False; got 1"),
    (lambda: PIMOResult(**{**CURVES, "threshs": [0, 1, 2]}), TypeError, "threshs must hold floats; got dtype int64"),
    (lambda: PIMOResult(**{**CURVES, "threshs": RATES}), ValueError, "threshs must be finite and strictly ascending"),
    (lambda: PIMOResult(**{**CURVES, "shared_fpr": RATES[1:]}), ValueError, r"shared_fpr must have .* \(3,\); got"),
    (
        lambda: PIMOResult(**{**CURVES, "shared_fpr": RATES[::-1]}),
        ValueError,
        r"shared_fpr must lie in \[0, 1\]",
    ),
    (lambda: PIMOResult(**{**CURVES, "per_image_tprs": RATES}), ValueError, r"shape \(n, 3\).*; got \(3,\)"),
    (lambda: PIMOResult(**{**CURVES, "per_image_tprs": TPRS * 2}), ValueError, r"per_image_tprs\[1\] must be all NaN"),
    (
        lambda: PIMOResult(**CURVES).thresh_at(1.5),
        ValueError,
        "fpr_level must lie between the rates .* 0 to 1",
    ),
    (lambda: PIMOResult(**CURVES).thresh_at("a"), TypeError, "fpr_level must be a number; got 'a'"),
    (lambda: PIMOResult.from_dict([1]), TypeError, "dic must be a mapping"),
    (lambda: PIMOResult.from_dict({**CURVES, "x": 1}), ValueError, r"dic must hold .*\[\] missing, \['x'\] unknown"),
    (lambda: AUPIMOResult(**{**AREAS, "num_threshs": 0}), ValueError, "num_threshs must be an integer >= 1; got 0"),
    (lambda: AUPIMOResult(**{**AREAS, "thresh_lower_bound": 1}), ValueError, "thresh_lower_bound must lie below"),
    (lambda: AUPIMOResult(**{**AREAS, "aupimos": TPRS}), ValueError, r"aupimos must have shape \(n,\)"),
    (lambda: AUPIMOResult(**{**AREAS, "aupimos": -RATES}), ValueError, r"aupimos must lie in \[0, 1\] .* from -1 to"),
    (
        lambda: AUPIMOResult.from_pimoresult(PIMOResult(**CURVES), (0.1, 0.5), 9, np.array([0.5, np.nan])),
        ValueError,
        r"aupimos must have shape \(2,\) and NaN for exactly the images without a curve",
    ),
    (lambda: AUPIMOResult.from_pimoresult(CURVES, (0.1, 0.5), 9, RATES), TypeError, "pimoresult must be a PIMOResult"),
    (
        lambda: AUPIMOResult.from_pimoresult(
            PIMOResult(**CURVES, paths=["a", "b"]), (0.1, 0.6), 9, np.array([np.nan, 0.5]), ["a", "c"]
        ),
        ValueError,
        "paths must be None or those of pimoresult",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
@pytest.mark.filterwarnings("ignore")
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


def test_no_other_library_is_imported():
    code = "import sys, anomalib_cpp.aupimo; print(*(m in sys.modules for m in ('aupimo', 'scipy', 'torch')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False"] * 3
