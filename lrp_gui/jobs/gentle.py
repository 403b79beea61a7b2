"""Imports that do not freeze the window.

A plain `import torch` in a thread keeps the interpreter lock for some 200 ms at a stretch, most of it
inside the dynamic loader. A foreign call gives the lock away, so the libraries are loaded through one
first; Python's own import then finds them in memory.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from lrp_gui.jobs.known import NoEngine, no_engine
from lrp_gui.jobs.steps import Cancelled, Progress, Steps, here
from lrp_gui.languages import tr

# In the order in which they need each other.
TORCH_LIBRARIES = ("libc10", "libtorch_cpu", "libtorch", "libtorch_python")
SUFFIX = {"darwin": ".dylib"}
_failed: list[NoEngine] = []  # why torch does not load, once that is known


def import_torch() -> Steps[None]:
    """Import torch and the engine; at once when they are there already.

    Raises
    ------
    NoEngine
        If torch is missing or does not load. It is not tried again: what a failed import leaves behind would only
        make another error.
    """
    if _failed:
        raise _failed[0]
    if "torch" not in sys.modules:
        yield Progress(text=tr("Starting the engine"))
        try:
            for library in _torch_libraries():
                _load(library)
                yield Progress(text=tr("Starting the engine"))
            with _no_garbage_collection():
                import_module("torch")
        except (Cancelled, GeneratorExit):
            raise
        except Exception as error:  # a broken installation raises whatever it likes
            _failed.append(no_engine(error))
            raise _failed[0] from error
        yield Progress(text=tr("Starting the engine"))
    torch = import_module("torch")  # another worker may be at it: then this one waits
    if here.listener is not None:
        # A worker never trains. Set for the thread, so that jobs which take turns cannot undo it for each other.
        torch.set_grad_enabled(False)
    _leave_a_core()
    import_module("lrp_engine")


@cache
def _leave_a_core() -> None:
    """One core stays with the window: a barrier that waits for a thread which the main thread displaced costs more.

    Also where somebody else imported torch before, as the program itself does on Windows.
    """
    sys.modules["torch"].set_num_threads(usual_threads())


@cache
def usual_threads() -> int:
    """How many threads compute where nobody chose: those that torch would take but one. Once torch is imported."""
    return max(1, sys.modules["torch"].get_num_threads() - 1)


# What the views and pyqtgraph import of others. Nothing here may touch Qt: see `lrp_gui.moving`.
VIEW_LIBRARIES = (
    "numpy",
    "numpy.ma",  # which numpy itself would import at the first np.unique, in the middle of a drawing
    "numpy.typing",
    "xml.etree.ElementTree",
    "pydoc",
    "decimal",
    "multiprocessing.connection",
    "importlib.metadata",
    "cProfile",
    "colorama",
    "mmap",
    "lrp_engine.files.table",
    "lrp_engine.composites",
    "statistics",
    "difflib",
    # Each opens a library of its own. Later, while torch's are being loaded, the window would wait for those.
    "urllib.request",
    "logging.handlers",
)


def import_libraries(modules: tuple[str, ...] = VIEW_LIBRARIES) -> Steps[None]:
    """Import the libraries under the views, one a step."""
    for number, module in enumerate(modules):
        yield Progress(number, len(modules), tr("Preparing the views"))
        import_module(module)


def _torch_libraries() -> list[Path]:
    if sys.platform == "win32":  # app.main imports torch before Qt there
        return []
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "lib"
    names = [name + SUFFIX.get(sys.platform, ".so") for name in TORCH_LIBRARIES]
    return [folder / name for name in names if (folder / name).exists()]


def _load(library: Path) -> None:
    """Dlopen through ctypes. A failure shows itself, with its reason, at the import that follows."""
    loader = ctypes.CDLL(None)
    loader.dlopen.restype = ctypes.c_void_p
    loader.dlopen(os.fsencode(library), os.RTLD_NOW)


class _no_garbage_collection:  # noqa: N801  (used like a function)
    """Importing allocates a million objects that stay: collecting in between only costs stalls."""

    def __enter__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_error: object) -> None:
        gc.freeze()
        if self._was_enabled:
            gc.enable()
