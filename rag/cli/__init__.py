"""The command line: parse, call the library, print. Results on stdout, progress and warnings on stderr, errors in one line.

Nothing heavy is imported before a command runs, so that ``rag --help`` answers at once. One file a group of commands; they are listed in
the order of use.
"""

import click

from rag.cli.bulk import export_texts, load_vectors
from rag.cli.chat import ask, chat, chats
from rag.cli.check import check
from rag.cli.diff import diff
from rag.cli.door import Group
from rag.cli.eval import evaluation
from rag.cli.ingest import ingest
from rag.cli.mcp import mcp
from rag.cli.plan import plan
from rag.cli.prompts import prompts
from rag.cli.report import report
from rag.cli.reviews import reviews
from rag.cli.schedule import run_due, schedule
from rag.cli.search import search
from rag.cli.serve import serve
from rag.cli.templates import templates
from rag.cli.workspace import backup, doctor, forget, init, restore, status

_MAIN = """\
\b
A first report:
  rag init research --folder ~/Documents/battery-research
  rag ingest
  rag report "EV batteries, Europe, 2024-26"
\b
Exit status: 0 done, 1 a check failed, 2 wrong call or setting, 3 workspace, 4 another process is writing,
5 some files could not be read or have vanished, 6 model, 7 report, 8 the documents do not say, 9 not delivered,
70 a defect of this program.
Each command explains itself: rag COMMAND --help.
"""


@click.group(
    cls=Group,
    epilog=_MAIN,
    commands=[
        init,
        ingest,
        status,
        search,
        ask,
        chat,
        chats,
        plan,
        report,
        templates,
        prompts,
        check,
        diff,
        reviews,
        schedule,
        run_due,
        serve,
        evaluation,
        doctor,
        backup,
        restore,
        forget,
        export_texts,
        load_vectors,
        mcp,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    name="rag",
)
@click.version_option(package_name="rag-reports", message="%(version)s")
def cli() -> None:
    """Market-trends reports from a folder of internal research, every sentence cited and checked."""


def main() -> None:
    """The entry point of the ``rag`` command."""
    cli(prog_name="rag")
