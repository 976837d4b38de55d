"""Files to documents. ``ReaderPool`` reads in limited child processes; nothing else should meet a file from outside."""

from rag.readers.formats import SUFFIXES, read_file
from rag.readers.ocr import Ocr, tesseract
from rag.readers.pool import ReaderPool

READER_VERSION = "11"
"""A change means that every document is read again."""

__all__ = ["READER_VERSION", "SUFFIXES", "Ocr", "ReaderPool", "read_file", "tesseract"]
