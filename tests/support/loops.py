"""Coroutine tests without a plugin: each runs in a loop of its own, bounded in time; the loop must not complain.

A complaint is anything the loop reports by itself: an exception that nobody retrieved, a callback that raised.
"""

import asyncio
import functools
import gc
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

TEST_SECONDS = 20.0
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}

Test = Callable[..., Coroutine[Any, Any, None]]


def in_loop(test: Test) -> Callable[..., None]:
    """The test as a plain function, run in asyncio's own loop."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        _run(test(*args, **kwargs), "asyncio")

    return run


def in_both_loops(test: Test) -> Callable[..., None]:
    """The test as a plain function that pytest runs twice: in asyncio's loop and in uvloop's."""

    @functools.wraps(test)
    def run(*args: object, loop_kind: str, **kwargs: object) -> None:
        _run(test(*args, **kwargs), loop_kind)

    signature = inspect.signature(test)
    kind = inspect.Parameter("loop_kind", inspect.Parameter.KEYWORD_ONLY)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), kind])  # type: ignore[attr-defined]
    return pytest.mark.parametrize("loop_kind", LOOPS)(run)


async def turns(count: int = 5) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what sockets or other processes bring about; the test's own time limit bounds it."""
    while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
        await asyncio.sleep(0.001)


def _run(test: Coroutine[Any, Any, None], loop_kind: str) -> None:
    complaints: list[str] = []

    async def bounded() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: complaints.append(f"{context.get('message')}: {context.get('exception')!r}")
        )
        async with asyncio.timeout(TEST_SECONDS):
            await test
        await turns()
        gc.collect()

    gc.freeze()  # so that the collection at the end looks at this test's objects only: 100 times faster
    try:
        with asyncio.Runner(loop_factory=LOOPS[loop_kind]) as runner:
            runner.run(bounded())
    finally:
        gc.unfreeze()
    assert complaints == []
