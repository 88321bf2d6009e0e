"""The version of this program, which every artifact names."""

__version__ = "0.1.0"
