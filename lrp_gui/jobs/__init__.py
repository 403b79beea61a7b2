"""The worker thread: one queue for everything that takes longer than a frame."""
