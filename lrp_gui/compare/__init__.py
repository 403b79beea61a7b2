"""Two explanations side by side, what sets them apart, and where: a window of its own."""
