"""What a host reads in a request: the conversation, piece by piece, in the order in which it stands there.

The tests' own reading, plain and independent of the code under test. Arguments and signatures stay text, byte for byte.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from support.exchange import Format

Kind = Literal["system", "user", "assistant", "thought", "signature", "call", "result", "error", "image"]


class Piece(NamedTuple):
    """text: what is said; of a call its arguments, of an image its base64. id: of a call and of its result."""

    kind: Kind
    text: str
    id: str = ""
    name: str = ""


class _Function(msgspec.Struct):
    name: str
    arguments: str


class _Call(msgspec.Struct):
    id: str
    function: _Function


class _Message(msgspec.Struct):
    role: str
    content: Any = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str = ""
    reasoning_details: list[dict[str, Any]] | None = None


class _Chat(msgspec.Struct):
    messages: list[_Message]


class _Responses(msgspec.Struct):
    input: list[dict[str, Any]]
    instructions: str | None = None


class _Block(msgspec.Struct):
    type: str
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"")
    tool_use_id: str = ""
    content: Any = ""
    is_error: bool = False
    source: dict[str, str] = {}


class _Turn(msgspec.Struct):
    role: str
    content: str | list[_Block]


class _Messages(msgspec.Struct):
    messages: list[_Turn]
    system: Any = ""


class _FunctionCall(msgspec.Struct):
    name: str
    args: msgspec.Raw = msgspec.Raw(b"")
    id: str = ""


class _FunctionResponse(msgspec.Struct):
    name: str
    response: dict[str, Any]
    id: str = ""
    parts: list[dict[str, Any]] = []


class _Part(msgspec.Struct, rename="camel"):
    text: str = ""
    thought: bool = False
    thought_signature: str = ""
    function_call: _FunctionCall | None = None
    function_response: _FunctionResponse | None = None
    inline_data: dict[str, str] = {}


class _Content(msgspec.Struct):
    role: str
    parts: list[_Part]


class _Gemini(msgspec.Struct, rename="camel"):
    contents: list[_Content]
    system_instruction: dict[str, Any] = {}


def pieces(format_: Format, body: bytes) -> list[Piece]:
    """Everything that is said in a request body of this format."""
    return list(_READERS[format_](body))


def _chat(body: bytes) -> Iterator[Piece]:
    for message in msgspec.json.decode(body, type=_Chat).messages:
        if message.role == "tool":
            yield _result(message.content, message.tool_call_id)
            continue
        yield from (Piece("signature", detail["signature"]) for detail in message.reasoning_details or ()
                    if detail.get("signature"))  # fmt: skip
        yield from _content(message.role, message.content)
        for call in message.tool_calls or ():
            yield Piece("call", call.function.arguments, call.id, call.function.name)


def _responses(body: bytes) -> Iterator[Piece]:
    told = msgspec.json.decode(body, type=_Responses)
    if told.instructions:
        yield Piece("system", told.instructions)
    for item in told.input:
        kind = item.get("type", "message")
        if kind == "reasoning":
            yield Piece("signature", item.get("encrypted_content") or "none")
        elif kind == "function_call":
            yield Piece("call", item["arguments"], item["call_id"], item["name"])
        elif kind == "function_call_output":
            yield _result(item["output"], item["call_id"])
            yield from _images(item["output"])
        else:
            yield from _content(item["role"], item["content"])


def _messages(body: bytes) -> Iterator[Piece]:
    told = msgspec.json.decode(body, type=_Messages)
    if told.system:
        yield Piece("system", _text(told.system))
    for turn in told.messages:
        for block in [_Block("text", turn.content)] if isinstance(turn.content, str) else turn.content:
            yield from _block(turn.role, block)


def _block(role: str, block: _Block) -> Iterator[Piece]:
    match block.type:
        case "thinking" | "redacted_thinking":
            yield Piece("signature", block.signature or block.data)
        case "tool_use":
            yield Piece("call", bytes(block.input).decode(), block.id, block.name)
        case "tool_result":
            yield _result(block.content, block.tool_use_id, failed=block.is_error)
            yield from _images(block.content)
        case "image":
            yield Piece("image", block.source["data"])
        case _:
            yield _said(role, block.text)


def _gemini(body: bytes) -> Iterator[Piece]:
    told = msgspec.json.decode(body, type=_Gemini)
    yield Piece("system", _text(told.system_instruction.get("parts")))
    for content in told.contents:
        for part in content.parts:
            if part.thought_signature:
                yield Piece("signature", part.thought_signature)
            if part.function_call is not None:
                call = part.function_call
                yield Piece("call", bytes(call.args).decode(), call.id, call.name)
            elif part.function_response is not None:
                yield from _function_response(part.function_response)
            elif part.inline_data:
                yield Piece("image", part.inline_data["data"])
            elif part.text:
                yield Piece("thought", part.text) if part.thought else _said(content.role, part.text)


def _function_response(told: _FunctionResponse) -> Iterator[Piece]:
    text = str(told.response.get("error") or told.response.get("output"))
    yield _result(text, told.id, failed="error" in told.response)
    for part in told.parts:
        yield Piece("image", part["inlineData"]["data"])


def _result(content: Any, id_: str, *, failed: bool = False) -> Piece:
    """Two formats have no flag for what went wrong, so that the text begins with it."""
    text = _text(content)
    told = text.startswith(_ERROR)
    return Piece("error" if failed or told else "result", text.removeprefix(_ERROR), id_)


_ERROR = "Error: "
_ROLES: Mapping[str, Kind] = {"model": "assistant", "developer": "system"}


def _said(role: str, text: str) -> Piece:
    return Piece(_ROLES.get(role, role), text)  # type: ignore[arg-type]


def _content(role: str, content: Any) -> Iterator[Piece]:
    """A string, or the parts of either OpenAI format."""
    for part in [{"text": content}] if isinstance(content, str) else content or ():
        if part.get("text"):
            yield _said(role, part["text"])
        yield from _images([part])


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())


def _images(content: Any) -> Iterator[Piece]:
    for part in content if isinstance(content, list) else ():
        if part.get("type") == "image":
            yield Piece("image", part["source"]["data"])
        elif part.get("image_url"):
            url = part["image_url"]
            url = url["url"] if isinstance(url, dict) else url
            yield Piece("image", url.partition(";base64,")[2])


_READERS: Mapping[Format, Callable[[bytes], Iterator[Piece]]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _messages,
    "gemini": _gemini,
}
