"""What a client asks, in no vendor's words. Only translation and the echo model read it; the diagonal never does.

Values only. Tool arguments and base64 stay as the text that came. A value that the client did not give is None or
empty, never a default of ours. What has no word here stays in `extras`, by its own name, and is of `Request.format`.
"""

from typing import Any, Literal

import msgspec

from fastproxy.ir.events import Bound

Role = Literal["system", "developer", "user", "assistant", "tool"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")  # rising


class Cache(msgspec.Struct, frozen=True):
    """A hint that the prompt up to here is worth caching. ttl: as it came ("5m", "1h", "30m"), or None."""

    ttl: str | None = None


class TextPart(msgspec.Struct, frozen=True):
    """Plain text."""

    text: str
    cache: Cache | None = None


class RefusalPart(msgspec.Struct, frozen=True):
    """What the assistant said when it refused."""

    text: str


class Inline(msgspec.Struct, frozen=True):
    """Bytes in the request itself. base64: as it came, never decoded."""

    base64: str


class Link(msgspec.Struct, frozen=True):
    """Bytes elsewhere. The relay never fetches them."""

    url: str


class Plain(msgspec.Struct, frozen=True):
    """A document given as plain text."""

    text: str


class Stored(msgspec.Struct, frozen=True):
    """A file that was uploaded before to the upstream of `Request.format`; no other host knows it."""

    file_id: str


Source = Inline | Link | Plain | Stored


class MediaPart(msgspec.Struct, frozen=True):
    """An image, a document, a sound or a film.

    media_type: "image/png", "application/pdf", "text/plain", "audio/wav"; "" where the client did not say.
    name: of the file, or title of the document. detail: OpenAI's low | high | auto | original.
    """

    kind: Literal["image", "document", "audio", "video"]
    media_type: str
    source: Source
    name: str = ""
    detail: str | None = None
    cache: Cache | None = None


class ReasoningPart(msgspec.Struct, frozen=True):
    """What the assistant thought earlier. signature: opaque; bound: what it is the proof of (see `events.Reasoning`).

    A part with `bound` "call" belongs to the `ToolCallPart` right after it.
    """

    text: str
    signature: str | None = None
    bound: Bound = "thinking"


class ToolCallPart(msgspec.Struct, frozen=True):
    """A call that the assistant made earlier. arguments: JSON text, byte for byte; free text when custom."""

    id: str
    name: str
    arguments: str
    custom: bool = False
    cache: Cache | None = None


class OpaquePart(msgspec.Struct, frozen=True):
    """A part that only `format` has a word for, as it wrote it."""

    format: str
    data: dict[str, Any]


class ToolResultPart(msgspec.Struct, frozen=True):
    """What a tool answered. id, name: of the call; name is "" where the format does not repeat it."""

    id: str
    content: tuple[TextPart | MediaPart | OpaquePart, ...]
    is_error: bool = False
    name: str = ""
    custom: bool = False
    cache: Cache | None = None

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


Part = TextPart | RefusalPart | MediaPart | ReasoningPart | ToolCallPart | ToolResultPart | OpaquePart


class Message(msgspec.Struct, frozen=True):
    """One turn. Results of tools are turns of their own ("tool"), whoever's turn they came in."""

    role: Role
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call. schema: the JSON schema of its arguments, or None.

    custom: it takes free text instead (OpenAI); grammar: what that must match, as it came.
    """

    name: str
    description: str = ""
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    custom: bool = False
    grammar: dict[str, Any] | None = None
    cache: Cache | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether a tool must be called. names: the only ones that may be, () for all; one and "required" forces it."""

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()


class Thinking(msgspec.Struct, frozen=True):
    """How the model is to think.

    mode: "default" when nothing was said; "off"; "budget" (budget_tokens); "adaptive" (as the model sees fit, guided by
    effort); "effort" (a level, no more); "between_tools" (Anthropic's word).
    effort: may be told beside any mode. visible: whether the client wants to read it; None when it didn't say.
    summary: OpenAI's auto | concise | detailed. possible: False once it is known that the model never thinks.
    unfit_dropped: whether the host is to leave out earlier thoughts that no longer fit instead of refusing them all; no
    client says so. demanded: whether the host refuses a turn that calls tools, or stands among such, without its
    thought; no client says so either.
    """

    mode: Literal["default", "off", "budget", "adaptive", "effort", "between_tools"] = "default"
    effort: Effort | None = None
    budget_tokens: int | None = None
    visible: bool | None = None
    summary: str | None = None
    possible: bool = True
    unfit_dropped: bool = False
    demanded: bool = False


class Sampling(msgspec.Struct, frozen=True):
    """How tokens are drawn, and when to stop."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    candidates: int = 1
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None


OutputKind = Literal["text", "json", "schema", "word"]


class Output(msgspec.Struct, frozen=True):
    """What shape the text must have.

    kind "json": any JSON object; "schema": the value that `schema` describes; "word": one of the words that it lists,
    bare.
    """

    kind: OutputKind = "text"
    name: str = ""
    description: str = ""
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    verbosity: str | None = None

    @property
    def described(self) -> dict[str, Any] | None:
        """The schema with the description in it, for formats that have no other place for what the answer is for."""
        if self.schema is None or not self.description:
            return self.schema
        own = self.schema.get("description")
        return self.schema | {"description": f"{self.description}\n\n{own}" if own else self.description}


class Request(msgspec.Struct, frozen=True):
    """One request, whole.

    user: whom it is for (OpenAI `user`/`safety_identifier`, Anthropic `metadata.user_id`). cache_key: OpenAI's
    prompt_cache_key. tier: OpenAI's words (auto, default, flex, priority). parallel: whether several tools may be
    called in one turn.
    system_turns: whether the model is known to take turns of the system between others; no client says so.
    extras: fields of `format` that have no word here, by their own names; one of a tool or a part with its kind before
    it ("tools.defer_loading"), of whichever tool it was.
    """

    format: str
    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel: bool | None = None
    thinking: Thinking = Thinking()
    sampling: Sampling = Sampling()
    output: Output = Output()
    user: str | None = None
    metadata: dict[str, str] | None = None
    cache_key: str | None = None
    tier: str | None = None
    system_turns: bool = False
    extras: dict[str, Any] = {}

    @property
    def wants_thoughts(self) -> bool:
        """Whether the client asked to read what the model thinks."""
        thinking = self.thinking
        return thinking.mode != "off" and (thinking.visible is True or thinking.summary is not None)
