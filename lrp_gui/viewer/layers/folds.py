"""What somebody opened and closed of the graph."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folds:
    """What somebody opened or closed, beside what stands open by itself. A layer that is opened shows its channels."""

    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()

    def toggled(self, part: str, open_now: bool) -> Folds:
        """The other way round for one part."""
        if open_now:
            return Folds(self.opened - {part}, self.closed | {part})
        if channel_of(part)[1] >= 0:  # one channel at a time
            return Folds(frozenset(one for one in self.opened if channel_of(one)[1] < 0) | {part}, self.closed - {part})
        return Folds(self.opened | {part}, self.closed - {part})

    @property
    def channel(self) -> tuple[str, int]:
        """Layer and number of the channel that stands open; "" and -1 where none does."""
        return next((found for found in map(channel_of, sorted(self.opened - self.closed)) if found[1] >= 0), ("", -1))


def channel_id(layer: str, channel: int) -> str:
    """What stands for one opened channel among the opened parts."""
    return f"{layer}#{channel}"


def channel_of(part: str) -> tuple[str, int]:
    """Layer and channel of such an id; -1 for any other part."""
    layer, mark, number = part.rpartition("#")
    return (layer, int(number)) if mark and number.isdigit() else (part, -1)
