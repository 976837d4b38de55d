"""Searches that look at every chunk: the nearest vectors and the words, over what is kept in memory of one state of the record."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from rag.record import blocks, schema, scopes, slabs
from rag.record.about import abouts
from rag.record.codes import Codes, Rows, Signs, reached
from rag.record.lexical import quoted, telling_words
from rag.record.postings import SEGMENT, Places, Postings, Segment, is_among, joined, segment
from rag.record.sides import Sides
from rag.types import PRECISIONS, Scope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

WORDS_FROM = 5_000
"""Smaller libraries have no postings: FTS5 answers within 8 ms there."""
MOST_RECENT = 2_000
"""Chunks since the postings were made that are counted in memory, 0.1 ms each; with more FTS5 is asked."""
WAITING = 1_000
"""Chunks for which an ingest makes a segment of their own; a publication joins it to others."""
DEAD_SHARE = 0.1
"""A segment in which more chunks went is made anew."""
_PLACES_BYTES = 32_000_000
"""Of the words asked for last: one that half of all chunks hold takes 8 bytes a chunk of the library, one that more hold none."""
_SCOPES_BYTES = 16_000_000
"""Of the scopes asked for last: 8 bytes for each chunk in one."""
_PLACES_KEPT = 16_384
"""Of chunks, some 3 MB."""
_BATCH = 500
_WORDS_WRITTEN = 2_000
"""Words of a segment a transaction, so that nobody waits long to write."""

_ACTIVE = "(SELECT id FROM spaces WHERE active = 1)"
_EVERYTHING = Scope()
CACHE_KB = 65_536
"""SQLite's page cache once a connection searches. Its own 2 MB reads the same pages again and again within one search of a large library;
what only writes has no use for more."""
SIGNED = 20
"""Times as many candidates by signs are scored as are asked for."""
LIKELY, LIKELY_SHARE = 2_000, 50
"""Rows that are looked at by their codes where sides are known: so many, and no fewer than one of so many (docs/log.md)."""
LIKELY_FROM, LIKELY_SHARE_IN_SCOPE = 4_000, 4
"""Rows in a scope from which on sides are asked, and which share of them is looked at by their codes (docs/log.md)."""
_TURNED = 4_096
"""Rows whose sides one search finds out, in 20 to 50 ms."""
_AT_ONCE = 256
"""Of these; with more they leave the processor's cache, which takes half as long again."""
READ_WHOLE = 1_000
"""Chunks whose vectors are all read, 4 to 8 us each; of more, those that may be near by their codes."""


class Scan:
    """What searches of one connection keep. Searches are called within a transaction, what writes words is not; sqlite3's errors pass."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: tuple[Any, Rows] | None = None
        self._codes: tuple[Rows, Codes | Signs, str] | None = None
        self._sides: tuple[Rows, Sides, str] | None = None
        self._postings: tuple[Any, Postings | None] | None = None
        self._places: dict[str, Places] = {}
        self._placed: tuple[Any, dict[str, blocks.Place]] = None, {}
        self._scopes_of: tuple[Rows, int, dict[Scope, tuple[Sequence[str], NDArray[np.int64]]]] | None = None
        self._places_of: tuple[Rows, Postings, NDArray[np.int64]] | None = None
        self._blocks = blocks.Blocks(connection)
        self._wide = False
        self.count = 0
        """Searches over everything."""

    # ── vectors ───────────────────────────────────────────────────────────────────────────────────────────────────

    def nearest(self, vector: "Vectors", *, k: int, scope: Scope) -> list[tuple[str, float]]:
        """(chunk id, cosine) of the ``k`` nearest in scope, nearest first, equal ones by id; exact."""
        within = self._rows_in(scope) if scope != _EVERYTHING else None
        self.count += within is None
        return self._nearest(vector, within, k=k)

    def near(self, vector: "Vectors", *, k: int, scope: Scope) -> list[tuple[str, float]]:
        """As ``nearest``, but once it is known on which sides all rows lie, of those rows only that seem near by them: of everything, and
        in a scope of many. Searches over everything find it out."""
        if scope != _EVERYTHING:
            within = self._rows_in(scope)
            return self._nearest(vector, self._likely(vector, within) if len(within) > LIKELY_FROM else within, k=k)
        self.count += 1
        if self.count == 1:  # a program that asks one question gets nothing ready for more
            return self._nearest(vector, None, k=k)
        rows, codes = self.rows(), self._codes_of(self.rows())
        assert isinstance(codes, Codes)
        sides, total = self._sides_of(rows, codes), len(rows.numbers)
        if sides.known == total:
            return self._nearest(vector, sides.likely(vector, most=max(LIKELY, total // LIKELY_SHARE)), k=k)
        end = min(sides.known + _TURNED, total)
        while sides.known < end:
            sides.put(codes.decoded(slice(sides.known, min(sides.known + _AT_ONCE, end))))
        return self._nearest(vector, None, k=k)

    def _likely(self, vector: "Vectors", within: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Of these rows those that seem near, where that is known of all."""
        if self._sides is None or self._sides[0] is not self.rows() or self._sides[1].known < len(self.rows().numbers):
            return within
        return self._sides[1].likely(vector, most=max(LIKELY, len(within) // LIKELY_SHARE_IN_SCOPE), within=within)

    def _nearest(self, vector: "Vectors", within: "NDArray[np.int64] | None", *, k: int) -> list[tuple[str, float]]:
        import numpy as np

        rows = self.rows()
        all_rows = np.arange(len(rows.numbers)) if within is None else within
        if len(all_rows) <= max(READ_WHOLE, k):
            return self._best(all_rows, self._cosines(all_rows, vector), k=k)
        products, off = self._codes_of(rows).near(vector, within)
        if off is None:
            likely = all_rows[np.argpartition(products, -min(len(products), SIGNED * k))[-SIGNED * k :]]
            return self._best(likely, self._cosines(likely, vector), k=k)
        high = np.flatnonzero(products >= reached(products, by=k))
        likely = high[np.argpartition(products[high], -k)[-k:]]
        known = self._cosines(all_rows[likely], vector)
        possible = products + off >= known.min()
        possible[likely] = False
        others = self._cosines(all_rows[possible], vector)
        return self._best(np.concatenate([all_rows[likely], all_rows[possible]]), np.concatenate([known, others]), k=k)

    def cosines(self, ids: Sequence[str], vector: "Vectors") -> list[tuple[str, float]]:
        """(chunk id, cosine) of those of these chunks that live, nearest first, equal ones by id."""
        live = self.places(ids)
        return _ranked(zip(live, self._blocks.cosines(list(live.values()), vector).tolist(), strict=True))

    def surroundings(self, ids: Sequence[str], vector: "Vectors", *, nearby: int) -> dict[str, tuple[float, float]]:
        """(own cosine, mean of the page's around it) of those of these chunks that live."""
        live = self.places(ids)
        among = self.rows().beside({place.block for place in live.values()})
        return dict(zip(live, self._blocks.surroundings(list(live.values()), vector, nearby=nearby, among=among), strict=True))

    def places(self, ids: Sequence[str]) -> dict[str, blocks.Place]:
        """Of those of these chunks that live. What a search has found it asks for again, so the last are kept while chunks stay."""
        kept = self._places_kept()
        if new := [identity for identity in ids if identity not in kept]:
            sql = "SELECT id, number, block FROM live WHERE id IN (SELECT value FROM json_each(?))"
            kept |= {identity: blocks.Place(*at) for identity, *at in self._connection.execute(sql, [json.dumps(new)])}
        return {identity: kept[identity] for identity in ids if identity in kept}

    def _places_kept(self) -> dict[str, blocks.Place]:
        state = self._state()
        if self._placed[0] != state or len(self._placed[1]) > _PLACES_KEPT:
            self._placed = state, {}
        return self._placed[1]

    def _scored(self, found: Mapping[int, float]) -> list[tuple[str, float]]:
        """(chunk id, score) by chunk number and score, best first, equal ones by id."""
        sql = "SELECT id, number, block FROM chunks WHERE number IN (SELECT value FROM json_each(?))"
        there = {identity: blocks.Place(*at) for identity, *at in self._connection.execute(sql, [json.dumps(list(found))])}
        self._places_kept().update(there)
        return _ranked((identity, found[place.number]) for identity, place in there.items())

    def _cosines(self, at: "NDArray[np.int64]", vector: "Vectors") -> "NDArray[np.float32]":
        """Of these rows, by their full vectors."""
        self._widen_cache()  # not before codes are read: pages that are read once would fill it
        rows = self.rows()
        places = map(blocks.Place, rows.numbers[at].tolist(), rows.blocks_of(at).tolist())
        return self._blocks.cosines(list(places), vector)

    def _best(self, at: "NDArray[np.int64]", values: "NDArray[np.float32]", *, k: int) -> list[tuple[str, float]]:
        """(chunk id, value) of the ``k`` best of these rows, best first, equal ones by id."""
        import numpy as np

        if len(values) > k:
            high = values >= np.partition(values, -k)[-k]
            at, values = at[high], values[high]
        return self._scored(dict(zip(self.rows().numbers[at].tolist(), values.tolist(), strict=True)))[:k]

    def forget(self) -> None:
        """Other rows may be shown now."""
        self._rows = self._codes = self._sides = self._postings = self._scopes_of = self._places_of = None
        self._placed = None, {}
        self._places.clear()
        self._blocks.forget()

    def rows(self) -> Rows:
        """Of the active space, read again when the record has changed."""
        key = self._state()
        if self._rows is None or self._rows[0] != key:
            self._rows = key, slabs.rows(self._connection, space=key[0])
        return self._rows[1]

    def _state(self) -> tuple[str, int]:
        """Another one when chunks came or went: (active space, sequence)."""
        found = self._connection.execute(
            "SELECT id, (SELECT value FROM meta WHERE name = 'sequence') FROM spaces WHERE active = 1"
        ).fetchone()
        return found or ("", 0)

    def _codes_of(self, rows: Rows) -> Codes | Signs:
        """The codes of these rows, or their signs; only what came is read again. While they change they are in memory twice."""
        import numpy as np

        (kept,) = self._connection.execute("SELECT value FROM meta WHERE name = 'precision'").fetchone()
        kind = Signs if PRECISIONS[kept] == "binary" else Codes
        if self._codes is not None and self._codes[0] is rows and isinstance(self._codes[1], kind):
            return self._codes[1]
        ((space, dimensions),) = self._connection.execute("SELECT id, fingerprint ->> 'dimensions' FROM spaces WHERE active = 1").fetchall()
        codes, at, since = kind.empty(len(rows.numbers), dimensions=int(dimensions)), 0, 0
        if self._codes is not None and self._codes[2] == space and isinstance(self._codes[1], kind):
            before, there, _ = self._codes
            at = codes.put_from(there, np.repeat(is_among(before.blocks, rows.blocks), before.sizes))  # type: ignore[arg-type]
            since = int(before.blocks[-1]) if len(before.blocks) else 0
        for bits in slabs.bits(self._connection, space=space, since=since):
            at = codes.put(at, bits)
        self._codes = rows, codes, space
        return codes

    def _sides_of(self, rows: Rows, codes: Codes) -> Sides:
        """Those that are known of these rows; they stay known while others come and go."""
        import numpy as np

        assert self._codes is not None
        space = self._codes[2]
        if self._sides is not None and self._sides[0] is rows:
            return self._sides[1]
        total = len(rows.numbers)
        if self._sides is None or self._sides[2] != space:
            middle = codes.decoded(slice(None, None, max(1, total // _TURNED))).mean(axis=0)
            self._sides = rows, Sides(total, middle=middle), space
        else:
            before, there, _ = self._sides
            kept = np.repeat(is_among(before.blocks, rows.blocks), before.sizes)
            self._sides = rows, there.of(kept, rows=total), space
        return self._sides[1]

    def documents(self, scope: Scope) -> Sequence[str]:
        """Ids of the documents in scope, in no order; those of the last scopes are kept while neither chunks nor paths nor lists change."""
        return self._scope(scope)[0]

    def _rows_in(self, scope: Scope) -> "NDArray[np.int64]":
        """The rows in scope, ascending."""
        return self._scope(scope)[1]

    def _scope(self, scope: Scope) -> tuple[Sequence[str], "NDArray[np.int64]"]:
        import numpy as np

        rows = self.rows()
        (sight,) = self._connection.execute("SELECT value FROM meta WHERE name = 'sight'").fetchone()
        if self._scopes_of is None or self._scopes_of[0] is not rows or self._scopes_of[1] != sight:
            self._scopes_of = rows, sight, {}
        kept = self._scopes_of[2]
        if scope in kept:
            found = kept.pop(scope)
        else:
            documents = [document for (document,) in self._connection.execute(*scopes.documents(scope))]
            found = documents, np.flatnonzero(rows.of_documents(documents))
        kept[scope] = found  # those asked for last stand last
        held = sum(within.nbytes for _, within in kept.values())
        while held > _SCOPES_BYTES and len(kept) > 1:
            held -= kept.pop(next(iter(kept)))[1].nbytes
        return found

    # ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def has_postings(self) -> bool:
        """Whether ``lexical`` and ``holders`` can be asked: not in a small library, and not while many chunks wait for a publication."""
        self._widen_cache()
        return self._words() is not None

    def _widen_cache(self) -> None:
        if not self._wide:
            self._connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            self._wide = True

    def lexical(self, question: str, *, k: int, scope: Scope) -> list[tuple[str, float]]:
        """(chunk id, bm25) of the ``k`` best in scope, best first, equal ones by id."""
        postings = self._postings_there()
        words = telling_words(question)
        scores = postings.scores(self._of_words(postings, words))
        if not scores.any():  # nothing but words that stand everywhere, or nowhere
            scores = postings.scores(postings.places(self._connection, words, common=True))
        within = None if scope == _EVERYTHING else self._of_postings(postings)[self._rows_in(scope)]
        return self._scored(dict(postings.best(scores, k=k, within=within)))[:k]

    def holders(self, question: str) -> dict[str, int]:
        """How many live chunks hold each word of the question."""
        words = telling_words(question)
        return {word: places.count for word, places in zip(words, self._of_words(self._postings_there(), words), strict=True)}

    def abouts(self, title: str, *, scope: Scope) -> dict[str, float]:
        """Document in scope -> how far its words as a whole are the title's; only those that hold some."""
        import numpy as np

        rows = self.rows()
        within = np.ones(len(rows.counts), dtype=bool) if scope == _EVERYTHING else rows.among(self.documents(scope))
        return abouts(rows, holding=[self._numbers(word) for word in telling_words(title)], within=within)

    def _numbers(self, word: str) -> "NDArray[np.int64]":
        """Of the chunks that hold a word, those of other spaces perhaps among them."""
        import numpy as np

        postings = self._words()
        if postings is not None:
            return postings.numbers[postings.places(self._connection, [word], common=True)[0].rows]
        found = self._connection.execute("SELECT rowid FROM lexical WHERE lexical MATCH ?", [quoted(word)]).fetchall()
        return np.array(found, dtype=np.int64).reshape(-1)

    def _postings_there(self) -> Postings:
        postings = self._words()
        assert postings is not None
        return postings

    def _words(self) -> Postings | None:
        key = self._connection.execute(
            f"""SELECT {_ACTIVE}, (SELECT value FROM meta WHERE name = 'sequence'),
            (SELECT group_concat(number) FROM segments WHERE length(chunks) > 0)"""
        ).fetchone()
        if self._postings is None or self._postings[0] != key:
            self._places.clear()
            self._postings = key, self._read_postings()
        return self._postings[1]

    def _read_postings(self) -> Postings | None:
        import numpy as np

        stored = _apart(self._segments())
        if not stored:
            return None
        live = np.sort(self.rows().numbers)
        recent = live[~is_among(live, np.sort(np.concatenate([one.chunks for one in stored.values()])))]
        if len(recent) > MOST_RECENT:
            return None
        segments = [*stored.values(), *([self._made(recent)] if len(recent) else [])]
        return Postings(segments, stored=list(stored), live=live)

    def _of_words(self, postings: Postings, words: Sequence[str]) -> list[Places]:
        new = [word for word in words if word not in self._places]
        made = dict(zip(new, postings.places(self._connection, new), strict=True))
        found = [made[word] if word in made else self._places.pop(word) for word in words]
        self._places.update(zip(words, found, strict=True))  # those asked for last stand last
        held = sum(places.bytes for places in self._places.values())
        while held > _PLACES_BYTES:
            held -= self._places.pop(next(iter(self._places))).bytes
        return found

    def _of_postings(self, postings: Postings) -> "NDArray[np.int64]":
        """For each of the record's rows the row of the postings that has the same chunk."""
        rows = self.rows()
        if self._places_of is None or self._places_of[0] is not rows or self._places_of[1] is not postings:
            self._places_of = rows, postings, postings.rows_of(rows.numbers)
        return self._places_of[2]

    def _segments(self) -> dict[int, Segment]:
        import numpy as np

        return {
            number: Segment(
                chunks=np.frombuffer(chunks, dtype="<i8"),
                lengths=np.frombuffer(lengths, dtype="<i4"),
                places={},
                positions={},
                positioned=bool(positioned),
            )
            for number, chunks, lengths, positioned in self._connection.execute(
                "SELECT number, chunks, lengths, positioned FROM segments WHERE length(chunks) > 0 ORDER BY number"
            )
        }

    def _made(self, numbers: "NDArray[np.int64]") -> Segment:
        """A segment of these chunks, their texts read a few at a time."""
        sql = "SELECT number, header, text FROM chunks WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number"
        starts = range(0, len(numbers), _BATCH)
        rows = (row for at in starts for row in self._connection.execute(sql, [json.dumps(numbers[at : at + _BATCH].tolist())]))
        return segment(self._connection, rows)

    # ── writing postings ──────────────────────────────────────────────────────────────────────────────────────────

    def index_words(self, *, anew: bool) -> None:
        """Postings for every live chunk of a library that is large enough, small segments joined; ``anew``: no segment stays.

        Transactions are short. Searches see new segments in place of old ones from one moment on; a segment without chunks is not to be
        seen yet, or no longer.
        """
        self._sweep()
        stored, kept, waiting = self._segments_now(anew=anew)
        made = [self._put(self._made(waiting[at : at + SEGMENT])) for at in range(0, len(waiting) - SEGMENT + 1, SEGMENT)]
        small = [(number, one) for number, one in kept.items() if len(one.chunks) < SEGMENT]
        if left := len(waiting) % SEGMENT:
            small.append((0, self._made(waiting[-left:])))
        for group in _groups(small):
            if len(group) > 1 or not group[0][0]:
                made.append(self._put(joined([self._with_places(number, one) for number, one in group])))
                for number, _ in group:
                    kept.pop(number, None)
        self._show(made, gone=set(stored) - set(kept))
        self._sweep()

    def add_words(self) -> None:
        """Postings for what came since the last ones, in a segment of its own, where that is much: searches beside a long ingest need not
        ask FTS5. Nothing else is looked at, so that it costs the same in any library."""
        import numpy as np

        ((last,),) = self._connection.execute("SELECT max(last) FROM segments WHERE length(chunks) > 0").fetchall()
        sql = f"SELECT number FROM chunks WHERE number > ? AND +space = {_ACTIVE} ORDER BY number"
        waiting = np.array(self._connection.execute(sql, [last or 0]).fetchall(), dtype=np.int64).reshape(-1)
        if len(waiting) >= (WORDS_FROM if last is None else WAITING):
            self._show([self._put(self._made(waiting[at : at + SEGMENT])) for at in range(0, len(waiting), SEGMENT)], gone=())

    def _segments_now(self, *, anew: bool) -> tuple[Mapping[int, Segment], dict[int, Segment], "NDArray[np.int64]"]:
        """(all segments, those that stay, live chunks without postings)."""
        import numpy as np

        live, stored = np.sort(self.rows().numbers), self._segments()
        kept = {number: one for number, one in _apart(stored).items() if not anew and _is_sound(one, live)}
        covered = np.concatenate([one.chunks for one in kept.values()]) if kept else np.empty(0, dtype=np.int64)
        waiting = np.setdiff1d(live, covered, assume_unique=True) if len(live) >= WORDS_FROM else live[:0]
        return stored, kept, waiting

    def _with_places(self, number: int, one: Segment) -> Segment:
        """One whose places are in the record, read; 0 is the number of one that has them."""
        if not number:
            return one
        places, positions = (
            dict(self._connection.execute(sql, [number]))
            for sql in ("SELECT word, places FROM postings WHERE segment = ?", "SELECT word, positions FROM positions WHERE segment = ?")
        )
        return replace(one, places=places, positions=positions)

    def _show(self, made: Iterable[tuple[bytes, bytes, int]], *, gone: Iterable[int]) -> None:
        """What was put takes the place of what is gone, at one moment."""
        with schema.transaction(self._connection):
            self._connection.executemany("UPDATE segments SET chunks = x'' WHERE number = ?", [(number,) for number in sorted(gone)])
            self._connection.executemany("UPDATE segments SET chunks = ?, lengths = ? WHERE number = ?", made)

    def _put(self, made: Segment) -> tuple[bytes, bytes, int]:
        """Writes a segment's places; its chunks, their lengths and its number, for the moment when it is to be seen."""
        with schema.transaction(self._connection):
            sql = "INSERT INTO segments (last, chunks, lengths, positioned) VALUES (?, x'', x'', 1) RETURNING number"
            ((number,),) = self._connection.execute(sql, [int(made.chunks[-1])]).fetchall()
        places = sorted(made.places.items())
        for at in range(0, len(places), _WORDS_WRITTEN):
            some = places[at : at + _WORDS_WRITTEN]
            positions = [(word, number, made.positions[word]) for word, _ in some]
            with schema.transaction(self._connection):
                sql = "INSERT INTO postings (word, segment, places) VALUES (?, ?, ?)"
                self._connection.executemany(sql, [(word, number, held) for word, held in some])
                self._connection.executemany("INSERT INTO positions (word, segment, positions) VALUES (?, ?, ?)", positions)
        return made.chunks.astype("<i8").tobytes(), made.lengths.astype("<i4").tobytes(), number

    def _sweep(self) -> None:
        """Takes away segments without chunks: replaced ones, and what a killed publication left. Word by word of all of them: one segment
        after the other would write every page of the table as often as there are segments."""
        gone = [number for (number,) in self._connection.execute("SELECT number FROM segments WHERE length(chunks) = 0")]
        if not gone:
            return
        among = f"segment IN ({', '.join(map(str, gone))})"
        words = self._connection.execute(f"SELECT word FROM postings WHERE {among} ORDER BY word")
        begins = [word for (word,) in islice(words, 0, None, _WORDS_WRITTEN)]
        for begin, end in pairwise([*begins, None]):
            with schema.transaction(self._connection):
                for table in ("postings", "positions"):
                    sql = f"DELETE FROM {table} WHERE {among} AND word >= ?1 AND (?2 IS NULL OR word < ?2)"
                    self._connection.execute(sql, [begin, end])
        with schema.transaction(self._connection):
            self._connection.execute(f"DELETE FROM segments WHERE number IN ({', '.join(map(str, gone))})")


def _apart(stored: Mapping[int, Segment]) -> dict[int, Segment]:
    """Without those that hold a chunk which an earlier one holds: two that make postings at once, one of them without the writer's lock,
    leave every chunk twice."""
    import numpy as np

    apart: dict[int, Segment] = {}
    covered = np.empty(0, dtype=np.int64)
    for number, one in stored.items():
        last = int(covered[-1]) if len(covered) else -1
        if int(one.chunks[0]) > last or not is_among(one.chunks, covered).any():
            apart[number] = one
            covered = np.concatenate([covered, one.chunks])
            if int(one.chunks[0]) <= last:
                covered.sort()
    return apart


def _is_sound(one: Segment, live: "NDArray[np.int64]") -> bool:
    """Nearly all of its chunks live, and it says where its words stand."""
    return one.positioned and float(is_among(one.chunks, live).mean()) >= 1 - DEAD_SHARE


def _groups(small: Iterable[tuple[int, Segment]]) -> list[list[tuple[int, Segment]]]:
    """Those that make a segment together, their chunks in the order of the numbers."""
    groups: list[list[tuple[int, Segment]]] = []
    for number, one in sorted(small, key=lambda entry: int(entry[1].chunks[0])):
        there = groups[-1] if groups else []
        fits = sum(len(other.chunks) for _, other in there) + len(one.chunks) <= SEGMENT
        if there and fits and int(there[-1][1].chunks[-1]) < int(one.chunks[0]):
            there.append((number, one))
        else:
            groups.append([(number, one)])
    return groups


def _ranked(scored: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    return sorted(scored, key=lambda near: (-near[1], near[0]))
