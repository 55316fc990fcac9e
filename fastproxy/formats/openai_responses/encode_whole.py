"""A folded response as a `response` body, with the same fields that the stream tells. It decides nothing."""

from typing import Any

import orjson

from fastproxy.formats.openai_responses.objects import (
    call_ids,
    call_item,
    item_id,
    message_item,
    outcome,
    reasoning_item,
    refusal_part,
    response_object,
    text_part,
)
from fastproxy.formats.openai_shared import arguments_of, ended
from fastproxy.ir.events import Start
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall


def encode_whole(response: Response) -> bytes:
    """The body. Raises: Fault when the response did not end well; it must be answered with that."""
    stop = ended(response)
    spoken = [block for block in response.blocks if not isinstance(block, OpaqueBlock) or _is_own(block)]
    output = [_item(response.start, block, index) for index, block in enumerate(spoken)]
    status, incomplete = outcome(stop, output)
    body = response_object(response.start, status, output, response.usage)
    body["incomplete_details"] = incomplete
    return orjson.dumps(body)


def _is_own(block: OpaqueBlock) -> bool:
    return block.format == "openai-responses"


def _item(start: Start, block: Block, index: int) -> Any:
    match block:
        case TextBlock(text=text, citations=citations):
            return message_item(item_id(start, "msg", index), [text_part(text, citations)], "completed")
        case RefusalBlock(text=text):
            return message_item(item_id(start, "msg", index), [refusal_part(text)], "completed")
        case ReasoningBlock(text=text, signature=signature):
            return reasoning_item(item_id(start, "rs", index), text, signature)
        case ToolCall():
            return call_item(call_ids(start, block, index), block, arguments_of(block), "completed")
        case OpaqueBlock(data=data):
            return orjson.Fragment(data)
