"""A new report: by topic at once, or by a plan that is looked at and changed first."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from rag import assets
from rag.app import Library
from rag.config import AS_ASKED
from rag.errors import SettingsError
from rag.prompts import facet_packs, metric_vocabulary
from rag.record.rows import ReportHead
from rag.report import read_outline, to_yaml
from rag.runs.child import Job
from rag.types import Reader, Scope
from rag.web import serving
from rag.web.forms import page
from rag.web.plan_form import LISTS, NO_TOPIC, OF_SECTION, TOP, Draft, changed, checked, draft_from, draft_of
from rag.web.scoped import InForm, day, for_job, looking
from rag.web.serving import Here

routes = APIRouter(include_in_schema=False)

_PACKS = {
    AS_ASKED: "what the topic is",
    "market": "a market",
    "macro": "an economy and its regions",
    "filings": "a company, from its filings",
}
"""Shipped facet pack -> what a report with its questions is about."""

_EVERYTHING = Scope()

AsOf = Annotated[str, Form(max_length=10)]
Name = Annotated[str, Form(max_length=100)]


def _begun(here: serving.Serving, job: Job) -> Response:
    return RedirectResponse(f"/runs/{here.begin(job).id}", status_code=303)


def choices(library: Library, scope: Scope) -> dict[str, Any]:
    """What the fields of a new report offer."""
    own = library.settings.report
    packs = dict.fromkeys((own.pack, AS_ASKED, *facet_packs(workspace=library.workspace)))
    templates = [own.template, *(name for name in assets.names("templates", workspace=library.workspace) if name != own.template)]
    return {
        "packs": [{"name": name, "word": _PACKS.get(name, name)} for name in packs],
        "templates": [{"name": name, "word": name.replace("_", " ")} for name in templates],
        "looking": looking(library, scope),
    }


@routes.get("/reports")
async def reports(here: Here) -> Response:
    """The saved reports, and a new one."""
    busy = here.busy()
    return await here.desks.do(lambda library: _room(library, reader=here.reader, busy=busy))


def _room(
    library: Library, *, reader: Reader, busy: list[dict[str, Any]], scope: Scope = _EVERYTHING, status: int = 200, **said: str
) -> Response:
    """The reports' page. ``said``: topic, plan and what is wrong with each."""
    values = dict.fromkeys(("topic", "plan", "problem", "plan_problem"), "") | said
    saved = library.record.report_heads()
    held = {"reports": saved, "compared": _two_editions(saved), "tallies": library.record.reviews.tallies(), **choices(library, scope)}
    return page("reports.html.j2", here="reports", reader=reader, status=status, busy=busy, **held, **values)


def _two_editions(saved: Sequence[ReportHead]) -> tuple[str, str]:
    """Ids of the newest report with an earlier one on its topic, that one first; else of the two newest. ``saved``: newest first."""
    for at, head in enumerate(saved):
        before = next((one for one in saved[at + 1 :] if one.title == head.title), None)
        if before is not None:
            return before.id, head.id
    return (saved[1].id, saved[0].id) if len(saved) > 1 else ("", "")


@routes.post("/reports")
async def write(
    here: Here,
    scope: InForm,
    topic: Annotated[str, Form(max_length=1_000)] = "",
    as_of: AsOf = "",
    pack: Name = "",
    template: Name = "",
) -> Response:
    """Begins to write a report on a topic."""
    until = day(as_of)
    if not topic.strip():
        return await here.desks.do(lambda library: _room(library, reader=here.reader, busy=[], scope=scope, status=422, problem=NO_TOPIC))
    plan = await here.desks.do(lambda library: to_yaml(library.outline(topic, pack=pack))) if pack else ""
    return _begun(here, Job(kind="report", topic=topic.strip(), plan=plan, as_of=until, template=template, scope=for_job(scope)))


# ── the plan ──────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/reports/plan")
async def plan_of(here: Here, report: Annotated[str, Query(max_length=100)]) -> Response:
    """The plan of a saved report, for its next edition."""

    def job(library: Library) -> Response:
        made = library.saved(report)
        outline = read_outline(made.manifest.outline, at="the report's manifest")
        draft = draft_of(outline, metrics=metric_vocabulary(workspace=library.workspace))
        scope = Scope(published_from=made.manifest.scope.published_from, folders=made.manifest.scope.folders, tags=made.manifest.scope.tags)
        return _editor(library, draft, reader=here.reader, scope=scope, template=made.manifest.template)

    return await here.desks.do(job)


@routes.post("/reports/plan")
async def plan(
    here: Here, request: Request, scope: InForm, do: Name = "open", as_of: AsOf = "", pack: Name = "", template: Name = ""
) -> Response:
    """The plan in its form: opened from a topic or a file, changed, saved, or obeyed."""
    form = await request.form()
    until = day(as_of)

    def job(library: Library) -> Response | Job:
        metrics = metric_vocabulary(workspace=library.workspace)
        if do == "open":
            return _opened(library, form, reader=here.reader, scope=scope, as_of=as_of, pack=pack, template=template)
        draft = changed(_posted(form), do)
        found, outline = checked(draft, metrics=metrics)
        if do not in ("write", "save", "check"):
            found = draft  # half done; it is checked when it is to be obeyed
        if outline is None or do not in ("write", "save"):
            return _editor(
                library,
                found,
                reader=here.reader,
                scope=scope,
                as_of=as_of,
                template=template,
                open_at=len(found.sections) - 1 if do == "add" else -1,
            )
        if do == "save":
            return Response(
                to_yaml(outline), media_type="application/yaml", headers={"content-disposition": 'attachment; filename="plan.yaml"'}
            )
        return Job(kind="report", topic=outline.topic, plan=to_yaml(outline), as_of=until, template=template, scope=for_job(scope))

    done = await here.desks.do(job)
    return _begun(here, done) if isinstance(done, Job) else done


def _posted(form: FormData) -> Draft:
    """The form's texts; a file in the place of one is none."""
    columns = {name: [value for value in form.getlist(f"section_{name}") if isinstance(value, str)] for name in OF_SECTION}
    return draft_from({name: _text(form, name) for name in (*TOP, *LISTS)}, columns)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _opened(library: Library, form: FormData, *, reader: Reader, scope: Scope, as_of: str, pack: str, template: str) -> Response:
    """The editor on a plan's YAML or on a topic's own plan; the reports' page again where neither can be used."""
    text, topic = _text(form, "plan"), _text(form, "topic")
    if not text.strip() and not topic.strip():
        return _room(library, reader=reader, busy=[], scope=scope, status=422, problem=NO_TOPIC)
    try:
        outline = read_outline(text, at="the plan") if text.strip() else library.outline(topic, pack=pack)
    except SettingsError as error:
        told = str(error)
        return _room(
            library, reader=reader, busy=[], scope=scope, status=422, topic=topic, plan=text, plan_problem=told[:1].upper() + told[1:] + "."
        )
    draft = draft_of(outline, metrics=metric_vocabulary(workspace=library.workspace))
    return _editor(library, draft, reader=reader, scope=scope, as_of=as_of, template=template)


def _editor(
    library: Library, draft: Draft, *, reader: Reader, scope: Scope, as_of: str = "", template: str = "", open_at: int = -1
) -> Response:
    named = sorted({metric.name for metric in metric_vocabulary(workspace=library.workspace).metrics})
    return page(
        "plan.html.j2",
        here="reports",
        reader=reader,
        status=422 if draft.problems else 200,
        draft=draft,
        as_of=as_of,
        template=template,
        open_at=open_at,
        metrics=named,
        **choices(library, scope),
    )
