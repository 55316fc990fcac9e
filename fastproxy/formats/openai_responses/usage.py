"""The usage object of Responses and our token classes, both ways: Chat's rules under other names.

It counts nothing itself and invents no number.
Source: openai 3.54.0, types/responses/response_usage.py (both details and their counts are mandatory), 2026-11-21.
"""

from typing import Any

from fastproxy.formats.openai_shared import Names, read, write
from fastproxy.ir.events import Usage

RESPONSES = Names("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")


def decode(told: dict[str, object]) -> Usage | None:
    """A usage object in our classes; None when it has neither count (a tool's input named "usage")."""
    return read(told, RESPONSES)


def encode(tokens: Usage) -> dict[str, Any] | None:
    """A usage object that conserves every total; None when nothing was told."""
    return write(tokens, RESPONSES)
