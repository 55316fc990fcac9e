"""Thoughts that their host binds to all that stood before them, in loops of clients that speak another format.

Such clients edit what they sent: they compact it, or write their system prompt anew. Anthropic refuses all of it then,
unless it was asked to leave the thoughts out.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from support import steps
from support.live_sdks import openai_client
from support.relay import UPSTREAM_KEY, Relay
from support.relay import config as relay_config
from support.steps import Call, Step
from support.upstream import Upstream

LOOK = Call("toolu_1", "look", '{"place":"pier"}')
SAID = Step("I must look.", "c2lnbmVk", "", (LOOK,))
TOOL: dict[str, Any] = {"type": "object", "properties": {"place": {"type": "string"}}}


@pytest.fixture(scope="module")
def anthropic(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay whose provider "anthropic" is the lab."""
    extra = f'[providers.anthropic]\nbase_url = "{upstream.origin}"\napi_key = "env:TEST_UPSTREAM_KEY"\n'
    with Relay(tmp_path_factory.mktemp("anthropic"), relay_config(upstream.origin, extra=extra)) as running:
        yield running
    assert running.complaints() == []
    assert UPSTREAM_KEY not in running.log


@pytest.mark.parametrize(("model", "bound"), [("claude-opus-5-5", True), ("claude-opus-5", False)])
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_an_edited_loop_is_not_refused(anthropic: Relay, upstream: Upstream, stream: bool, model: str, bound: bool):
    script = upstream.teach(*(steps.acts("anthropic", each, stream=stream) for each in (SAID, Step(text="A lamp."))))
    tools = [{"type": "function", "name": "look", "parameters": TOOL}]
    asked: dict[str, Any] = {"model": f"anthropic/{script}/{model}", "tools": tools}
    history: list[Any] = [{"role": "user", "content": "Where?"}]
    with openai_client(anthropic.url) as client:
        items = answered(client, asked | {"input": history, "instructions": "It is noon."}, stream=stream).output
        history += [item.to_dict(mode="json") for item in items]
        history.append({"type": "function_call_output", "call_id": items[-1].call_id, "output": "lamp"})
        final = answered(client, asked | {"input": history, "instructions": "It is one."}, stream=stream)
    assert final.output_text == "A lamp."
    first, second = upstream.seen(script)
    assert b"block_binding" not in first.body
    told = orjson.loads(second.body)
    assert told["messages"][1]["content"][0] == {
        "type": "thinking", "thinking": "I must look.", "signature": "c2lnbmVk"
    }  # fmt: skip
    binding = told.get("thinking", {}).get("block_binding")
    assert binding == ({"prefix_mismatch_behavior": "drop_block"} if bound else None)
    betas = [value for name, value in second.headers if name == b"anthropic-beta"]
    assert betas == ([b"thinking-binding-controls-2026-08-01"] if bound else [])


def test_a_thought_that_the_relay_puts_back_is_bound_too(anthropic: Relay, upstream: Upstream):
    """Chat's clients send none back: the relay remembers what was thought before a call."""
    script = upstream.teach(*(steps.acts("anthropic", each, stream=False) for each in (SAID, Step(text="A lamp."))))
    tools = [{"type": "function", "function": {"name": "look", "parameters": TOOL}}]
    asked: dict[str, Any] = {"model": f"anthropic/{script}/claude-opus-5-5", "tools": tools}
    noon, one, where = ({"role": "system", "content": "It is noon."}, {"role": "system", "content": "It is one."},
                        {"role": "user", "content": "Where?"})  # fmt: skip
    with openai_client(anthropic.url) as client:
        message = client.chat.completions.create(**asked, messages=[noon, where]).choices[0].message
        called = {"role": "assistant", "tool_calls": [call.to_dict(mode="json") for call in message.tool_calls]}
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "lamp"}
        client.chat.completions.create(**asked, messages=[one, where, called, result])
    _, second = upstream.seen(script)
    told = orjson.loads(second.body)
    assert told["messages"][1]["content"][0]["signature"] == "c2lnbmVk"
    assert told["thinking"]["block_binding"] == {"prefix_mismatch_behavior": "drop_block"}


def test_a_thought_behind_words_of_ours_is_not_given_away(anthropic: Relay, upstream: Upstream):
    """No later request has these words, so that its proof would never hold."""
    script = upstream.teach(*(steps.acts("anthropic", each, stream=False) for each in (SAID, Step(text="A lamp."))))
    tools = [{"type": "function", "name": "look", "parameters": TOOL}]
    asked: dict[str, Any] = {"model": f"anthropic/{script}/claude-opus-5-5", "tools": tools}
    history: list[Any] = [{"role": "user", "content": "Where?"}]
    with openai_client(anthropic.url) as client:
        items = client.responses.create(**asked, input=history, tool_choice="required").output
        history += [item.to_dict(mode="json") for item in items]
        history.append({"type": "function_call_output", "call_id": items[-1].call_id, "output": "lamp"})
        assert client.responses.create(**asked, input=history).output_text == "A lamp."
    first, second = upstream.seen(script)
    assert b"Call one of your tools now" in first.body
    assert b"signature" not in second.body


def answered(client: Any, asked: dict[str, Any], *, stream: bool) -> Any:
    if not stream:
        return client.responses.create(**asked)
    with client.responses.stream(**asked) as events:
        return events.get_final_response()
