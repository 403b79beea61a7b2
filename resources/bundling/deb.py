"""A Debian package from a bundle's folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NAME = "lrp-explorer"
# Beside what Qt needs: what the compiled libraries are linked to.
BASE = ("libstdc++6", "libgcc-s1", "zlib1g")
METAINFO = "example.lrp_explorer.explorer.metainfo.xml"

# Most desktops renew these by themselves, through dpkg's triggers; this is for those that do not.
CACHES = """\
renew() { if command -v "$1" >/dev/null; then "$@" || true; fi; }
renew update-mime-database /usr/share/mime
renew update-desktop-database --quiet
renew gtk-update-icon-cache --quiet --force /usr/share/icons/hicolor
"""

DESCRIPTION = """\
see why a neural network decided
 Opens weight files (PyTorch, safetensors, ONNX, NumPy) and shows by layer-wise
 relevance propagation what of the inputs made the outputs: a picture of the
 relevance's way through every layer, a table of inputs to edit, reports.
 .
 Python, PyTorch for the CPU and Qt are inside; nothing is fetched from a
 network, neither on installing nor later.
"""


def depends(libraries: tuple[tuple[str, str, str], ...], glibc: str) -> tuple[str, str]:
    """The fields Depends and Recommends, from quickstart's table of what Qt takes from the system."""
    needed = sorted({package for _, package, display in libraries if display in ("always", "x11")})
    wanted = sorted({package for _, package, display in libraries if display == "wayland"})
    return (
        ", ".join((f"libc6 (>= {glibc})", *BASE, *needed)),
        ", ".join((*wanted, "shared-mime-info", "desktop-file-utils", "xdg-utils")),
    )


def lay_out(bundle: Path, resources: Path, tree: Path) -> None:
    """Put everything where Debian has it, below `tree`; the bundle's files are linked where that is possible."""
    program = tree / "usr" / "lib" / NAME
    shutil.copytree(bundle, program, symlinks=True, copy_function=_link)
    commands = tree / "usr" / "bin"
    commands.mkdir(parents=True)
    for command in ("lrp-gui", "lrp-engine"):
        (commands / command).symlink_to(f"../lib/{NAME}/lrp-gui")
    share = tree / "usr" / "share"
    desktop, icons = resources / "desktop", resources / "icons"
    _copy(desktop / f"{NAME}.desktop", share / "applications")
    _copy(desktop / f"{NAME}.xml", share / "mime" / "packages")
    _copy(desktop / METAINFO, share / "metainfo")
    for drawing in (NAME, f"{NAME}-weights", f"{NAME}-project"):
        kind = "apps" if drawing == NAME else "mimetypes"
        _copy(icons / f"{drawing}.svg", share / "icons" / "hicolor" / "scalable" / kind)
        for picture in (icons / "png").glob(f"{drawing}-*.png"):
            size = picture.stem.removeprefix(f"{drawing}-")
            if size.isdigit():
                _copy(picture, share / "icons" / "hicolor" / f"{size}x{size}" / kind, f"{drawing}.png")
    _copy(resources.parent / "LICENSE", share / "doc" / NAME, "copyright")
    _copy(bundle / "THIRD-PARTY.txt", share / "doc" / NAME)


def build(tree: Path, package: Path, fields: dict[str, str]) -> None:
    """Make the package of what lies in `tree`; `fields` are those of its control file beside name and description.

    Raises
    ------
    subprocess.CalledProcessError
        If dpkg-deb refuses.
    """
    size = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    control = tree / "DEBIAN"
    control.mkdir()
    rows = {
        "Package": NAME,
        **fields,
        "Installed-Size": str(size // 1024),
        "Section": "science",
        "Priority": "optional",
    }
    (control / "control").write_text(
        "".join(f"{key}: {value}\n" for key, value in rows.items()) + f"Description: {DESCRIPTION}", encoding="utf-8"
    )
    for script in ("postinst", "postrm"):
        (control / script).write_text(f"#!/bin/sh\nset -e\n{CACHES}", encoding="utf-8")
        (control / script).chmod(0o755)
    for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o755)
    # zstd: a tenth larger than xz, and made in seconds; dpkg reads it from Debian 12 and Ubuntu 22.04 on
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zzstd", "--build", str(tree), str(package)], check=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def _copy(file: Path, folder: Path, name: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / (name or file.name))
    (folder / (name or file.name)).chmod(0o644)
