"""Weight files and tables as data. Nothing of a file is run, and torch is never imported here."""

from .formats import FORMATS, open_weights
from .pt2 import Pt2Archive, read_pt2
from .tensors import TensorInfo
from .weightfile import Branch, FileNode, WeightFile

__all__ = ["FORMATS", "Branch", "FileNode", "Pt2Archive", "TensorInfo", "WeightFile", "open_weights", "read_pt2"]
