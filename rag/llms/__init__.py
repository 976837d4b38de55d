"""Language models behind one socket, ``rag.ports.Llm``, and the calls to them: tried again, counted, recorded."""
