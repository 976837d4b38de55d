"""What the fields of a dataclass mean: the texts that stand below them in the source."""

import ast
import inspect
import textwrap
from dataclasses import fields
from typing import Any


def field_help(noun: type[Any]) -> dict[str, str]:
    """Field -> its text on one line, in the order of the fields; fields without a text are left out."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(noun))).body
    assert isinstance(body, ast.ClassDef)
    told = {
        before.target.id: " ".join(after.value.value.split())
        for before, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }
    return {field.name: told[field.name] for field in fields(noun) if field.name in told}
