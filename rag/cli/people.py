"""``rag users``, ``rag groups`` and ``rag keys``: who may come in to ``rag serve`` and ``rag mcp --http``."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from rag.cli.door import Command, Listing, find_workspace, in_workspace, json_option, utc_now
from rag.errors import UsageError
from rag.types import Role

if TYPE_CHECKING:
    from rag.record import Record

_USERS = """\
\b
  rag users add ann                                # asks for a password; from now on people log in by name
  rag users add dashboard --role reader --no-password   # for a program: give it a key
  rag users role ann admin
  rag users password ann                           # ends her sessions
  rag users remove ann                             # at once, with sessions and keys
"""
_GROUPS = """\
\b
  rag groups add board ann bob                     # makes the group where there is none
  rag groups remove board bob
  rag groups remove board                          # the group itself
"""
_KEYS = """\
\b
  rag keys add ann --for "notebook"                # printed once
  rag keys list
  rag keys revoke 3f9c21d0
"""


def open_record(workspace: Path | None) -> "AbstractContextManager[Record]":
    """The record of the workspace given or found."""
    from rag.parts import RECORD
    from rag.record import Record

    return Record.open((workspace or find_workspace(Path.cwd())) / RECORD)


# ── users ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@click.group(cls=Listing, short_help="Who may come in, for a team.", examples=_USERS)
def users() -> None:
    """Who may come in to `rag serve`: with users, people log in by name and password, and programs by keys.

    Roles: a reader asks and reads; a member adds documents and writes reports too; an admin sees every document, and how the server does.
    Without any user the one address that `rag serve` prints opens everything.
    """


@users.command(cls=Command, short_help="Add a user; asks for a password.")
@click.argument("name")
@click.option("--role", type=click.Choice(get_args(Role)), default="member", show_default=True, help="What the user may do.")
@click.option("--no-password", is_flag=True, help="Comes by keys alone, such as a program.")
@in_workspace
def add(name: str, role: Role, no_password: bool, workspace: Path | None) -> None:
    """Add the user NAME. The password is asked for, or read as one line from stdin where that is no terminal."""
    from rag.record.people import new_name

    called = new_name(name)
    with open_record(workspace) as record:
        record.people.add(called, role=role, password="" if no_password else _new_password(called), now=utc_now())
        lists = bool(record.access.lists())
    click.echo(f"{called} may come in as {role}")
    if not lists:
        click.echo("rag: no access list is set, so users see every document; see: rag access set --help", err=True)


@users.command(name="list", cls=Command, short_help="The users, their roles and groups.")
@in_workspace
@json_option
def list_users(workspace: Path | None, as_json: bool) -> None:
    """Every user with role, groups and how many keys."""
    from rag.cli import show

    with open_record(workspace) as record:
        found = record.people.users()
    if as_json:
        show.print_json([show.plain(one) for one in found])
        return
    for user in found:
        click.echo(f"{user.name}  {user.role}  groups: {', '.join(user.groups) or '-'}  keys: {user.keys}  since {user.since.date()}")
    if not found:
        click.echo("no users: whoever has the address that `rag serve` prints may do everything")


@users.command(cls=Command, short_help="Remove a user, with sessions and keys.")
@click.argument("name")
@in_workspace
def remove(name: str, workspace: Path | None) -> None:
    """Remove the user NAME. Sessions and keys end at once; the user's chats stay in the record, and nobody else is shown them."""
    with open_record(workspace) as record:
        record.people.remove(name)
        last = not record.people.any()
    click.echo(f"{name} is removed")
    if last:
        click.echo("rag: no user is left; a new start of `rag serve` prints an address that opens everything", err=True)


@users.command(cls=Command, short_help="Set a new password.")
@click.argument("name")
@in_workspace
def password(name: str, workspace: Path | None) -> None:
    """Set a new password for NAME and end the user's sessions; keys stay."""
    with open_record(workspace) as record:
        user = record.people.user(name)
        record.people.set_password(user.name, _new_password(user.name))
    click.echo(f"{user.name} has a new password, and is logged out everywhere")


@users.command(cls=Command, short_help="Change what a user may do.")
@click.argument("name")
@click.argument("role", type=click.Choice(get_args(Role)))
@in_workspace
def role(name: str, role: Role, workspace: Path | None) -> None:
    """Give NAME another ROLE, from the next request on."""
    with open_record(workspace) as record:
        record.people.set_role(name, role)
    click.echo(f"{name} is {role} now")


def _new_password(name: str) -> str:
    """Its hash. Never from the command line, where every process of the machine could read it."""
    from rag.passwords import hashed

    if not sys.stdin.isatty():
        return hashed(sys.stdin.readline().rstrip("\r\n"))
    return hashed(click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True))


# ── groups ────────────────────────────────────────────────────────────────────────────────────────────────────────


@click.group(cls=Listing, short_help="Groups of users, for access lists.", examples=_GROUPS)
def groups() -> None:
    """Groups of users. An access list names users and groups alike, so they share their names."""


@groups.command(name="add", cls=Command, short_help="Put users into a group.")
@click.argument("group")
@click.argument("names", nargs=-1)
@in_workspace
def add_to_group(group: str, names: tuple[str, ...], workspace: Path | None) -> None:
    """Put the users NAMES into GROUP, which is made where there is none."""
    with open_record(workspace) as record:
        record.people.put_into(group, names)
        held = record.people.groups()[group.lower()]
    click.echo(f"{group.lower()}: {', '.join(held) or 'nobody yet'}")


@groups.command(name="list", cls=Command, short_help="The groups and who is in them.")
@in_workspace
@json_option
def list_groups(workspace: Path | None, as_json: bool) -> None:
    """Every group with its users."""
    from rag.cli import show

    with open_record(workspace) as record:
        found = record.people.groups()
    if as_json:
        show.print_json(found)
        return
    for group, names in found.items():
        click.echo(f"{group}: {', '.join(names) or 'nobody'}")
    if not found:
        click.echo("no groups")


@groups.command(name="remove", cls=Command, short_help="Take users out of a group, or remove it.")
@click.argument("group")
@click.argument("names", nargs=-1)
@in_workspace
def remove_from_group(group: str, names: tuple[str, ...], workspace: Path | None) -> None:
    """Take the users NAMES out of GROUP; without names, remove GROUP. A list that named it lets in whom it still names, and nobody else."""
    with open_record(workspace) as record:
        record.people.take_out(group, names)
    click.echo(f"{', '.join(names)} out of {group}" if names else f"{group} is removed")


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@click.group(cls=Listing, short_help="Keys by which programs come in.", examples=_KEYS)
def keys() -> None:
    """Keys for programs: whoever sends one as `Authorization: Bearer KEY` is the user it was made for."""


@keys.command(name="add", cls=Command, short_help="Make a key; it is printed once.")
@click.argument("name")
@click.option("--for", "label", default="", help="What it is for, to find it again.")
@in_workspace
def add_key(name: str, label: str, workspace: Path | None) -> None:
    """Make a key for the user NAME and print it. It is not kept, only its hash: who loses it makes another one."""
    from rag.passwords import secret

    with open_record(workspace) as record:
        identity, key = record.people.add_key(name, label=label, secret=secret(), now=utc_now())
    click.echo(f"rag: key {identity}; revoke it with: rag keys revoke {identity}", err=True)
    click.echo(key)


@keys.command(name="list", cls=Command, short_help="The keys, and when each was last used.")
@in_workspace
@json_option
def list_keys(workspace: Path | None, as_json: bool) -> None:
    """Every key: its id, user, what it is for, when it was made and last used. The keys themselves are not kept."""
    from rag.cli import show

    with open_record(workspace) as record:
        found = record.people.keys()
    if as_json:
        show.print_json([show.plain(one) for one in found])
        return
    for key in found:
        used = f"used {key.used:%Y-%m-%d %H:%M}" if key.used else "never used"
        click.echo(f"{key.id}  {key.user}  {key.label or '-'}  made {key.made.date()}  {used}")
    if not found:
        click.echo("no keys")


@keys.command(cls=Command, short_help="End a key.")
@click.argument("key")
@in_workspace
def revoke(key: str, workspace: Path | None) -> None:
    """End the key with the id KEY, as `rag keys list` prints it, from the next request on."""
    if key.startswith("rag_"):
        raise UsageError("that is a key itself; name its id, as `rag keys list` prints it")
    with open_record(workspace) as record:
        record.people.revoke(key)
    click.echo(f"{key} is revoked")
