"""The legal forms that companies' names end in, and names without them."""

FORMS = tuple(
    (
        "Incorporated Inc Corporation Corp Companies Company Co Limited Ltd plc PLC LLC LP GmbH AG Aktiengesellschaft KGaA SE NV SA AB ASA "
        "Oyj "
        "Holdings Holding Group"
    ).split()
)
"""As names write them; a point may follow."""
_LOWERED = frozenset(form.lower() for form in FORMS)


def till_form(name: str) -> str:
    """A name less what runs on behind its legal form: "Halvex plc" of "Halvex plc | 39" and of "Halvex plc CONTINUED"."""
    words = name.split()
    ends = [
        at
        for at, word in enumerate(words)
        if word.lower().strip(".,") in _LOWERED and (at + 1 == len(words) or not _goes_on(words[at + 1]))
    ]
    return " ".join(words[: ends[0] + 1] if ends else words)


def _goes_on(word: str) -> bool:
    return word.lower().strip(".,") in _LOWERED or word == "&"


def without_form(name: str) -> str:
    """A company's name as texts use it: "Microsoft" of "Microsoft Corp" and "Coca-Cola" of "The Coca-Cola Company"."""
    words = name.replace(",", " ").split()
    while words and words[-1].lower().replace(".", "") in _LOWERED:
        words.pop()
    if words and words[0].lower() == "the":
        words.pop(0)
    return " ".join(words)
