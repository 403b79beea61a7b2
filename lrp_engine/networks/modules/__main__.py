"""`python -m lrp_engine.networks.modules` prints the table of layer types for the documentation."""

from . import table_of_types

print(table_of_types())
