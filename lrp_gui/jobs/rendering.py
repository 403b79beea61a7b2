"""The same jobs without a thread, for pictures without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.document.files import REFUSED
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.opening import features_of
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.document.results import SampleResult


def explain_rows(
    path: str,
    table: str | None,
    rows: slice,
    target: str,
    composite: str,
    *,
    architecture: str = "",
    trust: bool = False,
) -> tuple[list[tuple[SampleRequest, SampleResult]], list[str], Callable[[SampleRequest, str], Any]]:
    """Explain rows of a table; without one, of the table that lies beside the network.

    Parameters
    ----------
    architecture
        What connects the tensors of a file that does not say: an architecture, another file's graph, a program.
    trust
        Whether a program in these files may run.

    Returns
    -------
    What was asked and what came for each row that can be explained; a sentence for each that cannot; and what gives,
    for one that can, what views ask for besides, by kind.

    Raises
    ------
    lrp_engine.LrpError
        If the file, the table or the target cannot be used.
    """
    from lrp_engine.errors import FormatError

    engine = Engine()
    browsed = run_now(engine.browse([path], architecture, trust=trust))
    if browsed.file.status == REFUSED:
        raise FormatError(browsed.file.need)
    opened = run_now(engine.open(browsed.source, table or ""))
    if opened.problem:
        raise FormatError(opened.problem)
    if opened.table is None:
        raise FormatError(f"There is no table beside {path} that fits it; name one with --data.")
    values = opened.table.values
    chosen = range(len(values))[rows]
    if not chosen:
        raise FormatError(f"{opened.table.path} has {len(values)} rows, so there are none at {rows.start}.")
    features = features_of(opened.network)
    results, skipped = [], []
    for row in chosen:
        bad = [features[column].name for column in np.flatnonzero(~np.isfinite(values[row]))]
        if bad:
            skipped.append(f"Sample {row + 1} is not explained: {', '.join(bad)} is no finite number.")
            continue
        request = SampleRequest(opened.network, row, str(row + 1), values[row], target, composite)
        results.append((request, run_now(engine.explain_sample(request))))
    return results, skipped, lambda request, kind: run_now(engine.more(kind, request))
