"""The tab about the file: what it is, what it is made of, its hash, and everything that was inferred or refused."""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QTextBrowser, QWidget

from lrp_gui.document.files import REFUSED
from lrp_gui.document.words import counted, shape_text, size_text
from lrp_gui.languages import mark, tr

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import FileInfo, Source
    from lrp_gui.jobs.queue import Failure, JobQueue

HASH_LENGTH = 64
# Of a network in more parts nobody compares the hashes one by one.
MOST_FILES = 50
# The engine's words for what tensors are for, as headings.
ROLES = {
    "weight": mark("Weights"),
    "buffer": mark("Buffers"),
    "ema": mark("Averages (EMA)"),
    "constant": mark("Constants"),
}


class FileView(QTextBrowser):
    """Format, path, metadata and everything that was inferred."""

    def __init__(self, document: Document, jobs: JobQueue | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._hashes: dict[str, str] = {}  # by path: the SHA-256, or what is to be said instead
        self._hashed: FileInfo | None = None
        self._html = ""
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._on_link)
        self.setAccessibleName(self.tr("About the file"))
        document.file_changed.connect(self._fill)
        document.network_changed.connect(self._fill)
        document.table_changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        file, network, table = self._document.file, self._document.network, self._document.table
        if file is None and network is None:
            self.setPlainText(self.tr("No file is open."))
            self._html = ""
            return
        facts: list[tuple[str, str]] = []
        if network is not None:
            facts.append((self.tr("Network"), network.name))
        if file is not None:
            facts += _facts_of_file(file)
        if network is not None:
            facts += [(tr("Connected by"), connection)] if (connection := _connection(network.source)) else []
            facts += [
                (self.tr("Inputs"), "; ".join(f"{one.name} ({shape_text(one.shape)})" for one in network.inputs)),
                (self.tr("Outputs"), _shortened(network.outputs)),
                (self.tr("After the output"), network.output_activation or self.tr("nothing")),
            ]
            facts += [(self.tr("Open size"), f"{one.name} = {one.text}") for one in network.sizes]
        if table is not None:
            facts.append((self.tr("Table"), table.path or self.tr("typed here")))
        facts += file.metadata if file is not None else ()
        rows = "".join(_row(name, escape(str(value))) for name, value in facts)
        rows += self._rows_of_files(file) if file is not None else ""
        known = network.notes if network is not None else ((file.need,) if file is not None and file.need else ())
        known = (*known, *(note for note in (file.notes if file is not None else ()) if note not in known))
        refused = network is None and file is not None and file.status == REFUSED
        html = f"<table>{rows}</table>"
        html += _list(self.tr("Refused") if refused else self.tr("Good to know"), known)
        html += _list(self.tr("It would have called"), file.calls if file is not None else ())
        if html != self._html:
            self._html = html
            place = self.verticalScrollBar().value()
            self.setHtml(html)
            self.verticalScrollBar().setValue(place)

    # --------------------------------------------------------------------------------------- hashes

    def _rows_of_files(self, file: FileInfo) -> str:
        """Each file that it is made of, with its hash or a link that has it computed."""
        if file is not self._hashed:
            self._hashes, self._hashed = {}, file
        paths = file.files or (file.path,) if file.nbytes else ()
        return "".join(
            _row(
                "SHA-256" if len(paths) == 1 else tr("SHA-256 of {name}").format(name=Path(path).name),
                self._hash_text(number, path),
            )
            for number, path in enumerate(paths[:MOST_FILES])
        )

    def _hash_text(self, number: int, path: str) -> str:
        known = self._hashes.get(path)
        if known is not None:
            return f"<code>{escape(known)}</code>" if len(known) == HASH_LENGTH else escape(known)
        return f"<a href='sha256:{number}'>{escape(self.tr('compute'))}</a>" if self._jobs is not None else ""

    def _on_link(self, link: QUrl) -> None:
        file = self._document.file
        if file is None or self._jobs is None or link.scheme() != "sha256":
            return
        from lrp_gui.jobs.browsing import sha256
        from lrp_gui.jobs.queue import Job, Priority

        path = (file.files or (file.path,))[int(link.path())]
        self._note(file, path, self.tr("is being computed …"))
        title = self.tr("Computing the hash of {name}").format(name=Path(path).name)
        # Behind whatever somebody waits for in the picture.
        job = Job(title, Priority.TABLE, partial(sha256, path))
        job.done = partial(self._note, file, path)
        job.failed = partial(self._on_failure, file, path)
        self._jobs.submit(job)

    def _on_failure(self, file: FileInfo, path: str, failure: Failure) -> None:
        self._note(file, path, failure.sentence)

    def _note(self, file: FileInfo, path: str, text: str) -> None:
        if file is self._hashed:
            self._hashes[path] = text
            self._fill()


def _row(name: str, value: str) -> str:
    return (
        f"<tr><td style='padding:2px 10px 2px 0'><b>{escape(name)}</b></td><td style='padding:2px 0'>{value}</td></tr>"
    )


def _list(title: str, lines: tuple[str, ...]) -> str:
    points = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<p><b>{escape(title)}</b></p><ul>{points}</ul>" if points else ""


def _facts_of_file(file: FileInfo) -> list[tuple[str, str]]:
    """Where it is, what it is, and how much of what it holds."""
    facts = [(tr("File"), file.path), (tr("Format"), file.file_format)]
    facts += [(tr("Size"), size_text(file.nbytes))] if file.nbytes else []  # of a file that is gone nothing is known
    others = [Path(path).name for path in file.files if path != file.path]
    if others:
        facts.append((tr("Made of"), _shortened(tuple(others))))
    facts += [
        (tr(ROLES.get(one.role, one.role.capitalize())), f"{counted(one.count, 'tensor')}, {size_text(one.nbytes)}")
        for one in file.amounts
    ]
    if file.nodes:
        facts.append((tr("Graph"), counted(file.nodes, "operation")))
    return [(name, value) for name, value in facts if value]


def _connection(source: Source) -> str:
    """What somebody chose to connect the tensors by, "" where nobody had to."""
    return tr("an architecture edited here") if source.text else source.candidate or Path(source.architecture).name


def _shortened(names: tuple[str, ...], limit: int = 12) -> str:
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (tr(" … ({rest} more)").format(rest=rest) if rest > 0 else "")
