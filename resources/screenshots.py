"""Make the pictures of the README and the guide from the real window: `python resources/screenshots.py [NAME …]`.

Needs no screen. Writes resources/docs/images/NAME.png; without names, all of them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from lrp_gui.app import make_window, move_in

if TYPE_CHECKING:
    from lrp_gui.window import Window

RESOURCES = Path(__file__).resolve().parent
IMAGES = RESOURCES / "docs" / "images"
DIABETES = "diabetes/model_weights.pth"
DIGITS = "digits/digits.pt2"
PATIENCE_MS = 60_000


@dataclass(frozen=True)
class Shot:
    """One picture: what is open, and what is chosen in it."""

    name: str
    file: str
    theme: str
    size: tuple[int, int] = (1440, 900)
    sample: int = 0
    layer: str = ""
    target: str = "max"
    tinted: bool = False


SHOTS = (
    Shot("window", DIABETES, "light", layer="x", tinted=True),
    Shot("window-dark", DIABETES, "dark", layer="x", tinted=True),
    Shot("window-digits", DIGITS, "light", sample=3, layer="image"),
    Shot("window-digits-dark", DIGITS, "dark", sample=5, layer="conv1", target="9-5"),
)


def take(shot: Shot) -> Path:
    """Open the window, wait until everything is explained, and save what it shows."""
    window = make_window(shot.theme)
    window.resize(*shot.size)
    window.painted.connect(lambda: move_in(window, [str(RESOURCES / "examples" / shot.file)]))
    window.show()
    document = window.document
    wait(window, lambda: document.result is not None and window.jobs.status is None)
    document.set_target(shot.target)
    document.select_sample(shot.sample)
    document.select_layer(shot.layer)
    window.actions_["tint"].setChecked(shot.tinted)
    explained = (shot.sample, shot.layer)
    wait(window, lambda: (document.result.row, document.selected_layer) == explained if document.result else False)
    wait(window, lambda: window.jobs.status is None and not document.stale)
    pause(600)  # the sweep over the graph comes to rest
    path = IMAGES / f"{shot.name}.png"
    IMAGES.mkdir(parents=True, exist_ok=True)
    if not window.grab().save(str(path)):
        raise SystemExit(f"{path} cannot be written; run this in a checkout of your own.")
    window.close()
    window.deleteLater()
    pause(0)
    return path


def wait(window: Window, ready) -> None:  # noqa: ANN001
    """Let the program run until `ready()`."""
    waited = 0
    while not ready():
        pause(20)
        waited += 20
        if window.document.problem or waited > PATIENCE_MS:
            raise SystemExit(f"Nothing was explained: {window.document.problem or 'it took too long.'}")


def pause(milliseconds: int) -> None:
    """Run the event loop for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def main(names: list[str]) -> int:
    """Take the pictures called by these names, or all."""
    known = [shot.name for shot in SHOTS]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No picture is called {unknown[0]!r}; there are: {', '.join(known)}.", file=sys.stderr)
        return 2
    app = QApplication(["screenshots", "-style", "Fusion"])
    app.setOrganizationName("LRP Explorer screenshots")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        for shot in SHOTS:
            if not names or shot.name in names:
                print(take(shot))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
