"""``rag serve``: a page for people and an API for programs, in one process, over one workspace.

``app`` gives the ASGI application; ``rag/cli/serve.py`` runs it. Who may come in is decided in guard and who; questions are answered by
threads that each hold the workspace open (desks); long work is done by child processes whose progress can be followed (runs).
"""

from rag.web.app import app
from rag.web.who import Key

__all__ = ["Key", "app"]
