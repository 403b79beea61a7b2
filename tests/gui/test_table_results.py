"""The results that stand beside the table's rows: which are due, and what of a large table is kept."""

from __future__ import annotations

import math

import numpy as np

from lrp_gui.document import explaining, scores
from lrp_gui.document.document import Document
from lrp_gui.document.due import PIECE, Due
from lrp_gui.document.results import TableResult
from lrp_gui.document.table_moved import rows_before
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.queue import JobQueue


def test_a_pool_never_mixes_up_its_rows(qapp):
    rng = np.random.default_rng(1)
    truth = np.full((60, 2), np.nan, dtype=np.float32)
    pool = scores.Pool(60, 2, 17)
    for step in range(400):
        rows_ = rng.permutation(len(truth))[: rng.integers(1, 25)]
        if step % 7 == 3:
            pool.forget(rows_)
            truth[rows_] = np.nan
        elif step % 11 == 5:
            before = np.where(rng.random(len(truth)) < 0.1, -1, rng.permutation(len(truth)))
            pool, truth = pool.moved(before), np.where((before >= 0)[:, None], truth[before], np.nan).astype(np.float32)
        else:
            block = rng.normal(size=(len(rows_), 2)).astype(np.float32)
            seen = bool(step % 2)
            pool.put(rows_, block, seen=seen)
            truth[rows_] = block
            assert not seen or pool.kept(rows_[-10:]).all()
        kept = pool.kept(np.arange(len(truth)))
        assert kept.sum() <= 17
        assert np.array_equal(pool[np.flatnonzero(kept)], truth[kept])
        assert np.isnan(pool[np.flatnonzero(~kept)]).all()
        assert np.array_equal(pool[:, 1], pool[np.arange(len(truth))][:, 1], equal_nan=True)


def test_a_table_that_is_too_large_keeps_the_results_that_are_seen(qapp):
    known = scores.blank(1000, 2, 10, budget=300 * 40)
    assert "300 are kept" in known.partial
    everything = TableResult(
        np.arange(1000), np.zeros((1000, 2)), np.arange(1000.0), np.tile(np.arange(1000.0)[:, None], (1, 10))
    )
    known = scores.put(known, everything, seen=False)
    assert np.isnan(known.relevance[999]).all()
    assert len(scores.wanting(known, np.arange(990, 1000))) == 10
    part = TableResult(np.arange(990, 1000), np.zeros((10, 2)), np.arange(990.0, 1000.0), np.full((10, 10), 7.0))
    known = scores.put(known, part, seen=True)
    assert known.relevance[995, 3] == 7.0
    assert known.relevance[[995, 0]].shape == (2, 10)
    assert not len(scores.wanting(known, np.arange(990, 1000)))
    known = scores.moved(known, np.delete(np.arange(1000), [0, 500]))
    assert known.relevance[993, 3] == 7.0
    assert known.relevance.shape == (998, 10)
    scores.forget(known, np.array([993]))
    assert math.isnan(known.relevance[993, 3])
    assert len(known.relevance[:, 3]) == 998


def test_rows_that_are_due_follow_their_table():
    rng = np.random.default_rng(2)
    truth, due = np.ones(300, dtype=bool), Due(300)
    for _step in range(600):
        size, at = len(truth), int(rng.integers(len(truth)))
        rows_ = np.sort(rng.permutation(size)[: rng.integers(0, 20)])
        kind = rng.integers(6)
        if kind == 0:
            due.mark(rows_)
            truth[rows_] = True
        elif kind == 1:
            due.inserted(at, 3)
            truth = np.insert(truth, [at] * 3, [True] * 3)
        elif kind == 2 and size > 50:
            due.removed(at, min(4, size - at))
            truth = np.delete(truth, np.s_[at : at + 4])
        elif kind == 3:
            before = np.where(rng.random(size) < 0.1, -1, rng.permutation(size))
            due.moved(before)
            truth = (before < 0) | truth[before]
        else:
            rows_ = due.next(int(rng.integers(1, 30)))
            due.finish(rows_)
            truth[rows_] = False
        assert due.count == truth.sum()
        assert np.array_equal(due.next(10), np.flatnonzero(truth)[:10])
        assert np.array_equal(due.among(np.arange(len(truth))), truth)


class Counted(np.ndarray):
    """An array that tells how many of its rows were asked for."""

    asked = 0

    def __getitem__(self, key):
        found = super().__getitem__(key)
        Counted.asked += np.size(found)
        return np.asarray(found)


def test_the_next_rows_of_a_large_table_are_found_without_looking_at_all():
    due = Due(100 * PIECE)
    due._done = due._done.view(Counted)
    Counted.asked = 0
    for _part in range(40):
        due.finish(due.next(PIECE // 2))
    # Each part looks at the piece in which it begins, at the next, and at its own rows.
    assert Counted.asked <= 40 * 3 * PIECE
    assert due.count == 80 * PIECE
    rows_, end = due.scan(0, PIECE, reach=5 * PIECE)
    assert (len(rows_), end) == (0, 5 * PIECE)
    rows_, end = due.scan(0, 10)
    assert (rows_.tolist(), end) == (list(range(20 * PIECE, 20 * PIECE + 10)), 20 * PIECE + 10)


def test_results_follow_rows_that_come_and_go_in_one_place(qapp):
    for budget in (0, 300 * 40):  # arrays, and pools
        known = scores.blank(1000, 2, 10, budget=budget)
        everything = TableResult(
            np.arange(1000), np.zeros((1000, 2)), np.arange(1000.0), np.tile(np.arange(1000.0)[:, None], (1, 10))
        )
        known = scores.put(known, everything)
        known.refused.update({5: "no", 990: "never"})
        known = scores.came(known, 980, 4)
        assert known.refused == {5: "no", 994: "never"}
        assert len(known.rows) == len(known.outputs) == len(known.relevance) == 1004
        assert np.isnan(known.relevance[980:984]).all()
        assert np.isnan(known.explained[980:984]).all()
        assert known.relevance[[979, 984, 1003], 3].tolist() == [979, 980, 999]
        known = scores.went(known, 978, 8)
        assert known.relevance[[977, 978, 995], 0].tolist() == [977, 982, 999]
        assert known.explained[[977, 978, 995]].tolist() == [977, 982, 999]
        assert known.refused == {5: "no", 986: "never"}
        known = scores.put(known, TableResult(np.arange(2), np.zeros((2, 2)), np.zeros(2), np.full((2, 10), 3.0)))
        assert known.relevance[1, 0] == 3
        assert known.relevance[995, 0] == 999
        known = scores.went(known, 0, 996)
        assert len(known.rows) == len(known.relevance) == 0


def test_old_results_of_a_large_table_are_blanked_in_several_turns(qapp, monkeypatch):
    document, jobs = Document(), JobQueue()
    explainer = explaining.Explainer(document, jobs, Engine())
    known = scores.blank(1000, 1, 2)
    rows_ = np.arange(1000)
    known = scores.put(known, TableResult(rows_, np.zeros((1000, 1)), rows_ * 1.0, np.zeros((1000, 2)), {}))
    document.table_result = known
    explainer._due = Due(1000)
    monkeypatch.setattr(explaining, "BLANK_AT_ONCE", 300)
    left = []
    for _turn in range(5):
        explainer._blank_due()
        left.append(int(np.count_nonzero(~np.isnan(known.explained))))
    jobs.close()
    assert left == [700, 400, 100, 0, 0]


def test_results_stay_with_their_rows_whatever_comes_and_goes(qapp):
    rng = np.random.default_rng(3)
    for budget in (0, 40 * 40):  # arrays, and pools that keep 256 rows
        known, truth = scores.blank(300, 1, 10, budget=budget), np.arange(300.0)
        block = np.arange(300.0)
        known = scores.put(known, TableResult(np.arange(300), block[:, None], block, np.tile(block[:, None], (1, 10))))
        for step in range(120):
            size, count = len(truth), int(rng.integers(1, 6))
            if step % 4 == 0:
                at = int(rng.integers(size))
                known, truth = scores.came(known, at, count), np.insert(truth, [at] * count, np.nan)
            elif step % 4 == 1:
                known, truth = scores.went(known, 3, count), np.delete(truth, np.s_[3 : 3 + count])
            else:
                coming = step % 4 == 2
                rows_ = np.sort(rng.permutation(size)[:count])
                before = rows_before(rows_, size + count if coming else size - count, coming=coming)
                known = scores.moved(known, before)
                truth = np.where(before < 0, np.nan, truth[before])
            assert np.array_equal(known.explained, truth, equal_nan=True)
            assert np.array_equal(known.outputs[:, 0], truth.astype(np.float32), equal_nan=True)
            assert known.rows.tolist() == list(range(len(truth)))
            kept = known.relevance.kept(known.rows) if budget else np.ones(len(truth), dtype=bool)
            assert np.array_equal(known.relevance[:, 9][kept], truth[kept].astype(np.float32), equal_nan=True)
