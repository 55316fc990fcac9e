"""How a model is brought to give its answer the shape that the client wants: by a setting, by a call, or in words."""

from typing import Literal

import msgspec

from fastproxy.formats.base import Format
from fastproxy.ir.request import OutputKind, Request
from fastproxy.translate import boxed, by_call, in_words
from fastproxy.translate.traits import Family

Way = Literal["setting", "call", "words"]


class Shaped(msgspec.Struct, frozen=True):
    """The request as the model takes it. answer: the function whose call is the answer; "" for an answer in text.

    boxed: the kind of answer that the client gets out of an object; None for one as it comes. lost: what is asked for
    in words only.
    """

    request: Request
    answer: str = ""
    boxed: OutputKind | None = None
    lost: tuple[str, ...] = ()


def shaped(request: Request, family: Family, target: Format) -> Shaped:
    """The way of this family in this format. Most requests want no shape at all: 0.3 us."""
    way = _way(request, family, target)
    if way == "words":
        request, lost = in_words.shaped(request, "json" if family.answers == "json" and target.json_mode else "text")
        return Shaped(request, lost=lost)
    if request.output.kind == "json" and target.json_mode in {"word", "input"}:
        request = in_words.named(request, behind_system=target.json_mode == "input")
    within: OutputKind | None = None
    if way == "call" or not target.answers_values:
        request, within = boxed.wrapped(request, plain=way == "call")
    if way == "setting":
        return Shaped(request, boxed=within)
    request, answer = by_call.asked(request)
    return Shaped(request, answer, within)


def _way(request: Request, family: Family, target: Format) -> Way:
    kind = request.output.kind
    if kind == "text":
        return "setting"
    alone = family.schema_with_tools or not request.tools
    if kind == "json":
        return "setting" if alone and target.json_mode and family.answers != "words" else "words"
    if alone and family.answers == "schema" and (kind == "word" or target.holds(request.output.schema or {})):
        return "setting"
    # A client that demands a call of its own wants no answer before it.
    demands = request.tool_choice.mode == "required"
    may_be_called = family.answers in {"schema", "call"} and family.forced_calls and not demands
    return "call" if may_be_called and request.output.schema is not None else "words"
