"""All benchmarks: `python -m tests.benchmarks`. They print ratios and never fail by what they find."""

import subprocess
import sys

# Each in a process of its own: what one of them leaves behind slows the other's smallest networks down.
for name in ("window", "engine"):
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=True)
