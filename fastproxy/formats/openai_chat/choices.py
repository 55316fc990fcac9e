"""One whole answer that a host has spread over several choices, put together again. It never joins numbered choices.

Copilot tells what a Claude model says and each of its calls as a choice of its own, none of them numbered, where no
stream was asked for. Choices with numbers are several answers to one request.
Source: github.com/karthink/gptel/pull/1284, github.com/HKUDS/nanobot/pull/1555, read 2026-11-21.
"""

from typing import Any

Object = dict[str, Any]


def together(first: Object, choices: list[Any]) -> Object:
    """`first` with what all choices say, where they are whole messages without numbers; else `first` as it is."""
    if not all(isinstance(choice, dict) and "index" not in choice for choice in choices):
        return first
    messages = [message for choice in choices if isinstance(message := choice.get("message"), dict)]
    return first | {"message": _joined(messages)} if len(messages) == len(choices) else first


def _joined(messages: list[Object]) -> Object:
    """Texts and lists one after the other; of anything else what was told first."""
    joined: Object = {}
    for key, value in (member for message in messages for member in message.items()):
        old = joined.get(key)
        if not old:
            joined[key] = value
        elif value and key != "role" and type(value) is type(old) and isinstance(value, str | list):
            joined[key] = old + value
    return joined
