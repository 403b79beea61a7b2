"""What the program is doing and has done: the jobs of the worker, and the log."""
