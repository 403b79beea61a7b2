"""Make the gallery: `python resources/docs/gallery.py [NAME …]`.

Draws views of the two examples, and of networks of every build with random weights, through the same exports as the
window, and writes resources/docs/gallery.md with images/gallery/NAME.png. Needs no screen; with names, only those.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np
from PIL import Image
from PySide6.QtWidgets import QApplication

from lrp_gui.document.files import Source
from lrp_gui.document.series import Explained
from lrp_gui.export.exporters import saving
from lrp_gui.export.render import GROUPS, chosen_makers
from lrp_gui.export.sheet import Sheet
from lrp_gui.jobs import convert
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import THEMES

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parents[1]
IMAGES = DOCS / "images" / "gallery"
WIDTH = 1100
COLOURS = 256  # of a picture: lines and areas need no more


@dataclass(frozen=True)
class Shot:
    """One picture: of which network, which view (by its title), in which theme, and what to see in it."""

    name: str
    network: str  # an example's file, or a network of the tests' zoo
    view: str
    sentence: str
    theme: str = "light"
    composite: str = "epsilon_plus"


SHOTS = (
    Shot(
        "diabetes", "diabetes/model_weights.pth", "overview", "A patient: conservation, every neuron, and the inputs."
    ),
    Shot("diabetes-dark", "diabetes/model_weights.pth", "network graph", "The same neurons in the dark.", "dark"),
    Shot(
        "digits", "digits/digits.pt2", "overview", "A handwritten digit: layers with their channels, relevance over it."
    ),
    Shot("digits-input", "digits/digits.pt2", "input image", "The digit's relevance, pixel by pixel.", "print"),
    Shot("digits-conservation", "digits/digits.pt2", "conservation", "Where relevance arrived, and what absorbed it."),
    Shot("resnet", "resnet", "network graph", "Residual branches, each with its share."),
    Shot("vgg", "vgg", "network graph", "A chain of convolutions, wrapped."),
    Shot("unet", "unet", "network graph", "A U-Net with its skips.", "dark"),
    Shot("bert", "bert", "graph of tokens", "A transformer by token and layer.", composite="attn_lrp"),
    Shot("gpt2", "gpt2", "graph of tokens", "A language model: what its next word hung on.", "dark", "attn_lrp"),
    Shot("gpt2-operations", "gpt2", "graph of operations", "Every operation of it, in groups by module."),
    Shot("swin", "swin", "graph of tokens", "A Swin transformer: between its parts patches are merged."),
    Shot("lstm", "lstm", "graph of tokens", "An LSTM over time.", composite="gate"),
)


@cache
def opened(network: str) -> tuple[Engine, Any, np.ndarray]:
    """An engine that holds the network, what the window knows of it, and one sample in the table's units."""
    engine = Engine()
    example = ROOT / "resources" / "examples" / network
    if example.is_file():
        found = run_now(engine.open(Source(str(example))))
        return engine, found.network, found.table.values[0]
    sys.path.insert(0, str(ROOT))

    from tests.engine.zoo import animal

    one = animal(network)
    source = Source(network, text="{}")  # no file holds it
    engine._networks[source] = one.network
    info = convert.network_info(one.network, source)
    values = [np.ravel(one.inputs[each.name][0].numpy()).astype(float) for each in info.inputs]
    return engine, info, np.concatenate(values)


def explained(shot: Shot) -> Explained:
    """The explanation that a shot shows."""
    engine, info, values = opened(shot.network)
    request = SampleRequest(info, 0, "1", values, "max", shot.composite)
    result = run_now(engine.explain_sample(request))
    return Explained(info, result, request, cache(lambda kind: run_now(engine.more(kind, request))))


def draw(shot: Shot) -> str:
    """Write one picture; returns its caption."""
    theme = THEMES[shot.theme]
    one = explained(shot)
    makers = dict(chosen_makers(one, theme, [name for name, _ in GROUPS]))
    picture = makers[shot.view]() if shot.view in makers else None
    if picture is None:
        raise SystemExit(f"{shot.name}: {shot.network} has no “{shot.view}”; there are {', '.join(makers)}.")
    path = IMAGES / f"{shot.name}.png"
    for _step in saving(picture, path, Sheet.of(picture, theme, min(WIDTH, round(picture.size[0] * 1.25)))):
        pass
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)  # by coverage: the few dots of a legend keep their colours
    return picture.caption


def main() -> None:
    """Draw what was named, or all; the page is written when all are drawn."""
    _app = QApplication([sys.argv[0], "-style", "Fusion"])
    IMAGES.mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:]
    parts = []
    for shot in SHOTS:
        if not names or shot.name in names:
            caption = draw(shot)
            print(shot.name)
            picture = f"![{shot.sentence}](images/gallery/{shot.name}.png)"
            parts.append(f"## {shot.sentence}\n\n{picture}\n\n`{shot.view}` in {shot.theme}: {caption}\n")
    if not names:
        head = (
            "# Gallery\n\nMade by `python resources/docs/gallery.py`. Networks other than the examples are small ones "
            "of their kinds with random weights.\n"
        )
        (DOCS / "gallery.md").write_text("\n".join([head, *parts]), encoding="utf-8")


if __name__ == "__main__":
    main()
