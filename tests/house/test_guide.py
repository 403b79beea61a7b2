"""The pages keep up: links lead to headings that are there, and the guide knows every key of the window."""

import re
from pathlib import Path

import pytest

from lrp_gui.actions import ACTIONS, SUBMENUS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "resources" / "docs"
GUIDE = DOCS / "guide.md"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
COMMAND = "tests.house.test_guide"


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def keyboard() -> str:
    """Every action that has keys, as the table that stands in the guide."""
    rows = [
        (f"{SUBMENUS[row.menu]} → {row.menu}" if row.menu in SUBMENUS else row.menu, row.text.rstrip("…"), row.shortcut)
        for row in ACTIONS
        if row.shortcut
    ]
    keys = (" or ".join(f"*{one}*" for one in shortcut.split("|")) for _menu, _text, shortcut in rows)
    lines = [f"| {menu} | {text} | {key} |" for (menu, text, _), key in zip(rows, keys, strict=True)]
    return "\n".join(["| menu | action | keys |", "|---|---|---|", *lines])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_headings_that_are_there(page):
    links = re.findall(r"\]\(([^)\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [(path, anchor) for path, anchor in links if "://" not in path]
    assert [(path, one) for path, one in local if one not in anchors(page.parent / path if path else page)] == []


def test_the_guide_lists_the_keys_of_every_action():
    text = GUIDE.read_text(encoding="utf-8")
    listed = text.partition(f"<!-- made by python -m {COMMAND} -->")[2].partition("<!-- end of the keys -->")[0]
    assert listed.strip() == keyboard(), f"put what `python -m {COMMAND}` prints into {GUIDE.name}"


def test_every_section_of_the_guide_stands_in_its_contents():
    text = GUIDE.read_text(encoding="utf-8")
    contents = text.partition("\n## ")[0]
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [one for one in sections if f"(#{one.lower().replace(' ', '-')})" not in contents] == []


if __name__ == "__main__":
    print(keyboard())
