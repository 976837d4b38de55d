"""The vector store that a person's own function opens."""

import importlib
from typing import TYPE_CHECKING

from rag.errors import SettingsError

if TYPE_CHECKING:
    from rag.stores.langchain import Opener


def opener(name: str) -> "Opener":
    """The function "module:function" names. Raises SettingsError when it cannot be imported or is none."""
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"store.open: {name} cannot be imported ({error}); give a function of an installed module, or of a file in a folder that "
            "PYTHONPATH names"
        ) from error
    if not callable(found):
        raise SettingsError(f"store.open: {name} is not a function; it has to open a LangChain VectorStore")
    return found  # type: ignore[no-any-return]
