"""The sample corpus: its truth, its writers and its gold."""
