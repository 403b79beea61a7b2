"""The program: command line, application, and what happens between start and the first picture."""

from __future__ import annotations

import argparse
import builtins
import logging
import os
import sys
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_gui.languages import AVAILABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from lrp_gui.crash import Watch
    from lrp_gui.jobs.queue import Failure
    from lrp_gui.window import Window

DONE, USAGE, UNUSABLE = 0, 2, 3

EPILOG = """\
Without FILE the window offers two examples. FILE is a weight file (PyTorch, safetensors, ONNX, NumPy), a table (.csv)
of samples for it, and, for weights that say nothing of their layers, what connects them: an architecture (.json),
another file's graph (.onnx, .pt2), or a program of your own (.py), which runs only when you consent.
Exit codes: 0 done, 2 usage, 3 the file cannot be used (one line why)."""


def parser() -> argparse.ArgumentParser:
    """The command line of `lrp-gui`."""
    from lrp_engine import __version__

    result = argparse.ArgumentParser(
        prog="lrp-gui",
        description="See why a neural network decided: relevance from the output back to every input.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("files", metavar="FILE", nargs="*", help="weights, and a table or an architecture for them")
    result.add_argument(
        "--architecture",
        metavar="PATH",
        default="",
        help="what connects the tensors of FILE: an architecture.json, a file with a graph, or model.py:ClassName",
    )
    result.add_argument(
        "--trust",
        action="store_true",
        help="run the program that FILE holds or that --architecture names; it may do whatever you may do",
    )
    result.add_argument(
        "--theme", choices=("system", "light", "dark"), default="", help="colours of window and pictures"
    )
    result.add_argument(
        "--language", choices=("system", *AVAILABLE), default="", help="language of the window and of pictures"
    )
    result.add_argument("--version", action="version", version=f"lrp-gui {__version__}")
    desktop = result.add_argument_group("the desktop")
    desktop.add_argument(
        "--new-window", action="store_true", help="open a window of its own, also where one is open already"
    )
    desktop.add_argument(
        "--install-desktop",
        action="store_true",
        help="put the program into the menu and onto the desktop, and its files behind icons; for you alone",
    )
    desktop.add_argument("--uninstall-desktop", action="store_true", help="undo that")
    render = result.add_argument_group("pictures without a window")
    render.add_argument("--render", metavar="DIR", help="draw every view of the samples into DIR, as PNG and SVG")
    render.add_argument("--data", metavar="TABLE", help="the table that holds the samples")
    render.add_argument(
        "--rows", metavar="A:B", type=row_range, default=slice(0, 1), help="which rows of it (default 0:1)"
    )
    render.add_argument("--target", default="max", help='what is explained: "max", an output, a class, or "2-5"')
    render.add_argument("--composite", default="epsilon_plus", help="the rules by which it is explained")
    return result


def row_range(text: str) -> slice:
    """Rows as on the command line: 3, 0:5, :10, 5:."""
    first, colon, last = text.partition(":")
    try:
        if not colon:
            return slice(int(first), int(first) + 1)
        rows = slice(int(first) if first else 0, int(last) if last else None)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} are no rows; write 0:3 for the first three") from None
    if rows.start < 0 or (rows.stop is not None and rows.stop <= rows.start):
        raise argparse.ArgumentTypeError(f"{text!r} are no rows; write 0:3 for the first three")
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Returns
    -------
    The exit code: 0 done, 2 usage, 3 the file cannot be used.
    """
    _mend_streams()
    commands = parser()
    options = commands.parse_args(argv)
    if options.render is not None:
        if len(options.files) != 1:
            commands.error("--render draws the pictures of one FILE")
        return _render(options)
    if options.install_desktop or options.uninstall_desktop:
        return _change_desktop(remove=options.uninstall_desktop)
    if options.data is not None:
        options.files.append(options.data)
    return _show(options)


def _show(options: argparse.Namespace) -> int:
    """Open the window, then everything that takes longer than a frame."""
    if sys.platform == "win32":
        import torch  # noqa: F401  (imported after Qt, its libraries may fail to load there)

        from lrp_gui.desktop.windows import name_program

        name_program()
    if not _has_display():
        _complain("There is no display to open a window on; --render draws pictures without one.")
        return UNUSABLE
    import PySide6.QtCore  # noqa: F401

    _import_plainly()
    lock = None
    if _is_seen() and not (options.new_window or options.trust):  # consent is not handed on
        from lrp_gui.desktop import single

        lock, served = single.first_or_served(single.request_for(options.files, options.architecture))
        if served:
            return DONE
    from lrp_gui import crash, log

    log.start()
    watch = crash.Watch(log.folder())
    watch.start()
    crash.watch_threads(watch)
    log.before_the_end(lambda said: _say_that_the_display_is_gone(said, watch))
    app = _application(sys.argv[:1], options.language)
    from lrp_gui.desktop.arrivals import Arrivals

    window = make_window(options.theme)
    arrivals = Arrivals(window)
    app.file_asked.connect(arrivals.open_file)
    window.painted.connect(
        lambda: move_in(
            window,
            options.files,
            options.architecture,
            trust=options.trust,
            ready=lambda: arrivals.begin(listening=lock is not None),
            broken=lambda: lock.unlock() if lock is not None else None,
        )
    )
    window.furnished.connect(log.write_to_file)
    window.furnished.connect(lambda: window.help.begin(newcomer=not options.files))
    report_faults(window, watch.note)
    window.show()
    code = app.exec()
    watch.end()
    from lrp_gui.jobs import stuck

    if stuck.any_left():  # Python would wait for it for ever
        logging.shutdown()
        os._exit(code)
    # In this order: Qt objects that Python tears down after the application crash at exit.
    window.deleteLater()
    app.processEvents()
    return code


def make_window(theme: str = "") -> Window:
    """The window with its document and its worker, ready to be shown; everything else moves in later."""
    from lrp_gui import settings
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.queue import JobQueue
    from lrp_gui.window import Window

    document, jobs = Document(), JobQueue()
    document.set_auto(settings.AUTO.read())
    window = Window(document, jobs, theme)
    document.setParent(window)
    jobs.setParent(window)
    jobs.given_up.connect(window.say_given_up)
    return window


def report_faults(window: Window, note: Callable[[str, str], object] | None = None) -> None:
    """Tell the person of a fault of ours, with the details for a report, and go on; Python would only print it.

    `note` gets a title and the details where they are kept in case that the program ends of it.
    """

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        import traceback

        from lrp_gui.document.state import Message

        details = "".join(traceback.format_exception(kind, error, trace))
        if note is not None:
            note("A fault in the window", details)
        else:
            logging.getLogger("lrp_gui").error("A fault in the window\n%s", details)
        sentence = window.tr("Something unexpected happened ({kind}: {error}).")
        window.document.message.emit(Message(sentence.format(kind=kind.__name__, error=error), details, "fault_report"))

    sys.excepthook = tell


def move_in(
    window: Window,
    files: Sequence[str] = (),
    architecture: str = "",
    *,
    trust: bool = False,
    ready: Callable[[], None] = lambda: None,
    broken: Callable[[], None] = lambda: None,
) -> None:
    """Once the frame is on the screen: the views' libraries, the files that were given, and the engine.

    `ready` is called when more files can be opened, `broken` where that will never be: what moves in did not come.
    """
    from lrp_gui import moving
    from lrp_gui.garbage import Collector
    from lrp_gui.turns import Turns

    Collector(window)
    moved_in: list[Callable[[], None]] = []  # what waits until the views are there

    def prepare_views() -> None:
        from lrp_gui.jobs.gentle import import_libraries
        from lrp_gui.jobs.queue import Job, Priority

        title = window.tr("Preparing the views")
        window.jobs.submit(Job(title, Priority.VIEWS, import_libraries, done=import_views, failed=stay_out))

    def import_views(_result: object) -> None:
        from lrp_gui.jobs.queue import failure_from

        title = window.tr("Preparing the views")
        steps = chain(moving.steps(), (furnish, *moved_in))
        Turns(steps, window, lambda error: stay_out(failure_from(error, title)))

    def stay_out(failure: Failure) -> None:
        tell(failure)
        broken()

    def tell(failure: Failure) -> None:
        from lrp_gui.document.state import Message

        window.document.message.emit(Message(failure.sentence, failure.details))

    def furnish() -> None:
        from lrp_gui import settings
        from lrp_gui.jobs.engine import composites

        names = composites()
        window.furnish(names)
        window.document.start_with(settings.COMPOSITE.read(), [name for name, _about in names])

    def attach_engine() -> None:
        from lrp_gui.document.computing import EngineSettings
        from lrp_gui.document.explaining import Explainer
        from lrp_gui.document.long_edits import LongEdits
        from lrp_gui.document.opening import Opener
        from lrp_gui.jobs.engine import Engine
        from lrp_gui.jobs.queue import Job, Priority

        engine, document, jobs = Engine(), window.document, window.jobs
        opener = Opener(document, jobs, engine, window)
        explainer = Explainer(document, jobs, engine, window)
        LongEdits(document, jobs, window)
        computing = window.computing = EngineSettings(jobs, explainer, window)
        computing.told.connect(window.tell)
        Turns(window.attach(opener, explainer), window)

        def start_engine() -> None:
            jobs.submit(Job(window.tr("Starting the engine"), Priority.ENGINE, engine.start, failed=tell))
            computing.check_device()
            if files:
                opener.open(files, architecture, trust=trust)
            ready()

        # Two threads that import at once would wait for each other's turns: the window comes first.
        moved_in.append(partial(window.bring_session, opener))
        moved_in.append(start_engine)

    Turns(chain(moving.opening_steps(), (attach_engine, prepare_views)), window)


def _application(arguments: list[str], language: str = "") -> Any:
    from PySide6.QtWidgets import QApplication

    _import_plainly()
    from lrp_gui import settings
    from lrp_gui.desktop.arrivals import Program
    from lrp_gui.languages import qt as languages

    # Fusion follows our palettes. Asking the application for its style, to change it, would cost 10 ms of start-up.
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else Program([*arguments, "-style", "Fusion"])
    app.setOrganizationName(settings.ORGANIZATION)
    app.setApplicationName(settings.APPLICATION)
    app.setApplicationDisplayName("LRP Explorer")
    app.setDesktopFileName("lrp-explorer")
    languages.install(app, language or settings.LANGUAGE.read())
    if settings.FONT_SIZE.read():
        from lrp_gui import fonts

        fonts.apply(app, settings.FONT_SIZE.read())
    return app


def _import_plainly() -> None:
    """Take PySide's replacement of `__import__` back.

    It reads the source of every module that is imported, torch's two thousand included, to see whether the module
    switches PySide's names to snake_case. None of ours does.
    """
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)


def _render(options: argparse.Namespace) -> int:
    """Draw without a screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # whatever stands there: pictures need no screen
    from lrp_engine.errors import LrpError
    from lrp_gui.jobs.rendering import explain_rows

    try:
        results, skipped, more = explain_rows(
            options.files[0],
            options.data,
            options.rows,
            options.target,
            options.composite,
            architecture=options.architecture,
            trust=options.trust,
        )
    except LrpError as error:
        _complain(error)
        return UNUSABLE
    for sentence in skipped:
        _complain(sentence)
    if not results:
        return UNUSABLE
    _app = _application(sys.argv[:1], options.language)
    from lrp_gui import theme as themes
    from lrp_gui.document.series import Explained
    from lrp_gui.export.recipe import recipe
    from lrp_gui.export.render import render

    theme = themes.theme_for(options.theme or "light", _app)
    themes.apply(_app, theme)
    samples = [Explained(asked.network, result, asked, cache(partial(more, asked))) for asked, result in results]
    try:
        paths = render(
            Path(options.render),
            samples,
            theme,
            recipe_of=lambda one: recipe(one.network, one.result, one.request) if one.request else "",
        )
    except OSError as error:
        _complain(f"{options.render} cannot be written ({error.strerror}); choose another folder.")
        return UNUSABLE
    sys.stdout.writelines(f"{path}\n" for path in paths)
    return DONE


def _has_display() -> bool:
    """Whether there is a screen; without one Qt would end the process with a signal."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in names)


def _say_that_the_display_is_gone(said: str, watch: Watch) -> None:
    """Where DISPLAY leads nowhere Qt would end the process with a signal and advise to install it again."""
    if "platform plugin" in said:
        display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or ""
        _complain(f"No window can be opened on the display {display!r}; --render draws pictures without one.")
        watch.end()
        logging.shutdown()
        os._exit(UNUSABLE)


def _is_seen() -> bool:
    """Whether a window could come to the front: not one without a screen, as tests have it."""
    return os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] not in ("offscreen", "minimal")


def _change_desktop(*, remove: bool) -> int:
    """Install the desktop's files, or remove them."""
    from lrp_gui.desktop.install import DesktopError, install, uninstall

    try:
        files = uninstall() if remove else install()
    except DesktopError as error:
        _complain(error)
        return UNUSABLE
    done = "Removed" if remove else "Installed"
    sys.stdout.writelines([f"{done}: {path}\n" for path in files] or ["Nothing was installed.\n"])
    return DONE


def _complain(sentence: object) -> None:
    sys.stderr.write(f"lrp-gui: {sentence}\n")


def _mend_streams() -> None:
    """A windowed program on some systems has no standard streams; writing to None would end it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
