"""All benchmarks: `python -m tests.benchmarks`. They print ratios and never fail by what they find."""

from . import engine, window

window.main()
engine.main()
