"""A folded response as a `response` body, with the same fields that the stream tells. It decides nothing."""

from collections.abc import Sequence
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
from fastproxy.formats.openai_responses.pictures import picture_item
from fastproxy.formats.openai_shared import arguments_of, ended
from fastproxy.ir.events import Picture, Start
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall


def encode_whole(response: Response) -> bytes:
    """The body. Raises: Fault when the response did not end well; it must be answered with that."""
    stop = ended(response)
    spoken = [said for block in response.blocks for said in _spoken(block)]
    output = [_item(response.start, said, index) for index, said in enumerate(spoken)]
    status, incomplete = outcome(stop, output)
    body = response_object(response.start, status, output, response.usage)
    body["incomplete_details"] = incomplete
    return orjson.dumps(body)


def _spoken(block: Block) -> Sequence[Block | Picture]:
    """What becomes an item: the block, or the pictures of one that only another format has a word for."""
    if isinstance(block, OpaqueBlock) and block.format != "openai-responses":
        return block.pictures
    return (block,)


def _item(start: Start, said: Block | Picture, index: int) -> Any:
    match said:
        case Picture():
            return picture_item(item_id(start, "ig", index), said)
        case TextBlock(text=text, citations=citations):
            return message_item(item_id(start, "msg", index), [text_part(text, citations)], "completed")
        case RefusalBlock(text=text):
            return message_item(item_id(start, "msg", index), [refusal_part(text)], "completed")
        case ReasoningBlock(text=text, signature=signature):
            return reasoning_item(item_id(start, "rs", index), text, signature)
        case ToolCall():
            return call_item(call_ids(start, said, index), said, arguments_of(said), "completed")
        case OpaqueBlock(data=data):
            return orjson.Fragment(data)
