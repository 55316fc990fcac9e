"""A folded response as a `response` body, with the same fields that the stream tells. It decides nothing."""

from typing import Any

import orjson

from fastproxy.formats.openai_chat.stops import ended
from fastproxy.formats.openai_chat.encode_whole import arguments_of
from fastproxy.formats.openai_responses.objects import (
    call_id,
    call_item,
    item_id,
    message_item,
    outcome,
    reasoning_item,
    response_object,
    text_part,
)
from fastproxy.ir.events import Start
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, Response, TextBlock, ToolCall


def whole(response: Response) -> bytes:
    """The body. Raises: Fault when the response did not end well; it must be answered with that."""
    stop = ended(response)
    status, incomplete = outcome(stop)
    spoken = [block for block in response.blocks if not isinstance(block, OpaqueBlock) or _is_own(block)]
    output = [_item(response.start, block, index) for index, block in enumerate(spoken)]
    body = response_object(response.start, status, output, response.usage)
    body["incomplete_details"] = incomplete
    return orjson.dumps(body)


def _is_own(block: OpaqueBlock) -> bool:
    return block.format == "openai-responses"


def _item(start: Start, block: Block, index: int) -> Any:
    match block:
        case TextBlock(text=text):
            return message_item(item_id(start, "msg", index), [text_part(text)], "completed")
        case ReasoningBlock(text=text, signature=signature):
            return reasoning_item(item_id(start, "rs", index), text, signature)
        case ToolCall(id=id_, name=name):
            ids = item_id(start, "fc", index), call_id(start, id_, index)
            return call_item(ids, name, arguments_of(block), "completed")
        case OpaqueBlock(data=data):
            return orjson.Fragment(data)
