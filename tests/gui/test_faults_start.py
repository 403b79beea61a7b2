"""The program starts, opens and explains whatever is wrong around it: each fault in a process of its own.

All that does not exclude each other goes together in one start; each alone under `-m exhaustive`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

EXPLAINED = 2.1055912  # the first sample of the example
CLEARED = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")


def start(environment, *what):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.gui.driven", *what],
        env={name: value for name, value in os.environ.items() if name not in CLEARED}
        | {"QT_QPA_PLATFORM": "offscreen"}
        | environment,
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def found_by(process):
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "Traceback" not in err or "torch" in err, err
    return json.loads(out.partition("FOUND")[2])


def home(folder, name="home"):
    """A person's folders, all of them below one."""
    places = {"HOME": folder / name, "XDG_CONFIG_HOME": folder / name / "config", "LRP_CACHE": folder / name / "cache"}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return {key: str(place) for key, place in places.items()}


def settings_of(environment):
    folder = Path(environment["XDG_CONFIG_HOME"]) / "LRP Explorer"
    folder.mkdir(exist_ok=True)
    return folder / "lrp-gui.conf"


def garbage(path, seed):
    path.write_bytes(random.Random(seed).randbytes(4000))


def corrupted_settings(environment):
    """Not a line of it is what it should be, and what can be read is of the wrong kind."""
    path = settings_of(environment)
    garbage(path, 1)
    nonsense = "\n[General]\ntheme=pink\nexplain\\auto=perhaps\nfont_size=@Invalid()\nlanguage=@ByteArray(\\xff)\n"
    nonsense += "[window]\ngeometry=@ByteArray(nonsense)\nlayout2=17\ntask=@Variant(\\0\\0)\n[engine]\nthreads=-4\n"
    with path.open("ab") as stream:
        stream.write(nonsense.encode())


def corrupted_cache(environment):
    """Kept networks that are none, under the names under which they are looked for."""
    found_by(start(environment, "kept"))
    kept = list(Path(environment["LRP_CACHE"]).glob("*.network"))
    assert kept
    for number, path in enumerate(kept):
        garbage(path, number)


def folders_that_are_files(environment):
    """Whatever the program wants to write, it cannot: also root, which no mode stops."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LRP_CACHE"):
        path = Path(environment["HOME"]) / f"no-{name}"
        path.write_text("a file")
        environment[name] = str(path)


def no_home(environment):
    """As for a service: nobody's."""
    for name in ("HOME", "XDG_CONFIG_HOME", "LRP_CACHE"):
        environment.pop(name)


def home_that_is_gone(environment):
    environment["HOME"] = str(Path(environment["HOME"]) / "gone" / "for good")
    Path(environment["HOME"]).parent.write_text("a file")
    environment.pop("XDG_CONFIG_HOME")


def nothing_of_the_desktop(environment):
    """No icon theme, no OpenGL, no fonts' settings, a locale that does not exist."""
    environment |= {
        "XDG_DATA_DIRS": environment["HOME"],
        "XDG_CONFIG_DIRS": environment["HOME"],
        "QT_XCB_GL_INTEGRATION": "none",
        "QT_OPENGL": "software",
        "LIBGL_DRIVERS_PATH": "/nowhere",
        "LANG": "xx_YY.UTF-8",
        "LC_ALL": "xx_YY.UTF-8",
        "QT_QPA_PLATFORMTHEME": "no-such-theme",
        "QT_STYLE_OVERRIDE": "",
    }


FAULTS = (
    corrupted_settings,
    corrupted_cache,
    folders_that_are_files,
    no_home,
    home_that_is_gone,
    nothing_of_the_desktop,
)


def explains(environment):
    found = found_by(start(environment, "kept"))
    assert found["explained"] == pytest.approx(EXPLAINED, rel=1e-5), found
    assert found["seen"]
    assert found["obstacle"] == ""


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_fault_alone_stops_nothing(fault, tmp_path):
    environment = home(tmp_path)
    fault(environment)
    explains(environment)


def test_two_users_at_once_one_with_corrupted_settings_one_without_a_home_or_a_place_to_write(tmp_path):
    ada, nobody = home(tmp_path, "ada"), home(tmp_path, "nobody")
    corrupted_settings(ada)
    nothing_of_the_desktop(ada)
    folders_that_are_files(nobody)
    nobody.pop("HOME")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    both = start(ada | {"XDG_RUNTIME_DIR": str(runtime)}), start(nobody)
    for process in both:
        assert found_by(process)["explained"] == pytest.approx(EXPLAINED, rel=1e-5)
    assert settings_of(ada).exists()


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("no-torch", "PyTorch (torch) is not installed here"),
        pytest.param(
            "broken-torch", "PyTorch (torch) does not load here (libtorch_cpu.so", marks=pytest.mark.exhaustive
        ),
    ],
)
def test_without_torch_files_are_looked_at_and_one_sentence_says_why_nothing_is_explained(tmp_path, what, sentence):
    found = found_by(start(home(tmp_path), what))
    assert found["tensors"] == 6
    assert found["explained"] is None
    assert found["obstacle"].startswith(sentence)
    assert [told.startswith(sentence) for told in found["told"]] == [True]
