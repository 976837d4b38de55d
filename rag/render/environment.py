"""The front door of templates/: one dataclass goes in, text comes out, and the two are checked against each other.

Every value a template prints is escaped for its markup as it is printed, in a template of the workspace too. Templates run in
Jinja's sandbox, see nothing but dicts, lists, strings, whole numbers and booleans, and have no source of chance.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError, Undefined, meta
from jinja2 import TemplateError as JinjaError
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from rag.assets import find, shipped
from rag.errors import TemplateError, UsageError
from rag.render.context import SHORT, MarketTrends
from rag.render.markdown import escape as escape_markdown
from rag.render.typst import escape as escape_typst
from rag.render.typst import has_right_to_left, number, runs_right_to_left

FULL = "market_trends"
"""The template that prints all there is; its parts are at hand in every other one."""

_ESCAPES = {"md": escape_markdown, "typ": escape_typst}
"""Markup -> how a value is printed in it; in HTML and XML as autoescape does."""


_KEPT = 256
"""Texts of templates whose names are remembered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Uses:
    """What one file of a template needs."""

    variables: frozenset[str]
    """Names that it does not set itself, Jinja's own among them."""
    files: tuple[str | None, ...]
    """What it includes, imports or extends; None for a name that it computes."""


class Named(StrictUndefined):
    """What a template asked for and is not there, said with the names of what is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        message = super()._undefined_message
        there = sorted(self._undefined_obj) if isinstance(self._undefined_obj, dict) else []
        return f"no field {self._undefined_name!r} here; there is: {', '.join(map(str, there))}" if there else message


def fill(values: MarketTrends, *, template: str, file: str, markup: str, workspace: Path | None = None) -> str:
    """The template's text with the values in. Raises UsageError for an unknown template, TemplateError where the two do not fit."""
    home(template, file, workspace=workspace)
    environment = sandbox(markup, folders=folders(template, workspace=workspace))
    with translated(template, file):
        check(list(_used(environment, template, file, markup=markup)), template=template, file=file, known=set(environment.globals))
        return environment.get_template(file).render(plain(values))


def fill_part(name: str, values: dict[str, Any], *, template: str, markup: str, workspace: Path | None = None) -> str:
    """The text of one part of a template, such as a chart. Raises as ``fill`` does."""
    with translated(template, name):
        return sandbox(markup, folders=folders(template, workspace=workspace)).get_template(name).render(values)


def plain(values: MarketTrends) -> dict[str, Any]:
    """The values as a template sees them."""
    return {field.name: getattr(values, field.name) for field in fields(values)}


def folders(template: str, *, workspace: Path | None) -> list[Path]:
    """Where a template's files are looked for: the workspace's own first, then the ones that ship, then the full report's parts."""
    full = [find("templates", FULL, workspace=workspace), shipped("templates") / FULL]
    places = [find("templates", template, workspace=workspace), shipped("templates") / template, *full]
    return [folder for folder in dict.fromkeys(places) if folder.is_dir()]


def home(template: str, file: str, *, workspace: Path | None) -> Path:
    """The file a template begins with; never another template's. Raises UsageError for a template that has no such file."""
    own = dict.fromkeys((find("templates", template, workspace=workspace), shipped("templates") / template))
    for folder in own:
        if (folder / file).is_file():
            return folder / file
    there = sorted({path.name for folder in own if folder.is_dir() for path in folder.glob("report.*")})
    raise UsageError(
        f"template {template} has no file {file!r}; it has {', '.join(there) or 'none to begin with'}: make one, or leave this format out"
    )


def sandbox(markup: str, *, folders: Sequence[Path] = ()) -> ImmutableSandboxedEnvironment:
    """Jinja that escapes all it prints for the markup, refuses what is not there, and runs nothing of the data."""
    escape = _ESCAPES.get(markup)
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,  # by name it would not be: select_autoescape() does not know report.html.j2
        undefined=Named,
        finalize=_finalizer(escape) if escape else None,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_compiled(markup),
    )
    environment.filters |= {"css_string": css_string, "number": number, "policy_hash": policy_hash}
    environment.tests |= {"right_to_left": runs_right_to_left, "with_right_to_left": has_right_to_left}
    del environment.globals["lipsum"], environment.filters["random"]
    return environment


class _Compiled(BytecodeCache):
    """The templates of this process, compiled: most of what a page costs. A file that changed is compiled again."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key] = (bucket.checksum, bucket.code)


@cache
def _compiled(markup: str) -> _Compiled:
    """One for each markup: how a value is escaped is part of the code."""
    return _Compiled()


def _finalizer(escape: Callable[[str], str]) -> Callable[[Any], Any]:
    """Every printed value of a template; what is already markup (a macro's text) stays."""

    def printed(value: Any) -> Any:
        if isinstance(value, Markup):
            return value
        if isinstance(value, Undefined):
            return str(value)  # which says what is missing
        return Markup(escape(str(value)))

    return printed


def css_string(text: str) -> Markup:
    """The text as a CSS string in quotes; anything but ASCII letters, digits and spaces as an escape, so that nothing can end it."""
    letters = (
        character if character.isascii() and (character.isalnum() or character == " ") else f"\\{ord(character):x} " for character in text
    )
    return Markup('"{}"').format(Markup("".join(letters)))


def policy_hash(script: str) -> Markup:
    """What a Content-Security-Policy calls an inline script: no other may run."""
    return Markup("'sha256-{}'").format(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode())


def check(used: Sequence[tuple[str, Uses]], *, template: str, file: str, known: set[str]) -> None:
    """The variables a template and the files it includes use: all known, none of the required ones left out."""
    fields_there = sorted(field.name for field in fields(MarketTrends))
    where: dict[str, str] = {}
    for name, uses in used:
        where |= dict.fromkeys(sorted(uses.variables - known), name)
    there_is = f"there is: {', '.join(fields_there)}"
    for variable, name in where.items():
        if variable not in fields_there:
            raise TemplateError(f"template {template}/{name} asks for {variable!r}, which a report does not have; {there_is}")
    for variable in required(template):
        if variable not in where:
            raise TemplateError(f"template {template}/{file} leaves out {variable!r}, which every report must print; {there_is}")


def required(template: str) -> tuple[str, ...]:
    """The fields a template must print: the full report all without a default, a short form those that keep it honest."""
    if template == FULL:
        return tuple(field.name for field in fields(MarketTrends) if field.default is MISSING and field.default_factory is MISSING)
    return SHORT


@lru_cache(maxsize=_KEPT)
def uses(text: str, *, name: str | None, markup: str, filters: tuple[str, ...] = ()) -> Uses:
    """What a template's text needs; ``filters`` are those that its markup alone does not bring. Raises TemplateSyntaxError."""
    environment = sandbox(markup)
    environment.filters |= dict.fromkeys(filters, str)
    tree = environment.parse(text, name=name)
    return Uses(variables=frozenset(meta.find_undeclared_variables(tree)), files=tuple(meta.find_referenced_templates(tree)))


def _used(environment: ImmutableSandboxedEnvironment, template: str, file: str, *, markup: str) -> Iterator[tuple[str, Uses]]:
    """The file and all that it includes, imports or extends, by name."""
    waiting, seen = [file], set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        assert environment.loader is not None
        found = uses(environment.loader.get_source(environment, name)[0], name=name, markup=markup)
        yield name, found
        for other in found.files:
            if other is None:
                raise TemplateError(f"template {template}/{name} includes a file whose name it computes; write the name out")
            if other not in seen and other not in waiting:
                waiting.append(other)


@contextmanager
def translated(template: str, file: str) -> Iterator[None]:
    """Jinja's errors as ours, with the file and line in the template."""
    try:
        yield
    except TemplateNotFound as error:
        raise TemplateError(
            f"template {template} has no file {error.name!r}; make one, or remove the folder to use the one that ships"
        ) from error
    except TemplateSyntaxError as error:
        raise TemplateError(f"template {template}/{error.name or file}, line {error.lineno}: {error.message}") from error
    except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise TemplateError(f"template {template}/{_place(error, file)}: {error}") from error


def _place(error: BaseException, file: str) -> str:
    """File and line of the innermost template line an error passed through."""
    place, trace = file, error.__traceback__
    while trace is not None:
        name = Path(trace.tb_frame.f_code.co_filename).name
        if name.endswith((".j2", ".css")):
            place = f"{name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place
