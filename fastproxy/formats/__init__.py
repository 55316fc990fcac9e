"""The API formats, listed. A new one is a folder that ends in a `FORMAT` and a row here; nothing is found by magic."""

from collections.abc import Mapping

from fastproxy.formats import anthropic, gemini, openai_chat, openai_responses
from fastproxy.formats.base import Format

FORMATS: tuple[Format, ...] = (
    openai_chat.FORMAT,
    openai_responses.FORMAT,
    anthropic.FORMAT,
    gemini.FORMAT,
)
BY_NAME: Mapping[str, Format] = {format_.name: format_ for format_ in FORMATS}
