"""A Gemini request in the hub's words. Takes camelCase and snake_case alike, and calls without ids.

Keeps arguments as the text that came and never fails on what it does not know.
Source: google-genai 3.4.0 `types.py`; recorded requests; read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any

from fastproxy.formats.body import Raws, values, without_lone_surrogates
from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.decode_config import generation_config, tool_choice, tools
from fastproxy.formats.gemini.decode_parts import Conversation
from fastproxy.formats.gemini.peek import VERBS
from fastproxy.ir.request import Request

_KNOWN = frozenset({
    "model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier",
})  # fmt: skip
_TIERS = {"standard": "default", "flex": "flex", "priority": "priority", "unspecified": "auto"}


def decode_request(body: bytes, params: Mapping[str, str]) -> Request:
    """The whole request. params: `model` and `verb` of the path. Raises: Fault(bad_request)."""
    decoded = without_lone_surrogates(body)
    top = fields.opened(decoded, "the body")
    return decode_fields(top, params, fields.AsSent(body, decoded))


def decode_fields(top: Raws, params: Mapping[str, str], sent: fields.AsSent) -> Request:
    """The request whose fields are `top`. sent: where the text of arguments is taken from."""
    unsaid: dict[str, Any] = {}
    functions, server_tools = tools(fields.each(top, "tools"), unsaid)
    choice, tool_rest = tool_choice(top)
    config = generation_config(top)
    tier, tier_rest = _tier(top)
    conversation = Conversation(sent)
    system = conversation.system(top["systemInstruction"]) if "systemInstruction" in top else ()
    messages = (*system, *conversation.messages(fields.each(top, "contents")))
    extras = {**values(top, _KNOWN), **config.rest, **tool_rest, **tier_rest, **unsaid, **conversation.unsaid}
    return Request(
        format="gemini",
        model=params["model"],
        messages=messages,
        stream=params["verb"] == VERBS.stream,
        tools=functions,
        tool_choice=choice,
        thinking=config.thinking,
        sampling=config.sampling,
        output=config.output,
        tier=tier,
        extras=extras | ({"tools": server_tools} if server_tools else {}),
    )


def _tier(top: Raws) -> tuple[str | None, dict[str, Any]]:
    """OpenAI's word for the tier, or the field as it came."""
    told = fields.value(top, "serviceTier")
    if told is None:
        return None, {}
    word = _TIERS.get(told.lower().removeprefix("service_tier_")) if isinstance(told, str) else None
    return (word, {}) if word else (None, {"serviceTier": told})
