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
    "reranker, report",
    "[embedder]\nkindd = 1": "unknown setting 'embedder.kindd'; known here: kind, model",
    '[embedder]\nkind = "openai"': 'kind = "openai" needs base_url',
    '[embedder]\nkind = "magic"': "embedder.kind: Input should be 'sentence-transformers', 'small' or 'openai'",
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
