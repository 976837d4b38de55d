"""The legal forms that companies' names end in, and names without them."""

FORMS = tuple(
    (
        "Incorporated Inc Corporation Corp Companies Company Co Limited Ltd plc PLC LLC LP GmbH AG SE NV SA AB ASA Oyj "
        "Holdings Holding Group"
    ).split()
)
"""As names write them; a point may follow."""
_LOWERED = frozenset(form.lower() for form in FORMS)


def without_form(name: str) -> str:
    """A company's name as texts use it: "Microsoft" of "Microsoft Corp" and "Coca-Cola" of "The Coca-Cola Company"."""
    words = name.replace(",", " ").split()
    while words and words[-1].lower().replace(".", "") in _LOWERED:
        words.pop()
    if words and words[0].lower() == "the":
        words.pop(0)
    return " ".join(words)
