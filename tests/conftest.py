"""What every test stands on: no screen, unless a test brings its own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from hypothesis import HealthCheck, settings

# Before anything imports Qt. The e2e tests run the program in a process of its own, on a screen of its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["LANGUAGE"] = "en"  # whatever the desktop's language is: tests read the texts as they stand in the code
# Networks that are kept are kept for this run only; processes that the tests start share them.
if "LRP_CACHE" not in os.environ:
    os.environ["LRP_CACHE"] = tempfile.mkdtemp(prefix="lrp-kept-")
    atexit.register(shutil.rmtree, os.environ["LRP_CACHE"], ignore_errors=True)
# How fast a busy machine makes up examples says nothing of the program.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
