"""Help in the program: the guide and its search, what a view shows now, and the tour."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from lrp_gui import settings
from lrp_gui.help.book import book, chapters_of, plain_text, slug_of
from lrp_gui.help.dock_button import DockQuestion
from lrp_gui.help.lines import Line, as_html
from lrp_gui.help.page import GuidePage
from lrp_gui.help.tour import STEPS, Tour, place_beside
from lrp_gui.help.views import SCALES, VIEWS, address_of, view_now, view_of
from lrp_gui.help.window import GuideWindow
from lrp_gui.theme import DARK, LIGHT
from tests.gui.example import DIGITS, settle

PAGES = book()


@pytest.fixture
def guide(qtbot):
    window = GuideWindow(PAGES, LIGHT)
    qtbot.addWidget(window)
    window.show()
    return window


# ------------------------------------------------------------------------------------------------------------ the book


def test_every_link_and_picture_of_every_page_leads_somewhere():
    wrong = []
    for chapter in PAGES.chapters:
        text = re.sub(r"```.*?```", "", chapter.text, flags=re.DOTALL)
        for picture, target in re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", text):
            if picture:
                found = (PAGES.folder / target).exists()
            elif "://" in target:
                continue
            else:
                found = PAGES.find(target, chapter.page) is not None
            if not found:
                wrong.append((chapter.address, target))
    assert wrong == []


@pytest.mark.parametrize("address", [*(view.guide for view in VIEWS), *SCALES.values()])
def test_what_a_view_says_is_in_the_guide(address):
    chapter, slug = PAGES.find(address)
    assert slug in [section.slug for section in chapter.sections]


def test_a_page_is_cut_at_its_headings_and_code_is_no_heading():
    text = "before\n# A *page*\nwords\n## One\n```\n## no heading\n```\n### Deep `x`\nend\n## Two\n"
    chapters = chapters_of("guide", text)
    assert [chapter.title for chapter in chapters] == ["A page", "One", "Two"]
    assert [section.slug for section in chapters[1].sections] == ["one", "deep-x"]
    assert "## no heading" in chapters[1].text
    assert [chapter.title for chapter in chapters_of("files", text)] == ["A page"]
    assert slug_of("Show and hide: *x*, y") == "show-and-hide-x-y"


def test_searching_finds_sections_by_all_words_titles_first():
    hits = PAGES.search("layer STRIP")
    assert hits[0].address == "guide#the-layer-strip"
    assert all("strip" in (hit.section.title + hit.section.plain).casefold() for hit in hits)
    assert PAGES.search("strip xylophone") == []
    assert PAGES.search("  ") == []
    assert "*" not in plain_text("**bold** and *em* `code` [link](x.md) ![a picture](y.png)")


def test_a_translation_is_found_by_the_english_names_and_says_what_it_is_in(tmp_path, monkeypatch):
    (tmp_path / "guide.md").write_text("# Guide\n## The table\nrows [here](#edit)\n### Edit\ncells\n")
    (tmp_path / "guide.de.md").write_text("# Handbuch\n## Die Tabelle\nZeilen [hier](#ändern)\n### Ändern\nZellen\n")
    (tmp_path / "glossary.md").write_text("# Glossary\nwords\n")
    monkeypatch.setattr(settings, "docs_folder", lambda: tmp_path)
    book.cache_clear()
    pages = book("de")
    book.cache_clear()
    assert [chapter.language for chapter in pages.chapters] == ["de", "de", "en"]
    assert pages.find("guide#edit")[1] == "ändern"
    assert pages.find("#ändern")[0].title == "Die Tabelle"
    assert pages.find("guide#the-table")[1] == "die-tabelle"
    assert pages.find("glossary")[0].page == "glossary"  # not translated: the English one
    assert pages.find("guide#nowhere") is None
    assert pages.search("zellen")[0].address == "guide#ändern"


def test_without_the_pages_it_is_said(window, monkeypatch):
    book.cache_clear()
    monkeypatch.setattr(settings, "docs_folder", lambda: None)
    window.actions_["guide"].trigger()
    book.cache_clear()
    assert "not installed" in window.messages.sentence


# --------------------------------------------------------------------------------------------------------- its window


@pytest.mark.parametrize("number", range(len(PAGES.chapters)))
def test_every_chapter_is_shown_with_all_its_headings_and_pictures(qtbot, number):
    chapter, theme = PAGES.chapters[number], (LIGHT, DARK)[number % 2]
    page = GuidePage(PAGES, theme)
    qtbot.addWidget(page)
    page.resize(700, 500)
    page.show_chapter(chapter)
    names, pictures = set(), []
    block = page.document().begin()
    while block.isValid():
        run = block.begin()
        while not run.atEnd():
            look = run.fragment().charFormat()
            names.update(look.anchorNames())
            if look.isImageFormat():
                pictures.append(look.toImageFormat())
            run += 1
        block = block.next()
    assert {section.slug for section in chapter.sections[1:]} <= names
    assert len(pictures) == len(re.findall(r"!\[[^\]]*\]\(", chapter.text))
    for look in pictures[:1]:
        assert 0 < look.width() <= 700
        image = page.loadResource(QTextDocument.ResourceType.ImageResource.value, look.name())
        assert isinstance(image, QImage)
        assert image.width() == round(look.width() * page.devicePixelRatioF())
    assert "```" not in page.toPlainText()


def test_pictures_come_from_the_book_alone(qtbot, tmp_path):
    page = GuidePage(PAGES, LIGHT)
    qtbot.addWidget(page)
    for name in ("../../../pyproject.toml?100", f"{tmp_path}/x.png?100", "images/window.png", "images/none.png?10"):
        assert page.loadResource(QTextDocument.ResourceType.ImageResource.value, name) is None


def test_links_lead_on_and_keys_lead_back(guide, qtbot):
    guide.go("guide#open")
    guide.page.followed.emit("#programs")
    assert guide.address == "guide#programs"
    assert guide.page.verticalScrollBar().value() > 0
    guide.page.followed.emit("glossary.md")
    assert guide.address == "glossary#glossary"
    assert guide.contents.currentItem().text(0) == "Glossary"
    guide.back()
    assert guide.address == "guide#programs"
    guide.back()
    guide.forward()
    assert guide.address == "guide#programs"
    with qtbot.waitSignal(guide.outside) as left:
        guide.page.followed.emit("nowhere.md")
    assert left.args == ["nowhere.md"]
    with qtbot.waitSignal(guide.outside):
        guide.page.outside.emit("https://example.org")


def test_what_is_searched_is_listed_marked_and_left_by_esc(guide):
    guide.search("ledger")
    assert guide.hits.count() > 2
    assert guide.hits.isVisible()
    assert not guide.contents.isVisible()
    assert guide.page.extraSelections()
    marked = {one.cursor.selectedText().casefold() for one in guide.page.extraSelections()}
    assert marked == {"ledger"}
    guide.hits.setCurrentRow(1)
    assert guide.address == guide.hits.currentItem().data(Qt.ItemDataRole.UserRole)
    guide.search("xylophone")
    assert guide.count.text() == "nothing found"
    QTest.keyClick(guide, Qt.Key.Key_Escape)
    assert guide.contents.isVisible()
    assert not guide.page.extraSelections()
    QTest.keyClick(guide, Qt.Key.Key_Escape)
    assert not guide.isVisible()


def test_a_word_far_down_in_its_section_is_scrolled_to(guide):
    guide.resize(900, 400)
    guide.search("stabilizer")
    assert guide.address.startswith("glossary")
    tops = [guide.page.cursorRect(one.cursor).top() for one in guide.page.extraSelections()]
    assert any(0 <= top < guide.page.viewport().height() for top in tops), tops
    assert guide.page.verticalScrollBar().value() > 0


def test_its_text_grows_and_is_remembered(guide):
    size = guide.page.document().defaultFont().pointSizeF()
    guide._zoom(1)
    guide._zoom(1)
    assert guide.page.document().defaultFont().pointSizeF() == size + 2
    assert settings.HELP_SIZE.read() == 2
    guide._zoom(0)
    assert guide.page.document().defaultFont().pointSizeF() == size
    guide.set_theme(DARK)
    assert guide.page.toPlainText()


# ------------------------------------------------------------------------------------------------ what a view shows now


def visit(window, qtbot):
    """Everything that can be asked about is brought into being."""
    furniture = window.furniture
    for page in ("what_if", "sweep", "reference", "edit_input"):
        furniture.show_sample(page)
        settle(qtbot, window)
    furniture.show_operations()
    furniture.compare_explanations((0, 1))
    furniture.compare(str(DIGITS))
    window.document.select_tensor(window.document.file.tensors[0].name)
    window.document.select_layer("conv1")
    settle(qtbot, window)


def test_every_view_tells_what_it_shows_with_its_numbers(window, qtbot):
    started = {view.id: view.about(window) for view in VIEWS if view.id in {"start", "graph", "layers", "table"}}
    assert all(lines and all(line.text for line in lines) for lines in started.values())
    window.opener.open([str(DIGITS)])
    settle(qtbot, window)
    visit(window, qtbot)
    for view in VIEWS:
        lines = view.about(window)
        assert lines, view.id
        assert all(isinstance(line, Line) and line.text and "{" not in line.text for line in lines), view.id
        assert as_html(lines, DARK)
        assert address_of(window, view).startswith("guide#")
        if view.id not in {"start", "obstacle"}:
            assert view.find(window) is not None, view.id
    by_id = {view.id: " ".join(line.text for line in view.about(window)) for view in VIEWS}
    score = window.document.result.explained
    for name in ("graph", "strip", "detail_inputs", "what_if", "operations"):
        assert f"{score:+.3f}"[:5] in by_id[name], name
    assert "1,797 samples" in by_id["table"]
    assert "conv1" in by_id["detail_layer"]
    colours = {line.colour for view in VIEWS for line in view.about(window)}
    assert {"positive", "negative", "bias"} <= colours
    window.furniture.explanations.close()


def test_asking_follows_focus_and_news(diabetes, qtbot):
    window = diabetes
    window.activateWindow()
    window.table.view.setFocus()
    assert view_now(window).id == "table"
    window.actions_["what_is_this"].trigger()
    about = window.help.about
    assert about.isVisible()
    assert "442 samples" in about.text.text()
    about._follow(None, window.viewer.canvas)
    assert about.view.id == "graph"
    assert "+2.106" in about.text.text()
    window.document.select_sample(1)
    settle(qtbot, window)
    qtbot.waitUntil(lambda: "+2.106" not in about.text.text())
    window.set_theme("dark")
    with qtbot.waitSignal(about.guide_wanted) as wanted:
        about._open_guide()
    assert wanted.args == ["guide#neurons"]
    assert window.help.guide.address == "guide#neurons"
    window.help.guide.close()
    about.reject()
    assert view_of(window, window.menuBar()) is None
    assert view_of(window, None) is None


def test_f1_opens_the_guide_where_one_is(diabetes):
    window = diabetes
    window.browser.tabs.setCurrentWidget(window.browser.tensors)
    window.browser.tensors.setFocus()
    window.actions_["guide"].trigger()
    assert window.help.guide.address == "guide#sort-the-tensors"
    window.actions_["glossary"].trigger()
    assert window.help.guide.address == "glossary#glossary"
    window.help.guide.close()


def test_each_dock_has_a_question_in_its_title(diabetes):
    window = diabetes
    questions = {one.parentWidget().objectName(): one for one in window.findChildren(DockQuestion)}
    assert {"browser", "table", "sample", "inspector"} <= set(questions)
    questions["browser"].click()
    assert window.help.about.view.id == "layers"
    window.browser.tabs.setCurrentWidget(window.browser.file)
    questions["browser"].click()
    assert window.help.about.view.id == "file"
    assert all(one.accessibleName() and one.toolTip() for one in questions.values())
    window.help.about.reject()


# ------------------------------------------------------------------------------------------------------------ the tour


def test_the_tour_opens_the_example_and_lights_up_each_part(window, qtbot):
    window.actions_["tour"].trigger()
    tour = window.help.tour
    assert tour.running
    tour.bubble.next.click()
    settle(qtbot, window)
    qtbot.waitUntil(lambda: window.document.result is not None and not window.table.visibleRegion().isEmpty())
    assert window.document.name == "diabetes"
    for step in range(1, len(STEPS)):
        tour.go(step)
        qtbot.waitUntil(lambda: not tour._placing.isActive())
        hole = tour._light.hole
        assert not hole.isNull(), STEPS[step].title
        bubble = tour.bubble.geometry()
        assert window.rect().contains(bubble), STEPS[step].title
        assert not hole.adjusted(8, 8, -8, -8).contains(bubble) or step == 2, STEPS[step].title
    tour.bubble.next.click()
    assert not tour.running
    assert not tour.bubble.isVisible()


def test_the_tour_never_blocks_and_esc_ends_it(diabetes, qtbot):
    window = diabetes
    tour = window.help.tour or Tour(window)
    window.help.tour = tour
    tour.begin()
    tour.go(2)
    assert tour._light.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    under = window.childAt(window.table.mapTo(window, QPoint(40, 60)))
    assert isinstance(under, QWidget)
    assert window.table.isAncestorOf(under)
    QTest.keyClick(tour.bubble, Qt.Key.Key_Left)
    assert tour.at == 1
    window.resize(1024, 700)
    qtbot.waitUntil(lambda: tour._light.size() == window.size())
    assert window.rect().contains(tour.bubble.geometry())
    window.set_theme("dark")
    QTest.keyClick(tour.bubble, Qt.Key.Key_Escape)
    assert not tour.running
    assert not tour._light.isVisible()


def test_the_tour_is_offered_once(window, qtbot):
    window.help.begin(newcomer=True)
    tour = window.help.tour
    assert window.actions_["guide"].shortcutContext() == Qt.ShortcutContext.ApplicationShortcut
    assert tour.bubble.isVisible()
    assert not tour.running
    assert settings.TOUR_OFFERED.read()
    tour.bubble.skip.click()
    assert not tour.bubble.isVisible()
    window.help.begin(newcomer=True)
    assert not tour.bubble.isVisible()
    window.help.offer_tour()
    tour.bubble.next.click()
    assert tour.at == 0
    tour.end()
    window.help.offer_tour()
    window.document.file_changed.emit()  # who opens something has answered
    assert not tour.bubble.isVisible()


def test_a_bubble_stands_beside_what_it_tells_of():
    from PySide6.QtCore import QRect

    window = QRect(0, 0, 1000, 700)
    for hole in (QRect(0, 0, 300, 700), QRect(700, 0, 300, 700), QRect(0, 0, 1000, 60), QRect(300, 500, 700, 200)):
        at = place_beside(hole, (330, 140), window)
        box = QRect(at.x(), at.y(), 330, 140)
        assert window.contains(box)
        assert not box.intersects(hole)
    assert window.contains(QRect(place_beside(window, (330, 140), window), QRect(0, 0, 330, 140).size()))
