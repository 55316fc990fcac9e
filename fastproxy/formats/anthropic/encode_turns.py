"""The hub's messages to Anthropic's system blocks and turns, in the order that its API takes.

Rules of the API: the first turn is the user's, turns of one role are one, results of tools come first in theirs, no
turn is empty, an assistant's does not end in thinking, a prefilled answer not in white space. A turn of the system in
the middle stands behind a user's and before an assistant's or at the end, alone, where the model takes any.
Never says anything of its own but `CONTINUED`, where there is no turn of the user to begin with.
Source: anthropic 2.12.0 `types/message_create_params.py`; wire format notes 5; the vendor's page on mid-conversation
system messages; public issues with the 400s; read 2026-11-21.
"""

from collections.abc import Iterable
from itertools import dropwhile, takewhile

import msgspec

from fastproxy.formats.anthropic.encode_parts import Block, PartEncoder
from fastproxy.ir.request import Message

CONTINUED = "(continued)"
_SYSTEM = frozenset({"system", "developer"})
_ROLES = {"system": "system", "developer": "system", "user": "user", "tool": "user", "assistant": "assistant"}
_ROLE_OF_PARTS = {"assistant": "assistant", "tool": "tool"}  # the system in the middle may say what a user may
_THINKING = frozenset({"thinking", "redacted_thinking"})


class Turn(msgspec.Struct):
    """One message of the body. role: system, user or assistant."""

    role: str
    content: list[Block]


def system_blocks(messages: Iterable[Message], encoder: PartEncoder) -> list[Block]:
    """What the system says before anybody else does."""
    leading = takewhile(_is_system, messages)
    return [block for message in leading for block in encoder.blocks(message.parts, "system")]


def turns(messages: Iterable[Message], encoder: PartEncoder, dropped: list[str], *, system_turns: bool) -> list[Turn]:
    """Everything after that. system_turns: whether the model takes the system in the middle."""
    spoken = [
        Turn(_ROLES[message.role], list(encoder.blocks(message.parts, _ROLE_OF_PARTS.get(message.role, "user"))))
        for message in dropwhile(_is_system, messages)
    ]
    for turn in spoken:
        if turn.role == "assistant":
            _end_without_thinking(turn, dropped)
    placed = _merged(turn for turn in spoken if turn.content)
    if any(turn.role == "system" for turn in placed):
        placed = _merged(_placed(placed, system_turns=system_turns))
    for turn in placed:
        if turn.role == "user" and len(turn.content) > 1:
            turn.content.sort(key=lambda block: block["type"] != "tool_result")  # stable: the rest keeps its order
    if placed and placed[-1].role == "assistant":
        _end_without_space(placed[-1])
    if not placed or placed[0].role != "user":
        placed.insert(0, Turn("user", [{"type": "text", "text": CONTINUED}]))
    return placed


def lacks_thinking(conversation: list[Turn]) -> bool:
    """Whether a loop of tools runs in which the assistant did not think, or can't prove it.

    The API refuses manual thinking there: the assistant's last turn must begin with thinking.
    """
    *_, last = conversation
    if not any(block["type"] == "tool_result" for block in last.content):
        return False
    calling = next((turn for turn in reversed(conversation) if turn.role == "assistant"), None)
    return calling is not None and calling.content[0]["type"] not in _THINKING


def _is_system(message: Message) -> bool:
    return message.role in _SYSTEM


def _merged(spoken: Iterable[Turn]) -> list[Turn]:
    """Neighbours of one role as one turn."""
    merged: list[Turn] = []
    for turn in spoken:
        if merged and merged[-1].role == turn.role:
            merged[-1].content += turn.content
        else:
            merged.append(turn)
    return merged


def _placed(merged: list[Turn], *, system_turns: bool) -> list[Turn]:
    """The same turns; one of the system that can't stand where it is becomes the user's, marked as what it is."""
    placed = []
    for before, turn, after in zip([None, *merged], merged, [*merged[1:], None], strict=False):
        is_legal = system_turns and _may_stand(before, turn, after)
        placed.append(turn if turn.role != "system" or is_legal else Turn("user", [*map(_marked, turn.content)]))
    return placed


def _may_stand(before: Turn | None, system: Turn, after: Turn | None) -> bool:
    is_text = all(block["type"] == "text" for block in system.content)
    return is_text and before is not None and before.role == "user" and (after is None or after.role == "assistant")


def _marked(block: Block) -> Block:
    return block | {"text": f"<system>\n{block['text']}\n</system>"} if block["type"] == "text" else block


def _end_without_thinking(turn: Turn, dropped: list[str]) -> None:
    while turn.content and turn.content[-1]["type"] in _THINKING:
        turn.content.pop()
        dropped.append("reasoning")


def _end_without_space(turn: Turn) -> None:
    last = turn.content[-1]
    if last["type"] == "text":
        turn.content[-1] = last | {"text": last["text"].rstrip()}
