"""Frames of the relevance viewer at 1600×1000, in processor time: `python -m tests.benchmarks.viewer`.

Random networks are explained once; each scale's picture is then built, drawn, panned and zoomed. Graphs of operations
are made up in the sizes of GPT-2 and of a large U-Net. Moved frames show the drawn copy; sharp ones draw anew. Nothing
else needs to be installed. What the whole window does while relevance arrives is measured by
`python -m tests.benchmarks.filling`.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

FRAMES = 40
SIZE = (1600, 1000)
LIMIT_MS, TURN_MS = 16.0, 50.0
OPERATIONS = (24, 121), (96, 88)  # blocks and their depth: as many as GPT-2 has, and a large U-Net
COLUMNS = ("first picture", "longest turn", "moved", "slowest moved", "sharp")


def _mlp():
    from torch import nn

    widths = (64, 256, 256, 256, 256, 10)
    layers = [part for a, b in itertools.pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1]), (64,)


def resnet(blocks: int):
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
            self.conv2, self.bn2 = nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
            self.conv3, self.bn3 = nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))))
            return torch.relu(self.bn3(self.conv3(y)) + x)

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
            self.body, self.fc = nn.Sequential(*(Block() for _ in range(blocks))), nn.Linear(16, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.body(self.conv1(x)).mean((2, 3)))

    return ResNet(), (3, 16, 16)


NETWORKS: dict[str, Callable] = {"MLP 4×256": _mlp, "ResNet of 50 blocks": lambda: resnet(50)}


def explained(name: str, folder: Path):
    """What the window knows of a random network and of one explained sample."""
    import torch

    from lrp_gui.document.files import Source
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.requests import SampleRequest
    from lrp_gui.jobs.steps import run_now

    torch.manual_seed(0)
    module, shape = NETWORKS[name]()
    inputs = torch.randn(2, *shape)
    path = folder / "network.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dynamic = ({0: torch.export.Dim.DYNAMIC},)
        torch.export.save(torch.export.export(module.eval(), (inputs,), dynamic_shapes=dynamic), path)
    engine = Engine()
    network = run_now(engine.open(Source(str(path)))).network
    values = inputs[0].flatten().double().numpy()
    return network, run_now(engine.explain_sample(SampleRequest(network, 0, "1", values, "max", "epsilon_plus")))


def layers_picture(network, result, opened: bool) -> Callable:
    """What makes the picture of a network; opened: with all of its modules."""
    from lrp_gui.theme import LIGHT
    from lrp_gui.viewer.layers.folds import Folds
    from lrp_gui.viewer.layers.parts import opened_at_first, parts_of
    from lrp_gui.viewer.scales import drawn
    from lrp_gui.viewer.selection import Selection
    from lrp_gui.viewer.stages import stage_graph

    selection = Selection()
    if opened:
        stages = stage_graph(network, result).stages
        parts, every = parts_of(stages), set(opened_at_first(parts_of(stages), len(stages)))
        waiting = list(parts)
        while waiting:
            part = waiting.pop()
            if part.children:
                every.add(part.id)
                waiting += part.children
        selection = Selection(scale="layers", folds=Folds(frozenset(every)))
    return lambda: drawn(network, result, LIGHT, selection)[1]


def operations_picture(blocks: int, depth: int) -> tuple[int, Callable]:
    """How many operations a graph of that size has, and what makes its picture with all groups open.

    The layout comes from a helper process in the window, and is no part of what is measured.
    """
    import numpy as np

    from lrp_gui.theme import LIGHT
    from lrp_gui.viewer.operations.amounts import Amounts
    from lrp_gui.viewer.operations.picture import OperationsPicture
    from tests.gui.operation_graphs import everything, laid_out, u_net

    graph, draws = u_net(blocks, depth), np.random.default_rng(0)
    layout = laid_out(graph, everything(graph))
    # Ribbons of all widths, as a network has them.
    relevance = Amounts(*(draws.exponential(size=(len(each), 2)) * (1, -1) for each in (graph.names, graph.edges)))
    return len(graph.names), lambda: OperationsPicture(LIGHT, layout=layout, amounts=relevance)


def measure(make: Callable) -> dict[str, float]:
    """Milliseconds of processor time: all turns of the first picture, its longest, a moved frame, a sharp picture."""
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QApplication

    from lrp_gui.theme import LIGHT
    from lrp_gui.viewer.canvas import Canvas

    canvas = Canvas(LIGHT, "graph")
    canvas.resize(*SIZE)
    canvas.show()
    QApplication.processEvents()
    took: dict[str, list[float]] = {"turn": [], "moved": [], "sharp": []}

    def timed(what: str, do: Callable) -> None:
        began = time.process_time()
        do()
        took[what].append((time.process_time() - began) * 1000)

    def first() -> None:
        canvas.set_picture(make())

    timed("turn", first)
    timed("turn", canvas.repaint)
    while canvas.unfinished:
        timed("turn", canvas.go_on)
        timed("turn", canvas.repaint)
    canvas.finish()
    canvas.zoom_about(QPointF(800, 500), 3.0)
    canvas.repaint()
    for n in range(FRAMES):
        canvas.pan(QPointF(6 if n % 2 else -6, 3))
        timed("moved", canvas.repaint)
    for _ in range(5):
        timed("sharp", lambda: canvas.sharp().finish())
    turns = took.pop("turn")
    found = {what: median(times) for what, times in took.items()}
    return found | {"first picture": sum(turns), "longest turn": max(turns), "slowest moved": max(took["moved"])}


def main() -> None:
    """Print the table; fail where a moved frame or a turn takes longer than it may."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication(sys.argv[:1])
    import pyqtgraph  # noqa: F401  (the window has it, bit by bit, before there is a graph to draw)

    slow = []
    print(f"{'':28}" + "".join(f"{what:>16}" for what in COLUMNS))

    def row(title: str, make: Callable) -> None:
        found = measure(make)
        print(f"{title:28}" + "".join(f"{found[what]:>13.1f} ms" for what in COLUMNS))
        if found["moved"] > LIMIT_MS or found["longest turn"] > TURN_MS:
            slow.append(title)

    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            network, result = explained(name, Path(folder))
            for opened in (False, True):
                row(f"{name}{', all open' if opened else ''}", layers_picture(network, result, opened))
    for blocks, depth in OPERATIONS:
        count, make = operations_picture(blocks, depth)
        row(f"{count:,} operations, all open", make)
    app.quit()
    if slow:
        raise SystemExit(f"Moved frames take over {LIMIT_MS:g} ms, or turns over {TURN_MS:g}: {', '.join(slow)}")


if __name__ == "__main__":
    main()
