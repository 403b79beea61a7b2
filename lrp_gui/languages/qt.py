"""Qt's side of the language: `self.tr`, Qt's own texts, and how numbers and dates are written."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, QTranslator

from lrp_gui import languages

_taken: list[QTranslator] = []  # those that are installed now


class CatalogueTranslator(QTranslator):
    """Answers Qt from the catalogue, whatever class a text stands in."""

    def translate(self, context: str, sourceText: str, disambiguation: str | None = None, n: int = -1) -> str | None:  # noqa: ARG002 - Qt's signature
        """Give the text of the catalogue, or None, with which Qt asks the next translator."""
        found = languages.tr(sourceText)
        return None if found == sourceText else found

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        """Say that there are texts; Qt takes no translator that has none."""
        return False


def install(app: QCoreApplication, name: str) -> str:
    """Take the language `name` ("system" or one of `languages.AVAILABLE`) for the whole application.

    Returns
    -------
    The language taken. English needs no translator and costs nothing.
    """
    while _taken:  # asking the application for its children would cost 10 ms of start-up
        translator = _taken.pop()
        app.removeTranslator(translator)
        translator.deleteLater()
    language = languages.use(name)
    if name in languages.AVAILABLE and QLocale.system().name().partition("_")[0] != name:
        QLocale.setDefault(QLocale(name))  # somebody chose: numbers and dates go with the texts
    if language == languages.SOURCE:
        return language
    from PySide6.QtCore import QLibraryInfo  # English starts without

    own = QTranslator(app)
    if own.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(own)
    catalogue = CatalogueTranslator(app)
    app.installTranslator(catalogue)
    _taken.extend((own, catalogue))
    return language


def moment(when: QDateTime) -> str:
    """Write a day and a time as is usual in the language; in no language (C) Qt would write 23 11 2026."""
    locale = QLocale()
    if locale.language() == QLocale.Language.C:
        return when.toString("yyyy-MM-dd HH:mm")
    return locale.toString(when, QLocale.FormatType.ShortFormat)
