"""What changed in the table, as news for whoever writes it down: enough to do the same to another copy of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.table_blocks import Patch, RowBlock, Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Cells and names, in this order."""

    patches: Sequence[Patch]


@dataclass(frozen=True, slots=True, eq=False)
class Came:
    """Samples, which stand at these rows now."""

    rows: np.ndarray
    block: RowBlock


@dataclass(frozen=True, slots=True, eq=False)
class Went:
    """The samples that stood at these rows."""

    rows: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """For each feature the column whose data it got."""

    order: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class PutBack:
    """Columns as they were before."""

    snapshot: Snapshot


Change = Written | Came | Went | Assigned | PutBack
