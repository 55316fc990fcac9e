"""One request and its answer, as bytes: what recordings and our own fixtures are read into."""

from typing import Literal

import msgspec

from support import script

Format = Literal["openai-chat", "openai-responses", "anthropic", "gemini"]
FORMATS: tuple[Format, ...] = ("openai-chat", "openai-responses", "anthropic", "gemini")


class Exchange(msgspec.Struct, frozen=True):
    """name: unique. shows: why it is here. target: path and query, the same at the relay and upstream.

    body: the request's bytes as they must arrive upstream. sent_body: as the client writes them, where that differs (a
    model name that has to say which provider it means).
    """

    name: str
    shows: str
    format: Format
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    status: int
    answer_headers: list[tuple[str, str]]
    answer: bytes
    streamed: bool
    sent_body: bytes = b""

    @property
    def request_body(self) -> bytes:
        return self.sent_body or self.body

    def acts(self) -> list[script.AnyAct]:
        """The answer in the framing that such an answer usually has."""
        if self.streamed:
            return script.streamed([self.answer], status=self.status, headers=self.answer_headers)
        return script.whole(self.answer, status=self.status, headers=self.answer_headers)
