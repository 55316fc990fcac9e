"""The commit gate: what is held, for how long, and what of it goes on."""

import asyncio
from collections.abc import Iterator

import pytest

from fastproxy.errors import Fault
from fastproxy.formats import FORMATS
from fastproxy.formats.base import EncoderOptions, Format
from fastproxy.ir.events import BlockEnd, Failed, Start, Stop, Text, Usage
from fastproxy.prelude import Prelude, enough_of, failure_in, nothing_is_enough
from support.loops import in_loop

OPENING = Start(id="r", model="m", created_at=1)
GOOD = (OPENING, Text(0, "hi"), BlockEnd(0), Usage(input_tokens=1, output_tokens=1), Stop("end"))


def written(format_: Format, *events: object) -> Iterator[bytes]:
    encoder = format_.encoder(EncoderOptions())
    for event in events:
        yield encoder.encode(event)  # type: ignore[arg-type]
    yield encoder.close()


@pytest.mark.parametrize("format_", FORMATS, ids=lambda one: one.name)
def test_nothing_before_the_first_word_is_an_answer_and_the_first_word_is(format_: Format):
    enough = enough_of(format_)
    encoder = format_.encoder(EncoderOptions())
    assert not enough(encoder.encode(OPENING))
    assert enough(encoder.encode(GOOD[1]))
    assert failure_in(format_, b"".join(written(format_, *GOOD)), 1 << 20) is None


@pytest.mark.parametrize("format_", FORMATS, ids=lambda one: one.name)
def test_a_failure_before_the_first_word_is_told_with_its_event(format_: Format):
    failing = b"".join(written(format_, OPENING, Failed("rate_limited", "usage limit reached")))
    assert enough_of(format_)(failing)
    failure = failure_in(format_, failing, 1 << 20)
    assert failure is not None
    assert (failure.told.kind, failure.told.message) == ("rate_limited", "usage limit reached")
    assert b"usage limit reached" in failure.data


@pytest.mark.parametrize("format_", FORMATS, ids=lambda one: one.name)
def test_a_failure_after_the_first_word_is_the_clients_to_see(format_: Format):
    failing = b"".join(written(format_, OPENING, Text(0, "hi"), Failed("rate_limited", "usage limit reached")))
    assert failure_in(format_, failing, 1 << 20) is None


class Source:
    """As much of an exchange as a prelude needs: it keeps what is given back."""

    def __init__(self) -> None:
        self.sink: Prelude | None = None
        self.back: tuple[bytes, bool] | None = None
        self.pauses = 0

    def pause(self) -> None:
        self.pauses += 1

    def resume(self) -> None:
        self.pauses -= 1

    def new_future(self) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().create_future()

    def relay(self, sink: Prelude) -> None:
        self.sink = sink

    def give_back(self, held: bytes, *, ended: bool = False) -> None:
        self.back = (held, ended)


async def begun(prelude: Prelude) -> "asyncio.Task[bytes]":
    task = asyncio.create_task(prelude.read())
    await asyncio.sleep(0)
    return task


@in_loop
async def test_what_was_held_goes_back_whole_once_enough_is_known():
    source = Source()
    prelude = Prelude(source, lambda data: b"word" in data, 1000)  # type: ignore[arg-type]
    reading = await begun(prelude)
    prelude.data(b"first wo")
    assert not reading.done()
    prelude.data(b"rd")  # the mark is cut in two
    assert await reading == b"first word"
    assert source.back == (b"first word", False)


@in_loop
async def test_a_body_that_ends_or_is_too_long_is_given_back_as_it_is():
    for last, ended in ((None, True), (b"x" * 1000, False)):
        source = Source()
        prelude = Prelude(source, nothing_is_enough, 1000)  # type: ignore[arg-type]
        reading = await begun(prelude)
        prelude.data(b"so far")
        prelude.end() if last is None else prelude.data(last)
        assert await reading == b"so far" + (last or b"")
        assert source.back == (b"so far" + (last or b""), ended)


@in_loop
async def test_one_that_is_full_reads_no_further():
    source = Source()
    prelude = Prelude(source, nothing_is_enough, 1000)  # type: ignore[arg-type]
    reading = await begun(prelude)
    prelude.data(b"x" * 999)
    assert source.pauses == 0
    prelude.data(b"x")
    prelude.data(b"x")
    assert source.pauses == 1
    assert await reading == b"x" * 1001
    assert source.pauses == 0


@in_loop
async def test_a_client_is_not_kept_waiting_for_ever_and_a_break_is_told():
    source = Source()
    prelude = Prelude(source, nothing_is_enough, 1000, 15.0)  # type: ignore[arg-type]
    reading = await begun(prelude)
    for now in (100.0, 114.0):
        prelude.expire(now)
    await asyncio.sleep(0)
    assert not reading.done()
    prelude.expire(115.0)
    assert await reading == b""
    broken = Prelude(source, nothing_is_enough, 1000)  # type: ignore[arg-type]
    reading = await begun(broken)
    broken.broken(Fault("unreachable", "gone"))
    with pytest.raises(Fault, match="gone"):
        await reading
