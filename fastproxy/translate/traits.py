"""What can be said of a family of models: the fields of a row of `families`, and what holds where no row says it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from fastproxy.formats.base import FormatName
from fastproxy.ir.request import Effort

Mode = Literal["default", "off", "budget", "adaptive", "effort", "between_tools"]
Answers = Literal["schema", "call", "json", "words"]
ChatTools = Literal["any", "off", "unsaid"]
Prefill = Literal["always", "plain", "never"]
SystemPlace = Literal["anywhere", "in_front", "nowhere"]

UNBOUNDED_TOKENS = 1 << 20


class Control(msgspec.Struct, frozen=True):
    """How a model is told to think in one format.

    modes: besides "default". efforts: levels, rising; "none" is mode "off". budget_tokens: least and most.
    default: what it does when nothing is said: a level, "none" for no thinking, None when unknown.
    off_up_to: the highest effort that may stand beside "off"; None for any.
    below_max_tokens: whether a budget must stay below max_tokens.
    bound: modes that don't go with forced tools; "budget" then neither goes with tool calls whose thinking is lost.
    known: False where the model may be any: then only what a client asks for outright is passed on, because agents tell
    "adaptive" or "off" with every request and most hosts refuse fields that they don't know.
    """

    modes: frozenset[Mode] = frozenset()
    efforts: tuple[Effort, ...] = ()
    default: Effort | None = None
    budget_tokens: tuple[int, int] = (1, UNBOUNDED_TOKENS)
    off_up_to: Effort | None = None
    below_max_tokens: bool = False
    bound: frozenset[Mode] = frozenset()
    known: bool = True


class Family(msgspec.Struct, frozen=True):
    """Models that take the same things.

    ids: globs over bare ids (`bare_id`). controls: how to tell it to think, by target format; `control` fills the gaps.
    refuses: hub names of settings that it never takes; refuses_thinking: that it takes only while it does not think.
    one_of: settings of which it takes only the first that is set.
    max_output_tokens: the most that it writes, thinking included; None when unknown.
    answers: what can hold its answer to a JSON schema: a setting, the call of a function, words beside a setting for
    JSON, or nothing but words.
    schema_with_tools: whether a setting can while it has tools. forced_calls: whether a call can be demanded of it.
    binds_thoughts: whether its host takes a thought back only where all that stood before it is unchanged.
    responses_only: not served on Chat at all. chat_tools: when Chat takes function tools: always, while it is told
    not to think, or while nothing is said of thinking.
    prefill: when a conversation may end with words of the assistant, which the answer then goes on from; "plain" is
    without tools, a shape of the answer, or thinking. system: where Chat may say something in the system's name (in
    front: once, before all others); "nowhere" holds for all formats.
    system_turns: whether it takes turns of the system between others in Anthropic's format, as far as is known.
    short_call_ids: whether the id of a call must be nine letters and digits (`names.SHORT_ID`), in calls and results.
    """

    name: str
    ids: tuple[str, ...]
    controls: Mapping[FormatName, Control] = {}
    thinks: bool = True
    refuses: frozenset[str] = frozenset()
    refuses_thinking: frozenset[str] = frozenset()
    one_of: tuple[str, ...] = ()
    max_output_tokens: int | None = None
    answers: Answers = "schema"
    schema_with_tools: bool = True
    forced_calls: bool = True
    binds_thoughts: bool = False
    responses_only: bool = False
    chat_tools: ChatTools = "any"
    prefill: Prefill = "always"
    system: SystemPlace = "anywhere"
    system_turns: bool = False
    short_call_ids: bool = False

    def control(self, target: FormatName) -> Control:
        """How to tell it to think in `target`: its own row, or what most hosts of that format take."""
        return self.controls.get(target, ELSEWHERE[target]) if self.thinks else NO_THINKING


Levels = tuple[Effort, ...]
TO_HIGH: Levels = ("low", "medium", "high")
TO_XHIGH: Levels = (*TO_HIGH, "xhigh")
TO_MAX: Levels = (*TO_XHIGH, "max")
FROM_MINIMAL: Levels = ("minimal", *TO_HIGH)
WITHOUT_XHIGH: Levels = (*TO_HIGH, "max")  # refused in traffic: "Supported levels: high, low, max, medium"

ANTHROPIC_BUDGET = (1024, UNBOUNDED_TOKENS)  # and below max_tokens: SDK, ThinkingConfigEnabledParam
NO_THINKING = Control()
_ANY_LEVEL = Control(frozenset({"effort"}), TO_HIGH, known=False)
ELSEWHERE: Mapping[FormatName, Control] = {
    "anthropic": Control(
        frozenset({"off", "budget"}), budget_tokens=ANTHROPIC_BUDGET, below_max_tokens=True, known=False
    ),
    "openai-chat": _ANY_LEVEL,
    "openai-responses": _ANY_LEVEL,
    "gemini": Control(frozenset({"off", "budget", "adaptive", "effort"}), TO_XHIGH, known=False),
}
