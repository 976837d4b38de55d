"""Cited market-trends reports from a folder of internal research.

Importing this package loads no model, no vendor library and touches no file.
"""

__version__ = "0.1.0"
