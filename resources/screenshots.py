"""Make the pictures of the README and the guide from the real window: `python resources/screenshots.py [NAME …]`.

Needs no screen. Writes resources/docs/images/NAME.png; without names, all of them. With `--language de` the window
speaks German, and the pictures of the German guide are written, images/de/NAME.png.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QWidget

from lrp_gui import languages
from lrp_gui.app import make_window, move_in
from lrp_gui.importing.dialog import ImportDialog
from lrp_gui.languages import qt
from lrp_gui.opening.candidates import CandidatesDialog
from lrp_gui.opening.consent import ConsentDialog
from lrp_gui.sample.editors.options import BESIDE

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.window import Window

RESOURCES = Path(__file__).resolve().parent
IMAGES = RESOURCES / "docs" / "images"
DIABETES = "diabetes/model_weights.pth"
DIGITS = "digits/digits.pt2"
PATIENCE_MS = 60_000
AREA = 2e-4  # of all pixels: so many of one colour are an area
COLOURS = 256  # of a picture
Part = TypeVar("Part")
Dialog = TypeVar("Dialog", bound=QDialog)


@dataclass(frozen=True)
class Shot:
    """One picture: what is open, and what is chosen in it."""

    name: str
    file: str
    theme: str
    size: tuple[int, int] = (1360, 850)
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
    path = keep(window, shot.name)
    window.close()
    window.deleteLater()
    pause(0)
    return path


def candidates(window: Window, folder: Path) -> QWidget:
    """Weights alone, and a line of the inferred architecture that does not fit."""
    there(window.opener).open([str(shutil.copy(RESOURCES / "examples" / DIABETES, folder / "weights.pth"))])
    dialog = asked(window, "candidates", CandidatesDialog)
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
    there(window.opener).open([str(folder / "scripted.pt")])
    dialog = asked(window, "consent", ConsentDialog)
    wait(window, dialog.trusts.isEnabled)
    return dialog


def refused(window: Window, folder: Path) -> QWidget:
    """A file that would have called something."""
    import torch

    torch.save({"fc.weight": torch.zeros(2, 3), "hook": _Call(os.system, "curl example.org"), "also": _Call(eval, "1")},
               folder / "model_final.pth")  # fmt: skip
    there(window.opener).open([str(RESOURCES / "examples" / DIABETES)])
    wait(window, lambda: window.document.result is not None)
    there(window.opener).open([str(folder / "model_final.pth")])
    wait(window, lambda: there(window.obstacle).isVisible() and there(window.obstacle).calls.isVisible())
    return window


class _Call:
    """What pickle would call."""

    def __init__(self, function: object, argument: str) -> None:
        self._call = function, (argument,)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return self._call


def rules(window: Window, _folder: Path) -> QWidget:
    """Another rule for a layer, and one for all of its kind."""
    document = opened(window, DIGITS, sample=3)
    for layer, rule in (("conv1", "zbox"), ("conv2", "gamma(gamma=0.5)")):
        view = window.browser.layers
        document.select_layer(layer)
        view.setFocus()
        QTest.keyClick(view, Qt.Key.Key_F2)
        wait(window, lambda view=view: view.findChild(QComboBox) is not None)
        box = view.findChild(QComboBox)
        box.setEditText(rule)
        QTest.keyClick(box, Qt.Key.Key_Return)
        settle(window)
        wait(window, lambda view=view: view.findChild(QComboBox) is None)  # else the next one would be taken for it
    return window


def table(window: Window, _folder: Path) -> QWidget:
    """A filter, the statistics below it, and cells in the colour of their relevance."""
    opened(window, DIABETES, sample=3)
    panel = window.table
    for name in ("statistics", "tint"):
        window.actions_[name].setChecked(True)
    panel.filter.box.setText("bmi > 30 and confidence > 0.8")
    panel.filter.apply()
    there(window.furniture).docks[1].setFloating(True)
    there(window.furniture).docks[1].resize(1240, 400)
    settle(window)
    return panel


def paint(window: Window, _folder: Path) -> QWidget:
    """Two strokes over a digit, its relevance beside it."""
    document = opened(window, DIGITS, sample=3)
    window.actions_["edit_input"].trigger()
    dock = there(there(window.furniture).sample_dock)
    dock.setFloating(True)
    dock.resize(760, 420)
    pause(300)
    editor = there(window.furniture).sample.page
    editor.options.show_.setCurrentIndex(editor.options.show_.findData(BESIDE))
    pause(200)
    canvas = editor.canvas
    for stroke in (((1, 3), (2, 2), (3, 2)), ((5, 2), (6, 2))):
        points = [canvas.place_of(pixel).toPoint() for pixel in stroke]
        QTest.mousePress(canvas.viewport(), Qt.MouseButton.LeftButton, pos=points[0])
        for point in points[1:]:
            QTest.mouseMove(canvas.viewport(), point)
        QTest.mouseRelease(canvas.viewport(), Qt.MouseButton.LeftButton, pos=points[-1])
    wait(window, lambda: not document.stale)
    settle(window)
    return there(window.furniture).sample


def health(window: Window, folder: Path) -> QWidget:
    """The example with some things broken in it."""
    import torch

    for name in ("architecture.json", "diabetes.csv"):
        shutil.copy(RESOURCES / "examples" / "diabetes" / name, folder / name)
    weights = torch.load(RESOURCES / "examples" / DIABETES, weights_only=True)
    first, second = [name for name, tensor in weights.items() if tensor.ndim == 2][:2]
    bias = first.replace("weight", "bias")
    weights[first][3] = 0
    weights[bias][7] = -100
    weights[first][12], weights[bias][12] = weights[first][5] * 2, weights[bias][5] * 2
    weights[second][4, 9] = 400
    torch.save(weights, folder / "model_weights.pth")
    opened(window, folder / "model_weights.pth")
    window.browser.tabs.setCurrentWidget(there(window.furniture).health)
    pause(200)
    settle(window)
    view = there(window.furniture).health.view
    kind = view.model.index(0, 0)
    view.tree.setCurrentIndex(view.model.index(0, 0, kind))
    settle(window)
    return window


def importing(window: Window, folder: Path) -> QWidget:
    """A table with other names, semicolons and decimal commas."""
    opened(window, DIABETES)
    lines = (RESOURCES / "examples" / "diabetes" / "diabetes.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[:40]]
    rows[0][2], rows[0][4] = "body mass index", "cholesterol"
    text = "\n".join(";".join([f"P{n:03}" if n else "patient", *row]) for n, row in enumerate(rows))
    path = folder / "patients.csv"
    path.write_text(text.replace(".", ","), encoding="utf-8")
    there(window.opener).open([str(path)])
    wait(window, lambda: there(window.dialogs).current is not None)
    settle(window)
    dialog = there(window.dialogs).current
    assert isinstance(dialog, ImportDialog)
    dialog.source.assign(2, dialog.source.names.index("body mass index"))
    dialog.source.name_samples_by(0)
    settle(window)
    return dialog


def layers(window: Window, _folder: Path) -> QWidget:
    """A layer that stands open, down to its channels."""
    opened(window, DIGITS, sample=3)
    below_hidden(window)
    window.document.select_layer("conv2")
    settle(window)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_F):  # open it, and look at all
        QTest.keyClick(window.viewer.canvas, key)
        settle(window)
    return window.viewer


def tokens(window: Window, folder: Path) -> QWidget:
    """A sentence in a small transformer: what each word held in every layer."""
    return _scale(window, folder, "tokens")


def operations(window: Window, folder: Path) -> QWidget:
    """The same network, operation by operation."""
    return _scale(window, folder, "operations")


def comparing(window: Window, _folder: Path) -> QWidget:
    """What spoke for each of two classes."""
    document = opened(window, DIGITS, sample=5)
    document.set_target("9")
    document.select_layer("image")
    settle(window)
    window.actions_["compare_explanations"].trigger()
    explanations = there(window.furniture).explanations
    explanations.resize(1280, 760)
    explanations.beside.change(1, target="5", sample=explanations.beside.sides[0].sample)
    explanations.sides[0].sample.clearFocus()
    explanations.look("values")
    settle(window)
    return explanations


def _scale(window: Window, folder: Path, scale: str) -> QWidget:
    from reviews import reviews  # beside this file; it imports torch

    path = reviews(folder)
    opened(window, path, folder / "reviews.txt", sample=3)
    window.document.set_composite("attn_lrp")
    below_hidden(window)
    settle(window)
    window.viewer.controls.scales[scale].click()
    settle(window)
    return window.viewer


SIZES = {"window": (1100, 720), "rules": (1280, 760), "table": (1440, 900), "health": (1500, 900),
         "layers": (1440, 860), "tokens": (1440, 860), "operations": (1440, 860)}  # fmt: skip
SCENES = {
    scene.__name__: scene
    for scene in (
        *(candidates, consent, refused, rules, table, paint, health, importing, layers, tokens, operations, comparing),
    )
}


def play(name: str) -> Path:
    """Open the window, play a scene in it, and save the widget that it gives."""
    window = make_window("light")
    window.resize(*SIZES.get(name, SIZES["window"]))
    window.painted.connect(lambda: move_in(window))
    window.show()
    wait(window, lambda: window.viewer is not None and window.opener is not None)
    window.actions_["reset_layout"].trigger()  # a scene before may have moved the docks
    with tempfile.TemporaryDirectory(prefix="downloads-") as folder:
        widget = SCENES[name](window, Path(folder))
        settle(window)
        path = keep(widget, name)
        if widget is there(window.dialogs).current:
            widget.close()
        window.document.discard_edits()  # else it asks, and stays
        window.close()
    window.deleteLater()
    pause(0)
    return path


def below_hidden(window: Window) -> None:
    """Give the viewer all of the height."""
    furniture = there(window.furniture)
    for dock in (furniture.docks[1], there(furniture.sample_dock)):
        dock.hide()


def opened(window: Window, file: str | Path, *others: Path, sample: int = 0) -> Document:
    """Open a file, one of the examples or any other, and wait until the sample is explained."""
    path = RESOURCES / "examples" / file
    document = window.document
    there(window.opener).open([str(path), *map(str, others)])
    wait(window, lambda: document.result is not None and there(document.network).path == str(path))
    document.select_sample(sample)
    settle(window)
    return document


def settle(window: Window) -> None:
    """Wait until nothing is computed any more, and what moves has come to rest."""
    wait(window, lambda: window.jobs.status is None and not window.jobs.busy and not window.document.stale)
    pause(700)
    wait(window, lambda: window.jobs.status is None and not window.jobs.busy)


def keep(widget: QWidget, name: str) -> Path:
    """Save what a widget shows, in little room."""
    language = languages.current()
    folder = IMAGES if language == languages.SOURCE else IMAGES / language
    path = folder / f"{name}.png"
    folder.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path)):
        raise SystemExit(f"{path} cannot be written; run this in a checkout of your own.")
    shrink(path)
    return path


def shrink(path: Path) -> None:
    """Give a picture a palette: colours of areas as they are, all others by the nearest of those that are left."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    packed = pixels.astype(np.int64) @ np.array([65536, 256, 1])
    colours, which, counts = np.unique(packed, return_inverse=True, return_counts=True)
    common = np.argsort(-counts, kind="stable")[: COLOURS // 2]
    common = common[counts[common] >= packed.size * AREA]
    rare = pixels[~np.isin(which.reshape(packed.shape), common)]
    every = np.stack([colours >> shift & 255 for shift in (16, 8, 0)], axis=1)
    areas = every[common].astype(np.uint8)
    others = np.zeros((0, 3), np.uint8)
    if len(rare):
        few = Image.fromarray(rare[np.newaxis]).quantize(COLOURS - len(areas), dither=Image.Dither.NONE)
        others = np.array(few.getpalette(), dtype=np.uint8).reshape(-1, 3)[: COLOURS - len(areas)]
    palette = np.concatenate([areas, others])
    nearest = [
        ((part[:, np.newaxis] - palette) ** 2).sum(axis=2).argmin(axis=1)
        for part in np.array_split(every, len(every) // 4096 + 1)
    ]
    image = Image.fromarray(np.concatenate(nearest)[which].reshape(packed.shape).astype(np.uint8), "P")
    image.putpalette(palette.ravel().tolist())
    image.save(path, optimize=True)


def there(part: Part | None) -> Part:
    """What has moved into the window by now."""
    assert part is not None
    return part


def asked(window: Window, action: str, kind: type[Dialog]) -> Dialog:
    """The dialog that an action opens."""
    wait(window, lambda: there(window.obstacle).isVisible() and window.actions_[action].isEnabled())
    window.actions_[action].trigger()
    dialog = there(window.dialogs).current
    assert isinstance(dialog, kind)
    return dialog


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
    language = languages.SOURCE
    if "--language" in names:
        at = names.index("--language")
        language, names = names[at + 1], names[:at] + names[at + 2 :]
    known = [*(shot.name for shot in SHOTS), *SCENES]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No picture is called {unknown[0]!r}; there are: {', '.join(known)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):  # nobody else's journal is offered back
            os.environ[name] = folder
        app = QApplication(["screenshots", "-style", "Fusion"])
        app.setOrganizationName("LRP Explorer screenshots")
        qt.install(app, language)
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
