"""Whether a bundle works on a machine that has nothing: in a fresh Debian without Python, and without a network."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
EXAMPLES = "/usr/lib/lrp-explorer/_internal/share/lrp-explorer/examples"
WINDOW_SECONDS, LEAVING_SECONDS = 120, 60
LAYOUT = '{"blocks": [{"sizes": [[9, 9], [9, 9]], "edges": [[0, 1]], "narrowest": 9}], "pad": 1, "header": 1}'


class SmokeError(Exception):
    """What does not work, with what was said about it."""


def hindrance() -> str:
    """Why the test cannot be made here, in one sentence; "" where it can."""
    if os.geteuid() != 0:
        return "The smoke test installs the package in a fresh root, which needs root: run with sudo, or --no-smoke."
    missing = [name for name in ("debootstrap", "chroot", "unshare") if shutil.which(name) is None]
    if missing:
        return f"The smoke test needs {', '.join(missing)}: install debootstrap, or leave it out with --no-smoke."
    return ""


def make_root(root: Path) -> None:
    """A minimal Debian without Python."""
    if (root / "usr" / "bin" / "dpkg").exists():
        return
    subprocess.run(
        ["debootstrap", "--variant=minbase", SUITE, str(root), MIRROR], check=True, stdout=subprocess.DEVNULL
    )


def try_package(package: Path, root: Path, parquet: Path, screen: dict[str, str] | None) -> list[str]:
    """Install the package in the root, use it as somebody would, and remove it again.

    Parameters
    ----------
    package, root : Path
        The .deb, and the root that `make_root` made.
    parquet : Path
        A table for the diabetes example, to have it decoded by a helper process.
    screen : dict or None
        The environment that leads to an X display with xdotool; None: the window is not tried.

    Returns
    -------
    A line for each thing that worked.

    Raises
    ------
    SmokeError
        If something does not.
    """
    shutil.copyfile(package, root / "package.deb")
    shutil.copyfile(parquet, root / "table.parquet")
    with _mounted(root):
        _run(root, "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
             "--no-install-recommends /package.deb", network=True)  # fmt: skip
        _run(root, "! command -v python3 && ! ls /usr/lib/python3* 2>/dev/null")
        _run(root, "id tester >/dev/null 2>&1 || useradd -m tester; rm -rf /home/tester/*")
        done = ["installed with the dependencies that it declares; there is no Python"]
        for example, weights, table in (
            ("diabetes", "model_weights.pth", "diabetes.csv"),
            ("digits", "digits.pt2", "digits.csv"),
        ):
            where = f"{EXAMPLES}/{example}"
            drawn = _run(
                root, f"lrp-gui --render pictures-{example} {where}/{weights} --data {where}/{table}", "tester"
            )
            done.append(f"{example}: opened, explained, drawn into {len(drawn.split())} files, exit code 0")
        _run(
            root,
            f"lrp-engine explain {EXAMPLES}/diabetes/model_weights.pth --data /table.parquet --out books",
            "tester",
        )
        done.append("lrp-engine: a table decoded by a process of its own, explained")
        if '"corners"' not in _run(root, f"echo '{LAYOUT}' | lrp-gui --run-own-program lrp_gui.jobs.layered", "tester"):
            raise SmokeError("The helper that lays graphs out gives no corners.")
        done.append("a graph laid out by a process of its own")
        if screen is not None:
            seconds = _window(root, screen)
            done.append(f"the window shows the example after {seconds:.0f} s, and closes")
        _run(root, "dpkg --remove lrp-explorer >/dev/null && ! ls -d /usr/lib/lrp-explorer 2>/dev/null")
        done.append("removed without a trace")
    return done


def _window(root: Path, screen: dict[str, str]) -> float:
    """Open the real window on an example; the seconds until it is there."""
    began = time.monotonic()
    command = f"lrp-gui {EXAMPLES}/diabetes/model_weights.pth"
    with subprocess.Popen(
        _inside(root, command, "tester", f"DISPLAY={screen['DISPLAY']} LIBGL_ALWAYS_SOFTWARE=1")
    ) as program:
        try:
            while time.monotonic() - began < WINDOW_SECONDS and program.poll() is None:
                found = _ask(["xdotool", "search", "--onlyvisible", "--name", "LRP Explorer"], screen).split()
                for window in found:
                    if "model_weights" in _ask(["xdotool", "getwindowname", window], screen):
                        seconds = time.monotonic() - began
                        time.sleep(5)  # for the explanation, and whoever looks
                        _ask(["xdotool", "windowfocus", "--sync", window, "key", "ctrl+q"], screen)
                        if program.wait(LEAVING_SECONDS):
                            raise SmokeError(f"The window ended with {program.returncode}.")
                        return seconds
                time.sleep(0.3)
        finally:
            if program.poll() is None:
                program.terminate()
    raise SmokeError(f"No window of the example in {WINDOW_SECONDS} s.")


def _ask(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def _inside(root: Path, command: str, user: str = "", variables: str = "", *, network: bool = False) -> list[str]:
    """The command line that runs a shell's line in the root, without a network unless it is wanted."""
    cut = [] if network else ["unshare", "--net", "--"]
    if user:
        command = f"cd /home/{user} && {command}"
        inner = ["su", user, "-c", f"env {variables} sh -c {_quoted(command)}" if variables else command]
    else:
        inner = ["sh", "-c", command]
    clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
    return [*cut, "chroot", str(root), *clean, *inner]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _run(root: Path, command: str, user: str = "", *, network: bool = False) -> str:
    ran = subprocess.run(
        _inside(root, command, user, network=network),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if ran.returncode:
        raise SmokeError(f"`{command}` ended with {ran.returncode}: {(ran.stderr or ran.stdout).strip()[-1500:]}")
    return ran.stdout


@contextlib.contextmanager
def _mounted(root: Path) -> Iterator[None]:
    """What a program expects of a system beside files: processes, memory to share, and the screen's socket."""
    sockets = root / "tmp" / ".X11-unix"
    sockets.mkdir(parents=True, exist_ok=True)
    mounts = (
        (["-t", "proc", "proc"], root / "proc"),
        (["-t", "tmpfs", "tmpfs"], root / "dev" / "shm"),
        *(((["--bind", "/tmp/.X11-unix"], sockets),) if Path("/tmp/.X11-unix").is_dir() else ()),  # noqa: S108
    )
    made = []
    try:
        for words, place in mounts:
            subprocess.run(["mount", *words, str(place)], check=True)
            made.append(place)
        yield
    finally:
        for place in reversed(made):
            subprocess.run(["umount", "--lazy", str(place)], check=False)
