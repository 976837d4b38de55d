"""Desks serve people in turn, and a person who asks too much at once is told so."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.app import Library, create
from rag.desks import Desks
from rag.desks.desks import MOST_OF_ONE
from rag.desks.line import Line
from rag.errors import CrowdedError
from rag.types import OWNER, Reader
from rag.web.rate import A_SECOND, AT_ONCE, Rates

ANN, BOB = (Reader(user=number, name=name, role="admin") for number, name in ((1, "ann"), (2, "bob")))


@pytest.fixture
def one_desk(tmp_path: Path) -> Iterator[Desks]:
    """In an empty workspace."""
    create(tmp_path / "ws", embedder="small")
    desks = Desks(tmp_path / "ws", count=1)
    yield desks
    desks.close()


def test_a_line_takes_from_each_person_in_turn() -> None:
    """The oldest of each; what waits when the line is closed is still taken."""
    line: Line[str] = Line()
    for job, person in (("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("b2", 2), ("c1", 3)):
        line.put(job, of=person)
    assert (len(line), line.of(1), line.of(9)) == (6, 3, 0)
    line.close()
    assert [line.take() for _ in range(7)] == ["a1", "b1", "c1", "a2", "b2", "a3", None]


def test_one_person_s_many_requests_do_not_hold_up_another_s(one_desk: Desks) -> None:
    """Ann's thirty wait at the only desk; Bob's is done after the one that was begun and one more at most."""
    let_go, served = threading.Event(), []

    async def people() -> None:
        def job(name: str) -> None:
            let_go.wait(60)
            served.append(name)

        hers = [asyncio.ensure_future(one_desk.do(lambda _: job("ann"), reader=ANN)) for _ in range(30)]
        await asyncio.sleep(0.05)
        his = asyncio.ensure_future(one_desk.do(lambda _: job("bob"), reader=BOB))
        await asyncio.sleep(0.05)
        let_go.set()
        await asyncio.gather(his, *hers)

    asyncio.run(people())
    assert served.index("bob") <= 2


def test_who_asks_too_much_at_once_is_told_to_come_back(one_desk: Desks) -> None:
    """With users, each has so many requests waiting; the owner of a workspace without users is not counted."""
    let_go = threading.Event()

    async def crowd(reader: Reader) -> list[object]:
        def job(_: Library) -> None:
            let_go.wait(60)

        asked = [asyncio.ensure_future(one_desk.do(job, reader=reader)) for _ in range(MOST_OF_ONE + 4)]
        await asyncio.sleep(0.2)
        let_go.set()
        return list(await asyncio.gather(*asked, return_exceptions=True))

    refused = [one for one in asyncio.run(crowd(ANN)) if isinstance(one, CrowdedError)]
    assert 3 <= len(refused) <= 4  # one may have been begun in between
    assert (refused[0].http_status, str(refused[0])[:2]) == (429, str(MOST_OF_ONE))
    let_go.clear()
    assert asyncio.run(crowd(OWNER)) == [None] * (MOST_OF_ONE + 4)


def test_one_person_sends_so_many_requests_a_second() -> None:
    """After a rest many at once, then as many as time fills in again; another person is not held up."""
    now = 0.0
    rates = Rates(clock=lambda: now)
    assert [rates.wait(1) for _ in range(int(AT_ONCE))] == [0.0] * int(AT_ONCE)
    assert rates.wait(1) == pytest.approx(1 / A_SECOND)
    assert rates.wait(2) == 0.0
    now = 0.5
    assert sum(rates.wait(1) == 0.0 for _ in range(20)) == A_SECOND / 2
    now = 1_000.0
    assert sum(rates.wait(1) == 0.0 for _ in range(1_000)) == AT_ONCE
