"""From files that hold a program to graphs: `.pt2`, TorchScript, pickled models."""
