"""Faults that are not ours and have a plain sentence: an engine that is missing, memory that is not enough."""

from __future__ import annotations

from lrp_gui.languages import tr

# How torch says it: the CPU's allocator raises a RuntimeError, the others an error of this name.
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")
_NO_MEMORY_TYPE = "OutOfMemoryError"


class NoEngine(Exception):
    """PyTorch is missing or does not load; its text is a sentence."""


def no_engine(error: BaseException) -> NoEngine:
    """What to tell where `import torch` fails, whichever way."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "torch":
        return NoEngine(
            tr(
                "PyTorch (torch) is not installed here: files can be looked at, but no network runs and nothing is "
                "explained. Install it, and start the program again."
            )
        )
    reason = " ".join(str(error).split())[:200]
    return NoEngine(
        tr(
            "PyTorch (torch) does not load here ({reason}): files can be looked at, but no network runs and nothing is "
            "explained. Install it anew, and start the program again."
        ).format(reason=reason)
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was not enough, on whatever device."""
    if isinstance(error, MemoryError) or type(error).__name__ == _NO_MEMORY_TYPE:
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _NO_MEMORY)


def let_go_of_frames(error: BaseException) -> None:
    """An error that is kept must not keep all that the calls it came through held; its details are text by then."""
    chain: list[BaseException | None] = [error]
    while chain:
        one = chain.pop()
        if one is not None and one.__traceback__ is not None:
            one.__traceback__ = None
            chain += [one.__cause__, one.__context__]


def is_no_engine(error: BaseException) -> bool:
    """Whether an error says that torch is not there, also where something else stumbled over it."""
    return isinstance(error, NoEngine) or (
        isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "torch"
    )
