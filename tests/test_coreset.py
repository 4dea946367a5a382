"""coreset against its definition: every rule of the docstring has a test."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anomalib_cpp import (
    InvalidInputError,
    InvalidTypeError,
    OperationCancelled,
    _core,
    _progress,
    bank,
)
from anomalib_cpp.bank import coresets

METHODS = ["automatic", "plain", "triangle", "lazy", "lazy_triangle"]
E9 = np.array([(0, 0), (1, 0), (0, 2), (5, 0), (5, 5), (0, 6), (2, 2), (5, 1)], dtype=np.float32)


@pytest.fixture(params=METHODS)
def method(request, monkeypatch):
    """Force one way of finding the farthest row."""
    monkeypatch.setattr(coresets, "_METHOD", request.param)
    return request.param


def closed_form():
    i, j = np.arange(50)[:, None], np.arange(16)[None, :]
    return np.sin(1.7 * i + 0.9 * j + 0.3 * i * j).astype(np.float32)


def clusters(n=3000, d=40, seed=0):
    """Few clusters of unequal spread, with some exact duplicates."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((30, d))[rng.integers(30, size=n)] * 4
    rows += rng.standard_normal((n, d)) * rng.uniform(0.05, 1, (n, 1))
    rows[rng.integers(n, size=n // 10)] = rows[rng.integers(n, size=n // 10)]
    return rows.astype(np.float32)


def greedy(rows, size, first=0, caps=None):
    """Farthest-first selection in float64, straight from the definition."""
    rows = rows.astype(np.float64)
    nearest = np.full(len(rows), np.inf) if caps is None else caps.copy()
    picks, radii = [], []
    for _ in range(size):
        pick = int(np.argmax(nearest)) if picks or caps is not None else first
        picks.append(pick)
        radii.append(nearest[pick])
        nearest = np.minimum(nearest, np.sqrt(((rows - rows[pick]) ** 2).sum(axis=1)))
    return picks, radii, nearest.max()


def fma(a, b, c):
    """float32 a * b + c with one rounding, by exact rationals."""
    from fractions import Fraction

    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    low = np.float32(float(exact))
    candidates = [np.nextafter(low, np.float32(-np.inf)), low, np.nextafter(low, np.float32(np.inf))]
    return min(candidates, key=lambda v: (abs(Fraction(float(v)) - exact), int(np.float32(v).view(np.uint32)) & 1))


def canonical(x, y):
    """The documented arithmetic of a squared distance, one operation at a time."""
    sums = [np.float32(0)] * 32
    for j, (a, b) in enumerate(zip(x, y, strict=True)):
        difference = np.float32(a - b)
        sums[j % 32] = fma(difference, difference, sums[j % 32])
    while len(sums) > 1:
        half = len(sums) // 2
        sums = [np.float32(a + b) for a, b in zip(sums[:half], sums[half:], strict=True)]
    return sums[0]


# --- golden examples -------------------------------------------------------------------------------------------------


def test_small_example_of_every_variant(isa, method):
    assert bank.coreset(E9, size=8, start=0).indices.tolist() == [0, 4, 5, 3, 6, 2, 1, 7]
    assert bank.coreset(E9, size=5, start=6).indices.tolist() == [6, 5, 4, 3, 0]
    exact = bank.coreset(E9, size=8, variant="inspection_exact")
    assert exact.indices.tolist() == [5, 3, 0, 4, 6, 2, 1, 7]
    assert exact.radii[0] == np.float32(15.684387141358)
    approx = bank.coreset(E9, size=8, variant="inspection_approx", start=[0, 1])
    assert approx.indices.tolist() == [4, 5, 3, 6, 2, 7, 0, 1]


def test_closed_form_example(isa, method):
    rows = closed_form()
    picked = bank.coreset(rows, size=10, start=0)
    assert picked.indices.tolist() == [0, 15, 36, 7, 5, 32, 46, 47, 33, 19]
    assert picked.radius == pytest.approx(3.77434923844235, rel=1e-6)
    exact = bank.coreset(rows, size=10, variant="inspection_exact")
    assert exact.indices.tolist() == [7, 49, 32, 3, 31, 4, 19, 21, 27, 37]


def test_lowest_row_wins_a_tie(isa, method):
    line = np.array([[0], [2], [-2], [1]], dtype=np.float32)
    assert bank.coreset(line, size=4, start=0).indices.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_rows(isa, method, dtype):
    rows = np.ones((4, 3), dtype)
    assert bank.coreset(rows, size=3, start=2, on_duplicate="repeat").indices.tolist() == [2, 0, 0]
    assert bank.coreset(rows, size=3, start=2, on_duplicate="fill").indices.tolist() == [2, 0, 1]
    for variant in ("inspection_exact", "inspection_approx"):
        assert bank.coreset(rows, size=3, variant=variant, on_duplicate="repeat").indices.tolist() == [0, 0, 0]
    with pytest.warns(UserWarning, match="stopped after 1 of 3 picks"):
        stopped = bank.coreset(rows, size=3, start=2)
    assert stopped.indices.tolist() == [2]
    assert stopped.radius == 0


# --- the arithmetic --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 17, 32, 33, 70])
def test_distance_is_the_documented_sum_to_the_bit(isa, d):
    rng = np.random.default_rng(d)
    x = (rng.standard_normal((2, d)) * 10.0 ** rng.integers(-6, 3, (2, d))).astype(np.float32)
    picked = bank.coreset(x, size=1, start=0, projection=None)
    assert picked.radius == np.sqrt(np.float64(canonical(x[1], x[0])))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (15, 3), (16, 31), (17, 32), (300, 33), (2500, 70)])
def test_integers_match_the_definition_exactly(isa, method, dtype, n, d):
    rows = np.random.default_rng(n + d).integers(-8, 8, (n, d)).astype(dtype)
    size = min(n, 40)
    picks, radii, radius = greedy(rows, size, first=n // 2)
    picked = bank.coreset(rows, size=size, start=n // 2, projection=None, on_duplicate="repeat")
    assert picked.indices.tolist() == picks
    np.testing.assert_array_equal(picked.radii, np.array(radii, dtype))
    assert picked.radius == radius


def test_same_bits_for_every_method_isa_and_thread_count(isa, method):
    rows = clusters()
    picked = bank.coreset(rows, size=400, start=5, projection=None, threads=3)
    _core.set_isa("baseline")
    coresets._METHOD = "plain"
    expected = bank.coreset(rows, size=400, start=5, projection=None, threads=1)
    np.testing.assert_array_equal(picked.indices, expected.indices)
    np.testing.assert_array_equal(picked.radii, expected.radii)
    assert picked.radius == expected.radius


@pytest.mark.parametrize("variant", ["anomalib", "inspection_exact", "inspection_approx"])
@pytest.mark.parametrize("data", ["clusters", "gauss", "small"])
def test_methods_agree_on_larger_data(monkeypatch, variant, data):
    rng = np.random.default_rng(1)
    rows = {
        "clusters": lambda: clusters(20000, 24),
        "gauss": lambda: rng.standard_normal((20000, 24)).astype(np.float32),
        "small": lambda: rng.standard_normal((60, 3)).astype(np.float32),  # every row is picked
    }[data]()
    results = []
    for name in METHODS:
        monkeypatch.setattr(coresets, "_METHOD", name)
        size = min(len(rows), 700)
        results.append(bank.coreset(rows, size=size, variant=variant, projection=None, threads=2))
    for result in results[1:]:
        np.testing.assert_array_equal(result.indices, results[0].indices)
        np.testing.assert_array_equal(result.radii, results[0].radii)
        assert result.radius == results[0].radius


def test_random_float_rows_match_the_definition(isa):
    rows = np.random.default_rng(3).standard_normal((2000, 48)).astype(np.float32)
    picks, radii, radius = greedy(rows, 60)
    picked = bank.coreset(rows, size=60, start=0, projection=None)
    assert picked.indices.tolist() == picks
    np.testing.assert_allclose(picked.radii, radii, rtol=2e-6)
    assert picked.radius == pytest.approx(radius, rel=2e-6)


@pytest.mark.parametrize("exponent", [-70, 70])
def test_scaling_by_a_power_of_two_scales_the_radii(exponent):
    rows = closed_form()
    plain = bank.coreset(rows, size=10, start=0)
    scaled = bank.coreset(np.ldexp(rows, exponent), size=10, start=0)
    np.testing.assert_array_equal(scaled.indices, plain.indices)
    np.testing.assert_allclose(scaled.radii, np.ldexp(plain.radii, exponent), rtol=1e-6)


# --- the guarantee ---------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 9)), elements=st.integers(-9, 9)), st.data())
def test_greedy_properties(rows, data):
    size = data.draw(st.integers(1, len(rows)))
    start = data.draw(st.integers(0, len(rows) - 1))
    picked = bank.coreset(rows, size=size, start=start, projection=None, on_duplicate="fill")
    picks = picked.indices
    assert len(set(picks.tolist())) == size
    assert (np.diff(picked.radii[1:]) <= 0).all()
    between = np.sqrt(((rows[picks][:, None].astype(np.float64) - rows[picks]) ** 2).sum(-1))
    for p in range(1, size):  # a pick is as far from all earlier ones as its radius says
        assert between[p, :p].min() == pytest.approx(float(picked.radii[p]), rel=1e-6)
    cover = np.sqrt(((rows[:, None].astype(np.float64) - rows[picks]) ** 2).sum(-1)).min(axis=1).max()
    assert cover == pytest.approx(picked.radius, rel=1e-6)
    shorter = bank.coreset(rows, size=(size + 1) // 2, start=start, projection=None, on_duplicate="fill")
    np.testing.assert_array_equal(shorter.indices, picks[: len(shorter.indices)])


def test_mean_distance_caps_what_follows():
    rows = clusters(500, 8)
    starts = [3, 77, 140]
    caps = np.sqrt(((rows[:, None].astype(np.float64) - rows[starts]) ** 2).sum(-1)).mean(axis=1)
    picks, radii, _ = greedy(rows, 50, caps=caps)
    picked = bank.coreset(rows, size=50, variant="inspection_approx", start=starts, projection=None)
    assert picked.indices.tolist() == picks
    np.testing.assert_allclose(picked.radii, radii, rtol=2e-6)


def test_inspection_exact_starts_from_the_row_norms_of_the_distance_matrix():
    rows = clusters(400, 12) + 100  # a common offset must not cancel
    squared = ((rows[:, None].astype(np.float64) - rows) ** 2).sum(-1)
    norms = np.sqrt(squared.sum(axis=1))
    picks, _, _ = greedy(rows, 20, caps=norms)
    picked = bank.coreset(rows, size=20, variant="inspection_exact", projection=None)
    assert picked.indices.tolist() == picks
    assert picked.radii[0] == pytest.approx(norms.max(), rel=1e-6)


# --- projections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sparse", "gaussian", "linear"])
def test_projection_is_the_same_everywhere_and_equals_its_matrix(isa, kind):
    weights = _core.project_rows(np.eye(300, dtype=np.float64), kind, 37, 5, 1).T
    rows = np.random.default_rng(0).standard_normal((53, 300)).astype(np.float32)
    projected = _core.project_rows(rows, kind, 37, 5, 3)
    np.testing.assert_allclose(projected, rows.astype(np.float64) @ weights.T, atol=2e-5)
    _core.set_isa("baseline")
    np.testing.assert_array_equal(projected, _core.project_rows(rows, kind, 37, 5, 1))


def test_projection_entries_have_their_distribution():
    inputs, outputs = 400, 200
    identity = np.eye(inputs)
    sparse = _core.project_rows(identity, "sparse", outputs, 1, 1)
    share = (sparse != 0).mean()
    assert share == pytest.approx(1 / 20, rel=0.05)
    np.testing.assert_allclose(np.abs(sparse[sparse != 0]), np.sqrt(20 / outputs))
    assert (sparse > 0).sum() == pytest.approx((sparse < 0).sum(), rel=0.1)
    gaussian = _core.project_rows(identity, "gaussian", outputs, 1, 1)
    assert gaussian.std() == pytest.approx(outputs**-0.5, rel=0.01)
    assert abs(gaussian.mean()) < 1e-3
    linear = _core.project_rows(identity, "linear", outputs, 1, 1)
    assert np.abs(linear).max() <= 1 / 20
    assert linear.std() == pytest.approx(1 / 20 / np.sqrt(3), rel=0.01)
    for other in (1, 2):
        same = np.array_equal(_core.project_rows(identity, "linear", outputs, other, 1), linear)
        assert same == (other == 1)


def test_named_projection_equals_selecting_from_projected_rows():
    rows = np.random.default_rng(2).standard_normal((900, 400)).astype(np.float32)
    columns = int(4 * np.log(900) / (0.9**2 / 2 - 0.9**3 / 3))
    projected = _core.project_rows(rows, "sparse", columns, 7, 1)
    expected = bank.coreset(projected, size=30, start=4, projection=None)
    for projection in ("auto", "sparse"):
        picked = bank.coreset(rows, size=30, start=4, projection=projection, random_state=7)
        np.testing.assert_array_equal(picked.indices, expected.indices)
        assert picked.radius == expected.radius
    weights = _core.project_rows(np.eye(400, dtype=np.float32), "linear", 128, 0, 1).T
    by_matrix = bank.coreset(rows, size=30, variant="inspection_approx", start=[0, 1], projection=weights)
    by_name = bank.coreset(rows, size=30, variant="inspection_approx", start=[0, 1])
    np.testing.assert_array_equal(by_matrix.indices, by_name.indices)
    assert by_matrix.indices.tolist() != expected.indices.tolist()


def test_projection_that_would_not_reduce_is_left_out():
    rows = closed_form()
    plain = bank.coreset(rows, size=10, start=0, projection=None)
    for name in ("sparse", "gaussian", "linear"):
        np.testing.assert_array_equal(bank.coreset(rows, size=10, start=0, projection=name).radii, plain.radii)


# --- arguments -------------------------------------------------------------------------------------------------------


def test_seed_decides_the_start():
    rows = clusters(500, 8)
    first = bank.coreset(rows, size=5)
    np.testing.assert_array_equal(first.indices, bank.coreset(rows, size=5, random_state=None).indices)
    starts = {int(bank.coreset(rows, size=1, random_state=seed).indices[0]) for seed in range(40)}
    assert len(starts) > 30
    generator = bank.coreset(rows, size=5, random_state=np.random.default_rng(3))
    np.testing.assert_array_equal(
        generator.indices, bank.coreset(rows, size=5, random_state=np.random.default_rng(3)).indices
    )
    assert len(bank.coreset(rows, size=5, random_state="entropy").indices) == 5


def test_ratio_counts_like_the_references():
    rows = clusters(105, 4)
    assert len(bank.coreset(rows, ratio=0.1).indices) == 10
    everything = bank.coreset(rows, ratio=1)
    np.testing.assert_array_equal(everything.indices, np.arange(105))
    assert np.isnan(everything.radii).all()
    assert everything.radius == 0
    assert everything.indices.dtype == np.int64


def test_one_row():
    row = np.ones((1, 3), dtype=np.float32)
    for variant in ("anomalib", "inspection_exact", "inspection_approx"):
        picked = bank.coreset(row, size=1, variant=variant)
        assert picked.indices.tolist() == [0]
        assert picked.radius == 0


def test_layouts_and_types_of_features():
    rows = clusters(400, 20)
    expected = bank.coreset(rows, size=30)
    wide = np.zeros((800, 50), dtype=np.float32)
    wide[::2, 7:27] = rows
    strided = wide[::2, 7:27]
    strided.flags.writeable = False
    np.testing.assert_array_equal(bank.coreset(strided, size=30).radii, expected.radii)
    np.testing.assert_array_equal(bank.coreset(np.asfortranarray(rows), size=30).radii, expected.radii)
    half = bank.coreset(rows.astype(np.float16), size=30)
    widened = bank.coreset(rows.astype(np.float16).astype(np.float32), size=30)
    np.testing.assert_array_equal(half.indices, widened.indices)
    double = bank.coreset(rows.astype(np.float64), size=30)
    assert double.radii.dtype == np.float64
    np.testing.assert_array_equal(double.indices, expected.indices)
    assert double.radius == pytest.approx(expected.radius, rel=1e-6)


def test_torch_in_torch_out():
    torch = pytest.importorskip("torch")
    rows = clusters(400, 20)
    expected = bank.coreset(rows, size=30)
    picked = bank.coreset(torch.from_numpy(rows).requires_grad_(), size=30)
    assert isinstance(picked.indices, torch.Tensor)
    assert picked.indices.dtype == torch.int64
    np.testing.assert_array_equal(picked.indices.numpy(), expected.indices)
    bfloat = torch.from_numpy(rows).to(torch.bfloat16)
    np.testing.assert_array_equal(
        bank.coreset(bfloat, size=30).indices.numpy(), bank.coreset(bfloat.float(), size=30).indices.numpy()
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either size or ratio"),
        ({"size": 2, "ratio": 0.5}, "either size or ratio"),
        ({"size": 0}, "coreset_size must be a positive integer"),
        ({"size": 9}, "at most the number of rows; got size=9 for 8 rows"),
        ({"ratio": 0}, "coreset_size must be a positive integer"),
        ({"ratio": 0.1}, r"coreset_size must be a positive integer; ratio=0.1 of 8 rows gives 0"),
        ({"ratio": 1.5}, r"ratio must lie in \(0, 1\]"),
        ({"ratio": float("nan")}, r"ratio must lie in \(0, 1\]"),
        ({"size": 2, "variant": "exact"}, "variant must be one of 'anomalib', 'inspection_exact'"),
        ({"size": 2, "projection": "dense"}, "projection must be one of 'auto', 'sparse', 'gaussian', 'linear'"),
        ({"size": 2, "projection": np.ones((3, 5), np.float32)}, r"projection must have shape \(columns, 2\)"),
        ({"size": 2, "projection": np.full((3, 2), np.nan, np.float32)}, "projection must be finite"),
        ({"size": 2, "on_duplicate": "skip"}, "on_duplicate must be one of 'stop', 'repeat', 'fill'"),
        ({"size": 2, "start": 8}, "start must hold row numbers from 0 to 7"),
        ({"size": 2, "start": -1}, "start must hold row numbers from 0 to 7"),
        ({"size": 2, "start": [1, 2]}, "start must be one row"),
        ({"size": 2, "start": []}, "start"),
        ({"size": 2, "start": 1, "variant": "inspection_exact"}, "start is not used"),
        ({"size": 2, "random_state": -1}, "random_state must lie in"),
        ({"size": 2, "threads": 0}, "threads must be"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises((InvalidInputError, InvalidTypeError), match=message):
        bank.coreset(E9, **options)


@pytest.mark.parametrize("options", [{"size": 2.0}, {"size": True}, {"ratio": "all"}, {"size": 2, "random_state": "x"}])
def test_wrong_types(options):
    with pytest.raises(InvalidTypeError):
        bank.coreset(E9, **options)


def test_bad_features():
    with pytest.raises(InvalidInputError, match="cannot sample an empty set"):
        bank.coreset(np.ones((0, 3), np.float32), size=1)
    with pytest.raises(InvalidInputError, match=r"2-D.*shape \(3,\)"):
        bank.coreset(np.ones(3, np.float32), size=1)
    with pytest.raises(InvalidTypeError, match="int64"):
        bank.coreset(np.ones((3, 3), np.int64), size=1)
    bad = E9.copy()
    bad[6, 1] = np.nan
    for options in ({"size": 2}, {"ratio": 1.0}):
        with pytest.raises(InvalidInputError, match=r"features must be finite.*nan.*row 6.*column 1"):
            bank.coreset(bad, **options)


# --- progress and interruption ---------------------------------------------------------------------------------------


def test_progress_counts_from_zero_to_the_size():
    rows = clusters(2000, 30)
    two, three = [], []
    bank.coreset(rows, size=300, progress=lambda done, total: two.append((done, total)))
    bank.coreset(rows, size=300, progress=lambda done, total, info: three.append((done, total, info)))
    for calls in (two, three):
        assert calls[0][:2] == (0, 300)
        assert calls[-1][:2] == (300, 300)
    assert three[0][2]["description"] == "coreset"


def test_progress_can_cancel_and_its_errors_pass_through():
    rows = clusters(2000, 30)
    with pytest.raises(OperationCancelled):
        bank.coreset(rows, size=300, progress=lambda done, total: False)

    def fail(done, total):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        bank.coreset(rows, size=300, progress=fail)
    with pytest.raises(InvalidTypeError, match="progress must accept"):
        bank.coreset(rows, size=3, progress=lambda: None)
    with pytest.raises(InvalidTypeError, match="progress must be None"):
        bank.coreset(rows, size=3, progress=3)


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_meter_ends_complete(monkeypatch, capsys, with_tqdm):
    if with_tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    bank.coreset(clusters(500, 8), size=50, progress=True)
    shown = capsys.readouterr().err
    assert "coreset" in shown
    assert "50/50" in shown


def test_adapt_off_by_default():
    with _progress.adapt(None, "x") as report:
        assert report is None


def test_ctrl_c_stops_within_a_tenth_of_a_second():
    code = """
        import sys, threading, time, numpy as np
        from anomalib_cpp import bank
        rows = np.random.default_rng(0).standard_normal((60000, 200)).astype(np.float32)
        print("ready", flush=True)
        try:
            bank.coreset(rows, size=30000, projection=None)
        except KeyboardInterrupt:
            print("stopped", time.time(), flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    sent = time.time()
    child.send_signal(signal.SIGINT)
    word, when = child.communicate(timeout=20)[0].split()
    assert word == "stopped"
    assert float(when) - sent < 10  # far less than the coreset itself; 0.1 on an idle machine
