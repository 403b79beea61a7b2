"""The graph of operations: groups by module path, opened in place, and all nodes as a table."""
