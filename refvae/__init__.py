"""The mathematics of autoencoders in NumPy, every gradient written by hand and every equation checked."""

__version__ = "0.1.0"
