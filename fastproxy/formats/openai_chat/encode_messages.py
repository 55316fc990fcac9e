"""The hub's turns as Chat messages.

    tool results are text only: media of theirs follow in one user message, after the last result of the turn
    a developer speaks as the system: OpenAI takes both words alike, every other host only that one
    thoughts go back with calls and within a tool loop only (DeepSeek, Moonshot and Z.ai want them), signatures always
    assistant turns in a row that call or think are one turn, as each call must be followed by its results

Arguments go out as the text that came. Nothing is said that the client has not said, but for a mark where media stood
and an empty thought where a host demands one.
Source: openai 3.54.0, types/chat/chat_completion_message_param.py; read 2026-11-21. Thoughts, read 2026-11-22:
api-docs.deepseek.com/guides/thinking_mode (what is thought in a turn with tool calls "must be passed back to the API in
all subsequent requests"; of other turns it is ignored); "reasoning_content is missing in assistant tool call message"
(Moonshot: continuedev/continue 11600). DeepSeek counts a turn from one user's message to the next, so that answers
after the last result are refused without, too (MoonshotAI/kimi-cli 2141, openclaw/openclaw 73417). The empty one is
taken by both (vectorize-io/hindsight 1253, MoonshotAI/kimi-cli 2446); the same words in every turn would end up in
the model's own answers (Lingtai-AI/lingtai-kernel 9).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from fastproxy.formats.extras import part_names
from fastproxy.formats.openai_chat.encode_parts import MODELS_REMEMBERED, Object, Writing, content_object
from fastproxy.formats.openai_chat.thoughts import OPAQUE, as_it_came, details_again
from fastproxy.ir.request import (
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Request,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

CONTINUED = "(continued)"
_ROLE = attrgetter("role")
_ERROR = "Error: "
# Mistral's models, whoever serves them: "Unexpected role 'user' after role 'tool'" (aaif-goose/goose issue 5998,
# NousResearch/hermes-agent issue 20154). Agents put reminders right behind results.
_BRIDGED = re.compile(r"(?:mi|mini|code|dev|magi)stral|mixtral|pixtral|voxtral", re.IGNORECASE)


def messages_of(request: Request, writing: Writing) -> list[Object]:
    """The messages in order. Raises: Fault(bad_request) for media that no message can carry."""
    messages = request.messages
    last_user = next((at for at in range(len(messages) - 1, -1, -1) if messages[at].role == "user"), -1)
    demanded = request.thinking.demanded and _has_tools(request)
    written: list[Object] = []
    at = 0
    for role, group in groupby(messages, _ROLE):
        run = list(group)
        if role == "tool":
            written += _results(run, writing)
        elif role == "assistant":
            in_loop = at > last_user
            turns = (_assistant(parts, writing, in_loop=in_loop, demanded=demanded) for parts in _turns(run))
            written += (turn for turn in turns if turn is not None)
        else:
            written += (turn for message in run if (turn := _plain(message, writing)))
        at += len(run)
    return list(_bridged(written)) if _is_bridged(request.model) else written


def _has_tools(request: Request) -> bool:
    parts = (part for message in request.messages for part in message.parts)
    return bool(request.tools) or any(isinstance(part, ToolCallPart) for part in parts)


@lru_cache(maxsize=MODELS_REMEMBERED)
def _is_bridged(model: str) -> bool:
    return _BRIDGED.search(model) is not None


def _bridged(written: list[Object]) -> Iterator[Object]:
    """The messages with a turn of the assistant between results and what the user says behind them."""
    for before, message in pairwise([{}, *written]):
        if (before.get("role"), message["role"]) == ("tool", "user"):
            yield {"role": "assistant", "content": CONTINUED}
        yield message


def _turns(messages: list[Message]) -> list[tuple[Part, ...]]:
    """The parts of each assistant turn; Responses tells thoughts, text and every call as a turn of its own."""
    if len(messages) == 1:
        return [messages[0].parts]
    parts = tuple(part for message in messages for part in message.parts)
    if any(isinstance(part, ToolCallPart | ReasoningPart) for part in parts):
        return [parts]
    return [message.parts for message in messages]


def _plain(message: Message, writing: Writing) -> Object | None:
    """A turn of the system's, the developer's or the user's; None when nothing of it is left."""
    role = "system" if message.role == "developer" else message.role
    if (text := _only_text(message.parts)) is not None:
        return {"role": role, "content": text}
    fields, parts = _own_fields(message.parts)
    content = [told for part in parts if (told := content_object(part, writing)) is not None]
    if parts and not content:
        return None
    return {"role": role, **fields, "content": _content(content)}


def _only_text(parts: tuple[Part, ...]) -> str | None:
    """The text of a turn that is one text without a hint, as most are; None for any other."""
    if len(parts) != 1:
        return None
    (part,) = parts
    return part.text if isinstance(part, TextPart) and part.cache is None else None


def _content(parts: list[Object]) -> str | list[Object]:
    """A string for one plain text: some hosts take nothing else."""
    if not parts:
        return ""
    (first, *more) = parts
    return str(first["text"]) if not more and first.keys() == {"type", "text"} else parts


def _own_fields(parts: tuple[Part, ...]) -> tuple[Object, tuple[Part, ...]]:
    """Message fields that only Chat has a word for (name, prefix), and the parts without them."""
    fields: Object = {}
    others: list[Part] = []
    for part in parts:
        if isinstance(part, OpaquePart) and part.format == "openai-chat" and "type" not in part.data:
            fields |= part.data
        else:
            others.append(part)
    return fields, tuple(others)


class _Turn:
    """What an assistant turn says, sorted into the fields of a message."""

    def __init__(self) -> None:
        self.content: list[Object] = []
        self.refusal = ""
        self.thought = ""
        self.details: list[Object] = []
        self.calls: list[Any] = []
        self.extra: Object = {}
        self.proof: Object = {}  # Google's, for the next call

    def take(self, part: Part, writing: Writing) -> None:
        """Sort in the next part."""
        match part:
            case ToolCallPart():
                writing.dropped += ["cache"] if part.cache else []
                self.calls.append(_call(part) | self.proof)
                self.proof = {}
            case ReasoningPart():
                self._think(part, writing)
            case RefusalPart(text=text):
                self.refusal += text
            case TextPart() | OpaquePart():
                told = content_object(part, writing)
                if told is not None:
                    self.content.append(told)
            case MediaPart(kind=kind):
                writing.dropped.append(f"assistant.{kind}")
            case ToolResultPart():
                pass

    @property
    def has_thoughts(self) -> bool:
        """Whether it tells any, or the proof of any, in whatever field."""
        return bool(self.thought or self.details or self.extra)

    def _think(self, part: ReasoningPart, writing: Writing) -> None:
        kept = as_it_came(part)
        if kept is not None and OPAQUE in kept:
            self.extra |= {"reasoning_text": part.text} | kept if part.text else kept
            return
        if kept is not None and "extra_content" not in kept:
            self.details += details_again(kept, part.text)
            return
        self.thought += part.text
        if kept is None:
            writing.dropped += ["thinking.signature"] if part.signature else []
        elif part.bound == "call":
            self.proof = kept
        else:
            self.extra |= kept


def _assistant(parts: tuple[Part, ...], writing: Writing, *, in_loop: bool, demanded: bool) -> Object | None:
    """A turn of the model's; None when nothing of it is left.

    in_loop: whether it stands after all that the user has said. demanded: whether it needs a thought.
    """
    if not demanded and (text := _only_text(parts)) is not None:
        return {"role": "assistant", "content": text}
    fields, parts = _own_fields(parts)
    turn = _Turn()
    for part in parts:
        turn.take(part, writing)
    calls = turn.calls + fields.pop("tool_calls", [])
    is_kept = in_loop or demanded or bool(calls)
    if turn.thought and not is_kept:
        writing.dropped.append("reasoning")
    told = {
        "refusal": turn.refusal,
        "reasoning_content": turn.thought if is_kept else "",
        "reasoning_details": turn.details,
        "tool_calls": calls,
    }
    message = {key: value for key, value in told.items() if value} | turn.extra | fields
    if parts and not message and not turn.content:
        return None
    if demanded and not turn.has_thoughts:
        message["reasoning_content"] = ""
    # Not "" beside calls: hosts with Claude behind them make an empty text of it, which is refused (vercel/ai 13538).
    # Others refuse null (langchain-ai/langchain 34140, lmstudio-ai/lmstudio-bug-tracker 261); OpenAI's word is null.
    content = _joined(turn.content) if turn.content else None if calls or turn.refusal else ""
    return {"role": "assistant", "content": content, **message}


def _joined(parts: list[Object]) -> str | list[Object]:
    """One string for plain texts: a model's text has no other borders, and many hosts take only a string here."""
    if all(part.keys() == {"type", "text"} for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _call(call: ToolCallPart) -> Object:
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    arguments = call.arguments if call.arguments.strip() else "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _results(messages: list[Message], writing: Writing) -> Iterator[Object]:
    """A message per result, and one from the user with their media, each under the id of its call."""
    media: list[Object] = []
    for part in (part for message in messages for part in message.parts):
        if isinstance(part, ToolResultPart):
            yield {"role": "tool", "tool_call_id": part.id, "content": _result(part, media, writing)}
        elif isinstance(part, OpaquePart):
            writing.dropped += part_names(part)
    if media:
        yield {"role": "user", "content": media}


def _result(result: ToolResultPart, media: list[Object], writing: Writing) -> str | list[Object]:
    """The text of a result; what else it holds is put to `media`, and a mark in its place."""
    pieces = [_ERROR] if result.is_error and not result.text.startswith(_ERROR) else []
    cache = result.cache
    for part in result.content:
        if isinstance(part, TextPart):
            pieces.append(part.text)
            cache = part.cache or cache
            continue
        told = content_object(part, writing)
        if told is None:
            continue
        kind = part.kind if isinstance(part, MediaPart) else told["type"]
        pieces.append(f"[{kind}: see the user message after the tool results]")
        media += [{"type": "text", "text": f"[{kind} from the result of {result.id}]"}, told]
    text = "".join(pieces)
    hint = writing.cache(cache)
    return [{"type": "text", "text": text} | hint] if hint else text
