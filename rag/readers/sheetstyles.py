"""The styles of a workbook by the little that is read of them, for those that openpyxl refuses: a style without a name, an attribute of
another program's own, fonts in two dialects."""

import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rag.readers.drawings import parsed

if TYPE_CHECKING:
    from lxml.etree import _Element

PART = "xl/styles.xml"
_SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


class PlainStyles(zipfile.ZipFile):
    """A workbook's archive in which its styles are number formats, fonts that cross out or do not, and what cells take of these."""

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """A part."""
        data = super().read(name, pwd)
        return _plain(data) if name == PART else data


def are_refused(file: Any) -> bool:
    """Whether openpyxl cannot follow a workbook's styles. Raises what it raises for an archive that is none."""
    from openpyxl.styles.stylesheet import Stylesheet
    from openpyxl.xml.functions import fromstring

    with zipfile.ZipFile(file) as archive:
        if PART not in archive.namelist():
            return False
        data = archive.read(PART)
    try:
        Stylesheet.from_tree(fromstring(data))
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):
        return True
    return False


def _plain(data: bytes) -> bytes:
    from lxml import etree

    styles = parsed(data)
    root = etree.Element(f"{{{_SPACE}}}styleSheet")
    formats = _below(root, "numFmts")
    for one in _named(styles, "numFmts", "numFmt"):
        _below(formats, "numFmt", numFmtId=one.get("numFmtId") or "0", formatCode=one.get("formatCode") or "General")
    fonts = _below(root, "fonts")
    for one in _named(styles, "fonts", "font"):
        struck = any(_name(part) == "strike" and part.get("val", "1") not in ("0", "false") for part in one)
        _below(_below(fonts, "font"), "strike", val=str(int(struck)))
    for name in ("fills", "borders", "cellStyleXfs"):
        _below(root, name)
    cells = _below(root, "cellXfs")
    for one in _named(styles, "cellXfs", "xf"):
        font = int(one.get("fontId") or 0)
        _below(cells, "xf", numFmtId=one.get("numFmtId") or "0", fontId=str(font if font < len(fonts) else 0))
    return etree.tostring(root)


def _named(styles: "_Element", room: str, name: str) -> Iterator["_Element"]:
    """The elements of that name in a part of the styles. Of two dialects the one that every program knows."""
    for part in (part for part in styles if _name(part) == room):
        for one in part:
            chosen = next((way for way in one if _name(way) == "Fallback"), one) if _name(one) == "AlternateContent" else (one,)
            yield from (element for element in chosen if _name(element) == name)


def _below(element: "_Element", name: str, **attributes: str) -> "_Element":
    from lxml import etree

    return etree.SubElement(element, f"{{{_SPACE}}}{name}", attributes)


def _name(element: "_Element") -> str:
    """Without its space; empty for a comment."""
    from lxml import etree

    return etree.QName(element).localname if isinstance(element.tag, str) else ""
