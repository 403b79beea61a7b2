"""Make the pictures of the README and the guide from the real window: `python resources/screenshots.py [NAME …]`.

Needs no screen. Writes resources/docs/images/NAME.png; without names, all of them.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication, QWidget

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


def candidates(window: Window, folder: Path) -> QWidget:
    """Weights alone, and a line of the inferred architecture that does not fit."""
    window.opener.open([shutil.copy(RESOURCES / "examples" / DIABETES, folder / "weights.pth")])
    dialog = asked(window, "candidates")
    wait(window, dialog.open_button.isEnabled)
    text = dialog.editor.toPlainText()
    dialog.editor.setPlainText(text.replace('"out_features": 16', '"out_features": 12'))
    wait(window, lambda: dialog.editor.marked)
    return dialog


def consent(window: Window, folder: Path) -> QWidget:
    """A program in a file, read but not agreed to."""
    import torch

    layers = torch.nn.Sequential(torch.nn.Linear(10, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1), torch.nn.Sigmoid())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather export
        torch.jit.save(torch.jit.script(layers), folder / "scripted.pt")
    window.opener.open([str(folder / "scripted.pt")])
    dialog = asked(window, "consent")
    wait(window, dialog.trusts.isEnabled)
    return dialog


def refused(window: Window, folder: Path) -> QWidget:
    """A file that would have called something."""
    import torch

    torch.save({"fc.weight": torch.zeros(2, 3), "hook": _Call(os.system, "curl example.org"), "also": _Call(eval, "1")},
               folder / "model_final.pth")  # fmt: skip
    window.opener.open([str(RESOURCES / "examples" / DIABETES)])
    wait(window, lambda: window.document.result is not None)
    window.opener.open([str(folder / "model_final.pth")])
    wait(window, lambda: window.obstacle.isVisible() and window.obstacle.calls.isVisible())
    return window


class _Call:
    """What pickle would call."""

    def __init__(self, function: object, argument: str) -> None:
        self._call = function, (argument,)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return self._call


SCENES = {scene.__name__: scene for scene in (candidates, consent, refused)}


def play(name: str) -> Path:
    """Open the window, play a scene in it, and save the widget that it gives."""
    window = make_window("light")
    window.resize(1100, 720)
    window.painted.connect(lambda: move_in(window))
    window.show()
    wait(window, lambda: window.viewer is not None and window.opener is not None)
    with tempfile.TemporaryDirectory(prefix="downloads-") as folder:
        widget = SCENES[name](window, Path(folder))
        wait(window, lambda: window.jobs.status is None)
        pause(600)
        path = IMAGES / f"{name}.png"
        if not widget.grab().save(str(path)):
            raise SystemExit(f"{path} cannot be written; run this in a checkout of your own.")
        if widget is not window:
            widget.close()
    window.close()
    window.deleteLater()
    pause(0)
    return path


def asked(window: Window, action: str) -> QWidget:
    """The dialog that an action opens."""
    wait(window, lambda: window.obstacle.isVisible() and window.actions_[action].isEnabled())
    window.actions_[action].trigger()
    return window.dialogs.current


def wait(window: Window, ready) -> None:  # noqa: ANN001
    """Let the program run until `ready()`."""
    waited = 0
    while not ready():
        pause(20)
        waited += 20
        if window.document.problem or waited > PATIENCE_MS:
            raise SystemExit(f"Nothing was shown: {window.document.problem or 'it took too long.'}")


def pause(milliseconds: int) -> None:
    """Run the event loop for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def main(names: list[str]) -> int:
    """Take the pictures called by these names, or all."""
    known = [*(shot.name for shot in SHOTS), *SCENES]
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
        for scene in SCENES:
            if not names or scene in names:
                print(play(scene))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
