"""Small networks run faster on one thread, and as fast beside other tests; tracing them makes many objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="package", autouse=True)
def seldom_collected() -> Iterator[None]:
    """An eighth of the time of an export goes into looking for garbage after every 700 objects."""
    usual = gc.get_threshold()
    gc.set_threshold(20_000, 20, 20)
    yield
    gc.set_threshold(*usual)
