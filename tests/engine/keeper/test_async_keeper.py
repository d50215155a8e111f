"""The same with `await`: what comes out is what the keeper gives, and the loop goes on meanwhile."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from engine import AsyncKeeper, InputError, Keeper
from tests.engine.keeper.test_keeper import CONFIG, lines, rows


def test_what_comes_out_is_what_a_keeper_gives() -> None:
    async def asked() -> list[dict[str, Any]]:
        async with AsyncKeeper(CONFIG) as keeper:
            found = await keeper.process(rows(1, 50))
            await keeper.predict_one({"x": 1}, id="q")
            assert await keeper.learn_one(True, id="q") is not None
            saved = await keeper.changed()
            found += await keeper.command("pin", key="a")
            found += await keeper.events()
        async with AsyncKeeper(CONFIG) as keeper:
            await keeper.restore(saved)
            assert await keeper.snapshot("main")
            await keeper.forget("main")
            assert "main" not in keeper.keeper.engines
            return lines(found + await keeper.finish())

    with Keeper(CONFIG) as straight, Keeper(CONFIG) as again:
        expected = straight.process(rows(1, 50))
        straight.predict_one({"x": 1}, id="q")
        straight.learn_one(True, id="q")
        again.restore({key: saved for key, saved in straight.changed().items() if key != "main"})
        expected += straight.command("pin", key="a") + straight.events() + again.finish()
        assert asyncio.run(asked()) == lines(expected)


def test_the_loop_goes_on_while_a_call_waits() -> None:
    passed = threading.Event()

    def slow() -> Iterator[dict[str, Any]]:
        assert passed.wait(20), "the event loop stands still"
        yield from rows(1, 3)

    async def asked() -> int:
        async with AsyncKeeper(CONFIG) as keeper:
            waiting = asyncio.create_task(keeper.process(slow()))
            await asyncio.sleep(0)
            passed.set()
            return len(await waiting)

    assert asyncio.run(asked()) >= 3


def test_a_mistake_is_raised_where_it_is_awaited() -> None:
    async def asked() -> None:
        async with AsyncKeeper(CONFIG) as keeper:
            await keeper.predict_one({"x": 1}, id=1.5)

    with pytest.raises(InputError, match="id: expected text"):
        asyncio.run(asked())
    with pytest.raises(RuntimeError, match="begins with `async with`"):
        AsyncKeeper(CONFIG).keeper  # noqa: B018 - that is the test
