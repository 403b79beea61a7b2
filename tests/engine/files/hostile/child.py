"""The watched process: opens one file after another and tells what happened, what it took, and what was tried.

An audit hook of Python's own reports every attempt to run, import, start, write, connect or read elsewhere while a file
is open. The process talks to `watched.Watched` in lines of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

SPARE_MEMORY = 3 * 1024**3  # addresses beyond what the process has at the start; the backstop behind the measured limit

# What may never happen while a file is open, by the beginning of the event's name
FORBIDDEN = (
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.kill", "os.putenv"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate"),
    *("os.utime", "os.chdir", "subprocess.", "pty.", "socket.", "ctypes.dlopen", "pickle.find_class", "shutil."),
    *("tempfile.", "urllib.", "webbrowser.", "sqlite3.", "builtins.input", "builtins.breakpoint", "code.__new__"),
    *("sys.addaudithook", "sys.setprofile", "sys.settrace", "http.", "ftplib.", "smtplib.", "glob.", "cpython.run"),
)
CANARY = "lrp_canary"  # a module that nobody has: code in a file that runs would try to import it
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LIBRARIES = ("torch", "numpy", "sympy", "mpmath", "msgspec", "lrp_engine", "safetensors", "networkx", "optree")


class Audit:
    """Notes what happens while it is armed."""

    def __init__(self, *, loads: bool) -> None:
        self.armed = False
        self.events: list[str] = []
        # torch compiles graphs of ours and imports its parts when they are first needed; browsing does neither
        self.loads = loads
        self.readable: tuple[str, ...] = ()
        engine = Path(__file__).resolve().parents[4] / "lrp_engine"
        places = (sys.prefix, sys.base_prefix, Path(os.__file__).parent, engine, "/proc", "/sys", "/usr")
        self.places = (*(str(Path(place).resolve()) for place in places), "/dev/urandom")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        self.armed = False  # what is done here is not the file's doing
        try:
            told = self._judge(event, arguments)
            if told:
                self.events.append(told[:300])
        finally:
            self.armed = True

    def _judge(self, event: str, arguments: tuple[Any, ...]) -> str:
        if event.startswith(FORBIDDEN):
            return f"{event} {arguments!r}"
        if event == "import":
            return self._import(str(arguments[0]))
        if event in ("exec", "compile", "marshal.loads"):
            return "" if self._library_asks() else f"{event} {arguments!r}"
        if event == "open":
            return self._open(*arguments)
        return ""

    def _import(self, name: str) -> str:
        top = name.partition(".")[0]
        known = top in ("encodings", "lrp_engine", "numpy") or (
            self.loads and (top in _LIBRARIES or top in sys.stdlib_module_names)
        )
        return "" if known and top != CANARY else f"import {name}"

    def _library_asks(self) -> bool:
        """Whether Python's importing, or torch compiling a graph, is what runs code."""
        frame = sys._getframe(3)
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            return True
        return self.loads and any(
            f"/{one}/" in f"{name}/" for one in ("torch", "sympy", "dataclasses.py", "collections", "ast.py")
        )

    def _open(self, path: Any, mode: Any, flags: Any) -> str:
        if isinstance(path, int):
            return ""
        path = os.fsdecode(path)
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & _WRITES):
            return f"open {path} for writing"
        where = str(Path(path).absolute())
        return "" if where.startswith((*self.readable, *self.places)) else f"open {path}, which is elsewhere"


def _status(key: str) -> int:
    """A line of the kernel's account of this process, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def browse(path: str) -> dict[str, Any]:
    """Open a file and look at everything that it has."""
    import numpy as np

    import lrp_engine as lrp

    opened = lrp.open_weights(path)
    for name, info in opened.tensors.items():
        assert isinstance(name, str)
        if info.dtype == "string":
            continue
        array = info.read()
        assert array.shape == info.shape
        with np.errstate(all="ignore"):
            array.sum()
    json.dumps(opened.metadata)
    assert all(isinstance(note, str) and "\n" not in note for note in opened.notes)
    for part in ("nodes", "roles", "files"):
        len(getattr(opened, part))
    return {"kind": opened.kind, "tensors": len(opened.tensors), "notes": list(opened.notes)}


def load(path: str) -> dict[str, Any]:
    """Make a network of it."""
    import lrp_engine as lrp

    network = lrp.load(path, cache=False)
    return {"kind": "network", "tensors": len(network.tensors), "notes": list(network.notes)}


def attempt(what: Any, path: str, audit: Audit) -> dict[str, Any]:
    """Do one thing with one file, under watch."""
    from lrp_engine.errors import LrpError

    gc.collect()
    gc.freeze()  # what is left is there to stay, and is not gone through again
    audit.events = []
    audit.readable = (str(Path(path).absolute().parent),)
    _forget_peak()
    before, cpu, wall = _status("VmRSS:"), time.process_time(), time.perf_counter()
    said: dict[str, Any]
    audit.armed = True
    try:
        said = {"what": "opened", **what(path)}
    except LrpError as error:
        audit.armed = False
        said = {"what": "refused", "error": type(error).__name__, "sentence": str(error)}
        said |= {"calls": list(getattr(error, "calls", ())), "cause": repr(error.__cause__)[:200]}
    except BaseException as error:  # noqa: BLE001 -- whatever it is, it is a finding
        audit.armed = False
        said = {"what": "raised", "error": type(error).__name__, "sentence": str(error)[:500]}
        said["trace"] = traceback.format_exc()[-1500:]
    finally:
        audit.armed = False
    said |= {"seconds": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    said |= {"megabytes": max(_status("VmHWM:") - before, 0) / 1024**2, "events": audit.events}
    return said


def main() -> None:
    """Answer requests until there are none."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints does not disturb the conversation
    loads = sys.argv[1] == "load"
    import numpy  # noqa: F401, ICN001

    import lrp_engine  # noqa: F401

    if loads:
        import torch

        torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _status("VmSize:") + SPARE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    audit = Audit(loads=loads)
    sys.addaudithook(audit)
    for line in sys.stdin:
        request = json.loads(line)
        what = load if loads else browse
        said = attempt(what, request["path"], audit)
        said["torch"] = "torch" in sys.modules
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
