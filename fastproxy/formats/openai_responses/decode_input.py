"""A request's input items as turns of the hub. It keeps arguments as the text that came, and never loses an item.

Each item is a turn of its own: translation joins what the model did between two turns of others.
Source: openai 3.54.0, types/responses/response_input_item_param.py; recorded requests, 2026-11-21.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.extras import keep
from fastproxy.formats.openai_responses.client_tools import client_part
from fastproxy.formats.openai_responses.decode_items import thoughts
from fastproxy.formats.openai_responses.hosted import FREE_TEXT_CALL, is_hosted
from fastproxy.formats.openai_responses.media import take_audio, take_file, take_image
from fastproxy.formats.openai_responses.namespaces import full_name
from fastproxy.formats.openai_responses.pictures import CALL as PICTURE
from fastproxy.formats.openai_responses.pictures import FIELDS as PICTURE_FIELDS
from fastproxy.formats.openai_responses.pictures import pictures_in
from fastproxy.formats.openai_responses.searches import search_part
from fastproxy.formats.openai_shared import Object, cache_of, text_of
from fastproxy.ir.request import (
    Inline,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

OWN = "openai-responses"
_ROLES: dict[str, Role] = {"system": "system", "developer": "developer", "user": "user", "assistant": "assistant"}
_MEDIA: dict[str, Callable[[Object], MediaPart | None]] = {
    "input_image": take_image,
    "image_url": take_image,
    "input_file": take_file,
    "input_audio": take_audio,
}
_PLAIN = frozenset({"role", "content"})  # a message without a type, as most clients write it
_TEXT_TYPES = frozenset({"input_text", "output_text", "text"})
_PART_TYPES = _TEXT_TYPES | _MEDIA.keys() | {"refusal"}


def take_input(told: str | list[Object] | None, extras: Object) -> Iterator[Message]:
    """The turns. extras: filled with what items say beside their words in the hub ("message.phase").

    Raises: Fault(bad_request) for a message whose role is none.
    """
    if isinstance(told, str):
        yield Message("user", (TextPart(told),))
        return
    for item in told or ():
        content = item.get("content")
        if type(content) is str and item.keys() == _PLAIN:
            yield Message(_role(item), (TextPart(content),))
        else:
            yield _message(item, extras)


def _message(item: Object, extras: Object) -> Message:
    type_ = text_of(item, "type") or ("message" if "role" in item else "item_reference")
    if type_ == "message":
        keep(extras, type_, item, _MESSAGE_FIELDS)
        return Message(_role(item), tuple(_content(item.get("content"), extras)))
    if type_ in _BY_TYPE and not (type_ == FREE_TEXT_CALL and is_hosted(item)):
        take, known = _BY_TYPE[type_]
        keep(extras, type_, item, known)
        return take(item, extras)
    if found := search_part(item) or client_part(item, extras):
        return Message("tool" if isinstance(found, ToolResultPart) else "assistant", (found,))
    role: Role = "tool" if type_.endswith("_output") else "assistant"
    return Message(role, (OpaquePart(OWN, item | {"type": type_}),))  # that of a reference may be left out


def _reasoning(item: Object, _extras: Object) -> Message:
    return Message("assistant", (ReasoningPart(thoughts(item), text_of(item, "encrypted_content") or None),))


def _function_call(item: Object, _extras: Object) -> Message:
    arguments = _text(item.get("arguments"))
    return Message("assistant", (ToolCallPart(_call_id(item), full_name(item), arguments),))


def _picture(item: Object, _extras: Object) -> Message:
    """One that the model made; without its bytes, which only its own host keeps, as it came."""
    told = [MediaPart("image", picture.media_type, Inline(picture.base64)) for picture in pictures_in(item)]
    return Message("assistant", tuple(told) or (OpaquePart(OWN, item),))


def _custom_call(item: Object, _extras: Object) -> Message:
    told = _text(item.get("input"))
    return Message("assistant", (ToolCallPart(_call_id(item), full_name(item), told, custom=True),))


def _function_result(item: Object, extras: Object) -> Message:
    content = _result(item.get("output"), extras)
    return Message("tool", (ToolResultPart(_call_id(item), content, name=full_name(item)),))


def _custom_result(item: Object, extras: Object) -> Message:
    content = _result(item.get("output"), extras)
    return Message("tool", (ToolResultPart(_call_id(item), content, name=full_name(item), custom=True),))


# Its own id and how far an item has come say nothing to anybody but the host that keeps it.
_ITEM_FIELDS = frozenset({"type", "id", "status"})
_MESSAGE_FIELDS = _ITEM_FIELDS | {"role", "content"}
_CALL_FIELDS = _ITEM_FIELDS | {"call_id", "name", "namespace"}
# How each kind of item is read, and its fields that the hub has words for.
_BY_TYPE: dict[str, tuple[Callable[[Object, Object], Message], frozenset[str]]] = {
    "reasoning": (_reasoning, _ITEM_FIELDS | {"summary", "content", "encrypted_content"}),
    "function_call": (_function_call, _CALL_FIELDS | {"arguments"}),
    "function_call_output": (_function_result, _CALL_FIELDS | {"output"}),
    "custom_tool_call": (_custom_call, _CALL_FIELDS | {"input"}),
    "custom_tool_call_output": (_custom_result, _CALL_FIELDS | {"output"}),
    PICTURE: (_picture, PICTURE_FIELDS),
}
_PART_FIELDS = frozenset({
    "type", "text", "refusal", "detail", "image_url", "file_id", "file_url", "file_data", "filename", "input_audio",
    "prompt_cache_breakpoint", "cache_control",
})  # fmt: skip


def _role(item: Object) -> Role:
    role = _ROLES.get(text_of(item, "role"))
    if role is None:
        raise Fault("bad_request", f"input: the role of a message is one of {', '.join(_ROLES)}", param="input")
    return role


def _call_id(item: Object) -> str:
    return text_of(item, "call_id") or text_of(item, "id")


def _text(value: object) -> str:
    """Text as it came. Some clients give an object for it, or nothing; those have no text of their own to keep."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _result(output: object, extras: Object) -> tuple[TextPart | MediaPart | OpaquePart, ...]:
    if not isinstance(output, str | list):
        output = _text(output)
    parts = _content(output, extras)
    return tuple(
        part if isinstance(part, TextPart | MediaPart | OpaquePart) else TextPart(getattr(part, "text", ""))
        for part in parts
    )


def _content(content: object, extras: Object) -> Iterator[Part]:
    if isinstance(content, str):
        yield TextPart(content)
        return
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            yield TextPart(part)
        elif isinstance(part, dict):
            yield _part(part, extras)


def _part(part: dict[str, Any], extras: Object) -> Part:
    type_ = text_of(part, "type")
    if type_ in _PART_TYPES:
        keep(extras, type_, part, _PART_FIELDS)
    if type_ in _TEXT_TYPES and isinstance(part.get("text"), str):
        return TextPart(part["text"], cache_of(part))
    if type_ == "refusal":
        return RefusalPart(text_of(part, "refusal"))
    take = _MEDIA.get(type_)
    media = take(part) if take is not None else None
    return media if media is not None else OpaquePart(OWN, part)
