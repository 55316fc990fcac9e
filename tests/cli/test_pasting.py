"""Lines that arrive while something else is waited for."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from fastproxy.cli.pasting import LINE_BYTES, Lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, Callable[[bytes], int]]]:
    read, write = os.pipe()
    yield read, lambda data: os.write(write, data)
    for descriptor in (write, read):
        os.close(descriptor)


def test_lines_come_one_by_one_however_they_are_cut(pipe) -> None:
    read, write = pipe

    async def main() -> list[str]:
        lines = Lines(read)
        write(b"one\ntw")
        first = await lines.next()
        write(b"o\nthree\n")
        return [first, await lines.next(), await lines.next()]

    assert asyncio.run(main()) == ["one", "two", "three"]


def test_a_last_line_without_an_end_counts_and_then_nothing_comes() -> None:
    read, write = os.pipe()
    os.write(write, b"code")
    os.close(write)

    async def main() -> str:
        lines = Lines(read)
        line = await lines.next()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lines.next(), 0.1)
        return line

    try:
        assert asyncio.run(main()) == "code"
    finally:
        os.close(read)


def test_a_line_without_end_is_cut(pipe) -> None:
    read, write = pipe

    async def main() -> int:
        lines = Lines(read)
        for _ in range(12):
            write(b"x" * 4096)
            await asyncio.sleep(0.01)
        write(b"\n")
        return len(await lines.next())

    assert asyncio.run(main()) <= LINE_BYTES


def test_waiting_for_a_line_does_not_keep_a_process_from_ending() -> None:
    program = (
        "import asyncio\nfrom fastproxy.cli.pasting import Lines\n"
        "async def main():\n    task = asyncio.ensure_future(Lines(0).next())\n    await asyncio.sleep(0.1)\n"
        "    task.cancel()\nasyncio.run(main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.wait(20) == 0
    _, told = process.communicate()
    assert told == b""
