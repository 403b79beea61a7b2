"""Every text that people read goes through the catalogue, and the catalogues are whole."""

import ast
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from lrp_gui import languages
from lrp_gui.languages import catalogue

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "resources"))
import translate  # noqa: E402 - it lies beside the other scripts

LANGUAGES = sorted(set(languages.AVAILABLE) - {languages.SOURCE})

# Modules whose texts no window shows, each with what they are.
NOT_SHOWN = {
    "app.py": "the command line",
    "crash.py": "a report for whoever mends the program",
    "log.py": "the log",
    "desktop/install.py": "the command line",
    "export/data.py": "names of columns in files, the same in every language",
    "export/drawn.py": "names of columns in files, the same in every language",
    "export/making.py": "Python code",
    "export/recipe.py": "Python code",
    "jobs/rendering.py": "the command line",
    "languages/__init__.py": "the languages' own names",
    "settings.py": "the rows of examples, which translate.py knows",
}
# Texts that are the same in every language, or are not for people.
NO_WORDS = {
    *("age > 0.1 and not (sex == 1 or bmi < 0)", 'label in ("cat", "dog")', 'name contains "pat"', "bmi is missing"),
    *("`blood pressure` / bmi > 2", "{text} and {condition}", "{quoted(name)} is missing", "{quoted(name)} contains "),
    "{condition} and prediction == {word(outputs[-1])}",
    *("features.*", "max", "SHA-256", "SHA-256 {digest}", "{n} {noun}", "{n} {noun}s", "Python 3"),
    # keys of pictures, which name files and are shown by `shown_title`; keys of words, of composites' kinds
    *("network graph", "graph of {scale.title.lower()}", "graph of", "current view", "all samples"),
    *("contrast of gradients", "affine map", "time step", "other side", "what if {row} {column}", "kernel:{layer}"),
    *("name in the other file", "numbers changed", "max abs a - b"),  # titles in a CSV file
    *('<svg width="{width}mm" height="{height}mm"', "{self.tr(scale.tip)} (Alt+Shift+{number})"),
    *("{name}[*] – LRP Explorer", "put back"),
    *("merged cells", "no number", "too large"),  # what the engine says, before it is translated
    *("can't allocate memory", "not enough memory", "out of memory"),  # what systems say
    *("lrp-explorer project", "Application Support", "system font size", "Explain → Examples", "Creation Time"),
    *("Severity\tFinding\tPlace\tAmount\tSentence", "tuple[int, int] | tuple[()]"),
}
TRANSLATED = {"tr", "trn", "mark", "translate", "counted", *translate.ROWS}
SILENT = {
    *("debug", "info", "warning", "error", "exception", "getLogger", "setObjectName", "setStyleSheet", "setProperty"),
    *("TypeError", "ValueError", "AssertionError", "AttributeError", "RuntimeError", "OSError", "TypeVar", "Thread"),
    *("startswith", "endswith", "removeprefix", "removesuffix", "split", "sub", "compile", "Setting", "setStyle"),
    *("damaged", "packed", "note"),
}
SHOWING = {
    *("setText", "setToolTip", "setStatusTip", "setWindowTitle", "setPlaceholderText", "setAccessibleName", "setTitle"),
    *("setAccessibleDescription", "setWhatsThis", "setSuffix", "setPrefix", "setSpecialValueText", "setIconText"),
    *("QLabel", "QPushButton", "QToolButton", "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "addAction"),
    *("addItem", "addTab", "addMenu", "addRow", "drawText", "setInformativeText", "setLabelText"),
}
SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:]? [a-z]{2,}|[a-z] .*[a-z]\.$")
WORD = re.compile(r"[A-Za-z]{2}")
MARKUP = re.compile(r"<[^>]*>|[#\w.][\w #.,-]*\{[^}]*:[^}]*\}|&\w+;")


@cache
def modules() -> dict[str, Path]:
    """The window's modules by their place in it."""
    folder = ROOT / "lrp_gui"
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.py"))}


@cache
def tree_of(path: Path) -> ast.Module:
    """What stands in a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def unmarked(path: Path) -> list[str]:
    """Texts of a module that look like words for people and are not marked, each with its line."""
    found: list[str] = []
    _look(tree_of(path), "", found)
    return found


def _look(node: ast.AST, inside: str, found: list[str]) -> None:
    if isinstance(node, ast.Call):
        name = translate.called(node)
        if name in SILENT:
            return
        _look(node.func, inside, found)
        for place, argument in enumerate([*node.args, *(keyword.value for keyword in node.keywords)]):
            if name not in TRANSLATED or not isinstance(argument, ast.Constant):
                _look(argument, "" if name == "addItem" and place else name, found)  # an entry's data
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.AnnAssign):
        node = ast.Assign([], node.value) if node.value is not None else ast.Pass()
    text = _text(node)
    if text and text not in NO_WORDS and (inside != "tr" or isinstance(node, ast.JoinedStr)):
        plain = MARKUP.sub(" ", " ".join(_constants(node)))
        if SENTENCE.search(plain) or (inside in SHOWING and WORD.search(plain)):
            found.append(f"{node.lineno}: {text!r}")
    passed_on = inside if isinstance(node, ast.IfExp | ast.BinOp | ast.Tuple | ast.List | ast.Starred) else ""
    for inner in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(inner, ast.Constant)):
            _look(inner, passed_on, found)


def _constants(node: ast.AST) -> list[str]:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return [str(part.value) for part in parts if isinstance(part, ast.Constant)]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = (part.value if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}" for part in node.values)
    return "".join(map(str, parts))


def test_every_text_of_the_window_is_marked_for_translation():
    assert set(NOT_SHOWN) <= set(modules())
    left = {name: said for name, path in modules().items() if name not in NOT_SHOWN and (said := unmarked(path))}
    assert left == {}


def test_no_text_is_put_together_before_it_is_looked_up():
    """An f-string inside `tr` would never be found, and a text at module level would stay English."""
    wrong = []
    for name, path in modules().items():
        wrong += [f"{name}:{line}" for line in early(tree_of(path), late=False)]
    assert wrong == ["document/words.py:counted"] * 2


def early(node: ast.AST, late: bool, function: str = "") -> list[str]:
    """Where `tr` is called at import, by line; where it is given an f-string, by function."""
    found: list[str] = []
    if isinstance(node, ast.Call) and translate.called(node) in {"tr", "trn"}:
        found += [] if late else [str(node.lineno)]
        found += [function for one in node.args[:2] if isinstance(one, ast.JoinedStr)]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        late, function = True, node.name
    for inner in ast.iter_child_nodes(node):
        found += early(inner, late or isinstance(node, ast.Lambda), function)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_whole_and_compiled(language):
    assert translate.problems(language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_of_a_menu_or_a_dialog_are_given_once(language):
    """Where English gives each letter once, the translation does too."""
    known = {text: places for text, places in translate.window_texts().items() if isinstance(text, str)}
    messages = {message.id: str(message.string) for message in translate.catalogue(language) if message.context is None}
    twice = {}
    for place in {place for places in known.values() for place in places}:
        texts = [text for text, places in known.items() if place in places and key_of(text)]
        ours = Counter(key_of(messages.get(text, text)) for text in texts)
        theirs = Counter(key_of(text) for text in texts)
        if max(ours.values(), default=0) > max(1, max(theirs.values(), default=0)):
            twice[place] = {messages.get(text, text) for text in texts}
    assert twice == {}


def key_of(text: str) -> str:
    """The letter that & marks, "" where none does."""
    found = re.search(r"&([^\W_])", text.replace("&&", "").replace("&nbsp;", ""))
    return found[1].lower() if found else ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_engine_is_recognised_once_it_is_filled_in(language):
    spoken = catalogue.read(language)
    unknown = []
    for text in translate.engine_texts():
        gaps = {name: GAPS.get(name, f"X{n}x") for n, name in enumerate(gaps_of(text))}
        filled = text.format(**gaps)
        if spoken.sentence(filled) == filled and text not in SAME:
            unknown.append(filled)
    assert unknown == []


# What else stands in a gap than names.
GAPS = {**dict.fromkeys(("are", "be", "has", "have", "is"), "is"), "of": "2 of 3 units"}
SAME = {"PyTorch state dict", "state dict"}  # in every language


def gaps_of(text: str) -> list[str]:
    """The placeholders of a template."""
    return [name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None]
