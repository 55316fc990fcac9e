"""A request of one format as the request of another: the steps between decoding and encoding, in order.

Each step is a pure function of the request and says what it had to drop. Nothing is dropped in silence, and what can't
be dropped without changing the meaning is refused.
"""

from collections.abc import Callable, Mapping

import msgspec

from fastproxy.errors import Header
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import Encoded, Format
from fastproxy.ir.request import OutputKind, ReasoningPart, Request, ToolCallPart, ToolResultPart
from fastproxy.translate import customs, in_words, names, system, turns
from fastproxy.translate.adapt import adapt
from fastproxy.translate.hosts import with_cache_key, without_refused
from fastproxy.translate.memory import Memory, recalled
from fastproxy.translate.seal import Mint, unseal
from fastproxy.translate.shaping import shaped
from fastproxy.translate.traits import Family


class Target(msgspec.Struct, frozen=True):
    """Who is to answer. model: by the name that host knows. mint: of the account that is asked.

    refuses: what this host does not take (see `hosts`). short_call_ids, demands_thoughts, drops_unfit_thoughts:
    see `Quirks`. session: what the client calls the conversation, where this host has a cache that goes by it; else "".
    """

    format: Format
    model: str
    mint: Mint
    family: Family
    refuses: frozenset[str] = frozenset()
    short_call_ids: bool = False
    demands_thoughts: bool = False
    drops_unfit_thoughts: bool = False
    session: str = ""


class Translated(msgspec.Struct, frozen=True):
    """What goes upstream, and what the answer's way back needs.

    dropped: what the client said and the upstream is not told, each once. names: tool names as the upstream knows them
    -> as the client does. customs: free-text tools that went as functions, by the client's names. free_text: all
    that the client has declared. answer: the function whose call is the answer, as the upstream knows it; "" for an
    answer in text. boxed: the kind of answer that the client gets out of an object; None for one as it comes.
    unproven: whether thoughts of the answer are bound to words of ours, which no later request repeats.
    """

    body: bytes
    headers: tuple[Header, ...] = ()
    dropped: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    customs: frozenset[str] = frozenset()
    free_text: frozenset[str] = frozenset()
    answer: str = ""
    boxed: OutputKind | None = None
    unproven: bool = False


def translate_request(
    request: Request, target: Target, recall: Memory, encode: Callable[[Request], Encoded] | None = None
) -> Translated:
    """`request`, decoded from the client's format, as `target` takes it.

    encode: what writes it where it is to be counted, not answered.
    Raises: Fault(bad_request, not_found) for what has no equal there.
    """
    ready, prepared = prepare(request, target, recall)
    encoded = (encode or target.format.encode_request)(ready)
    return Translated(
        body=encoded.body,
        headers=encoded.headers,
        dropped=tuple(dict.fromkeys((*prepared.dropped, *encoded.dropped))),
        names=prepared.names,
        customs=prepared.customs,
        free_text=prepared.free_text,
        answer=prepared.answer,
        boxed=prepared.boxed,
        unproven=prepared.unproven,
    )


def prepare(request: Request, target: Target, recall: Memory) -> tuple[Request, Translated]:
    """The request as the target's encoder is to write it, and what is known so far.

    Raises: Fault(bad_request, not_found) for what only a host of the client's own format could do.
    """
    source, family = BY_NAME[request.format], target.family
    if source.name != target.format.name:
        source.require_portable(request)
    request, repairs = turns.repaired(request)
    kinds = turns.kinds_of(request.messages)
    unproven: tuple[str, ...] = ()
    if ToolCallPart in kinds or ReasoningPart in kinds:
        request = msgspec.structs.replace(request, messages=recalled(request.messages, recall, target.mint))
        request, unproven = unseal(request, target.mint)
    free_text = customs.declared(request)
    wrapped: frozenset[str] = frozenset()
    spelled: Mapping[str, str] = {}
    if request.tools or request.tool_choice.names or ToolCallPart in kinds or ToolResultPart in kinds:
        if not target.format.custom_tools:
            request, wrapped = customs.wrapped(request)
        short_ids = target.short_call_ids or family.short_call_ids
        request, spelled = names.respelled(request, target.format.spelling, short_ids=short_ids)
    ended: tuple[str, ...] = ()
    undemanded: tuple[str, ...] = ()
    if not source.prefills and not _goes_on(request, family):
        request, ended = turns.ended_by_user(request)
    if not family.forced_calls and not (source.prefills and turns.is_prefilled(request)):
        request, undemanded = in_words.demanded(request)
    told = shaped(request, family, target.format)
    request = system.placed(told.request, family.system, target.format.name)
    request = msgspec.structs.replace(request, model=target.model)
    request, unfit = adapt(request, family, target.format.name)
    request, refused = without_refused(with_cache_key(request, target.session), target.refuses)
    request = _with_rules_for_thoughts(request, target)
    dropped = tuple(dict.fromkeys((*repairs, *unproven, *ended, *undemanded, *told.lost, *unfit, *refused)))
    return request, Translated(
        b"",
        dropped=dropped,
        names=spelled,
        customs=wrapped,
        free_text=free_text,
        answer=told.answer,
        boxed=told.boxed,
        unproven=family.binds_thoughts and bool(ended or undemanded),
    )


def _with_rules_for_thoughts(request: Request, target: Target) -> Request:
    """The request with what its host is to do with earlier thoughts, and what that demands of them."""
    binds = target.family.binds_thoughts and target.drops_unfit_thoughts
    if not (binds or target.demands_thoughts):
        return request
    unfit_dropped = binds and ReasoningPart in turns.kinds_of(request.messages)
    told = msgspec.structs.replace(request.thinking, unfit_dropped=unfit_dropped, demanded=target.demands_thoughts)
    return msgspec.structs.replace(request, thinking=told)


def _goes_on(request: Request, family: Family) -> bool:
    """Whether the model goes on from words of the assistant at the end."""
    if family.prefill != "plain":
        return family.prefill == "always"
    plain = not request.tools and request.output.kind == "text"
    return plain and request.thinking.mode in {"default", "off"}
