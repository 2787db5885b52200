"""Waiting in the event loop for what a thread does."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def outcome(work: Future[T], within_s: float) -> T:
    """What the work of a thread came to. Who waits no longer does not stop it.

    Raises:
        TimeoutError: it is not done within so many seconds.
        Exception: what the work raised.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def tell(_work: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop has ended, nobody waits
            loop.call_soon_threadsafe(done.set)

    work.add_done_callback(tell)
    async with asyncio.timeout(within_s):
        await done.wait()
    return work.result()
