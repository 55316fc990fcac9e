"""Agents as people write them: a loop of tool calls around each format's official SDK, which keeps what it was told.

An agent knows nothing of the relay but its address. It keeps its history in the SDK's own words and sends all of it
again, so that whatever the SDK or the format can't hold is lost here as it would be in life.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import anthropic
import msgspec
import openai
from google import genai
from google.genai import types
from openai.lib.streaming.chat import ChatCompletionStreamState

from support.exchange import Format
from support.live_sdks import anthropic_client, genai_client, openai_client

Json = dict[str, Any]

SCHEMA: Json = {"type": "object", "properties": {"name": {"type": "string"}}}
TOOL = {"name": "find_place", "description": "Finds a place."}
SYSTEM = "You keep a lighthouse."
MAX_TOKENS = 4096


class Asked(msgspec.Struct, frozen=True):
    """A tool call as the agent got it. arguments: as its SDK tells them, written as JSON."""

    id: str
    name: str
    arguments: str


class Reply(msgspec.Struct, frozen=True):
    """What the SDK made of an answer."""

    text: str
    calls: list[Asked]


class Result(msgspec.Struct, frozen=True):
    """What a tool gave. image: a PNG in base64, for formats whose results may hold one."""

    call: Asked
    text: str
    failed: bool = False
    image: str = ""


class Agent(Protocol):
    """One conversation. `history` is what the agent will send with its next question."""

    history: list[Any]

    def say(self, text: str) -> None: ...

    def give(self, results: list[Result]) -> None: ...

    def ask(self, model: str, *, stream: bool) -> Reply: ...


class ChatAgent:
    """Of openai's Chat Completions. Results are texts there; the agent shows an image as the user would."""

    def __init__(self, client: openai.OpenAI) -> None:
        self._chat = client.chat.completions
        self.history: list[Any] = [{"role": "system", "content": SYSTEM}]

    def say(self, text: str) -> None:
        self.history.append({"role": "user", "content": text})

    def give(self, results: list[Result]) -> None:
        for result in results:
            text = f"Error: {result.text}" if result.failed else result.text
            self.history.append({"role": "tool", "tool_call_id": result.call.id, "content": text})
        shown = [{"url": f"data:image/png;base64,{result.image}"} for result in results if result.image]
        if shown:
            self.history.append({"role": "user", "content": [{"type": "image_url", "image_url": url} for url in shown]})

    def ask(self, model: str, *, stream: bool) -> Reply:
        tools = [{"type": "function", "function": TOOL | {"parameters": SCHEMA}}]
        asked = {"model": model, "messages": self.history, "tools": tools}
        if stream:
            state = ChatCompletionStreamState()
            for chunk in self._chat.create(**asked, stream=True, stream_options={"include_usage": True}):
                state.handle_chunk(chunk)
            completion = state.get_final_completion()
        else:
            completion = self._chat.create(**asked)
        message = completion.choices[0].message
        told = message.to_dict(mode="json")
        for call in told.get("tool_calls") or ():
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
        self.history.append(told)
        calls = [Asked(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
        assert completion.choices[0].finish_reason == ("tool_calls" if calls else "stop")
        return Reply(message.content or "", calls)


class ResponsesAgent:
    """Of openai's Responses, without a store, as Codex asks."""

    def __init__(self, client: openai.OpenAI) -> None:
        self._responses = client.responses
        self.history: list[Any] = [{"role": "developer", "content": SYSTEM}]

    def say(self, text: str) -> None:
        self.history.append({"role": "user", "content": text})

    def give(self, results: list[Result]) -> None:
        for result in results:
            text = f"Error: {result.text}" if result.failed else result.text
            output: Any = text
            if result.image:
                image = {"type": "input_image", "image_url": f"data:image/png;base64,{result.image}", "detail": "auto"}
                output = [{"type": "input_text", "text": text}, image]
            self.history.append({"type": "function_call_output", "call_id": result.call.id, "output": output})

    def ask(self, model: str, *, stream: bool) -> Reply:
        tools = [{"type": "function", **TOOL, "parameters": SCHEMA, "strict": False}]
        include = ["reasoning.encrypted_content"]
        asked = {"model": model, "input": self.history, "tools": tools, "store": False, "include": include}
        if stream:
            with self._responses.stream(**asked, reasoning={"summary": "auto"}) as events:
                response = events.get_final_response()
        else:
            response = self._responses.create(**asked)
        for item in response.output:
            told = item.to_dict(mode="json")
            told.pop("parsed_arguments", None)
            self.history.append(told)
        called = [item for item in response.output if item.type == "function_call"]
        return Reply(response.output_text, [Asked(call.call_id, call.name, call.arguments) for call in called])


class MessagesAgent:
    """Of anthropic's Messages."""

    def __init__(self, client: anthropic.Anthropic) -> None:
        self._messages = client.messages
        self.history: list[Any] = []

    def say(self, text: str) -> None:
        self.history.append({"role": "user", "content": text})

    def give(self, results: list[Result]) -> None:
        content = []
        for result in results:
            inner: list[Json] = [{"type": "text", "text": result.text}]
            if result.image:
                source = {"type": "base64", "media_type": "image/png", "data": result.image}
                inner.append({"type": "image", "source": source})
            told = {"type": "tool_result", "tool_use_id": result.call.id, "content": inner, "is_error": result.failed}
            content.append(told)
        self.history.append({"role": "user", "content": content})

    def ask(self, model: str, *, stream: bool) -> Reply:
        tools = [TOOL | {"input_schema": SCHEMA}]
        asked: Json = {"model": model, "messages": self.history, "tools": tools, "system": SYSTEM}
        asked |= {"max_tokens": MAX_TOKENS}
        if stream:
            with self._messages.stream(**asked) as events:
                message = events.get_final_message()
        else:
            message = self._messages.create(**asked)
        content = [block.to_dict(mode="json") for block in message.content]
        for block in content:
            block.pop("parsed_output", None)
        self.history.append({"role": "assistant", "content": content})
        used = [block for block in message.content if block.type == "tool_use"]
        assert message.stop_reason == ("tool_use" if used else "end_turn")
        text = "".join(block.text for block in message.content if block.type == "text")
        return Reply(text, [Asked(block.id, block.name, _json(block.input)) for block in used])


class GeminiAgent:
    """Of google-genai's generate_content, with its automatic calling off."""

    def __init__(self, client: genai.Client) -> None:
        self._models = client.models
        self.history: list[Any] = []

    def say(self, text: str) -> None:
        self.history.append(types.Content(role="user", parts=[types.Part(text=text)]))

    def give(self, results: list[Result]) -> None:
        self.history.append(types.Content(role="user", parts=[_function_response(result) for result in results]))

    def ask(self, model: str, *, stream: bool) -> Reply:
        declared = types.FunctionDeclaration(**TOOL, parameters_json_schema=SCHEMA)
        config = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=[declared])],
            system_instruction=SYSTEM,
            thinking_config=types.ThinkingConfig(include_thoughts=True),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        asked = {"model": model, "contents": self.history, "config": config}
        if stream:
            chunks = list(self._models.generate_content_stream(**asked))
        else:
            chunks = [self._models.generate_content(**asked)]
        contents = [candidate.content for chunk in chunks for candidate in chunk.candidates or ()]
        parts = [part for content in contents if content for part in content.parts or ()]
        self.history.append(types.Content(role="model", parts=parts))
        called = [part.function_call for part in parts if part.function_call]
        text = "".join(part.text for part in parts if part.text and not part.thought)
        return Reply(text, [Asked(call.id or "", call.name, _json(call.args)) for call in called])


def _function_response(result: Result) -> types.Part:
    key = "error" if result.failed else "output"
    response = types.FunctionResponse(
        id=result.call.id or None, name=result.call.name, response={key: result.text}, parts=_shown(result.image)
    )
    return types.Part(function_response=response)


def _shown(image: str) -> list[types.FunctionResponsePart] | None:
    if not image:
        return None
    blob = types.FunctionResponseBlob(mime_type="image/png", data=b64decode(image))
    return [types.FunctionResponsePart(inline_data=blob)]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


@contextmanager
def agent(format_: Format, origin: str) -> Iterator[Agent]:
    """An agent of this format that asks at this address."""
    connect, make = _AGENTS[format_]
    with connect(origin) as client:
        yield make(client)


_AGENTS: Mapping[Format, tuple[Callable[[str], Any], Callable[[Any], Agent]]] = {
    "openai-chat": (openai_client, ChatAgent),
    "openai-responses": (openai_client, ResponsesAgent),
    "anthropic": (anthropic_client, MessagesAgent),
    "gemini": (genai_client, GeminiAgent),
}
