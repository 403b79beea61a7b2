"""What start-up does not pay for: heavy libraries come in with the worker, or after the first paint."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATE_DICT = ROOT / "resources" / "examples" / "diabetes" / "model_weights.pth"
HEAVY = {"torch", "polars", "pyqtgraph", "onnx", "sklearn", "pandas"}


def imported_by(program: str) -> set[str]:
    """Top-level names in sys.modules after `program` ran in a process of its own."""
    program += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_the_window_starts_without_the_heavy_libraries():
    assert not imported_by("import lrp_gui.app") & HEAVY


def test_the_window_stands_before_any_of_them_is_needed():
    program = """
import os
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from lrp_gui import app
application = app._application([])
window = app.make_window()
window.show()
window.close()
"""
    # numpy alone is more than half of what the whole start may take.
    assert not imported_by(program) & (HEAVY | {"numpy"})


@pytest.mark.parametrize(
    "program", ["import lrp_engine", f"import lrp_engine as lrp; assert lrp.open_weights({str(STATE_DICT)!r}).tensors"]
)
def test_looking_into_a_file_needs_neither_torch_nor_qt(program):
    assert not imported_by(program) & (HEAVY | {"PySide6", "lrp_gui"})


def test_the_engine_explains_without_qt():
    program = f"import lrp_engine as lrp; lrp.load({str(STATE_DICT)!r}); import lrp_engine.cli"
    assert not imported_by(program) & {"PySide6", "pyqtgraph", "lrp_gui"}
