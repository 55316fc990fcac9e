"""What a request asks, laid beside what its translation asks: `lost` names everything that is gone and not reported.

Both sides are the hub's own values (a recorded request decoded, and its translation decoded again); `spoken` reads the
recorded body plainly, so that a decoder and an encoder can't agree on forgetting something.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from fastproxy.ir.request import (
    Inline,
    Link,
    MediaPart,
    Message,
    OpaquePart,
    Plain,
    Request,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from fastproxy.translate.request import Translated
from support.told import value

# Under which names a lost value may be reported: the hub's, or those of the client's format.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"),
    "temperature": ("temperature",),
    "top_p": ("top_p", "topP"),
    "top_k": ("top_k", "topK"),
    "presence_penalty": ("presence_penalty", "presencePenalty"),
    "frequency_penalty": ("frequency_penalty", "frequencyPenalty"),
    "seed": ("seed",),
    "stop": ("stop", "stop_sequences", "stopSequences"),
    "logprobs": ("logprobs", "responseLogprobs"),
    "top_logprobs": ("top_logprobs", "logprobs"),
    "logit_bias": ("logit_bias",),
}
_KEPT_ELSEWHERE = frozenset(("item_reference", "compaction"))  # items that stand for others
LOWEST_MAX_TOKENS = 32768  # of the models that the tests translate to
_SHAPE_NAMES = ("output", "response_format", "text.format", "output_config", "generationConfig.response")


def spoken(format_: str, body: Mapping[str, Any]) -> list[str]:
    """Every text that a request body says to the model, read by the names of the format's fields."""
    if format_ == "gemini":
        turns = [body.get("systemInstruction") or body.get("system_instruction") or {}, *body.get("contents", [])]
        return [part["text"] for turn in turns for part in _parts(turn) if part.get("text") and not part.get("thought")]
    if isinstance(body.get("input"), str):
        return [body["input"]]
    turns = [*_leading(body), *body.get("messages", []), *(body.get("input") or [])]
    return [text for turn in turns for text in _texts(turn.get("content")) if text]


def _parts(turn: Any) -> list[dict[str, Any]]:
    parts = turn.get("parts") or [] if isinstance(turn, dict) else []
    return [parts] if isinstance(parts, dict) else parts


def _leading(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("instructions", "system"):
        if body.get(key):
            yield {"content": body[key]}


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if part.get("type") in ("text", "input_text", "output_text"):
            yield part["text"]


def heard(request: Request) -> str:
    """All text of a request in order, whoever said it, results of tools and plain documents included."""
    return "\n".join(text for message in request.messages for part in message.parts for text in _said(part))


def _said(part: Any) -> Iterator[str]:
    match part:
        case TextPart(text=text) | MediaPart(source=Plain(text=text)):
            yield text
        case ToolResultPart(content=content):
            for inner in content:
                yield from _said(inner)
        case _ if hasattr(part, "text"):
            yield part.text


def lost(asked: Request, arrived: Request, sent: Translated) -> list[str]:
    """What `arrived` lacks and what was sent does not tell."""
    dropped, names = sent.dropped, sent.names
    arrived = _in_its_shape(arrived, asked, sent)
    checks: tuple[Callable[[Request, Request], Iterator[str]], ...] = (_text, _media, _calls, _results, _tools)
    gone = [loss for check in checks for loss in check(asked, _renamed(arrived, names))]
    if "tool_choice" not in dropped:
        gone += _choice(asked, _renamed(arrived, names))
    if not any(drop.startswith(_SHAPE_NAMES) for drop in dropped):
        gone += _shape(asked, arrived)
    return [*gone, *_sampling(asked, arrived, dropped), *_extras(asked, dropped)]


def _in_its_shape(arrived: Request, asked: Request, sent: Translated) -> Request:
    """The request as it is without the function whose call is the answer."""
    if not sent.answer:
        return arrived
    (answer,) = (tool for tool in arrived.tools if tool.name == sent.answer)
    assert arrived.tool_choice.mode == "required"
    tools = tuple(tool for tool in arrived.tools if tool is not answer)
    shape = msgspec.structs.replace(asked.output, schema=answer.schema)
    return msgspec.structs.replace(arrived, tools=tools, tool_choice=asked.tool_choice, output=shape)


def _renamed(request: Request, names: Mapping[str, str]) -> Request:
    def renamed(part: Any) -> Any:
        if isinstance(part, ToolCallPart):
            return msgspec.structs.replace(part, name=names.get(part.name, part.name))
        return part

    messages = tuple(Message(m.role, tuple(map(renamed, m.parts))) for m in request.messages)
    tools = tuple(msgspec.structs.replace(tool, name=names.get(tool.name, tool.name)) for tool in request.tools)
    choice = msgspec.structs.replace(
        request.tool_choice, names=tuple(names.get(name, name) for name in request.tool_choice.names)
    )
    return msgspec.structs.replace(request, messages=messages, tools=tools, tool_choice=choice)


def _text(asked: Request, arrived: Request) -> Iterator[str]:
    """Every text, and within one side of the conversation in its order."""
    whole = heard(arrived)
    at = 0
    for message in asked.messages:
        for part in message.parts:
            if not isinstance(part, TextPart) or not part.text.strip():
                continue
            text = part.text.strip()
            if message.role in ("system", "developer"):  # these may move to the front
                if text not in whole:
                    yield f"{message.role} text {text[:60]!r}"
            elif (found := whole.find(text, at)) < 0:
                yield f"{message.role} text {text[:60]!r}"
            else:
                at = found


def _media(asked: Request, arrived: Request) -> Iterator[str]:
    there = [_source(part) for part in _every_media(arrived)]
    for part in _every_media(asked):
        if isinstance(part.source, Plain):
            encoded = b64encode(part.source.text.encode()).decode()
            if part.source.text not in heard(arrived) and encoded not in there:
                yield "a plain document"
        elif _source(part) not in there:
            yield f"{part.kind} {_source(part)[:40]}"


def _every_media(request: Request) -> Iterator[MediaPart]:
    for message in request.messages:
        for part in message.parts:
            inner = part.content if isinstance(part, ToolResultPart) else (part,)
            yield from (one for one in inner if isinstance(one, MediaPart))


def _source(part: MediaPart) -> str:
    match part.source:
        case Inline(base64=told) | Link(url=told) | Plain(text=told) | Stored(file_id=told):
            return told


def _every(request: Request, kind: type[Any]) -> list[Any]:
    return [part for message in request.messages for part in message.parts if isinstance(part, kind)]


def _calls(asked: Request, arrived: Request) -> Iterator[str]:
    wanted = [(call.name, _arguments(call)) for call in _every(asked, ToolCallPart)]
    there = [(call.name, _arguments(call)) for call in _every(arrived, ToolCallPart)]
    if wanted != there:
        yield f"calls {wanted} became {there}"


def _arguments(call: ToolCallPart) -> str:
    text = call.arguments.strip() or "{}"
    told = value(text)
    if isinstance(told, dict):
        if set(told) == {"_invalid_json"}:
            return str(told["_invalid_json"]).strip()
        if set(told) == {"input"} and not call.custom:
            return str(told["input"])
    return text


def _results(asked: Request, arrived: Request) -> Iterator[str]:
    """Every result of a call that was made, at its call."""
    there = dict(_answered(arrived))
    for ordinal, result in _answered(asked):
        answer = there.get(ordinal)
        if answer is None:
            yield f"the result of call {ordinal}"
        elif not _same_text(result.text, answer.text, heard(arrived)):
            yield f"result {result.text[:60]!r} became {answer.text[:60]!r}"
        elif result.is_error and not (answer.is_error or "rror" in answer.text):
            yield f"that call {ordinal} failed"


def _answered(request: Request) -> Iterator[tuple[int, ToolResultPart]]:
    """Each result with the number of the call that it answers; ids may be used again in a later turn."""
    open_: dict[str, int] = {}
    number = 0
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCallPart):
                open_[part.id] = number
                number += 1
            elif isinstance(part, ToolResultPart) and part.id in open_:
                yield open_[part.id], part


def _same_text(wanted: str, there: str, everywhere: str) -> bool:
    if wanted.strip() in there or value(wanted) == value(there):
        return True
    told = value(there)
    if isinstance(told, dict) and any(wanted in (inner, value(str(inner))) for inner in told.values()):
        return True
    return bool(wanted.strip()) and wanted.strip() in everywhere


def _tools(asked: Request, arrived: Request) -> Iterator[str]:
    there = {tool.name: tool for tool in arrived.tools}
    for tool in asked.tools:
        found = there.get(tool.name)
        if found is None:
            yield f"tool {tool.name}"
            continue
        if tool.description.strip() not in found.description:
            yield f"the description of tool {tool.name}"
        if missing := _properties(tool.schema) - _properties(found.schema):
            yield f"properties {missing} of tool {tool.name}"


def _choice(asked: Request, arrived: Request) -> Iterator[str]:
    wanted, choice = asked.tool_choice, arrived.tool_choice
    if asked.tools and wanted.mode != "auto" and (wanted.mode, set(wanted.names)) != (choice.mode, set(choice.names)):
        allowed = {tool.name for tool in arrived.tools} if not choice.names else set(choice.names)
        if wanted.mode != choice.mode or (wanted.names and allowed != set(wanted.names)):
            yield f"tool choice {wanted} became {choice}"
    if asked.tools and asked.parallel is False and arrived.parallel is not False and arrived.format != "gemini":
        yield "that calls come one at a time"


def _properties(schema: Any) -> set[str]:
    """The names of all properties, however deep, references followed nowhere."""
    if isinstance(schema, list):
        return set().union(*map(_properties, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties")
    found = set(own) if isinstance(own, dict) else set()
    inner = [*(own.values() if isinstance(own, dict) else ()), *(schema.get(k) for k in ("items", "anyOf", "allOf"))]
    return found.union(*map(_properties, inner))


def _shape(asked: Request, arrived: Request) -> Iterator[str]:
    """Structured output: clients that asked for JSON can't read prose."""
    wanted, there = asked.output, arrived.output
    if wanted.kind != "text" and there.kind == "text":
        yield f"structured output ({wanted.kind})"
    elif missing := _properties(wanted.schema) - _properties(there.schema):
        yield f"properties {missing} of the answer"


def _sampling(asked: Request, arrived: Request, dropped: tuple[str, ...]) -> Iterator[str]:
    """What is neither the same nor reported. A maximum may be lowered to the model's own; a top_p of 1 says nothing."""
    for name, aliases in _NAMES.items():
        wanted, there = getattr(asked.sampling, name), getattr(arrived.sampling, name)
        if name == "max_tokens" and wanted and there and there >= min(wanted, LOWEST_MAX_TOKENS):
            continue
        told = any(alias in drop for drop in dropped for alias in aliases)
        if wanted not in (None, (), there) and not told and (name, wanted) != ("top_p", 1):
            yield f"{name} {wanted} became {there}"


def _extras(asked: Request, dropped: tuple[str, ...]) -> Iterator[str]:
    """Fields that only the client's format has; the caller leaves out what a target of the same family has too."""
    for name in asked.extras:
        if not any(name in drop or drop in name for drop in dropped):
            yield f"extra {name}"


def refusable(request: Request) -> bool:
    """Whether it holds something that may be refused: what can't be dropped without changing the meaning."""
    if request.sampling.candidates > 1 or set(request.extras) & {"previous_response_id", "conversation", "background"}:
        return True
    sources = list(_every_media(request))
    if any(isinstance(part.source, Stored) or part.kind in ("audio", "video") for part in sources):
        return True
    if any(isinstance(part.source, Link) and part.kind != "image" for part in sources):
        return True
    opaque = _every(request, OpaquePart)
    forced = request.extras.get("tool_choice")
    return forced is not None or any(part.data.get("type") in _KEPT_ELSEWHERE for part in opaque)
