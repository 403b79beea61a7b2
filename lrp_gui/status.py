"""The bottom line: what the worker does, how many samples cannot be used, and whether the books balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar

from lrp_gui.document.words import duration, plain, signed
from lrp_gui.languages import mark, thousands

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.queue import JobQueue

# Work shorter than this is not worth a word: it would only flicker.
QUIET_MS = 200
BAR_WIDTH = 140
# How long something still takes is told from so many seconds on.
WORTH_TELLING = 3
# So many samples are told one by one.
MOST_REASONS = 10
# What is the matter with cells, by `Problem`, after their number.
CELLS = {
    "MISSING": mark("missing"),
    "TEXT": mark("no number"),
    "INFINITE": mark("infinite"),
    "RANGE": mark("out of range"),
    "CATEGORY": mark("of no category"),
    "WHOLE": mark("not whole"),
}
SINKS = (mark("bias"), mark("stabilizer"), "softmax", mark("cut"), mark("unsupported"))


class Status(QObject):
    """Fills a status bar from the document and the queue."""

    def __init__(self, bar: QStatusBar, document: Document, jobs: JobQueue) -> None:
        super().__init__(bar)
        self._document, self._jobs = document, jobs
        self.work = QLabel(bar)
        self.progress = QProgressBar(bar)
        self.progress.setFixedWidth(BAR_WIDTH)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.problem = QLabel(bar)
        self.balance = QLabel(bar)
        self.work.setAccessibleName(self.tr("Work"))
        self.problem.setAccessibleName(self.tr("Problems"))
        self.balance.setAccessibleName(self.tr("Conservation"))
        bar.addWidget(self.progress)
        bar.addWidget(self.work, 1)
        bar.addPermanentWidget(self.problem)
        bar.addPermanentWidget(self.balance)
        for label in (self.work, self.problem, self.balance):
            label.setContentsMargins(4, 0, 6, 0)
        self.progress.hide()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(QUIET_MS)
        self._wait.timeout.connect(self._show_work)
        jobs.status_changed.connect(self._on_work)
        document.table_changed.connect(self._show_problem)
        document.table_result_changed.connect(self._show_problem)
        document.problem_changed.connect(self._show_problem)
        document.result_changed.connect(self._show_balance)
        document.stale_changed.connect(self._show_balance)

    def _on_work(self) -> None:
        if self._jobs.status is None:
            self._wait.stop()
            self.progress.hide()
            self.work.clear()
        elif self.progress.isVisible():
            self._show_work()
        elif not self._wait.isActive():
            self._wait.start()

    def _show_work(self) -> None:
        status = self._jobs.status
        if status is None:
            return
        text, left = f"{status.title} …", status.left or 0.0
        if left > WORTH_TELLING:
            text += "  ·  " + self.tr("{time} left").format(time=duration(left))
        self.work.setText(text)
        self.progress.setRange(0, max(0, status.progress.total))
        self.progress.setValue(status.progress.done)
        self.progress.show()

    def _show_problem(self) -> None:
        table, problem = self._document.table, self._document.problem
        bad = self._unexplained()
        parts, tips = [], []
        if problem and self._document.selected_sample not in bad[:MOST_REASONS]:
            # not a matter of cells: no sample is explained
            parts.append(self.tr("Not explained"))
            tips.append(problem)
        elif bad:
            several = self.tr("{count} samples are not explained").format(count=thousands(len(bad)))
            parts.append(several if len(bad) > 1 else self.tr("1 sample is not explained"))
            tips += [self._reason(row) for row in bad[:MOST_REASONS]]
        counts = table.problem_counts() if table is not None else {}
        cells = [f"{thousands(count)} {self.tr(CELLS[kind.name])}" for kind, count in counts.items()]
        if cells:
            parts.append(self.tr("cells: {cells}").format(cells=", ".join(cells)))
        self.problem.setToolTip("\n".join(tips))
        self.problem.setText("  ·  ".join(parts))

    def _unexplained(self) -> list[int]:
        """Rows that cannot be explained, ascending."""
        table, result = self._document.table, self._document.table_result
        refused = set(result.refused) if result is not None else set()
        blocked = (~table.good_rows()).nonzero()[0].tolist() if table is not None and table.blocked else []
        return sorted(refused.union(blocked)) if refused else blocked

    def _reason(self, row: int) -> str:
        table, result = self._document.table, self._document.table_result
        blocked = table.row_problem(row) if table is not None else ""
        return blocked or (result.refused.get(row, "") if result is not None else "")

    def _show_balance(self) -> None:
        result = self._document.result
        if result is None:
            self.balance.clear()
            self.balance.setToolTip("")
            return
        if self._document.stale:
            self.balance.setText(self.tr("The picture is of the state before your last edit"))
            self.balance.setToolTip(self.tr("Explain Now (F5) brings it up to date"))
            return
        if not result.words.flows:
            self.balance.setText(
                self.tr("f {score}  ·  {nouns}, not relevance").format(
                    score=plain(result.explained, 4), nouns=result.words.nouns
                )
            )
            self.balance.setToolTip(self.tr("Gradients are not handed back in shares, so they need not sum to f"))
            return
        inputs = sum(float(relevance.sum()) for relevance in result.inputs.values())
        sinks = {name: sum(getattr(row, name) for row in result.ledger) for name in SINKS}
        rest = sum(row.unexplained for row in result.ledger)
        self.balance.setText(
            self.tr("{letter} {score}  =  ΣR {inputs}  {sinks} absorbed  {rest} unexplained").format(
                letter=result.words.score,
                score=plain(result.explained, 4),
                inputs=signed(inputs, 4),
                sinks=signed(sum(sinks.values()), 4),
                rest=signed(rest, 2),
            )
        )
        lines = [self.tr("Handed back: {score}, to the inputs {inputs}").format(
            score=signed(result.explained, 6), inputs=signed(inputs, 6)
        )]  # fmt: skip
        lines += [f"{self.tr(name)}: {signed(amount, 6)}" for name, amount in sinks.items() if amount]
        lines.append(self.tr("unexplained: {rest}").format(rest=signed(rest, 3)))
        self.balance.setToolTip("\n".join(lines))
