"""The chosen sample: its inputs as what they are, what-if, sweeps, and what it is compared with."""
