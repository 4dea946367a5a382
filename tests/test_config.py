"""Settings, thread counts, instruction-set choice and show_config."""

import asyncio
import json
import os
import subprocess
import sys
import threading

import pytest

import anomalib_cpp as ac


def in_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import anomalib_cpp as ac\n{code}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def defaults():
    """Undo what a test does to the process-wide settings."""
    before = ac.get_config()
    yield
    ac.set_config(**before)


def test_context_overrides_nest_and_end():
    assert ac.get_config()["undefined"] == "nan"
    with ac.config_context(undefined=0.0, threads=3):
        with ac.config_context(threads=2):
            assert (ac.get_config()["undefined"], ac.get_num_threads()) == (0.0, 2)
        assert ac.get_num_threads() == 3
    assert ac.get_config()["undefined"] == "nan"


def test_context_ends_with_an_exception():
    with pytest.raises(KeyError), ac.config_context(threads=1):
        raise KeyError
    assert ac.get_config()["threads"] is None


def test_context_belongs_to_its_thread():
    seen = {}
    entered, leave = threading.Event(), threading.Event()

    def work():
        with ac.config_context(threads=7):
            seen["inside"] = ac.get_num_threads()
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(10)
    seen["outside"] = ac.get_config()["threads"]
    leave.set()
    thread.join()
    assert seen == {"inside": 7, "outside": None}


def test_context_belongs_to_its_task():
    async def task(threads):
        with ac.config_context(threads=threads):
            await asyncio.sleep(0)
            return ac.get_num_threads()

    async def both():
        return await asyncio.gather(task(2), task(5))

    assert asyncio.run(both()) == [2, 5]


def test_set_config_is_seen_by_other_threads(defaults):
    ac.set_num_threads(3)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(ac.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [3]


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("nan_policy", "ignore", "nan_policy must be one of 'raise', 'propagate', 'omit'; got 'ignore'"),
        ("undefined", "zero", "undefined must be 'nan', 'raise' or a number; got 'zero'"),
        ("threads", 0, "threads must be an integer >= 1; got 0"),
        ("threads", 1.5, "threads must be an integer >= 1; got 1.5"),
        ("threads", True, "threads must be an integer >= 1; got True"),
        ("memory_budget", "lots", "memory_budget must be a number of bytes.*got 'lots'"),
        ("memory_budget", "150%", "memory_budget must be"),
        ("memory_budget", -1, "memory_budget must be an integer >= 1"),
        ("progress", "yes", "progress must be None, True, False or a callable; got str"),
    ],
)
def test_bad_settings_are_named_and_change_nothing(defaults, setting, value, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        ac.set_config(undefined=1.0, **{setting: value}) if setting != "undefined" else ac.set_config(undefined=value)
    assert isinstance(caught.value, ac.AnomalibCppError)
    assert ac.get_config()["undefined"] == "nan"


def test_unknown_settings_are_refused():
    with pytest.raises(TypeError, match=r"unknown setting 'thread'; the settings are nan_policy"):
        ac.set_config(thread=2)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ANOMALIB_CPP_NUM_THREADS": "3", "OMP_NUM_THREADS": "2"}, "3"),
        ({"OMP_NUM_THREADS": "1"}, "1"),
        ({"OMP_NUM_THREADS": "1,2"}, "1"),
    ],
)
def test_thread_count_from_the_environment(environment, expected):
    done = in_new_process("print(ac.get_num_threads())", **{"ANOMALIB_CPP_NUM_THREADS": "", **environment})
    assert done.stdout.strip() == expected, done.stderr


def test_a_misspelt_thread_count_is_named():
    done = in_new_process("ac.get_num_threads()", ANOMALIB_CPP_NUM_THREADS="many")
    assert "ANOMALIB_CPP_NUM_THREADS must be an integer >= 1; got 'many'" in done.stderr


def test_explicit_threads_win_over_the_environment():
    code = "ac.set_num_threads(2)\nwith ac.config_context(threads=5): print(ac.get_num_threads())"
    assert in_new_process(code, ANOMALIB_CPP_NUM_THREADS="3").stdout.strip() == "5"


def test_isa_from_the_environment():
    done = in_new_process("print(ac.cpu_features()['active'])", ANOMALIB_CPP_ISA="baseline")
    assert done.stdout.strip() == "baseline", done.stderr


def test_a_misspelt_isa_is_an_error_at_first_use_not_at_import():
    code = "print('imported')\ntry: ac.cpu_features()\nexcept ValueError as error: print(error)"
    lines = in_new_process(code, ANOMALIB_CPP_ISA="avx3").stdout.splitlines()
    assert lines[0] == "imported"
    assert lines[1].startswith("level must be one of 'baseline'")
    assert lines[1].endswith("got 'avx3'")


def test_set_isa_refuses_what_the_machine_lacks():
    features = ac.cpu_features()
    for level in ("baseline", "avx2", "avx512", "avx512-vnni", "amx"):
        code = f"ac.set_isa({level!r}); print(ac.cpu_features()['active'])"
        done = in_new_process(code)
        if done.returncode == 0:
            assert done.stdout.strip() == level
        else:
            assert "this CPU lacks level" in done.stderr or "is not part of this build" in done.stderr
    assert ac.cpu_features()["active"] == features["active"]
    with pytest.raises(ValueError, match=r"level must be one of 'baseline'.*got 'sse9'"):
        ac.set_isa("sse9")


def test_show_config_as_dict_is_plain_data():
    report = ac.show_config("dict")
    assert report["version"] == ac.__version__
    assert report["isa"]["active"] in report["isa"]["compiled"]
    assert report["threads"]["max"] >= 1
    assert any("omp" in name for name in report["threads"]["openmp_runtime_files"])
    assert json.loads(json.dumps(report)) == report


def test_show_config_prints_without_paths(capsys):
    assert ac.show_config() is None
    printed = capsys.readouterr().out
    assert f"version: {ac.__version__}" in printed
    assert os.path.expanduser("~") not in printed  # noqa: PTH111
    with pytest.raises(ValueError, match="mode must be one of 'stdout', 'dict'; got 'json'"):
        ac.show_config("json")


def test_versions_agree():
    from importlib import metadata

    try:
        assert metadata.version("anomalib-cpp") == ac.__version__
    except metadata.PackageNotFoundError:
        pytest.skip("runs from a build tree, which has no package metadata")
