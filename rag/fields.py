"""Strict reading of YAML and TOML that a person wrote: each problem is one SettingsError that names the file, the key and what is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from rag.errors import SettingsError
from rag.patterns import regex

_ID = regex(r"[a-z][a-z0-9_]*")


def load(text: str, *, at: str) -> Any:
    """The YAML's value; only plain data, no objects."""
    import yaml

    quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast; PyYAML may have been built without it
    try:
        return yaml.load(text, Loader=quick)
    except yaml.YAMLError:
        return _load_naming_lines(text, at=at)


def _load_naming_lines(text: str, *, at: str) -> Any:
    """As ``load``; libyaml's lines are now and then one too high."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f", line {line + 1}"
        raise SettingsError(f"{at}{where} is not valid YAML; correct it; an own prompt file may be removed instead") from error


def mapping(value: Any, *, needed: tuple[str, ...], at: str, allowed: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """With all needed keys and no unknown one."""
    if not isinstance(value, dict):
        raise SettingsError(f"{at} must be a mapping with the keys {', '.join(needed)}")
    for key in needed:
        if key not in value:
            raise SettingsError(f"{at}: key {key!r} is missing")
    for key in value:
        if key not in needed and key not in allowed:
            raise SettingsError(f"{at}: unknown key {key!r}; there is: {', '.join(needed + allowed)}")
    return value


def items(value: Any, *, at: str) -> list[Any]:
    """A list that is not empty."""
    if not isinstance(value, list) or not value:
        raise SettingsError(f"{at} must be a list with at least one item")
    return value


def texts(value: Any, *, at: str) -> tuple[str, ...]:
    """A list, perhaps empty, of texts that are not."""
    if not isinstance(value, list):
        raise SettingsError(f"{at} must be a list of texts")
    return tuple(text(item, at=at) for item in value)


def text(value: Any, *, at: str) -> str:
    """Not empty."""
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{at} must be text, not {value!r}; quote words such as yes, no, on and off")
    return value


def identifier(value: Any, *, at: str) -> str:
    """Lower-case letters, digits and underscores."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise SettingsError(f"{at} must be lower-case letters, digits and _, not {value!r}")
    return value


def refuse_twice(ids: Sequence[str], *, at: str) -> None:
    """Ids name one thing each."""
    for name in ids:
        if ids.count(name) > 1:
            raise SettingsError(f"{at}: the id {name!r} is there twice")
