"""Regular expressions that are compiled when they are first used.

The program has some 800, and compiling them takes a third of what importing it does; a command uses a few of them.
"""

import re
from typing import Any, cast


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """What ``re.compile`` gives, for its methods and attributes; ``re.sub`` and such do not take it."""
    return cast(re.Pattern[str], _Pattern(text, flags))


class _Pattern:
    """Stands for the compiled one, whose methods become its own with the first use."""

    def __init__(self, text: str, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self._flags)
        vars(self).update({each: getattr(compiled, each) for each in dir(compiled) if not each.startswith("__")})
        return getattr(compiled, name)
