"""Numbers that are made: random ones within what the data show, noise, and what fills down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrp_gui.document.table import InputTable
from lrp_gui.document.table_blocks import TEXT, Numbers, Patch, RowBlock, Words

# How random numbers are drawn.
RANGE, NORMAL = "range", "normal"


def random_values(table: InputTable, columns: np.ndarray, count: int, how: str, seed: int) -> np.ndarray:
    """(count, columns) of numbers drawn for features.

    Parameters
    ----------
    table
        Whose data's range is kept to; where it has none, the features' own.
    columns
        Which features.
    count
        How many samples.
    how
        `RANGE`: evenly between the least and the largest value. `NORMAL`: by mean and scale of the feature; where it
        has none of its own, by those of the data.
    seed
        The same one draws the same numbers.
    """
    generator = np.random.default_rng(seed)
    found = np.empty((count, len(columns)))
    for place, column in enumerate(columns.tolist()):
        feature = table.features[column]
        if feature.categories:
            found[:, place] = generator.choice([value for value, _name in feature.categories], count)
            continue
        if how == NORMAL:
            mean, scale = centre(table, column)
            drawn = generator.normal(mean, scale, count)
        else:
            low, high = bounds(table, column)
            drawn = generator.uniform(low, high, count)
        drawn = np.clip(drawn, feature.low, feature.high)
        found[:, place] = np.round(drawn) if feature.integer else drawn
    return found


def noisy(table: InputTable, rows: np.ndarray, columns: np.ndarray, amount: float, seed: int) -> np.ndarray:
    """(rows, columns) of what stands there with noise on it, normal, `amount` times each feature's scale wide.

    Cells without a number stay without one, and categories as they are.
    """
    generator = np.random.default_rng(seed)
    widths = np.array([centre(table, column)[1] for column in columns.tolist()])
    noise = generator.normal(0.0, amount, (len(rows), len(columns))) * widths
    found = table.values[np.ix_(rows, columns)] + noise
    for place, column in enumerate(columns.tolist()):
        feature = table.features[column]
        if feature.categories:  # there is nothing between them
            found[:, place] = table.values[rows, column]
        elif feature.integer:
            found[:, place] = np.round(found[:, place])
    return found


def randomised(table: InputTable, rows: np.ndarray, columns: np.ndarray, how: str, seed: int) -> list[Patch]:
    """Random numbers for a block of features."""
    return [Numbers(rows, columns, random_values(table, columns, len(rows), how, seed))]


def made_noisy(table: InputTable, rows: np.ndarray, columns: np.ndarray, amount: float, seed: int) -> list[Patch]:
    """Noise on a block of features; texts stay."""
    return [Numbers(rows, columns, noisy(table, rows, columns, amount, seed), table.texts_in(rows, columns))]


def random_rows(table: InputTable, count: int, how: str, seed: int, name: str) -> RowBlock:
    """New samples of random values."""
    values = random_values(table, np.arange(len(table.features)), count, how, seed)
    return table.new_block(values, table.names.free(name, count))


def constant_rows(table: InputTable, count: int, value: float, name: str) -> RowBlock:
    """New samples whose features have all the same value."""
    return table.new_block(np.full((count, len(table.features)), value), table.names.free(name, count))


def duplicates(table: InputTable, rows: np.ndarray, title: str) -> RowBlock:
    """Copies of samples; `title` with {name} is what they are called."""
    names = table.names.free_each([title.format(name=table.names[row]) for row in rows.tolist()])
    extras = [column.cells[rows].copy() for column in table.extras]
    texts = table.texts_in(rows, np.arange(len(table.features)))
    return table.new_block(table.values[rows], names, extras, texts)


def bounds(table: InputTable, column: int) -> tuple[float, float]:
    """The least and the largest value of a feature: of the data, else as expected, else around its mean."""
    feature, values = table.features[column], table.values[:, column]
    known = values[np.isfinite(values)]
    if known.size and known.min() < known.max():
        return float(known.min()), float(known.max())
    low = feature.low if np.isfinite(feature.low) else feature.mean - abs(feature.scale)
    high = feature.high if np.isfinite(feature.high) else feature.mean + abs(feature.scale)
    return low, max(low, high)


def centre(table: InputTable, column: int) -> tuple[float, float]:
    """Mean and scale of a feature; of the data where the network takes the table's values as they are."""
    feature = table.features[column]
    if (feature.mean, feature.scale) != (0.0, 1.0):
        return feature.mean, abs(feature.scale)
    values = table.values[:, column]
    known = values[np.isfinite(values)]
    spread = float(known.std()) if known.size > 1 else 0.0
    return (float(known.mean()), spread) if spread else (feature.mean, feature.scale)


def filled(table: InputTable, rows: np.ndarray, columns: np.ndarray, text: str) -> list[Patch]:
    """The same text for a block; `columns` of the table, extra columns among them."""
    features, extras = split(table, columns)
    patches: list[Patch] = []
    cells = [table.read(column, text) for column in features.tolist()]
    if cells:
        values = np.broadcast_to(np.array([value for value, _texts in cells]), (len(rows), len(features)))
        texts = {(row, place): text for place, (_value, found) in enumerate(cells) if found for row in range(len(rows))}
        patches.append(Numbers(rows, features, values, texts))
    patches += [Words(rows, extra, [text] * len(rows), len(table.features)) for extra in extras.tolist()]
    return patches


def filled_down(table: InputTable, rows: np.ndarray, columns: np.ndarray) -> list[Patch]:
    """What stands in the first of these rows, for the others."""
    first, others = int(rows[0]), rows[1:]
    features, extras = split(table, columns)
    patches: list[Patch] = []
    if not len(others):
        return patches
    if len(features):
        values = np.broadcast_to(table.values[first, features], (len(others), len(features)))
        top = {
            place: text for place, column in enumerate(features.tolist()) if (text := table.typed_text(first, column))
        }
        texts = {(row, place): text for place, text in top.items() for row in range(len(others))}
        patches.append(Numbers(others, features, values, texts))
    patches += [
        Words(others, extra, [table.extras[extra].texts[first]] * len(others), len(table.features))
        for extra in extras.tolist()
    ]
    return patches


def written(table: InputTable, cells: Sequence[tuple[int, int, str]]) -> list[Patch]:
    """Texts for single cells, in as few blocks as they make."""
    by_row: dict[int, dict[int, str]] = {}
    for row, column, text in cells:
        by_row.setdefault(row, {})[column] = text
    by_columns: dict[tuple[int, ...], list[int]] = {}
    for row, found in by_row.items():
        by_columns.setdefault(tuple(sorted(found)), []).append(row)
    patches: list[Patch] = []
    for columns, rows in by_columns.items():
        grid = [[by_row[row][column] for column in columns] for row in rows]
        patches += block(table, np.array(rows), np.array(columns), grid)
    return patches


def block(table: InputTable, rows: np.ndarray, columns: np.ndarray, grid: Sequence[Sequence[str]]) -> list[Patch]:
    """A block of texts; `columns` of the table, extra columns among them."""
    count = len(table.features)
    places = np.flatnonzero(columns < count)
    values, texts = np.empty((len(rows), len(places))), dict[tuple[int, int], str]()
    for place, source in enumerate(places.tolist()):
        column = int(columns[source])
        for row, line in enumerate(grid):
            value, found = table.read(column, line[source])
            values[row, place] = value
            if found:
                texts[row, place] = line[source]
    patches: list[Patch] = [Numbers(rows, columns[places], values, texts)] if len(places) else []
    patches += [
        Words(rows, int(columns[source]) - count, [line[source] for line in grid], count)
        for source in np.flatnonzero(columns >= count).tolist()
    ]
    return patches


def size_of(table: InputTable, rows: np.ndarray, columns: np.ndarray, *, texts: bool = False) -> int:
    """About how many numbers it is worth to write into a block; `texts`: what is written into features is text."""
    features, extras = split(table, columns)
    return len(rows) * (len(features) * (TEXT if texts else 1) + len(extras) * TEXT)


def is_text(table: InputTable, columns: np.ndarray, text: str) -> bool:
    """Whether it is no number to a feature among these columns."""
    return any(table.read(column, text)[1] for column in split(table, columns)[0].tolist())


def split(table: InputTable, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the table as features, and as numbers of extra columns."""
    count = len(table.features)
    return columns[columns < count], columns[columns >= count] - count
