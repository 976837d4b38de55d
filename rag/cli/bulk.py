"""``rag export-texts`` and ``rag load-vectors``."""

from pathlib import Path

import click

from rag.cli.door import Command, in_workspace, json_option, open_library, utc_now

_EXPORT = """\
\b
  rag export-texts shards/        # then, where the GPU is: python embed_shards.py shards/  (docs/interop.md prints it)
  rag load-vectors shards/
  rag ingest                      # embeds nothing that was loaded
"""


@click.command("export-texts", cls=Command, short_help="Write what is to be embedded, for another machine.", examples=_EXPORT)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@in_workspace
@json_option
def export_texts(folder: Path, workspace: Path | None, as_json: bool) -> None:
    """Write the texts that the next ingest would embed into FOLDER, in shards. Nothing in the workspace changes.

    FOLDER is as confidential as the documents.
    """
    from rag.cli import show

    with open_library(workspace) as library:
        out = library.export_texts(folder, now=utc_now())
    if as_json:
        show.print_json(show.plain(out))
        return
    if not out.texts:
        click.echo("Texts: 0; every document is embedded: rag ingest has nothing to embed")
        return
    click.echo(
        f"Texts: {out.texts:,} in {out.shards} shards in {out.folder}; put texts-NNNNN.npy, and .npz for models that tell of single words, "
        f"beside each (docs/interop.md has a script), then: rag load-vectors {out.folder}"
    )


_LOAD = """\
\b
  rag load-vectors shards/
"""


@click.command("load-vectors", cls=Command, short_help="Take in vectors that were made elsewhere.", examples=_LOAD)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS", help="Wait for another writer to finish.")
@in_workspace
@json_option
def load_vectors(folder: Path, wait_s: float, workspace: Path | None, as_json: bool) -> None:
    """Check the vectors in FOLDER and keep them: the embedder must be that of rag.toml, and some are compared with its own."""
    from rag.cli import show

    with open_library(workspace) as library:
        loaded = library.load_vectors(folder, now=utc_now(), wait_s=wait_s)
    if as_json:
        show.print_json(show.plain(loaded))
        return
    click.echo(f"Vectors: {loaded.texts:,} from {loaded.shards} shards; next: rag ingest (it embeds nothing of these)")
