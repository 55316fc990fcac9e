"""The usage object of Responses: Chat's rules under other names. Cases of hosts: the Chat tests."""

from hypothesis import given
from openai.types.responses import ResponseUsage

from fastproxy.formats.openai_responses.usage import decode, encode
from fastproxy.ir.events import Usage
from laws.event_lists import usages


def counts(usage: Usage) -> tuple[int | None, ...]:
    return (
        usage.input_tokens,
        usage.cached_tokens,
        usage.cache_written_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )


def test_openais_object() -> None:
    told: dict[str, object] = {
        "input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 17,
    }
    read = decode(told)
    assert read is not None
    assert counts(read) == (9, 1, 2, 5, 3)
    assert read.raw == told
    assert encode(read) == told


def test_an_older_object_without_written_tokens() -> None:
    read = decode({"input_tokens": 12, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 5})
    assert read is not None
    assert counts(read) == (11, 1, None, 5, None)


def test_an_object_of_chat_or_of_a_tool_is_no_usage_here() -> None:
    assert decode({"prompt_tokens": 1, "completion_tokens": 1}) is None
    assert decode({"input_tokens": None}) is None


@given(usages)
def test_what_is_written_conserves_every_class(usage: Usage) -> None:
    written = encode(usage)
    if written is None:
        assert set(counts(usage)) == {None}
        return
    ResponseUsage.model_validate(written, strict=True)
    read = decode(written)
    assert read is not None
    assert counts(read) == tuple(count or 0 for count in counts(usage))
