"""One whole answer that a host has spread over several choices, put together again. It never joins numbered choices.

Copilot tells what a Claude model says and each of its calls as a choice of its own, none of them numbered, where no
stream was asked for. Choices with numbers are several answers to one request.
Source: github.com/karthink/gptel/pull/1284, github.com/HKUDS/nanobot/pull/1555, read 2026-11-21.
"""

from itertools import chain
from typing import Any

Object = dict[str, Any]

_ONCE = frozenset({"id", "role"})  # texts that are repeated, not gone on with


def together(first: Object, choices: list[Any]) -> Object:
    """`first` with what all choices say, where they are whole messages without numbers; else `first` as it is."""
    if not all(isinstance(choice, dict) and "index" not in choice for choice in choices):
        return first
    messages = [message for choice in choices if isinstance(message := choice.get("message"), dict)]
    return first | {"message": _joined(messages)} if len(messages) == len(choices) else first


def _joined(messages: list[Object]) -> Object:
    message = Members()
    for told in messages:
        message.add(told)
    return message.whole()


class Members:
    """An object whose members are told bit by bit: texts and lists go on, of anything else the first word counts.

    Cost: in proportion to what is told, however small the bits are.
    """

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[str, list[Any]] = {}

    def add(self, told: Object) -> None:
        """The next bit of any of them; one that says nothing yet is replaced."""
        for key, value in told.items():
            before = self._told.get(key)
            if before is None or not before[0]:
                self._told[key] = [value]
            elif value and key not in _ONCE and type(value) is type(before[0]) and isinstance(value, str | list):
                before.append(value)

    def whole(self) -> Object:
        """All of it; {} when nothing was told."""
        return {key: _whole(bits) for key, bits in self._told.items()}


def _whole(bits: list[Any]) -> Any:
    if len(bits) == 1:
        return bits[0]
    return "".join(bits) if isinstance(bits[0], str) else list(chain.from_iterable(bits))
