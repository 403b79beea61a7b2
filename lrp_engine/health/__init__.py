"""What may be wrong with a network: its weights as they lie in the file, and its units on the samples of a table."""

from .findings import DOUBTFUL, KINDS, REMARK, SERIOUS, SEVERITIES, Finding, Kind

__all__ = ["DOUBTFUL", "KINDS", "REMARK", "SERIOUS", "SEVERITIES", "Finding", "Kind"]
