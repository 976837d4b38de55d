"""Settings: one file, every key explained, unknown keys refused."""

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from rag import config
from rag.config import Settings
from rag.errors import SettingsError, WorkspaceError

REFUSED = {
    'folderz = ["a"]': "unknown setting 'folderz'; known here: folders, include, exclude, ocr, ocr_languages, embedder, store, "
    "search, reranker, report",
    "[embedder]\nkindd = 1": "unknown setting 'embedder.kindd'; known here: kind, model",
    '[embedder]\nkind = "openai"': 'kind = "openai" needs base_url',
    '[embedder]\nkind = "magic"': "embedder.kind: Input should be 'sentence-transformers', 'small' or 'openai'",
    '[embedder]\nkind = "small"\nengine = "sentence-transformers"': 'kind = "small" runs by our own layers',
    '[embedder]\nkind = "small"\nengine = "int8"': 'set engine to "auto", "float32" or "bfloat16"',
    'folders = ["a/x", "b/x"]': "two folders have the same last name",
    "folders = []": "folders: ",
    "folders =": "is not valid TOML",
    '[report]\nformats = ["ppt"]': "report.formats.0: ",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    """One line that names the file, the key and what is wrong."""
    (tmp_path / "rag.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        config.load(tmp_path)
    assert message in str(raised.value)
    assert str(tmp_path / "rag.toml") in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    """The error says how to make one."""
    with pytest.raises(WorkspaceError, match="make one with: rag init"):
        config.load(tmp_path)


def test_the_file_written_by_init_says_the_defaults(tmp_path: Path) -> None:
    """What `rag init` writes reads back as the defaults, and each setting stands in it with an explanation."""
    text = config.to_toml(Settings())
    (tmp_path / "rag.toml").write_text(text, encoding="utf-8")
    assert config.load(tmp_path) == Settings()
    for name, field in Settings.model_fields.items():
        section = getattr(Settings(), name)
        inside = type(section).model_fields.items() if isinstance(section, BaseModel) else [(name, field)]
        for key, described in inside:
            assert described.description, f"{name}.{key} has no explanation"
            assert f"\n{key} = " in text
    assert set(tomllib.loads(text)) == set(Settings.model_fields)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RAG_SECTION__KEY overrides section.key."""
    (tmp_path / "rag.toml").write_text('[report]\ntemplate = "in_file"\n', encoding="utf-8")
    monkeypatch.setenv("RAG_REPORT__TEMPLATE", "in_environment")
    assert config.load(tmp_path).report.template == "in_environment"


def test_the_environment_may_set_a_list_and_a_section_the_file_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are JSON there; numbers and truth values are read as pydantic reads them; other programs' RAG_ variables are theirs."""
    (tmp_path / "rag.toml").write_text("", encoding="utf-8")
    for name, value in {
        "FOLDERS": '["a", "b"]',
        "EMBEDDER__DIMENSIONS": "512",
        "EMBEDDER__QUERY_PROMPT": "false",
        "EVAL_DATA": "x",
    }.items():
        monkeypatch.setenv(f"RAG_{name}", value)
    settings = config.load(tmp_path)
    assert (settings.folders, settings.embedder.dimensions, settings.embedder.query_prompt) == (["a", "b"], 512, False)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("RAG_FOLDERS", "docs", "RAG_FOLDERS is not a list in JSON"),
        ("RAG_REPORT__TEMPLAET", "x", "unknown setting 'report.templaet'"),
        ("RAG_EMBEDDER__DIMENSIONS", "many", "embedder.dimensions: "),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    """As in the file."""
    (tmp_path / "rag.toml").write_text("", encoding="utf-8")
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=message):
        config.load(tmp_path)
