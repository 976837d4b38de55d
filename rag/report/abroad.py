"""German and French documents under an English topic: nothing translates the topic, so what its searches find of them is little.

Documents count as on the topic by the names that they share with those that are: two of its companies and places. Of them sentences are
quoted that hold a word for a metric and a figure, word for word and in their language. No figure of theirs enters a series or is set
against others, and the report names the documents.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from rag.language import Language, language_of
from rag.patterns import regex
from rag.prompts import Facet
from rag.report.quality import is_furniture, is_instruction
from rag.report.wording import Mention, Vocabulary
from rag.text import words
from rag.types import Document, Number

_PLACES = {
    "Austria": ("Österreich", "Autriche"),
    "Belgium": ("Belgien", "Belgique"),
    "China": ("China", "Chine"),
    "Denmark": ("Dänemark", "Danemark"),
    "Europe": ("Europa", "Europe"),
    "France": ("Frankreich", "France"),
    "Germany": ("Deutschland", "Allemagne"),
    "Italy": ("Italien", "Italie"),
    "Japan": ("Japan", "Japon"),
    "Netherlands": ("Niederlande", "Pays-Bas"),
    "Norway": ("Norwegen", "Norvège"),
    "Poland": ("Polen", "Pologne"),
    "Spain": ("Spanien", "Espagne"),
    "Sweden": ("Schweden", "Suède"),
    "Switzerland": ("Schweiz", "Suisse"),
    "United Kingdom": ("Großbritannien", "Royaume-Uni"),
    "United States": ("USA", "États-Unis"),
}
"""In German and in French, where the name is another one."""
_VERBS = {
    "de": regex(
        r"\b(?:ist|sind|war|waren|wird|werden|wurde|wurden|hat|haben|hatte|hatten|kann|können|soll|sollen|stieg|stiegen|steigt|steigen|fiel|"
        r"fielen|fällt|sank|sanken|sinkt|sinken|wuchs|wuchsen|wächst|betrug|betrugen|beträgt|betragen|lag|lagen|liegt|liegen|ging|gingen|geht|"
        r"kam|kamen|kommt|blieb|blieben|bleibt|nahm|nahmen|nimmt|erreichte|erreichten|erreicht|erzielte|erzielten|verkaufte|verkauften|"
        r"verkauft|meldete|meldet|erwartet|erwarten|rechnet|plant|investierte|investiert|kostet|kostete|kosteten|senkte|senkt|erhöhte|erhöht|"
        r"hält|hielt|zeigt|steht|baut|baute|beschäftigt|beschäftigte|produziert|produzierte|belief|beliefen)\b"
    ),
    "fr": regex(
        r"\b(?:est|sont|était|étaient|a|ont|avait|avaient|sera|seront|peut|doit|atteint|atteignent|s['’]élève|s['’]élèvent|augmente|augmentent|"
        r"baisse|baissent|recule|reculent|progresse|progressent|représente|représentent|reste|restent|détient|détiennent|prévoit|prévoient|"
        r"vend|vendent|emploie|emploient|coûte|coûtent|produit|produisent)\b"
    ),
}
_LEANS = {
    "de": regex(
        r"^(?:Er|Sie|Es|Dies\w*|Das|Dort|Da\w*|Hier\w*|Diese\w*|Jene\w*|Seine\w*|Ihr\w*|Und|Aber|Oder|So|Auch|Doch|Allerdings|Jedoch|Zudem|"
        r"Außerdem|Davon|Letzter\w*)\b"
    ),
    "fr": regex(
        r"^(?:Il|Elle|Ils|Elles|Ce|Cet|Cette|Ces|Cela|Ceci|Celui\w*|Celle\w*|Son|Sa|Ses|Leurs?|Et|Mais|Ou|Or|Donc|Ainsi|Aussi|Toutefois|Cependant|"
        r"En outre|De plus|Ici|Là|On|Y)\b"
    ),
}
"""At the start: what it is of stands in the sentence before."""
_FEWEST, _MOST = 5, 60
"""Words of a sentence."""
_SHARED = 2
"""Names in common with the documents on the topic."""
_LISTED = 8
"""Words for metrics in one search."""


def queries(facets: Iterable[Facet], language: Language, *, vocabulary: Vocabulary, about: Sequence[str]) -> Iterable[tuple[str, str]]:
    """(facet id, search): its metrics' words in a language, with the names that the topic has."""
    for facet in facets:
        said = vocabulary.words_abroad(facet.id, language)[:_LISTED]
        if said:
            yield facet.id, " ".join((*said, *(in_language(name, language) for name in about)))


def in_language(place: str, language: Language) -> str:
    """A place's name in a language, as far as it is known; any other name as it is."""
    return _PLACES[place][0 if language == "de" else 1] if place in _PLACES else place


def languages(documents: Mapping[str, Document]) -> dict[str, Language]:
    """Document id -> its language, for those in German or French."""
    found = {key: language_of(item.text) for key, item in documents.items()}
    return {key: language for key, language in found.items() if language}


def shares_names(text: str, *, companies: Collection[str], places: Collection[str], language: Language) -> bool:
    """Whether a text has two names in common with the documents on the topic, a company's among them."""
    named = [name for name in companies if stands(name, text)]
    return bool(named) and len(named) + sum(stands(in_language(place, language), text) for place in places) >= _SHARED


def stands(name: str, text: str) -> bool:
    """Whether a text has a name as a word."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def is_sound(text: str, language: Language, *, mentions: Sequence[Mention], numbers: Sequence[Number]) -> bool:
    """Whether a sentence may be quoted: whole, with a verb, a word for a metric and a figure, leaning on none before it."""
    is_whole = text[:1].isupper() and text.rstrip("\"'”’»“)] ").endswith((".", "!"))
    told = any(number.kind != "year" and number.unit != "ordinal" for number in numbers)
    return (
        is_whole
        and told
        and bool(mentions)
        and _FEWEST <= len(words(text)) <= _MOST
        and _VERBS[language].search(text) is not None
        and _LEANS[language].match(text) is None
        and not is_furniture(text)
        and not is_instruction(text)
    )
