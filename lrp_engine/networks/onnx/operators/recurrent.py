"""To come."""

OPERATORS: dict = {}
