"""A folded response as a `chat.completion` body, with the same fields that the stream tells. It decides nothing."""

from collections.abc import Iterator
from typing import Any

import orjson

from fastproxy.formats.openai_chat import usage
from fastproxy.formats.openai_chat.objects import annotation, call_id, completion_id
from fastproxy.formats.openai_chat.pictures import image
from fastproxy.formats.openai_chat.stops import ended, finish_reason
from fastproxy.formats.openai_chat.thoughts import entry
from fastproxy.ir.events import Start
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall

Object = dict[str, Any]


def encode_whole(response: Response) -> bytes:
    """The body. Raises: Fault when the response did not end well; it must be answered with that."""
    stop = ended(response)
    message = _message(response)
    word = finish_reason(stop, has_calls="tool_calls" in message, refused=bool(message["refusal"]))
    start = response.start
    body = {
        "id": completion_id(start),
        "object": "chat.completion",
        "created": start.created_at,
        "model": start.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": word}],
        "usage": usage.encode(response.usage),
        "system_fingerprint": None,
    }
    return orjson.dumps(body)


def arguments_of(call: ToolCall) -> str:
    """The argument text, byte for byte; an empty object for none, because clients parse it and "" is not JSON.

    Free text stays as it is, even when there is none.
    """
    return call.arguments if call.custom or call.arguments.strip() else call.arguments + "{}"


def _message(response: Response) -> Object:
    blocks = response.blocks
    text = "".join(block.text for block in blocks if isinstance(block, TextBlock))
    refusal = "".join(block.text for block in blocks if isinstance(block, RefusalBlock)) or None
    calls = [block for block in blocks if isinstance(block, ToolCall)]
    message: Object = {
        "role": "assistant",
        "content": None if (calls or refusal) and not text else text,
        "refusal": refusal,
    }
    told = {
        "reasoning_content": "".join(block.text for block in blocks if isinstance(block, ReasoningBlock)),
        "reasoning_details": list(_signatures(blocks)),
        "tool_calls": [_call(response.start, call, index) for index, call in enumerate(calls)],
    }
    message |= {key: value for key, value in told.items() if value}
    _list(message, "annotations", list(_annotations(blocks)))
    _add_own_fields(message, blocks)
    return message


def _signatures(blocks: tuple[Block, ...]) -> Iterator[Object]:
    """An entry per signature, in order."""
    index = characters = 0
    for block in blocks:
        if isinstance(block, ReasoningBlock):
            characters += len(block.text)
            if block.signature is not None:
                yield entry(index, block.signature, characters)
                index, characters = index + 1, 0


def _annotations(blocks: tuple[Block, ...]) -> Iterator[Object]:
    text_before = 0
    for block in blocks:
        if isinstance(block, TextBlock):
            yield from (annotation(citation, text_before) for citation in block.citations)
            text_before += len(block.text)


def _call(start: Start, call: ToolCall, index: int) -> Object:
    kind = "custom" if call.custom else "function"
    named = {"name": call.name, "input" if call.custom else "arguments": arguments_of(call)}
    return {"id": call_id(start, call.id, index), "type": kind, kind: named}


def _add_own_fields(message: Object, blocks: tuple[Block, ...]) -> None:
    """Message fields that only Chat has a word for (audio, images), as they came; lists go on."""
    for block in blocks:
        if not isinstance(block, OpaqueBlock):
            continue
        if block.format != "openai-chat":
            _list(message, "images", list(map(image, block.pictures)))
        elif isinstance(value := orjson.loads(block.data), list):
            _list(message, block.name, value)
        else:
            message[block.name] = value


def _list(message: Object, name: str, entries: list[Any]) -> None:
    """More of a list, its entries numbered as in a stream, whose accumulators keep the numbers."""
    if entries:
        told = message.setdefault(name, [])
        told += [
            entry | {"index": at} if isinstance(entry, dict) else entry for at, entry in enumerate(entries, len(told))
        ]
