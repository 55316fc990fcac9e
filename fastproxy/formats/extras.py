"""What to call an extra that another format can't say. Names only: it never looks at what an extra asks for."""

from typing import Any


def named(name: str, value: object) -> tuple[str, ...]:
    """The extra's name; of server tools each one's kind, because "tools" alone would look as if all were lost."""
    if name == "tools" and isinstance(value, list):
        return tuple(dict.fromkeys(f"tools.{_kind(tool)}" for tool in value))
    return (name,)


def _kind(tool: Any) -> str:
    """Its type (OpenAI, Anthropic), else its only key (Gemini)."""
    if not isinstance(tool, dict):
        return "unknown"
    return str(tool.get("type") or next(iter(tool), "unknown"))
