"""What every test stands on: no screen, unless a test brings its own."""

from __future__ import annotations

import os

# Before anything imports Qt. The e2e tests run the program in a process of its own, on a screen of its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
