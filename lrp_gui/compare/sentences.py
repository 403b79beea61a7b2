"""What is said about a comparison: above its panes, in those that hold no picture, and in the bar below."""

from __future__ import annotations

from lrp_gui.compare.graphs import LETTERS, NOT_SUBTRACTED, common_scales
from lrp_gui.compare.pictures import GRAPH, View, described, headings
from lrp_gui.document.comparing import FAILED, RUNNING, STOPPED, SideBySide
from lrp_gui.languages import tr
from lrp_gui.viewer.states import State


def headings_of(beside: SideBySide) -> tuple[str, ...]:
    """What stands above the panes."""
    contrast, alone = beside.contrast, beside.alone
    if contrast is not None:
        return headings(contrast)
    texts: list[str] = list(LETTERS)
    if alone is not None:
        texts[alone.which] += f" · {described(alone.request.network, alone.result)}"
    return tuple(texts)


def states_of(beside: SideBySide) -> tuple[State, State, State]:
    """What stands in the panes of A, B and A − B while there is no picture for them."""
    if beside.sides is not None and beside.state == FAILED and any(beside.problems):
        refused = [_refused(letter, problem) for letter, problem in zip(LETTERS, beside.problems, strict=False)]
        return refused[0], refused[1], State(tr(NOT_SUBTRACTED), tr("It takes both explanations."))
    one = _state(beside)
    return one, one, one


def _refused(letter: str, problem: str) -> State:
    return State(tr("{letter} is not explained").format(letter=letter), problem, warns=True)


def _state(beside: SideBySide) -> State:
    if beside.sides is None:
        return State(tr("Nothing is compared"), tr("Choose Compare Explanations in the menu Explain."))
    if beside.state == FAILED:
        sentence = beside.problem or tr("Compare again, or choose another sample, target or composite.")
        return State(tr("These are not compared"), sentence, warns=True)
    if beside.state == STOPPED:
        return State(tr("Not compared"), tr("It was stopped before there was anything to show: compare again."))
    return State(tr("Comparing …"), tr("Both explanations appear as soon as the worker has handed them back."))


def status_of(beside: SideBySide, view: View, *, apart: bool) -> str:
    """The line in the bar; `apart`: the difference is shown, too."""
    if beside.sides is None:
        return tr("Nothing is compared: choose Compare Explanations in the menu Explain.")
    if beside.state == RUNNING:
        return tr("Comparing …")
    if beside.state == STOPPED:
        return tr("Stopped: what is shown may be of another choice.")
    contrast = beside.contrast
    problem = beside.problem or (contrast.problem if contrast is not None else "")
    if problem or contrast is None:
        return problem
    if view.what != GRAPH:
        return tr("A and B have one scale; A − B has its own.") if apart else tr("A and B have one scale.")
    if not apart or contrast.difference is None or _lacks_difference(beside, view):
        return tr("The ribbons of A and B have one scale.")
    return tr("The ribbons of A and B have one scale; A − B has its own.")


def _lacks_difference(beside: SideBySide, view: View) -> bool:
    """Whether the scale of the graphs is one at which nothing is subtracted."""
    assert beside.contrast is not None
    scales = common_scales(beside.contrast, beside.more)
    return any(one.asks for one in scales if one.id == view.selection.scale)


def none_in_table(beside: SideBySide) -> str:
    """What stands in the table of layers while it has no rows."""
    if beside.state == RUNNING:
        return tr("Comparing …")
    return tr("No layer is compared.") if beside.state == FAILED or beside.sides is None else ""
