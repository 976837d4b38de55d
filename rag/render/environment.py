"""The front door of templates/: one dataclass goes in, text comes out, and the two are checked against each other.

Every value a template prints is escaped for its markup as it is printed, in a template of the workspace too. Templates run in
Jinja's sandbox, see nothing but dicts, lists, strings, whole numbers and booleans, and have no source of chance.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError, meta, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from rag.assets import find, shipped
from rag.errors import TemplateError
from rag.render.context import MarketTrends
from rag.render.markdown import escape as escape_markdown


def fill(values: MarketTrends, *, template: str, file: str, markup: str, workspace: Path | None = None) -> str:
    """The template's text with the values in. Raises UsageError for an unknown template, TemplateError where the two do not fit."""
    environment = _environment(template, markup=markup, workspace=workspace)
    with _translated(template, file):
        _check(environment, template, file, MarketTrends)
        given = {field.name: getattr(values, field.name) for field in fields(values)}
        return environment.get_template(file).render(given)


def _environment(template: str, *, markup: str, workspace: Path | None) -> ImmutableSandboxedEnvironment:
    """The workspace's files first, one by one, then the ones that ship."""
    folders = [find("templates", template, workspace=workspace), shipped("templates") / template]
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(folder) for folder in dict.fromkeys(folders) if folder.is_dir()]),
        autoescape=True,  # by name it would not be: select_autoescape() does not know report.html.j2
        undefined=StrictUndefined,
        finalize=_markdown_value if markup == "md" else None,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["css_string"] = css_string
    del environment.globals["lipsum"], environment.filters["random"]
    return environment


def _markdown_value(value: Any) -> Any:
    """Every printed value of a Markdown template; what is already markup (a macro's text) stays."""
    return value if isinstance(value, Markup) else Markup(escape_markdown(str(value)))


def css_string(text: str) -> Markup:
    """The text as a CSS string in quotes; anything but ASCII letters, digits and spaces as an escape, so that nothing can end it."""
    letters = (
        character if character.isascii() and (character.isalnum() or character == " ") else f"\\{ord(character):x} " for character in text
    )
    return Markup('"{}"').format(Markup("".join(letters)))


def _check(environment: ImmutableSandboxedEnvironment, template: str, file: str, values: type) -> None:
    """The variables a template and the files it includes use: all known, none of the required ones left out."""
    known = {field.name: field.default is MISSING and field.default_factory is MISSING for field in fields(values)}
    used: dict[str, str] = {}
    for name, tree in _trees(environment, template, file):
        used |= dict.fromkeys(sorted(meta.find_undeclared_variables(tree) - set(environment.globals)), name)
    there_is = f"there is: {', '.join(sorted(known))}"
    for variable, name in used.items():
        if variable not in known:
            raise TemplateError(f"template {template}/{name} asks for {variable!r}, which a report does not have; {there_is}")
    for variable, required in known.items():
        if required and variable not in used:
            raise TemplateError(f"template {template}/{file} leaves out {variable!r}, which every report must print; {there_is}")


def _trees(environment: ImmutableSandboxedEnvironment, template: str, file: str) -> Iterator[tuple[str, nodes.Template]]:
    """The parsed file and all that it includes, imports or extends, by name."""
    waiting, seen = [file], set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        assert environment.loader is not None
        tree = environment.parse(environment.loader.get_source(environment, name)[0], name=name)
        yield name, tree
        for other in meta.find_referenced_templates(tree):
            if other is None:
                raise TemplateError(f"template {template}/{name} includes a file whose name it computes; write the name out")
            if other not in seen and other not in waiting:
                waiting.append(other)


@contextmanager
def _translated(template: str, file: str) -> Iterator[None]:
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
