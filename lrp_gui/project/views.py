"""How the work is looked at, for the project file: gathered from the views, and put back when they show it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrp_gui.actions import TABLE_SHADES
from lrp_gui.project.schema import SortRecord, ViewsRecord

if TYPE_CHECKING:
    from lrp_gui.table.columns import Column
    from lrp_gui.window import Window


def gathered(window: Window) -> ViewsRecord:
    """How it is looked at now."""
    actions, viewer, furniture = window.actions_, window.viewer, window.furniture
    if viewer is None or furniture is None or window.table is None:
        return ViewsRecord()
    look, wish = viewer.selection, window.table.view.table_model.arranger.wish
    sort, group = wish.sort, wish.group
    return ViewsRecord(
        *(look.scale, look.form, look.layer_form),
        browser_tab=window.browser.tabs.currentIndex(),
        sample_tab=furniture.sample.tabs.currentIndex() if furniture.sample is not None else 0,
        shade=next((name for name in TABLE_SHADES if actions[name].isChecked()), ""),
        network_units=actions["network_units"].isChecked(),
        statistics=actions["statistics"].isChecked(),
        rows=SortRecord(
            *(sort.kind.value if sort else "", sort.number if sort else 0, wish.descending, wish.filter),
            *(group.kind.value if group else "", group.number if group else 0),
        ),
    )


def put_back(window: Window, views: ViewsRecord) -> None:
    """Look at it as then; what there is not any more, such as a column, is left as it is."""
    actions, viewer, furniture = window.actions_, window.viewer, window.furniture
    if viewer is None or furniture is None or window.table is None:
        return
    viewer.look(scale=views.scale, form=views.form, layer_form=views.layer_form)
    if 0 <= views.browser_tab < window.browser.tabs.count():
        window.browser.tabs.setCurrentIndex(views.browser_tab)
    sample = furniture.sample
    if sample is not None and 0 <= views.sample_tab < sample.tabs.count():
        sample.tabs.setCurrentIndex(views.sample_tab)
    for name in TABLE_SHADES:
        if actions[name].isChecked() != (name == views.shade):
            actions[name].trigger()
    for name in ("network_units", "statistics"):
        if actions[name].isChecked() != getattr(views, name):
            actions[name].trigger()
    _sort(window, views.rows)


def _sort(window: Window, rows: SortRecord) -> None:
    from lrp_gui.table.order import Wish

    arranger = window.table.view.table_model.arranger
    arranger.want(
        Wish(
            *(_column(window, rows.kind, rows.number), rows.descending and bool(rows.kind), rows.filter),
            group=_column(window, rows.group, rows.group_number),
        )
    )
    window.table.filter.box.setText(rows.filter)


def _column(window: Window, kind: str, number: int) -> Column | None:
    from lrp_gui.table.columns import Column, Kind

    table = window.document.table
    if not kind or table is None or kind not in {one.value for one in Kind}:
        return None
    most = {Kind.FEATURE: len(table.features), Kind.EXTRA: len(table.extras)}.get(Kind(kind), 1)
    return Column(Kind(kind), number) if 0 <= number < most else None
