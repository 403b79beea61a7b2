"""Documents with a picture, a series or tokens, without a window and without a worker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrp_gui.document.document import Document
from lrp_gui.document.results import Feature, InputInfo, LayerInfo, NetworkInfo
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable, Row
from tests.gui import fakes


def features(count, **more):
    return tuple(Feature(f"x{n + 1}", **more) for n in range(count))


def info_of(name, shape, integer=False, named=False):
    return InputInfo(name, shape, features(int(np.prod(shape))), named=named, integer=integer)


def network_of(*inputs, layers=()):
    return NetworkInfo("/data/n.pt2", "n", inputs, layers, ("0", "1"), "", ())


def embedding(source, rows, width=4, length=6):
    return LayerInfo("tokens", "Embedding", "lookup", (length, width), rows * width, (source,))


def opened(network, values):
    """A document with these samples, (samples, features) over all inputs; the first is chosen."""
    rows = [Row(str(n + 1), np.asarray(one, dtype=float).ravel()) for n, one in enumerate(values)]
    every = tuple(feature for one in network.inputs for feature in one.features)
    document = Document()
    document.set_auto(False)
    document.open(Contents(network, InputTable(every, rows), ExplainSettings(), 0), "Open")
    return document


def digits(samples=3):
    """Threes of 8 × 8 pixels; the last, which reaches 16, is a little bolder."""
    return opened(fakes.cnn().info, [*[fakes.DIGIT] * (samples - 1), fakes.DIGIT / 15 * 16])


def explain(document, relevance):
    """Put an explanation of the chosen sample into the document, with this relevance at its inputs, by name."""
    _info, result = fakes.cnn_result(row=document.selected_sample)
    document.put_result(replace(result, inputs=relevance))
