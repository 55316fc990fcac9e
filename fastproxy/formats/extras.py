"""What a request says that the hub has no word for: how it is kept, and what to call it where it can't be said.

An extra goes by the client's own name: a field of the request by its own, a field within it by its kind and its own
("tools.defer_loading", "text.citations"). Nothing here looks at what an extra asks for.
"""

from collections.abc import Mapping
from typing import Any

from fastproxy.errors import Fault
from fastproxy.ir.request import OpaquePart, Request

# Saying these is saying nothing: what clients send back of an answer that had nothing there, and the only way in which
# a call can come about where there is no program that calls (Anthropic, OpenAI).
_NOTHING: tuple[object, ...] = (None, False, "", [], {}, ["direct"], {"type": "direct"})


def keep(extras: dict[str, Any], kind: str, told: Mapping[str, Any], known: frozenset[str]) -> None:
    """Put what an object within the request says beyond its `known` fields to the extras, as "kind.field".

    Cost: 0.1 us where there is nothing to keep.
    """
    if known.issuperset(told):
        return
    for field, value in told.items():
        if field not in known and value not in _NOTHING:
            extras[f"{kind}.{field}"] = value


def named(name: str, value: object) -> tuple[str, ...]:
    """The extra's name; of server tools each one's kind, because "tools" alone would look as if all were lost."""
    if name == "tools" and isinstance(value, list):
        return tuple(dict.fromkeys(f"tools.{_kind(tool)}" for tool in value))
    return (name,)


def uncallable(request: Request) -> Fault:
    """The Fault for a call that is demanded of tools of which none can be offered, with what to do instead."""
    forced = request.extras.get("tool_choice")  # of a tool that only the server of the client's format runs
    if wanted := ", ".join(request.tool_choice.names) or (_kind(forced) if forced else ""):
        said = f"tool_choice demands a call of {wanted}, which is no function of this request"
    elif others := request.extras.get("tools"):
        dropped = ", ".join(name.removeprefix("tools.") for name in named("tools", others))
        said = f"tool_choice demands a call, but no tool is left: only its own vendor runs {dropped}"
    else:
        said = "tool_choice demands a call, but the request has no tools"
    return Fault("bad_request", f"{said}; declare a function, or let tool_choice be auto", param="tool_choice")


def part_names(part: OpaquePart) -> tuple[str, ...]:
    """What to call a part that only its own format has a word for: its type, else every one of its fields."""
    kind = part.data.get("type")
    return (kind,) if isinstance(kind, str) else tuple(part.data) or (part.format,)


def _kind(tool: Any) -> str:
    """Its type (OpenAI, Anthropic), else its only key (Gemini)."""
    if not isinstance(tool, dict):
        return "unknown"
    return str(tool.get("type") or next(iter(tool), "unknown"))
