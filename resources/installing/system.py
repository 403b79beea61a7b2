"""The system's part: Qt's shared libraries, packages of Debian, and displays."""

import contextlib
import ctypes
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

from installing.basics import Problem, clean_environment, last_line, python_in, quiet, say

# Shared libraries that Qt takes from the system: (library, Debian package, needed "always" or only for that display).
QT_LIBRARIES = (
    ("libEGL.so.1", "libegl1", "always"),
    ("libGL.so.1", "libgl1", "always"),
    ("libX11.so.6", "libx11-6", "always"),
    ("libbrotlidec.so.1", "libbrotli1", "always"),
    ("libdbus-1.so.3", "libdbus-1-3", "always"),
    ("libfontconfig.so.1", "libfontconfig1", "always"),
    ("libfreetype.so.6", "libfreetype6", "always"),
    ("libglib-2.0.so.0", "libglib2.0-0", "always"),
    ("libgssapi_krb5.so.2", "libgssapi-krb5-2", "always"),
    ("libxkbcommon.so.0", "libxkbcommon0", "always"),
    ("libzstd.so.1", "libzstd1", "always"),
    ("libX11-xcb.so.1", "libx11-xcb1", "x11"),
    ("libxcb-cursor.so.0", "libxcb-cursor0", "x11"),
    ("libxcb-icccm.so.4", "libxcb-icccm4", "x11"),
    ("libxcb-image.so.0", "libxcb-image0", "x11"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1", "x11"),
    ("libxcb-randr.so.0", "libxcb-randr0", "x11"),
    ("libxcb-render-util.so.0", "libxcb-render-util0", "x11"),
    ("libxcb-render.so.0", "libxcb-render0", "x11"),
    ("libxcb-shape.so.0", "libxcb-shape0", "x11"),
    ("libxcb-shm.so.0", "libxcb-shm0", "x11"),
    ("libxcb-sync.so.1", "libxcb-sync1", "x11"),
    ("libxcb-util.so.1", "libxcb-util1", "x11"),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0", "x11"),
    ("libxcb-xkb.so.1", "libxcb-xkb1", "x11"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "x11"),
    ("libwayland-client.so.0", "libwayland-client0", "wayland"),
    ("libwayland-cursor.so.0", "libwayland-cursor0", "wayland"),
    ("libwayland-egl.so.1", "libwayland-egl1", "wayland"),
)


def missing_libraries(display: str, load=ctypes.CDLL) -> list:  # noqa: ANN001
    """List the rows of QT_LIBRARIES, for display "x11", "wayland" or "", that cannot be loaded."""
    missing = []
    for row in QT_LIBRARIES:
        if row[2] not in ("always", display):
            continue
        try:
            load(row[0])
        except OSError:
            missing.append(row)
    return missing


def install_system_packages(packages: list, why: str) -> None:
    """Install Debian packages, or end with the one line that does."""
    if shutil.which("apt-get") is None:
        raise Problem(f"{why}: install with your system's package manager what Debian calls {', '.join(packages)}.")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root and (shutil.which("sudo") is None or quiet(["sudo", "-n", "true"]).returncode):
        raise Problem(f"{why}. This line mends it: sudo apt-get install --no-install-recommends {' '.join(packages)}")
    say(f"{why}: installing {' '.join(packages)}")
    apt = [*([] if root else ["sudo", "-n"]), "env", "DEBIAN_FRONTEND=noninteractive"]
    apt += ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    updated = quiet([*apt, "update"])  # may fail for one source of many; the installation itself tells
    done = quiet([*apt, "install", "-y", "--no-install-recommends", *packages])
    if done.returncode:
        reason = last_line(done.stderr or updated.stderr or done.stdout)
        raise Problem(f"apt-get could not install {' '.join(packages)}: {reason}")


def display_kind(environment: dict, platform: str = sys.platform) -> str:
    """Name the display that a window would open on: "native" (macOS, Windows), "wayland", "x11" or "" for none."""
    if platform in ("darwin", "win32"):
        return "native"
    if environment.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "x11" if environment.get("DISPLAY") else ""


def qt_starts(venv: Path, env: dict) -> str:
    """Start Qt in a process of its own; return "" or what it says against it."""
    program = "from PySide6 import QtNetwork, QtSvg, QtWidgets; QtWidgets.QApplication([])"
    tried = quiet([str(python_in(venv)), "-c", program], env=env)
    return "" if tried.returncode == 0 else last_line(tried.stderr)


def make_qt_start(venv: Path, display: str, env: dict) -> bool:
    """Install what Qt lacks. Return whether it starts on this display; raise Problem where it does not start at all."""
    if not qt_starts(venv, env):
        return True
    if sys.platform.startswith("linux"):
        missing = missing_libraries(display)
        if missing:
            names = ", ".join(row[0] for row in missing)
            install_system_packages(sorted({row[1] for row in missing}), f"Qt lacks shared libraries ({names})")
            if not qt_starts(venv, env):
                return True
    offscreen = qt_starts(venv, {**env, "QT_QPA_PLATFORM": "offscreen"})
    if offscreen:
        raise Problem(f"Qt does not start: {offscreen}")
    return False


@contextlib.contextmanager
def virtual_display():  # noqa: ANN201
    """Run Xvfb on a free display number and give the environment that leads to it."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        command, pass_fds=(writer,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writer)
    try:
        ready = select.select([reader], [], [], 30)[0]
        number = os.read(reader, 16).decode().strip() if ready else ""
        if not number:
            raise Problem("Xvfb, the display that the window's tests need, does not start: try it with `Xvfb :99`.")
        env = clean_environment(DISPLAY=f":{number}")
        env.pop("WAYLAND_DISPLAY", None)
        yield env
    finally:
        os.close(reader)
        server.terminate()
        server.wait()
