"""The typed front doors of prompts/."""

from pathlib import Path

import pytest
import yaml

from rag.assets import find
from rag.errors import SettingsError, UsageError
from rag.prompts import facet_pack, facet_packs, metric_vocabulary, query_prompt, query_prompts


def test_the_query_prompt_keeps_its_trailing_space() -> None:
    """The model was trained with the space before the question."""
    assert query_prompt().text == "Represent this sentence for searching relevant passages: "


def test_every_metric_belongs_to_a_facet_of_the_pack() -> None:
    """A metric's card is printed in its facet's section."""
    facets = {facet.id for facet in facet_pack().facets}
    assert {metric.facet for metric in metric_vocabulary().metrics} <= facets


@pytest.mark.parametrize("name", facet_packs())
def test_a_pack_lists_each_metric_once_and_only_known_ones(name: str) -> None:
    """A metric is printed in one section."""
    listed = [metric for facet in facet_pack(name).facets for metric in facet.metrics]
    assert len(set(listed)) == len(listed)
    assert set(listed) <= {metric.id for metric in metric_vocabulary().metrics}


def test_the_packs_for_an_economy_and_for_filings_ship() -> None:
    """Beside the market's."""
    assert facet_packs() == ["filings", "macro", "market"]


def test_an_unknown_pack_is_refused_with_those_there_are() -> None:
    """The name is the analyst's to correct."""
    with pytest.raises(UsageError, match="no facet pack 'oil' in prompts/facets; there is: filings, macro, market, or auto"):
        facet_pack("oil")


@pytest.mark.parametrize("name", facet_packs())
def test_a_pack_asks_thirty_to_eighty_questions(name: str) -> None:
    """Three to six searches a facet."""
    pack = facet_pack(name)
    assert 30 <= sum(len(facet.queries) for facet in pack.facets) <= 80
    assert all("{market}" in facet.queries[0] for facet in pack.facets)


def _workspace(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "prompts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_workspaces_own_prompt_wins_and_has_its_own_hash(tmp_path: Path) -> None:
    """The manifest tells the two apart."""
    own = query_prompt(workspace=_workspace(tmp_path, "query.txt", "Find: \n"))
    assert own.text == "Find: "
    assert own.sha256 != query_prompt().sha256


def test_a_domains_query_prompt_is_a_file_the_workspaces_own_beside_those_that_ship(tmp_path: Path) -> None:
    """Each ends with the space before the question; one that is not there is refused with those there are."""
    workspace = _workspace(tmp_path, "query/law.txt", "Represent this question for searching rulings: \n")
    assert query_prompts() == ["economy", "filings", "news", "title"]
    assert query_prompts(workspace=workspace) == ["economy", "filings", "law", "news", "title"]
    assert query_prompt("law", workspace=workspace).text == "Represent this question for searching rulings: "
    assert all(query_prompt(domain).text.endswith(": ") for domain in query_prompts())
    assert query_prompt("law", workspace=workspace).name == "prompts/query/law.txt"
    with pytest.raises(UsageError, match="no query prompt 'law' in prompts/query; there is: economy, filings, news, title"):
        query_prompt("law")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data | {"extra": 1}, r"facets/market\.yaml: unknown key 'extra'"),
        (lambda data: {"name": "market"}, r"facets/market\.yaml: key 'facets' is missing"),
        (lambda data: data | {"facets": [data["facets"][0] | {"colour": "red"}]}, r"facets\[0\]: unknown key 'colour'"),
        (lambda data: data | {"facets": [data["facets"][0]] * 2}, r"the id 'demand' is there twice"),
        (lambda data: data | {"facets": [data["facets"][0] | {"queries": ["one"]}]}, r"facets\[0\]\.queries has 1 searches"),
        (lambda data: data | {"facets": [data["facets"][0] | {"queries": ["{who}", "b", "c"]}]}, r"unknown slot \{who\}"),
        (lambda data: data | {"facets": [data["facets"][0] | {"terms": [True]}]}, r"facets\[0\]\.terms must be text"),
        (lambda data: [], r"must be a mapping"),
    ],
)
def test_a_wrong_pack_is_refused_naming_file_and_key(tmp_path: Path, change: object, message: str) -> None:
    """One clear line, before any report is begun."""
    data = yaml.safe_load(find("prompts", "facets/market.yaml").read_text(encoding="utf-8"))
    workspace = _workspace(tmp_path, "facets/market.yaml", yaml.safe_dump(change(data)))  # type: ignore[operator]
    with pytest.raises(SettingsError, match=message):
        facet_pack(workspace=workspace)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"units": ["stones"]}, r"metrics\[0\]\.units: unknown 'stones'"),
        ({"change": "maybe"}, r"metrics\[0\]\.change must be true or false"),
        ({"id": "Bad Id"}, r"metrics\[0\]\.id must be lower-case"),
        ({"colour": "red"}, r"metrics\[0\]: unknown key 'colour'"),
    ],
)
def test_a_wrong_metric_is_refused_naming_file_and_key(tmp_path: Path, entry: dict[str, object], message: str) -> None:
    """The vocabulary is checked as strictly as the packs."""
    data = yaml.safe_load(find("prompts", "metrics.yaml").read_text(encoding="utf-8"))
    data["metrics"][0] |= entry
    with pytest.raises(SettingsError, match=message):
        metric_vocabulary(workspace=_workspace(tmp_path, "metrics.yaml", yaml.safe_dump(data)))


def test_a_vocabulary_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    """In the same process; one that was not is the same."""
    text = find("prompts", "metrics.yaml").read_text(encoding="utf-8")
    workspace = _workspace(tmp_path, "metrics.yaml", text)
    first = metric_vocabulary(workspace=workspace)
    (workspace / "prompts" / "metrics.yaml").write_text(
        text.replace(f"name: {first.metrics[0].name}", "name: takings", 1), encoding="utf-8"
    )
    assert metric_vocabulary(workspace=workspace).metrics[0].name == "takings"
    assert metric_vocabulary() == first


def test_broken_yaml_names_file_and_line(tmp_path: Path) -> None:
    """And says what to do."""
    with pytest.raises(SettingsError, match=r"metrics\.yaml, line 2 is not valid YAML"):
        metric_vocabulary(workspace=_workspace(tmp_path, "metrics.yaml", "metrics: [\n}"))


def test_an_unknown_pack_is_a_usage_error() -> None:
    """The message lists what there is."""
    with pytest.raises(UsageError, match="nowhere"):
        facet_pack("nowhere")
