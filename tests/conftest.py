"""What every test stands on: no screen unless a test brings one, and marks that are known."""

from __future__ import annotations

import os

# Before anything imports Qt. The e2e tests run the program in a process of its own, on a screen of its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyside6")


def pytest_configure(config):
    config.addinivalue_line("markers", "xvfb: drives the real window on an X server (started when there is none)")
