"""What one host wants otherwise than its format has it.

What it answers with an error is left out of a translated request, and reported; hosts whose cache of prompts goes by a
key get one. Which hosts and which names is a provider's row (`Quirks`); nothing here knows a host. It never touches
what a client that speaks the host's own format says: such a client has been told by the host itself.
"""

from collections.abc import Mapping
from hashlib import blake2s
from typing import Any

import msgspec

from fastproxy.ir.request import Message, Part, ReasoningPart, Request, Thinking
from fastproxy.translate.traits import Answers, Family

REASONING = "reasoning"  # earlier thoughts that have no proof
CACHE = "cache"  # hints that a part of the prompt is worth caching

_UNSAID: Mapping[str, Any] = {
    "cache_key": None,
    "metadata": None,
    "parallel": None,
    "thinking": Thinking(),
    "tier": None,
    "user": None,
}
_CACHE_KEY_BYTES = 16  # 32 characters; OpenAI takes 64
_NUMBERS = ("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed", "logit_bias")


def without_refused(request: Request, refused: frozenset[str]) -> tuple[Request, tuple[str, ...]]:
    """The request without what is refused, and the names of what it had of that.

    refused: "reasoning", "cache", fields of `Request` (cache_key, metadata, parallel, thinking, tier, user), how tokens
    are drawn (temperature ... logit_bias), "output.verbosity", and names of extras.
    """
    if not refused:
        return request, ()
    fields = {name: value for name, value in _UNSAID.items() if name in refused and getattr(request, name) != value}
    drawn = [name for name in _NUMBERS if name in refused and getattr(request.sampling, name) is not None]
    extras = {name: value for name, value in request.extras.items() if name not in refused}
    verbosity = "output.verbosity" in refused and request.output.verbosity is not None
    messages = _without_thoughts(request.messages) if REASONING in refused else request.messages
    uncached = _without_hints(messages) if CACHE in refused else messages
    lost = (
        *([REASONING] if messages != request.messages else ()),
        *([CACHE] if uncached != messages else ()),
        *fields,
        *drawn,
        *(["output.verbosity"] if verbosity else ()),
        *(name for name in request.extras if name in refused),
    )
    output = msgspec.structs.replace(request.output, verbosity=None) if verbosity else request.output
    sampling = msgspec.structs.replace(request.sampling, **dict.fromkeys(drawn))
    changed = {**fields, "sampling": sampling, "output": output, "extras": extras, "messages": uncached}
    return msgspec.structs.replace(request, **changed), lost


def at_host(family: Family, *, answers: Answers, schema_with_tools: bool, forced_calls: bool) -> Family:
    """The model's row as it holds at a host that takes less. answers: what the host has in place of a setting."""
    fields = {
        "answers": answers if family.answers == "schema" else family.answers,
        "schema_with_tools": family.schema_with_tools and schema_with_tools,
        "forced_calls": family.forced_calls and forced_calls,
    }
    return msgspec.structs.replace(family, **fields)


def with_cache_key(request: Request, session: str) -> Request:
    """The request with a key for the host's cache of prompts that stands for the conversation, if it has none yet.

    session: what the client calls the conversation; "" where it is unknown, or where the host takes no key. Only a
    digest of it is told. Whom the request is for is no conversation: one key for all that a user asks would send it all
    to the same machine.
    """
    if not session or request.cache_key is not None or session == request.user:
        return request
    told = blake2s(session.encode("utf-8", "surrogatepass"), digest_size=_CACHE_KEY_BYTES, person=b"fpxcache")
    return msgspec.structs.replace(request, cache_key=told.hexdigest())


def _without_thoughts(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages without thoughts that nobody has signed, and without those that had nothing else."""
    left = (Message(message.role, tuple(part for part in message.parts if not _unsigned(part))) for message in messages)
    return tuple(message for message in left if message.parts)


def _without_hints(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(Message(message.role, tuple(map(_uncached, message.parts))) for message in messages)


def _uncached(part: Part) -> Part:
    return part if getattr(part, "cache", None) is None else msgspec.structs.replace(part, cache=None)


def _unsigned(part: object) -> bool:
    return isinstance(part, ReasoningPart) and not part.signature
