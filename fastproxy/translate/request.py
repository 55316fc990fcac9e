"""A request of one format as the request of another: the steps between decoding and encoding, in order.

Each step is a pure function of the request and says what it had to drop. Nothing is dropped in silence, and what can't
be dropped without changing the meaning is refused.
"""

from collections.abc import Callable, Mapping

import msgspec

from fastproxy.errors import Fault, Header
from fastproxy.formats.base import Encoded, Format
from fastproxy.ir.request import Message, OpaquePart, Request
from fastproxy.translate import customs, names, turns
from fastproxy.translate.adapt import adapt
from fastproxy.translate.families import Family
from fastproxy.translate.hosts import without_refused
from fastproxy.translate.memory import Memory, recalled
from fastproxy.translate.seal import Mint, unseal


class Target(msgspec.Struct, frozen=True):
    """Who is to answer. model: by the name that host knows. mint: of the account that is asked.

    refuses: what this host does not take (see `hosts`).
    """

    format: Format
    model: str
    mint: Mint
    family: Family
    refuses: frozenset[str] = frozenset()


class Translated(msgspec.Struct, frozen=True):
    """What goes upstream, and what the answer's way back needs.

    dropped: what the client said and the upstream is not told, each once. names: tool names as the upstream knows them
    -> as the client does. customs: free-text tools that went as functions, by the client's names.
    """

    body: bytes
    headers: tuple[Header, ...] = ()
    dropped: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    customs: frozenset[str] = frozenset()


def translate_request(
    request: Request, target: Target, recall: Memory, encode: Callable[[Request], Encoded] | None = None
) -> Translated:
    """`request`, decoded from the client's format, as `target` takes it.

    encode: what writes it where it is to be counted, not answered.
    Raises: Fault(bad_request) for what has no equal there.
    """
    ready, prepared = prepare(request, target, recall)
    encoded = (encode or target.format.encode_request)(ready)
    return Translated(
        body=encoded.body,
        headers=encoded.headers,
        dropped=tuple(dict.fromkeys((*prepared.dropped, *encoded.dropped))),
        names=prepared.names,
        customs=prepared.customs,
    )


def prepare(request: Request, target: Target, recall: Memory) -> tuple[Request, Translated]:
    """The request as the target's encoder is to write it, and what is known so far.

    Raises: Fault(bad_request).
    """
    _refuse_candidates(request)
    _refuse_half_a_thread(request)
    _refuse_what_is_kept_elsewhere(request, target)
    request, repairs = turns.repaired(request)
    request = msgspec.structs.replace(request, messages=recalled(request.messages, recall, target.mint))
    request, unproven = unseal(request, target.mint)
    wrapped: frozenset[str] = frozenset()
    if not target.format.custom_tools:
        request, wrapped = customs.wrapped(request)
    request, spelled = names.respelled(request, target.format.spelling)
    request = msgspec.structs.replace(request, model=target.model)
    request, unfit = adapt(request, target.family, target.format.name)
    request, refused = without_refused(request, target.refuses)
    dropped = tuple(dict.fromkeys((*repairs, *unproven, *unfit, *refused)))
    return request, Translated(b"", dropped=dropped, names=spelled, customs=wrapped)


def _refuse_half_a_thread(request: Request) -> None:
    """A turn of a conversation that Anthropic keeps says only what is new. Told so, its SDK says all of it again.

    Source: anthropic 2.12.0, `lib/threads/_thread_state.py` and `types/thread_not_found_error.py`, read 2026-11-21.
    """
    thread = request.extras.get("thread") if request.format == "anthropic" else None
    if isinstance(thread, dict) and thread.get("type") == "continue":
        raise Fault("not_found", "this conversation is kept by Anthropic; send all of its messages", param="thread")


# Fields and items that stand for words which only the client's own vendor has: without them something else is asked.
_KEPT_ELSEWHERE: Mapping[str, tuple[str, ...]] = {"gemini": ("cachedContent",), "openai-responses": ("prompt",)}
_SUMMARY = "compaction"  # of all turns before it, and encrypted


def _refuse_what_is_kept_elsewhere(request: Request, target: Target) -> None:
    if request.format == target.format.name:
        return
    for field in _KEPT_ELSEWHERE.get(request.format, ()):
        if request.extras.get(field):
            raise Fault("bad_request", f"{field} is kept by another vendor; send what it stands for", param=field)
    if request.format == "openai-responses" and any(map(_is_summary, request.messages)):
        raise Fault("bad_request", "only OpenAI can read this compaction; send the turns themselves", param="input")


def _is_summary(message: Message) -> bool:
    return any(isinstance(part, OpaquePart) and part.data.get("type") == _SUMMARY for part in message.parts)


def _refuse_candidates(request: Request) -> None:
    """Several answers to one question would each need a stream of their own; one of them would be a fake."""
    if request.sampling.candidates > 1:
        param = "candidateCount" if request.format == "gemini" else "n"
        raise Fault("bad_request", "only one answer to a request can be translated", param=param)
