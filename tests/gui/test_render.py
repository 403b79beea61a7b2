"""Every view into a folder, without a window."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtGui import QImage

from lrp_gui.document.series import Explained
from lrp_gui.export.exporters import ExportError
from lrp_gui.export.render import file_name, render
from lrp_gui.theme import DARK, LIGHT
from tests.gui import fakes


def test_every_view_of_every_sample_is_drawn_as_png_and_svg(qapp, tmp_path):
    network, first = fakes.mlp_result(row=0)
    _, second = fakes.mlp_result(row=4)
    paths = render(tmp_path / "new" / "folder", [Explained(network, first), Explained(network, second)], DARK)
    assert len(paths) == len(set(paths))
    names = [path.name for path in paths]
    views = ("overview", "network_graph", "conservation", "input_x", "layer_fc1", "layer_sigmoid")
    for row in (0, 4):
        for view in views:
            for suffix in ("png", "svg"):
                assert any(f"row{row}-" in name and name.endswith(f"{view}.{suffix}") for name in names)
    for path in paths:
        if path.suffix == ".png":
            image = QImage(str(path))
            assert image.pixelColor(1, image.height() - 2).name() == DARK.background
        else:
            ET.parse(path)


def test_odd_names_become_names_of_files(qapp, tmp_path):
    network, result = fakes.cnn_result()
    network = replace(network, name="../../weird: name?")
    paths = render(tmp_path, [Explained(network, result)], LIGHT, formats=("png",))
    assert all(path.parent == tmp_path for path in paths)
    assert file_name("a/b", "", "ü ß") == "a_b"


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(qapp, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    network, result = fakes.mlp_result()
    with pytest.raises(ExportError, match="cannot be made") as error:
        render(blocked, [Explained(network, result)], LIGHT)
    assert error.value.strerror
    assert issubclass(ExportError, OSError)
