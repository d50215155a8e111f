"""`AsyncKeeper`: a keeper for an event loop, which never waits for it.

async with AsyncKeeper("flow.toml") as keeper:
prediction = await keeper.predict_one({"x": 1.5}, id="a", time=0.0)
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

from engine.events import Event
from engine.keeper.keeper import Keeper
from engine.keeper.router import RawRecord
from engine.keeper.settings import Settings
from engine.records.events import Outcome, Output, Prediction
from engine.records.values import Example, Scalar

P = ParamSpec("P")
T = TypeVar("T")


class AsyncKeeper:
    """The same as `Keeper`, with `await`; arguments are those of its methods.

    All work is done by one thread, one call after the other in the order of the calls, so the event loop goes
    on while a window closes or a report is waited for. A call that is cancelled is carried out all the same.
    """

    def __init__(
        self,
        config: Settings,
        *,
        task: str | None = None,
        reference: Mapping[str, Iterable[Example]] | None = None,
    ) -> None:
        self._make = partial(Keeper, config, task=task, reference=reference)
        self._keeper: Keeper | None = None
        self._thread = ThreadPoolExecutor(1, "keeper")

    async def __aenter__(self) -> Self:
        """Imports River and builds the model, in the thread, and has the process for reports started."""
        self._keeper = await asyncio.get_running_loop().run_in_executor(self._thread, self._make)
        await self.warm()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def keeper(self) -> Keeper:
        """The keeper itself, to look at while no call is under way."""
        if self._keeper is None:
            raise RuntimeError("an AsyncKeeper begins with `async with`")
        return self._keeper

    async def _run(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        call = partial(do, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def predict_one(self, x: Mapping[str, Scalar], **kwargs: Any) -> Prediction:
        """See `Keeper.predict_one`."""
        return await self._run(self.keeper.predict_one, x, **kwargs)

    async def learn_one(self, y: Any, **kwargs: Any) -> Outcome | None:
        """See `Keeper.learn_one`."""
        return await self._run(self.keeper.learn_one, y, **kwargs)

    async def process(self, records: Iterable[RawRecord], **kwargs: Any) -> list[Event]:
        """See `Keeper.process`."""
        return await self._run(self.keeper.process, records, **kwargs)

    async def events(self) -> list[Event]:
        """See `Keeper.events`."""
        return await self._run(self.keeper.events)

    async def command(self, order: Any, target: str = "", **kwargs: Any) -> list[Event]:
        """See `Keeper.command`."""
        return await self._run(self.keeper.command, order, target, **kwargs)

    async def finish(self, key: str | None = None) -> list[Event]:
        """See `Keeper.finish`."""
        return await self._run(self.keeper.finish, key)

    async def positions(self, key: str = "main") -> dict[str, int]:
        """See `Keeper.positions`."""
        return await self._run(self.keeper.positions, key)

    async def peek(self, x: Mapping[str, Scalar], *, key: str = "main") -> Output | None:
        """See `Keeper.peek`."""
        return await self._run(self.keeper.peek, x, key=key)

    async def snapshot(self, key: str = "main") -> bytes:
        """See `Keeper.snapshot`."""
        return await self._run(self.keeper.snapshot, key)

    async def changed(self) -> dict[str, bytes]:
        """See `Keeper.changed`."""
        return await self._run(self.keeper.changed)

    async def restore(self, saved: Mapping[str, bytes]) -> None:
        """See `Keeper.restore`."""
        await self._run(self.keeper.restore, saved)

    async def forget(self, key: str) -> None:
        """See `Keeper.forget`."""
        await self._run(self.keeper.forget, key)

    async def warm(self) -> None:
        """See `Keeper.warm`."""
        await self._run(self.keeper.warm)

    async def close(self) -> None:
        """See `Keeper.close`. Calls under way end first."""
        if self._keeper is not None:
            await self._run(self._keeper.close)
        self._thread.shutdown(wait=False)
