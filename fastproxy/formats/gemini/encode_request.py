"""The hub's request as a Gemini body. The model stands in the path, so the body does not name it.

Says what is set and nothing else; lists what it can't say; refuses only what changes the meaning when it is left out.
Source: wire format notes 2.2 to 2.4; google-genai 3.4.0 `models.py`; read 2026-11-21.
"""

from typing import Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.base import Encoded
from fastproxy.formats.extras import named
from fastproxy.formats.gemini import encode_config
from fastproxy.formats.gemini.encode_contents import Contents
from fastproxy.ir.request import Request

_TIERS = {"default": "standard", "flex": "flex", "priority": "priority"}
_NESTED = frozenset({"generationConfig", "toolConfig"})
_SAID_ELSEWHERE = ("user", "metadata", "cache_key")

_Json = dict[str, Any]


def encode_request(request: Request) -> Encoded:
    """The body, and what is not in it.

    Raises: Fault(bad_request) for a forced server tool, and for files and media that Gemini can't be given.
    Cost: grows with the size of the request; schemas are the dearest part.
    """
    body, dropped = encode_fields(request)
    return Encoded(msgspec.json.encode(body), dropped=tuple(dropped))


def encode_fields(request: Request) -> tuple[_Json, list[str]]:
    """The body's fields before they are JSON text, and what is not in them."""
    _require_translatable(request)
    told = Contents(request)
    config, unsaid = encode_config.generation_config(request)
    body: _Json = {"contents": told.contents}
    if told.instruction:
        body["systemInstruction"] = {"parts": told.instruction}
    if tools := encode_config.declarations(request.tools):
        body["tools"] = tools
    if tool_config := encode_config.tool_config(request):
        body["toolConfig"] = tool_config
    if config:
        body["generationConfig"] = config
    if request.tier in _TIERS:
        body["serviceTier"] = _TIERS[request.tier]
    return body, [*told.dropped, *unsaid, *_unsaid(request), *_extras(request, body)]


def _require_translatable(request: Request) -> None:
    if request.format != "gemini" and isinstance(request.extras.get("tool_choice"), dict):
        raise Fault("bad_request", "Gemini has no such tool to be forced", param="tool_choice")


def _unsaid(request: Request) -> list[str]:
    """Fields that the hub has a word for and Gemini has not."""
    names: list[str] = [name for name in _SAID_ELSEWHERE if getattr(request, name)]
    if request.parallel is False:
        names.append("parallel")
    if request.tier not in {None, "auto", *_TIERS}:
        names.append("tier")
    if any(tool.strict for tool in request.tools):
        names.append("tools.strict")
    if any(tool.cache is not None for tool in request.tools):
        names.append("tools.cache")
    return names


def _extras(request: Request, body: _Json) -> list[str]:
    """Puts the extras of a Gemini client where they came from; of any other client, their names."""
    if request.format != "gemini":
        return [told for name, value in request.extras.items() for told in named(name, value)]
    dropped: list[str] = []
    for name, value in request.extras.items():
        *outer, key = name.split(".")
        if name == "tools":
            body["tools"] = [*body.get("tools", []), *value]
        elif outer and outer[0] not in _NESTED:  # of one part or tool, and nobody knows which
            dropped.append(name)
        else:
            place = body
            for step in outer:
                place = place.setdefault(step, {})
            if isinstance(place.get(key), dict) and isinstance(value, dict):
                place[key] = {**value, **place[key]}
            else:
                place[key] = value
    return dropped
