"""The pages keep up: links lead to headings that are there, the guide knows every key, in each language."""

import re
import sys
from pathlib import Path

import pytest

from lrp_gui.actions import ACTIONS, SUBMENUS
from lrp_gui.languages import SOURCE, catalogue

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "resources"))
import translate  # noqa: E402 - it lies beside the other scripts

DOCS = ROOT / "resources" / "docs"
GUIDE = DOCS / "guide.md"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
COMMAND = "tests.house.test_guide"


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


# What Qt calls keys in the window's other languages, and the words of the table of keys.
KEYS = {
    "en": {},
    "de": {
        "Ctrl": "Strg",
        "Shift": "Umschalt",
        "Delete": "Entf",
        "Del": "Entf",
        "Ins": "Einfg",
        "Left": "Links",
        "Right": "Rechts",
        "Up": "Hoch",
        "Down": "Herunter",
        "Tab": "Tabulator",
        "Space": "Leertaste",
        "Return": "Eingabetaste",
        "Enter": "Eingabetaste",
    },
}
WORDS = {"en": ("menu", "action", "keys", "or"), "de": ("Menü", "Aktion", "Tasten", "oder")}
TRANSLATIONS = sorted(set(KEYS) - {SOURCE})
# Words in a picture, keys by their own names, and parts that both languages call alike.
SAME = {"MLP", "Attention", "Esc", "Alt", *(f"F{number}" for number in range(1, 13))}


def guide(language: str) -> Path:
    """The guide's page in a language."""
    return GUIDE if language == SOURCE else GUIDE.with_suffix(f".{language}.md")


def key_in(language: str, shortcut: str) -> str:
    """A shortcut as the window writes it."""
    return "+".join(KEYS[language].get(key, key) for key in shortcut.split("+"))


def keyboard(language: str = SOURCE) -> str:
    """Every action that has keys, as the table that stands in the guide."""
    told = catalogue.read(language).gettext if language != SOURCE else str
    *titles, between = WORDS[language]
    lines = [f"| {' | '.join(titles)} |", "|---|---|---|"]
    for row in ACTIONS:
        if row.shortcut:
            menu = told(row.menu)
            path = f"{told(SUBMENUS[row.menu])} → {menu}" if row.menu in SUBMENUS else menu
            keys = f" {between} ".join(f"*{key_in(language, one)}*" for one in row.shortcut.split("|"))
            lines.append(f"| {path} | {told(row.text).rstrip('… ')} | {keys} |")
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_headings_that_are_there(page):
    links = re.findall(r"\]\(([^)\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [(path, anchor) for path, anchor in links if "://" not in path]
    assert [(path, one) for path, one in local if one not in anchors(page.parent / path if path else page)] == []


@pytest.mark.parametrize("language", KEYS)
def test_the_guide_lists_the_keys_of_every_action(language):
    text = guide(language).read_text(encoding="utf-8")
    command = COMMAND if language == SOURCE else f"{COMMAND} {language}"
    listed = text.partition(f"<!-- made by python -m {command} -->")[2].partition("<!-- end of the keys -->")[0]
    assert listed.strip() == keyboard(language), f"put what `python -m {command}` prints into {guide(language).name}"


@pytest.mark.parametrize("language", KEYS)
def test_every_section_of_the_guide_stands_in_its_contents(language):
    text = guide(language).read_text(encoding="utf-8")
    contents = text.partition("\n## ")[0]
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [one for one in sections if f"(#{one.lower().replace(' ', '-')})" not in contents] == []


# ------------------------------------------------------------------------------------------------- the translations


def sections_of(page: Path) -> list[tuple[str, str]]:
    """A page's sections: heading with its marks, and what stands below it."""
    text = page.read_text(encoding="utf-8").partition("<!-- made by")[0]
    parts = re.split(r"^(#+ .*)$", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def outline(heading: str, text: str) -> tuple[object, ...]:
    """What of a section is the same in every language."""
    links = [bool(anchor) for _path, anchor in re.findall(r"\]\(([^)\s#]*)(#[^)\s]+)?\)", text)]
    pictures = [Path(path).name for path in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)]
    lines = text.splitlines()
    return (
        heading.count("#"),
        sorted(links),
        pictures,
        re.findall(r"```.*?```", text, re.DOTALL),
        [line.count("|") for line in lines if line.startswith("| ")],
        sum(line.startswith("- ") for line in lines),
    )


def named(text: str) -> set[str]:
    """What of the window a text names: the parts of `*Menu → Action*`."""
    plain = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    terms = re.findall(r"(?<!\*)\*(?!\*)([^*]+?)\*", " ".join(plain.split()))
    return {part.strip("▸… ") for term in terms for part in re.split(r" → | … ", term) if part}


def texts_of_the_window(language: str) -> dict[str, set[str]]:
    """What the window calls each of its English texts, without the letters' marks and the points."""
    known: dict[str, set[str]] = {}
    for message in translate.catalogue(language):
        ids, strings = (
            (message.id, message.string) if isinstance(message.id, str) else (message.id[0], message.string[0])
        )
        if message.context is None and ids:
            known.setdefault(plain_label(ids), set()).add(plain_label(str(strings)))
    return known


def plain_label(text: str) -> str:
    """A label as a guide names it."""
    return text.replace("&", "").lstrip("⟳▸ ").partition("\t")[0].rstrip("…: ")


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_translated_guide_has_the_sections_pictures_and_tables_of_the_english_one(language):
    ours, theirs = sections_of(guide(language)), sections_of(GUIDE)
    assert len(ours) == len(theirs)
    different = {
        f"{there} / {here}": (outline(there, says), outline(here, said))
        for (there, says), (here, said) in zip(theirs, ours, strict=True)
        if outline(there, says) != outline(here, said)
    }
    assert different == {}


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_translated_guide_names_things_as_the_window_does(language):
    known = texts_of_the_window(language)
    missing = {}
    for (heading, english), (_heading, ours) in zip(sections_of(GUIDE), sections_of(guide(language)), strict=True):
        here = named(ours)
        lacking = {term for term in named(english) if term in known and not known[term] & here}
        if lost := lacking - set(KEYS[language]):
            missing[heading] = {term: known[term] for term in lost}
    assert missing == {}


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_what_a_translated_guide_names_is_in_the_window(language):
    shown = {text for texts in texts_of_the_window(language).values() for text in texts}
    keys = {*KEYS[language].values(), *SAME}
    unknown = []
    for heading, text in sections_of(guide(language)):
        for term in named(text):
            filled = re.compile(re.escape(term).replace("N\\ ", ".*").replace("…", ".*"))  # “▸ N more”
            is_key = all(len(key) <= 1 or key in keys for key in term.replace(" ", "+").split("+"))
            if not is_key and term not in shown and not any(filled.search(one) for one in shown if "{" in one):
                unknown.append(f"{heading}: {term}")
    assert unknown == []


if __name__ == "__main__":
    print(keyboard(*sys.argv[1:]))
