"""A request made to fit the model that will answer it: thinking, sampling, sizes, by that model's row of `families`.

Pure: values in, values out. Must never name a model (that is what the table is for), read messages for their meaning,
or lose something without saying so.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from fastproxy.formats.base import FormatName
from fastproxy.ir.request import (
    EFFORTS,
    Effort,
    Message,
    Output,
    ReasoningPart,
    Request,
    Sampling,
    Thinking,
    Tool,
    ToolCallPart,
)
from fastproxy.translate.closed import is_closed
from fastproxy.translate.traits import Control, Family, Mode

Losses = tuple[str, ...]

ANSWER_TOKENS = 1024  # left for the answer when a level of effort is turned into a budget
UNKNOWN_MAX_TOKENS = 32_000  # for a format that demands a maximum, when the model's own is unknown

# Levels as budgets and budgets as levels. A budget's level is the one whose tokens are nearest.
BUDGETS: dict[Effort, int] = {
    "minimal": 1024,
    "low": 4096,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 32_768,
}
LEVELS: tuple[tuple[int, Effort], ...] = ((512, "minimal"), (6144, "low"), (16_384, "medium"), (28_672, "high"))
ABOVE: Effort = "xhigh"

# What each wish may become, best first; one that fits nothing becomes "default", or the lowest level for "off".
INSTEAD: dict[Mode, tuple[Mode, ...]] = {
    "default": (),
    "off": ("off", "between_tools"),
    "between_tools": ("between_tools", "off"),
    "budget": ("budget", "effort", "adaptive"),
    "effort": ("effort", "adaptive", "budget"),
    "adaptive": ("adaptive", "effort", "budget"),
}
SILENCED: frozenset[Mode] = frozenset({"off", "between_tools"})

# Saying these is saying nothing, so that leaving them out loses nothing.
NEUTRAL: dict[str, Any] = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logprobs": False,
    "logit_bias": {},
}
SILENT = frozenset({"presence_penalty", "frequency_penalty", "logprobs", "logit_bias"})  # temperatures have no default
TEMPERATURES: dict[FormatName, float] = {"anthropic": 1.0, "openai-chat": 2.0, "openai-responses": 2.0, "gemini": 2.0}
SAYS_OFF_AS_LEVEL: frozenset[FormatName] = frozenset({"openai-chat", "openai-responses"})
# "integer below minimum value. Expected a value >= 16": vectorize-io/hindsight 58, UKGovernmentBEIS/inspect_evals 694.
LEAST_MAX_TOKENS: dict[FormatName, int] = {"openai-responses": 16}
DEMANDS_MAX_TOKENS: frozenset[FormatName] = frozenset({"anthropic"})
HOLDS_ARGUMENTS_AS_ANSWERS: frozenset[FormatName] = frozenset({"anthropic"})  # strict tools where there are schemas
HOLD_ANSWERS_ALWAYS: frozenset[FormatName] = frozenset({"anthropic", "gemini"})  # to schemas
SETTINGS = (
    "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed", "stop", "logprobs",
    "top_logprobs", "logit_bias",
)  # fmt: skip
_SETTINGS_OF = attrgetter(*SETTINGS)
_UNSET = _SETTINGS_OF(Sampling())
NOTHING_SAID = Thinking()


def adapt(request: Request, family: Family, target: FormatName) -> tuple[Request, Losses]:
    """The request as `family` takes it in `target`, and the hub's names of what the client said and will not get.

    A faithful mapping (a budget as the nearest level, a filled in max_tokens) is no loss. Names: "thinking",
    "thinking.off", "thinking.effort", "thinking.budget_tokens", "thinking.between_tools", "max_tokens", the fields of
    `Sampling`, "output.verbosity", "tools.strict", "parallel".
    """
    control = family.control(target)
    wish = _plain(request.thinking)
    thinking, thinking_losses = _thinking(wish, request, family, target)
    cap, cap_losses = _max_tokens(request.sampling.max_tokens, family, target)
    thinking, cap, fit_losses = _fitted(thinking, wish, cap, control)
    sampling, sampling_losses = _sampling(request.sampling, family, target, thinks=_thinks(thinking, control))
    output, output_losses = _output(request, family)
    tools, tools_losses = _tools(request, family, target)
    parallel_lost = request.parallel is not None and "parallel" in family.refuses
    adapted = msgspec.structs.replace(
        request,
        thinking=thinking,
        sampling=msgspec.structs.replace(sampling, max_tokens=cap),
        output=output,
        tools=tools,
        parallel=None if parallel_lost else request.parallel,
        system_turns=family.system_turns,
    )
    lost = (*thinking_losses, *cap_losses, *fit_losses, *sampling_losses, *output_losses, *tools_losses)
    return adapted, tuple(dict.fromkeys((*lost, "parallel") if parallel_lost else lost))


def needs_responses(request: Request, family: Family) -> bool:
    """Whether OpenAI's Chat refuses what its Responses takes: some models altogether, some when they have tools."""
    if family.responses_only:
        return True
    if family.chat_tools == "any" or not request.tools:
        return False
    control = family.control("openai-chat")
    thinking = _mapped(_plain(request.thinking), control)[0]
    return thinking.mode != "default" if family.chat_tools == "unsaid" else _thinks(thinking, control)


def effort_of(budget_tokens: int) -> Effort:
    """The level nearest to a budget."""
    return next((level for most, level in LEVELS if budget_tokens <= most), ABOVE)


def nearest(effort: Effort, levels: tuple[Effort, ...]) -> Effort:
    """The level itself, else the next lower, else the lowest. levels: rising, not empty."""
    rank = EFFORTS.index(effort)
    return next((level for level in reversed(levels) if EFFORTS.index(level) <= rank), levels[0])


def _thinks(thinking: Thinking, control: Control) -> bool:
    """Whether the model will think, as far as the table knows."""
    if thinking.mode == "default":
        return control.default not in {None, "none"}
    return thinking.mode not in SILENCED


def _thinking(wish: Thinking, request: Request, family: Family, target: FormatName) -> tuple[Thinking, Losses]:
    control = family.control(target)
    if not control.modes:
        return Thinking(possible=family.thinks), () if wish.mode in {"default", *SILENCED} else ("thinking",)
    thinking, lost = _mapped(wish, control)
    tools_refused = target == "openai-chat" and "off" in control.modes and needs_responses(request, family)
    if tools_refused and family.chat_tools == "unsaid":
        return Thinking(), ("thinking",)
    if tools_refused or _is_bound(thinking.mode, request, control):
        thinking, lost = _silenced(thinking, control), ("thinking",)
    if thinking.mode == "off" and target in SAYS_OFF_AS_LEVEL:
        thinking = msgspec.structs.replace(thinking, effort="none")
    return thinking, lost


def _plain(thinking: Thinking) -> Thinking:
    """The same wish in one spelling: no level "none", no level beside "default", no budget of 0, -1 or nothing."""
    budget = thinking.budget_tokens
    if thinking.effort == "none":
        return msgspec.structs.replace(thinking, mode="off", effort=None, budget_tokens=None)
    if thinking.mode in {"default", "effort"}:
        mode: Mode = "effort" if thinking.effort else "default"
        return thinking if mode == thinking.mode else msgspec.structs.replace(thinking, mode=mode)
    if thinking.mode != "budget":
        return thinking
    if budget == 0:
        return msgspec.structs.replace(thinking, mode="off", budget_tokens=None)
    if budget is None or budget < 0:
        return msgspec.structs.replace(thinking, mode="adaptive", budget_tokens=None)
    return thinking


def _mapped(wish: Thinking, control: Control) -> tuple[Thinking, Losses]:
    """The wish in the words of `control`."""
    if wish == NOTHING_SAID:
        return wish, ()
    mode: Mode = next((mode for mode in INSTEAD[wish.mode] if _can_say(mode, wish, control)), "default")
    return _WRITTEN[mode](wish, control)


def _can_say(mode: Mode, wish: Thinking, control: Control) -> bool:
    """Whether `control` has the mode, and in it room for the level that is wished."""
    if mode not in control.modes or (wish.mode == "adaptive" and not control.known and mode != "adaptive"):
        return False
    if mode == "adaptive" and (wish.effort or wish.budget_tokens):
        return bool(control.efforts) or "budget" not in control.modes
    if mode == "effort" and wish.mode == "adaptive" and not wish.effort:
        return control.default == "none"
    return True


def _unsaid(wish: Thinking, control: Control) -> tuple[Thinking, Losses]:
    """Nothing said: the model's own default, or its least thinking where it was to think less."""
    if wish.mode in SILENCED:
        return _least(wish, control), (f"thinking.{wish.mode}",)
    # The default in other words, because only these carry `visible`.
    outspoken = wish.mode == "default" and wish.visible and "adaptive" in control.modes and _thinks(wish, control)
    mode: Mode = "adaptive" if outspoken else "default"
    lost = ("thinking.effort",) if wish.effort or wish.mode == "budget" else ()
    return msgspec.structs.replace(wish, mode=mode, effort=None, budget_tokens=None), lost


def _least(wish: Thinking, control: Control) -> Thinking:
    quiet = msgspec.structs.replace(wish, mode="default", effort=None, budget_tokens=None)
    if not control.known:
        return quiet
    if not control.efforts:
        return msgspec.structs.replace(quiet, mode="budget", budget_tokens=control.budget_tokens[0])
    mode: Mode = "adaptive" if "adaptive" in control.modes else "effort"
    return msgspec.structs.replace(quiet, mode=mode, effort=control.efforts[0])


def _level(effort: Effort | None, control: Control) -> Effort | None:
    return nearest(effort, control.efforts) if effort and control.efforts else None


def _as_off(wish: Thinking, control: Control) -> tuple[Thinking, Losses]:
    effort = _level(wish.effort, control)
    if effort and control.off_up_to:
        effort = EFFORTS[min(EFFORTS.index(effort), EFFORTS.index(control.off_up_to))]
    lost = () if wish.mode == "off" else ("thinking.between_tools",)
    return msgspec.structs.replace(wish, mode="off", effort=effort, budget_tokens=None), lost


def _as_between_tools(wish: Thinking, control: Control) -> tuple[Thinking, Losses]:
    effort = _level(wish.effort, control)
    lost = () if wish.mode == "between_tools" else ("thinking.off",)
    return msgspec.structs.replace(wish, mode="between_tools", effort=effort, budget_tokens=None), lost


def _as_level(wish: Thinking, control: Control, mode: Mode) -> tuple[Thinking, Losses]:
    asked = wish.effort or (effort_of(wish.budget_tokens) if wish.budget_tokens else None)
    if asked is None:
        asked = "medium" if mode == "effort" else None
    effort = _level(asked, control)
    lost = ("thinking.effort",) if wish.effort and effort != wish.effort else ()
    return msgspec.structs.replace(wish, mode=mode, effort=effort, budget_tokens=None), lost


def _as_effort(wish: Thinking, control: Control) -> tuple[Thinking, Losses]:
    return _as_level(wish, control, "effort")


def _as_adaptive(wish: Thinking, control: Control) -> tuple[Thinking, Losses]:
    return _as_level(wish, control, "adaptive")


def _as_budget(wish: Thinking, control: Control) -> tuple[Thinking, Losses]:
    least, most = control.budget_tokens
    asked = wish.budget_tokens if wish.mode == "budget" else None
    budget = min(max(asked or BUDGETS[wish.effort or "medium"], least), most)
    effort = _level(wish.effort, control)
    lost = ("thinking.budget_tokens",) if asked is not None and budget != asked else ()
    return msgspec.structs.replace(wish, mode="budget", effort=effort, budget_tokens=budget), lost


_WRITTEN: dict[Mode, Callable[[Thinking, Control], tuple[Thinking, Losses]]] = {
    "default": _unsaid,
    "off": _as_off,
    "between_tools": _as_between_tools,
    "effort": _as_effort,
    "adaptive": _as_adaptive,
    "budget": _as_budget,
}


def _silenced(thinking: Thinking, control: Control) -> Thinking:
    """No thinking: the model must do something that does not go with it."""
    return _as_off(msgspec.structs.replace(thinking, mode="off", visible=None, summary=None), control)[0]


def _is_bound(mode: Mode, request: Request, control: Control) -> bool:
    """Whether it can't think so while a tool is forced, or in a turn that holds a call without its signed thinking."""
    if mode not in control.bound:
        return False
    return request.tool_choice.mode == "required" or (mode == "budget" and _thinking_lost(request))


def _thinking_lost(request: Request) -> bool:
    """Whether the assistant's turn under way calls a tool at once, without the signed thinking that led to the call."""
    first = next((message for message in _turn_under_way(request.messages) if message.role == "assistant"), None)
    if first is None or not any(isinstance(part, ToolCallPart) for part in first.parts):
        return False
    opening = first.parts[0]
    return not (isinstance(opening, ReasoningPart) and opening.signature and opening.bound in {"thinking", "redacted"})


def _turn_under_way(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """What came since the user last spoke; words beside results of tools do not end the assistant's turn."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role == "user" and (at == 0 or messages[at - 1].role != "tool"):
            return messages[at + 1 :]
    return messages


def _max_tokens(asked: int | None, family: Family, target: FormatName) -> tuple[int | None, Losses]:
    """The cap that goes upstream. Lowering it to what the model can write at most takes nothing away."""
    most = family.max_output_tokens
    if asked is None:
        return (most or UNKNOWN_MAX_TOKENS) if target in DEMANDS_MAX_TOKENS else None, ()
    cap = max(asked, LEAST_MAX_TOKENS.get(target, 1))
    return min(cap, most or cap), ("max_tokens",) if cap > asked else ()


def _fitted(
    thinking: Thinking, wish: Thinking, cap: int | None, control: Control
) -> tuple[Thinking, int | None, Losses]:
    """Budget and cap made to go together: a lower budget, and a higher cap only where no budget is low enough."""
    budget = thinking.budget_tokens
    if budget is None or cap is None:
        return thinking, cap, ()
    least = control.budget_tokens[0]
    kept = 1 if wish.budget_tokens else ANSWER_TOKENS
    budget = max(min(budget, cap - kept), least)
    fitting = msgspec.structs.replace(thinking, budget_tokens=budget)
    if budget < cap or not control.below_max_tokens:
        return fitting, cap, ()
    return fitting, budget + cap, ("max_tokens",)


def _sampling(sampling: Sampling, family: Family, target: FormatName, *, thinks: bool) -> tuple[Sampling, Losses]:
    if _SETTINGS_OF(sampling) == _UNSET:
        return sampling, ()
    refused = family.refuses | family.refuses_thinking if thinks else family.refuses
    told = [name for name in SETTINGS if getattr(sampling, name) is not None and getattr(sampling, name) != ()]
    several = [name for name in family.one_of if name in told and name not in refused]
    gone = [name for name in told if name in refused or name in several[1:] or _says_nothing(name, sampling)]
    lost = [name for name in gone if getattr(sampling, name) != NEUTRAL.get(name, ...)]
    kept = msgspec.structs.replace(sampling, **{name: () if name == "stop" else None for name in gone})
    most = TEMPERATURES[target]
    if kept.temperature is not None and kept.temperature > most:
        return msgspec.structs.replace(kept, temperature=most), (*lost, "temperature")
    return kept, tuple(lost)


def _says_nothing(name: str, sampling: Sampling) -> bool:
    """Whether a setting is every model's default: many hosts refuse its very name, and some clients always tell it."""
    return name in SILENT and getattr(sampling, name) == NEUTRAL[name]


def _output(request: Request, family: Family) -> tuple[Output, Losses]:
    output, lost = request.output, []
    if output.verbosity is not None and "output.verbosity" in family.refuses:
        output = msgspec.structs.replace(output, verbosity=None)
        lost.append("output.verbosity")
    if output.strict is None and request.format in HOLD_ANSWERS_ALWAYS and is_closed(output.schema or {}):
        output = msgspec.structs.replace(output, strict=True)
    return output, tuple(lost)


def _tools(request: Request, family: Family, target: FormatName) -> tuple[tuple[Tool, ...], Losses]:
    if (
        family.answers == "schema"
        or target not in HOLDS_ARGUMENTS_AS_ANSWERS
        or not any(tool.strict for tool in request.tools)
    ):
        return request.tools, ()
    return tuple(msgspec.structs.replace(tool, strict=None) for tool in request.tools), ("tools.strict",)
