"""Writes docs/report.schema.json anew from the types of a report."""

import json
from pathlib import Path

from rag.report.schema import json_schema

TARGET = Path(__file__).resolve().parent.parent / "docs" / "report.schema.json"

if __name__ == "__main__":
    TARGET.write_text(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
