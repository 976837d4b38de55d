"""A question in, passages out: dense search, lexical search and documents the question names, weighed together, optionally reranked.

Candidates come from the three lists. Each is then scored by five values: its cosine, the mean cosine of its surroundings on the page, how
closely its words follow the question's, how well its document is named, and how near its words come to the question's one by one, where
the embedder tells what single words stand for (rag.late). A question worded as a title asks for a document: then the nearest passages of
each document and its words as a whole count before them. Ranks are not fused: a lexical list that found next to nothing would count as
much as one that found the very sentence (docs/log.md).

Dense search is exact in a scope of few thousand chunks, in a library that `is_scanned`, in a process's first searches and without a sound
generation: the record finds the nearest. In larger libraries of up to LISTED chunks it does so among those that seem near by a bit for
each of a thousand planes, which misses one in a thousand of all and, of those of a larger scope, none of 20 in 2,754 searches. Beyond, it
asks the published generation, which may miss more (docs/reliability.md says how many), for everything up to its sequence number, adds what
was committed since, and leaves out what was deleted since. Every cosine comes from the record, so a passage has the same one, and two
passages the same order, either way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal, TypeAlias

from rag.around import Context, span
from rag.closeness import closenesses, rarity
from rag.errors import FingerprintError, IndexDamagedError, ModelError, RecordError, UsageError
from rag.language import language_of
from rag.late import closest, weights, within, without_abroad
from rag.named import Named, NameScores, days
from rag.order import RANK_OFFSET, at_most, behind_newer, diverse, newest_sooner, spread
from rag.ports import Embedder, Reranker, TokenEmbedder, VectorStore, telling
from rag.record import Near, Record, cosines, is_scanned
from rag.remembered import remembered
from rag.statements import LEAST, Statement, asked_for, plain, share
from rag.titled import abouts, is_title
from rag.types import Chunk, Fingerprint, Hit, Passage, Scope, SearchResult

if TYPE_CHECKING:
    from rag.ports import Vectors

CANDIDATES = 50
"""Taken from each list."""
SURROUNDINGS = 0.3
"""What the mean cosine of a passage's page counts beside its own cosine."""
CLOSENESS = 1.3
"""What the closeness of the words counts: it outweighs cosines where a passage says nearly the question's words, and only there."""
CLAUSE = 1.3
"""What the closeness to the clause counts that a passage says best; a question of one clause has it twice."""
NAME = 0.3
"""What a named document counts."""
DATED = 0.3
"""What a document counts that was published on a day which the question names in full."""
STATEMENT = 0.5
"""What a page counts that prints a financial statement the question asks for, times the share of its lines."""
WORDS = 4.0
"""What it costs that a passage's words are farther from the question's than another candidate's, each at its nearest (rag.late)."""
TITLED = 30.0
"""What a document counts for that is what a title asks for: so much that documents stand in that order (docs/log.md)."""
TITLED_DOCUMENTS = 10
"""So many of these are searched whole."""
LISTED = 400_000
"""Chunks up to which the record finds what may be near, in a time that grows with them: at 50,000 less than the index's, which misses one
of the true 20 nearest in thirteen (docs/log.md). Where only signs are kept the index is asked instead."""
SCANS_FIRST = 100
"""Searches over everything that a process scans by itself before it opens the index: importing Chroma and loading a graph of 100,000
takes as long as so many scans, and a scan misses nothing. A program that asks one question never pays for the index."""
ASKED = 2 * CANDIDATES
"""Of the index: its own cosines are rounded otherwise, so what stands near the border is compared by the record's."""
NEARBY = 8
"""Chunks to either side that belong to the surroundings, where the page has so many."""
NAMED_DOCUMENTS = 3
"""So many of the documents that are named best are searched whole."""
RERANKED = 20
"""How many of the best passages the reranker sees, unless set."""

SHOWN = 10
"""Of so many candidates whose words come nearest one by one a passage says that it is one."""

WAITING = "single words were not compared: {count} of {of} passages wait for the next `rag ingest` to be told of word by word"
NOT_RERANKED = "not reranked: no reranker is set, so the fused order stands"

Stretch: TypeAlias = tuple[Chunk, int, int]
"""A passage, and from where to where in its document's text."""

_EVERYTHING = Scope()
_ListName: TypeAlias = Literal["dense", "lexical", "name", "document", "statement"]
_Rankings: TypeAlias = Mapping[_ListName, Sequence[Near]]


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """What a search needs; all four belong to one workspace."""

    record: Record
    store: VectorStore
    embedder: Embedder
    reranker: Reranker
    any_query_prompt: bool = False
    """Take an embedder that differs from the index's in nothing but the query prompt: for a domain's prompt, and to compare prompts."""
    statements: Sequence[Statement] = ()
    """Financial statements that a question may ask for without naming them."""
    reranked: int = RERANKED
    """How many of the best passages the reranker sees."""
    tokens: bool = True
    """Compare single words as the embedder understands them, where it tells."""
    _names: "_Names" = field(default_factory=lambda: _Names(), init=False, repr=False, compare=False)

    def find(
        self,
        question: str,
        *,
        k: int = 10,
        scope: Scope = _EVERYTHING,
        dense: bool = True,
        lexical: bool = True,
        per_document: int | None = None,
        diverse: bool = False,
        recent: bool = False,
        context: Context = "none",
    ) -> SearchResult:
        """At most ``k`` passages, best first; equal scores by chunk id. An older version of a document stands behind its newest one.

        ``per_document``: at most so many of one document. ``diverse``: instead of the best, those that together tell most; their order
        is no longer that of the scores. ``recent``: newer documents' passages come sooner. ``context``: what is shown around each.

        Raises UsageError for an empty question, an empty library or neither kind of search, FingerprintError when the library was
        embedded by another model, and ModelError when the question cannot be embedded.
        """
        return self.find_all(
            [question],
            k=k,
            scope=scope,
            dense=dense,
            lexical=lexical,
            per_document=per_document,
            diverse=diverse,
            recent=recent,
            context=context,
        )[0]

    def find_all(
        self,
        questions: Sequence[str],
        *,
        k: int = 10,
        scope: Scope = _EVERYTHING,
        dense: bool = True,
        lexical: bool = True,
        per_document: int | None = None,
        diverse: bool = False,
        recent: bool = False,
        context: Context = "none",
    ) -> list[SearchResult]:
        """What ``find`` gives for each question; all of them are embedded in one call."""
        self._check(questions, k=k, dense=dense, lexical=lexical, per_document=per_document)
        vectors, notes = self._query_vectors(questions) if dense else ({}, [])
        near = _Dense(record=self.record, store=self.store, scope=scope, dimensions=self.embedder.fingerprint.dimensions)
        named = self._names.of(self.record) if lexical and questions else Named(())
        allowed = None if scope == _EVERYTHING else self.record.documents_in(scope)
        if not allowed and (empty := self._empty(scope.folders)):
            notes = [*notes, *empty_folders(Scope(folders=empty), paths=[source.path for source in self.record.sources()])]
        results = []
        for question in questions:
            vector, names = vectors.get(question), named.scores(question, among=allowed)
            rankings, worth = self._rankings(question, near=near, vector=vector, names=names, scope=scope, lexical=lexical)
            with self.record.snapshot():
                passages, waiting = self._weighed(question, rankings, names=names, worth=worth, vector=vector, lexical=lexical)
            reranked = self._reranked(SearchResult(question=question, passages=passages))
            ordered = replace(reranked, passages=newest_sooner(reranked.passages)) if recent else reranked
            chosen = self._chosen(ordered, names=names, k=k, per_document=per_document, varied=diverse)
            noted = replace(chosen, notes=(*chosen.notes, *waiting))
            results.append(self._in_context(noted, context=context) if context != "none" else noted)
        shared = (*notes, *near.notes)
        return [replace(result, notes=(*shared, *self._too_long(result.question, dense=dense), *result.notes)) for result in results]

    def _empty(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Those below which no document lies."""
        return tuple(folder for folder in folders if not self.record.documents_in(Scope(folders=(folder,))))

    def _rankings(
        self, question: str, *, near: "_Dense", vector: "Vectors | None", names: NameScores, scope: Scope, lexical: bool
    ) -> tuple[_Rankings, dict[str, float]]:
        """The lists candidates come from; and document -> what it is worth, where a title asks for one."""
        rankings: dict[_ListName, Sequence[Near]] = {}
        if vector is not None:
            rankings["dense"] = near.nearest(vector)
        if lexical:
            rankings["lexical"] = self.record.lexical(question, k=CANDIDATES, scope=scope)
        if vector is not None and lexical:
            rankings["name"] = self._in_best(names.best(most=NAMED_DOCUMENTS), vector)
        worth = self._worth(question, rankings.get("dense", ()), scope=scope, lexical=lexical) if is_title(question) else {}
        if vector is not None and worth:
            rankings["document"] = _by_document(self._in_best(_best(worth, most=TITLED_DOCUMENTS), vector))
        if lexical and (asked := asked_for(question, self.statements)):
            rankings["statement"] = self._printing(asked, names=names, scope=scope)
        return rankings, worth

    def _chosen(self, result: SearchResult, *, names: Mapping[str, float], k: int, per_document: int | None, varied: bool) -> SearchResult:
        """The first ``k`` as they were asked for, with a note for each older version among them."""
        passages, newer = behind_newer(result.passages, names=names)
        if per_document is not None:
            passages = at_most(passages, per_document=per_document)
        if varied:
            passages = self._varied(passages[: max(k, CANDIDATES)], k=k)
        shown = passages[:k]
        paths = sorted({passage.source.path for passage in shown} & set(newer))
        notes = tuple(f"{path} is superseded by {newer[path]}" for path in paths)
        return replace(result, passages=shown, notes=(*result.notes, *notes))

    def _in_context(self, result: SearchResult, *, context: Context) -> SearchResult:
        """With the text around each passage; one whose document has gone meanwhile keeps none."""
        shown: list[Passage] = []
        with self.record.snapshot():
            for passage in result.passages:
                chunks = self.record.chunks_of(passage.chunk.document)
                at = next((at for at, chunk in enumerate(chunks) if chunk.id == passage.chunk.id), None)
                if at is None:
                    shown.append(passage)
                    continue
                start, end = span(chunks, at, context=context)
                shown.append(replace(passage, context=self.record.document(passage.chunk.document).text[start:end]))
        return replace(result, passages=tuple(shown))

    def _varied(self, passages: Sequence[Passage], *, k: int) -> tuple[Passage, ...]:
        """Those that still live, by maximal marginal relevance."""
        import numpy as np

        vectors = self.record.vectors_of([passage.chunk.id for passage in passages])
        live = [passage for passage in passages if passage.chunk.id in vectors]
        return diverse(live, vectors=np.array([vectors[passage.chunk.id] for passage in live]), k=k)

    def prepare(self, questions: Sequence[str]) -> None:
        """Embeds questions and keeps their vectors, so that a search inside a snapshot, which sees none kept since, finds them."""
        self._check(questions, k=1, dense=True, lexical=False)
        self._query_vectors(questions)

    def _check(self, questions: Sequence[str], *, k: int, dense: bool, lexical: bool, per_document: int | None = None) -> None:
        if not all(question.strip() for question in questions):
            raise UsageError("the question is empty: say what to search for")
        if k < 1 or not (dense or lexical) or (per_document is not None and per_document < 1):
            raise UsageError("nothing to search: ask for at least one passage, by dense or lexical search or both")
        space = self.record.active_space()
        if space is None or self.record.chunk_count() == 0:
            raise UsageError("nothing ingested yet; run `rag ingest`")
        if dense:
            self._check_fingerprint(space.fingerprint)

    def _check_fingerprint(self, stored: Fingerprint) -> None:
        ours = self.embedder.fingerprint
        compared = replace(ours, query_prompt=stored.query_prompt) if self.any_query_prompt else ours
        if compared != stored:
            raise FingerprintError(
                f"the library was embedded by {stored.beside(ours)}, and the embedder set now is {ours.beside(stored)}: "
                "set the embedder back, or run `rag ingest --re-embed`"
            )

    def _query_vectors(self, questions: Sequence[str]) -> tuple[dict[str, "Vectors"], list[str]]:
        """Vector of each question, from the cache where it is known, and notes.

        What is new is kept for next time; a record that cannot take it now costs a note, never the search.
        """
        fingerprint = self.embedder.fingerprint
        vectors: dict[str, Vectors] = self.record.cached_vectors(questions, fingerprint=fingerprint, kind="query")
        new = sorted(set(questions) - set(vectors))
        if not new:
            return vectors, []
        rows = self.embedder.embed(new, kind="query")
        vectors |= dict(zip(new, rows, strict=True))
        try:
            self.record.cache_vectors(new, rows, fingerprint=fingerprint, kind="query")
        except RecordError as error:
            return vectors, [f"the questions' vectors were not kept for next time: {error}"]
        return vectors, []

    def _too_long(self, question: str, *, dense: bool) -> list[str]:
        """A note for a question the embedder did not see to its end. No token is shorter than a character, so short ones aren't counted."""
        if not dense or len(self.embedder.fingerprint.query_prompt) + len(question) <= self.embedder.max_tokens:
            return []
        prompted = self.embedder.fingerprint.query_prompt + question
        over = len(self.embedder.token_spans(prompted)) + self.embedder.special_tokens - self.embedder.max_tokens
        return [f"the question is {over} tokens too long for the embedder: only lexical search used its end"] if over > 0 else []

    def _worth(self, title: str, near: Sequence[Near], *, scope: Scope, lexical: bool) -> dict[str, float]:
        """Document -> how far it is what a title asks for."""
        documents = self.record.documents_of([identity for identity, _ in near])
        found = [(documents[identity], cosine) for identity, cosine in near if identity in documents]
        words = self.record.abouts(title, scope=scope) if lexical else {}
        return abouts([document for document, _ in found], [cosine for _, cosine in found], words=words)

    def _in_best(self, best: Sequence[tuple[str, float]], vector: "Vectors") -> list[Near]:
        """The nearest chunks of these documents, each with its document's score."""
        if not best:
            return []
        scores = dict(best)
        near = self.record.nearest(vector, k=CANDIDATES, scope=Scope(documents=tuple(scores)))
        documents = self.record.documents_of([identity for identity, _ in near])
        return [(identity, scores[documents[identity]]) for identity, _ in near if identity in documents]

    def _printing(self, statements: Sequence[Statement], *, names: NameScores, scope: Scope) -> list[Near]:
        """The chunks of pages that print one of the statements, with its share, best first; of the named documents where some are named."""
        best = tuple(document for document, _ in names.best(most=NAMED_DOCUMENTS))
        within = replace(scope, documents=best) if best else scope
        shares: dict[str, float] = {}
        for statement in statements:
            near = self.record.chunks([identity for identity, _ in self.record.lexical(statement.words, k=CANDIDATES, scope=within)])
            pages = self.record.on_pages({(chunk.document, chunk.first_page) for chunk in near})
            for chunks in pages.values():
                found = share(statement, plain("\n".join(chunk.text for chunk in chunks)))
                if found >= LEAST:
                    shares |= {chunk.id: max(found, shares.get(chunk.id, 0.0)) for chunk in chunks}
        return sorted(shares.items(), key=_best_first)

    def _weighed(
        self,
        question: str,
        rankings: _Rankings,
        *,
        names: Mapping[str, float],
        worth: Mapping[str, float],
        vector: "Vectors | None",
        lexical: bool,
    ) -> tuple[tuple[Passage, ...], tuple[str, ...]]:
        """Every candidate with its score and the lists it stood in, best first, equal ones by id; and notes.

        Chunks that went meanwhile are left out.
        """
        hits: dict[str, list[Hit]] = {}
        for by, ranking in rankings.items():
            for rank, (identity, score) in enumerate(ranking, start=1):
                hits.setdefault(identity, []).append(Hit(by=by, rank=rank, score=score))
        chunks = self.record.chunks(sorted(hits))
        holders, among = self.record.holders(question), self.record.chunk_count()
        close = self._closeness(question, chunks, holders=holders, among=among) if lexical else [0.0] * len(chunks)
        values = self._cosines(chunks, vector)
        untold: tuple[list[float], tuple[str, ...]] = [], ()
        near, notes = untold if vector is None else self._near(question, chunks, holders=holders, among=among)
        nearest = max(near, default=0.0)
        for rank, (identity, score) in enumerate(nsmallest(SHOWN, zip((c.id for c in chunks), near, strict=False), key=_best_first), 1):
            hits[identity].append(Hit(by="words", rank=rank, score=score))
        printed = dict(rankings.get("statement", ()))
        sources = self.record.sources_of({chunk.document for chunk in chunks})
        asked = days(question)
        dated = {document for document, source in sources.items() if source.published_from != "mtime" and source.published in asked}
        for chunk in chunks:
            if chunk.document in dated:
                hits[chunk.id].append(Hit(by="date", rank=1, score=1.0))
        passages = [
            Passage(
                chunk=chunk,
                source=sources[chunk.document],
                score=cosine
                + word
                - WORDS * (nearest - value)
                + NAME * names.get(chunk.document, 0.0)
                + TITLED * worth.get(chunk.document, 0.0)
                + STATEMENT * printed.get(chunk.id, 0.0)
                + DATED * (chunk.document in dated),
                hits=tuple(hits[chunk.id]),
            )
            for chunk, cosine, word, value in zip(chunks, values, close, near or [0.0] * len(chunks), strict=True)
        ]
        return spread(passages, by_document=bool(worth)), notes

    def _near(
        self, question: str, chunks: Sequence[Chunk], *, holders: Mapping[str, int], among: int
    ) -> tuple[list[float], tuple[str, ...]]:
        """How near each chunk's words come to the question's, as `nearnesses` tells it, those in another language as near as the others on
        the average: a model of one language knows no others' words. And notes.

        None of them where the embedder does not tell what tokens stand for, and where some of the chunks are not told of yet.
        """
        embedder = telling(self.embedder) if self.tokens and chunks else None
        if embedder is None:
            return [], ()
        codes = self.record.token_codes([chunk.id for chunk in chunks])
        if len(codes) < len(chunks):
            return [], (WAITING.format(count=len(chunks) - len(codes), of=len(chunks)),)
        rare = rarity(question, holders=holders, among=among)
        values = _closest(question, [codes[chunk.id] for chunk in chunks], embedder=embedder, rarity=rare)
        asked = _language(question)
        return without_abroad(values, [_language(chunk.text) != asked for chunk in chunks]), ()

    def nearnesses(self, question: str, stretches: Sequence[Stretch], rarity: Mapping[str, float]) -> list[float]:
        """How near the words of each stretch come to the question's, about -1 to 1, each understood where it stands in its passage.

        ``rarity``: of the question's stems. Zeros where the embedder does not tell what tokens stand for; 0 for a passage that is not
        told of yet. Raises ModelError when the question cannot be embedded.
        """
        embedder = telling(self.embedder) if self.tokens and stretches else None
        if embedder is None:
            return [0.0] * len(stretches)
        chunks = {chunk.id: chunk for chunk, _, _ in stretches}
        codes = self.record.token_codes(list(chunks))
        spans = {id_: embedder.telling_spans(chunks[id_].embedded_text) for id_ in codes}
        parts = []
        for chunk, start, end in stretches:
            before = len(chunk.embedded_text) - len(chunk.text) - chunk.start
            held = chunk.id in codes
            parts.append(within(codes[chunk.id], spans[chunk.id], start=start + before, end=end + before) if held else b"")
        return _closest(question, parts, embedder=embedder, rarity=rarity)

    def _closeness(self, question: str, chunks: Sequence[Chunk], *, holders: Mapping[str, int], among: int) -> list[float]:
        """What each chunk's words count."""
        told = self.record.told([chunk.id for chunk in chunks])
        values = closenesses(question, chunks, holders=holders, among=among, told=told)
        return [CLOSENESS * whole + CLAUSE * clause for whole, clause in values]

    def _cosines(self, chunks: Sequence[Chunk], vector: "Vectors | None") -> list[float]:
        """Own cosine and the weighted mean of the surroundings'; zeros without dense search."""
        if vector is None or not chunks:
            return [0.0] * len(chunks)
        around = self.record.surroundings([chunk.id for chunk in chunks], vector, nearby=NEARBY)
        return [own + SURROUNDINGS * page for own, page in (around[chunk.id] for chunk in chunks)]

    def _reranked(self, result: SearchResult) -> SearchResult:
        """The best passages in the reranker's order. Scores are then 1 / (60 + rank), so that the list stays ordered by score."""
        top = result.passages[: self.reranked]
        scores = self.reranker.score(result.question, [passage.chunk.embedded_text for passage in top]) if top else []
        if scores is None:
            return replace(result, notes=(NOT_RERANKED,))
        if len(scores) != len(top):
            raise ModelError(f"{self.reranker.model} gave {len(scores)} scores for {len(top)} passages: choose another reranker")
        given = [(passage, score) for passage, score in zip(top, scores, strict=True) if score is not None]
        order = sorted(range(len(given)), key=lambda at: (-given[at][1], at))
        judged = [
            replace(passage, hits=(*passage.hits, Hit(by="rerank", rank=rank, score=float(score))))
            for rank, (passage, score) in enumerate((given[at] for at in order), start=1)
        ]
        unseen = [passage for passage, score in zip(top, scores, strict=True) if score is None]
        ordered = (*judged, *unseen, *result.passages[len(top) :])
        passages = tuple(replace(passage, score=1 / (RANK_OFFSET + rank)) for rank, passage in enumerate(ordered, start=1))
        late = f"the reranker's time ran out: {len(given)} of {len(top)} passages are in its order, the others follow in the fused one"
        notes = (late,) if unseen else ()
        return replace(result, passages=passages, reranked_by=self.reranker.model, notes=notes)


class _Names:
    """The library's names as last read; read again when the record has changed."""

    def __init__(self) -> None:
        self._revision = (-1, -1)
        self._named = Named(())

    def of(self, record: Record) -> Named:
        """The names of all documents."""
        revision = record.revision()
        if revision != self._revision:
            kept = record.called()
            self._revision, self._named = revision, (Named.unpacked(kept) if kept else None) or Named(record.names())
        return self._named


class _Dense:
    """The nearest chunks for several questions; what came since the index was made is read once, at the first."""

    def __init__(self, *, record: Record, store: VectorStore, scope: Scope, dimensions: int) -> None:
        self._record = record
        self._store = store
        self._scope = scope
        everything = scope == _EVERYTHING
        large = record.sees_all and not is_scanned(record.chunk_count(), dimensions=dimensions)
        self._listed = large and record.chunk_count() <= LISTED and record.precision != "binary"
        self._indexed = large and everything and not self._listed and record.scans >= SCANS_FIRST
        self._recent: tuple[list[str], Vectors] | None = None
        self._deleted: frozenset[str] = frozenset()
        self.notes: tuple[str, ...] = ()
        self._looked = not (everything and record.sees_all)

    def nearest(self, vector: "Vectors") -> list[Near]:
        """(chunk id, cosine) of the CANDIDATES nearest, nearest first, equal ones by id."""
        if not self._looked:
            self._look_at_index(vector)
        if self._listed:
            return self._record.near(vector, k=CANDIDATES, scope=self._scope)
        near = self._generation(vector) if self._indexed else []
        if not self._indexed:
            return self._record.nearest(vector, k=CANDIDATES, scope=self._scope)
        if self._recent is None:
            self._recent = self._record.vectors(after=self._store.applied)
        ids, vectors = self._recent
        recent = sorted(zip(ids, cosines(vectors, vector).tolist(), strict=True), key=_best_first)[:CANDIDATES]
        return self._record.cosines([*near, *(identity for identity, _ in recent)], vector)[:CANDIDATES]

    def _look_at_index(self, vector: "Vectors") -> None:
        """Notes what is wrong with the index; a sound one is not opened yet."""
        self._looked = True
        if self._store.applied > self._record.sequence():
            self._without_index("the index belongs to a later state of the record; the next `rag ingest` makes a new one")
        elif self._store.applied:
            self._deleted = self._record.deleted_after(self._store.applied) if self._indexed else frozenset()
        elif not self._generation(vector) and not self.notes:
            self._without_index("no index is published yet")

    def _generation(self, vector: "Vectors") -> list[str]:
        """The generation's nearest that still live. Without a sound generation: nothing, a note, and from then on an exact scan."""
        wanted = ASKED
        try:
            while True:
                found = self._store.nearest(vector, k=wanted)
                live = [identity for identity, _ in found if identity not in self._deleted]
                if len(live) >= CANDIDATES or len(found) < wanted:
                    return live
                wanted *= 2
        except IndexDamagedError as error:
            self._without_index(str(error))
            return []

    def _without_index(self, why: str) -> None:
        self._indexed = False
        self.notes = (f"{why}; every vector was scanned instead, which is exact but slower",)


_language = remembered(8_192)(language_of)


def _closest(question: str, codes: Sequence[bytes], *, embedder: TokenEmbedder, rarity: Mapping[str, float]) -> list[float]:
    """What `rag.late.closest` gives for a question as it stands."""
    tokens, spans = embedder.question_tokens(question)
    return closest(tokens, weights=weights(question, spans, rarity=rarity), codes=codes)


def empty_folders(scope: Scope, *, paths: Iterable[str]) -> list[str]:
    """What to say of each folder of a scope below which no document lies, with one whose name ends like it, where there is one."""
    parents = {"/".join(parts[:at]) for parts in (path.split("/") for path in paths) for at in range(1, len(parts))}
    missing = [folder.strip("/") for folder in scope.folders if folder.strip("/") not in parents]
    like = {folder: min((parent for parent in parents if parent.endswith(f"/{folder}")), default="") for folder in missing}
    return [f"no document lies below {folder!r}" + (f"; is it {like[folder]!r}?" if like[folder] else "") for folder in missing]


def _by_document(near: Sequence[Near]) -> list[Near]:
    """Best document first; its passages, which have its score, stay in their order."""
    return sorted(near, key=lambda entry: -entry[1])


def _best(scores: Mapping[str, float], *, most: int) -> list[Near]:
    """The ``most`` best, equal ones by id; a common word names thousands of documents, most of them far less than the best."""
    least = sorted(scores.values())[-most:][:1] or [0.0]
    return nsmallest(most, (entry for entry in scores.items() if entry[1] >= least[0]), key=_best_first)


def _best_first(entry: Near) -> tuple[float, str]:
    return -entry[1], entry[0]
