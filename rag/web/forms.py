"""The page's templates. Every value is escaped where it is printed; an unknown one is an error."""

from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from rag.errors import RagError, UsageError
from rag.types import Reader
from rag.web.rules import may

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page(file: str, /, *, here: str, reader: Reader, status: int = 200, **values: Any) -> HTMLResponse:
    """The page as an answer, with no more than ``reader`` may do; ``here``: the room that the menu marks."""
    return HTMLResponse(rendered(file, here=here, reader=reader, **values), status_code=status)


def sentence_of(error: RagError) -> str:
    """What a person is told of it."""
    said = str(error)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def same_twice(password: str, again: str) -> str:
    """The password. Raises UsageError where it was not typed twice."""
    if password != again:
        raise UsageError("the two passwords are not the same; type it twice")
    return password


def rendered(file: str, /, *, reader: Reader, **values: Any) -> str:
    """The page as text; ``may("POST /reports")`` in it tells whether its reader has that route."""
    return _environment().get_template(file).render(reader=reader, may=partial(may, reader), **values)
