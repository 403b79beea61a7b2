"""The window in another language: the same catalogue for Qt and for plain code, and for what the engine says."""

import pytest
from PySide6.QtCore import QDate, QDateTime, QLocale, QObject, QTime
from PySide6.QtWidgets import QDialogButtonBox

from lrp_gui import languages, settings
from lrp_gui.actions import ACTIONS
from lrp_gui.app import make_window
from lrp_gui.compare.pictures import View, export_pictures
from lrp_gui.document.words import counted, shown
from lrp_gui.jobs.comparing_results import contrasting
from lrp_gui.jobs.steps import run_now
from lrp_gui.languages import qt
from lrp_gui.theme import LIGHT
from lrp_gui.viewer.pictures import shown_title
from tests.gui import fakes


@pytest.fixture
def german(qapp):
    before = QLocale()
    qt.install(qapp, "de")
    yield
    qt.install(qapp, "en")
    QLocale.setDefault(before)


def test_qt_and_plain_code_look_into_one_catalogue(german):
    assert languages.tr("Layers") == QObject().tr("Layers") == "Schichten"
    assert languages.tr("no such text") == QObject().tr("no such text") == "no such text"


def test_a_number_takes_its_form_and_keeps_its_thousands_apart(german):
    assert languages.trn("{n} layer", "{n} layers", 1) == "1 Schicht"
    assert counted(1797, "layer") == "1\u202f797 Schichten"


def test_english_is_what_stands_in_the_code(qapp):
    assert qt.install(qapp, "en") == "en"
    assert (languages.tr("Layers"), counted(1797, "layer")) == ("Layers", "1,797 layers")


def test_a_day_is_written_as_in_the_language_and_in_order_without_one(german):
    when = QDateTime(QDate(2026, 11, 23), QTime(19, 51))
    QLocale.setDefault(QLocale("de"))
    assert qt.moment(when) == "23.11.26 19:51"
    QLocale.setDefault(QLocale.c())
    assert qt.moment(when) == "2026-11-23 19:51"


def test_words_follow_the_language(german, qapp):
    assert shown().noun == "Relevanz"
    qt.install(qapp, "en")
    assert shown().noun == "relevance"


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("net.pth is empty.", "net.pth ist leer."),
        ("Net.pth is empty", "Net.pth ist leer"),
        (
            "The output “p” ends in a sigmoid; the logit before it is explained.",
            "Die Ausgabe „p“ endet mit sigmoid; erklärt wird der Logit davor.",
        ),
        ("default for affine map", "üblich für affine Abbildung"),
        ("layer conv2", "Schicht conv2"),
        ("epsilon_plus, edited", "epsilon_plus, geändert"),
        ("Chain of 1 layer with weights", "Kette von 1 Schicht mit Gewichten"),
        ("Nobody says this.", "Nobody says this."),
        ("net.pth is empty. Nobody says this.", "net.pth ist leer. Nobody says this."),
        (
            "2 of 32 units of relu are the same on all 442 samples of the table: 3, 7.",
            "2 der 32 Einheiten von relu sind gleich bei allen 442 Proben der Tabelle: 3, 7.",
        ),
        (
            "fc.weight holds 1 NaN and 1 infinite among its 1,152 numbers; the first is at [2, 3].",
            "fc.weight enthält 1 NaN und 1 unendliche unter 1\u202f152 Zahlen; die erste steht bei [2, 3].",
        ),
        (
            "The table lacks 2 of the 10 columns that the network needs: “bmi”, “s1”; it has age and sex.",
            "In der Tabelle fehlen 2 der 10 Spalten, die das Netz braucht: “bmi”, “s1”; sie hat age und sex.",
        ),
    ],
)
def test_what_the_engine_says_is_known_by_its_shape(german, said, ours):
    assert languages.engine(said) == ours


def test_the_window_speaks_german(german, qtbot):
    window = make_window()
    qtbot.addWidget(window)
    assert next(action.text() for action in window.menuBar().actions()) == "&Datei"
    untold = {row.text for row in ACTIONS if languages.tr(row.text) == row.text}
    assert untold <= {"Diabetes", "Tensor"}  # the same in both languages


def test_qts_own_buttons_speak_german(german, qtbot):
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).text().replace("&", "") == "Abbrechen"


@pytest.mark.parametrize(
    ("named", "language"), [("de_DE.UTF-8", "de"), ("de:en", "de"), ("fr_FR", "en"), ("C", "en"), ("en_GB", "en")]
)
def test_the_desktops_language_is_taken_where_we_speak_it(monkeypatch, named, language):
    monkeypatch.setenv("LANGUAGE", named)
    assert languages.system_language() == language


def test_every_language_can_be_chosen_and_an_unknown_one_is_the_systems(monkeypatch, qapp):
    assert settings.LANGUAGE.allowed == ("system", *languages.AVAILABLE)
    monkeypatch.setenv("LANGUAGE", "en")
    assert qt.install(qapp, "tlh") == "en"


def test_titles_are_shown_in_the_windows_language_and_name_files_in_one(german):
    """By its title a picture is made again, whatever the language then."""
    network, a = fakes.mlp_result(row=0)
    _, b = fakes.mlp_result(row=1)
    contrast = run_now(contrasting((network, network), (a, b)))
    titles = [title for title, _ in export_pictures(contrast, LIGHT, View())]
    assert titles[0] == "side by side, graph"
    assert "values of A − B" in titles
    assert [shown_title(title) for title in (titles[0], titles[4])] == ["nebeneinander, Graph", "Graph von A − B"]
    assert all(shown_title(title) != title for title in titles)
