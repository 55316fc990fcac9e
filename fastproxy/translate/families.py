"""What each family of models takes, as one table: ways to think, sampling, sizes. Facts only; `adapt` obeys them.

Must never hold a rule that is told by a branch instead of a row. First match wins; a generic row ends each vendor, and
one ends the table. A row that says too little costs a reported loss, a row that says too much a refusal by the
upstream, so that what is unknown is left out.
Source, all read 2026-11-21: vendor pages on thinking, effort and models (platform.claude.com, the Bedrock guide of
docs.aws.amazon.com, developers.openai.com, ai.google.dev); SDK types anthropic 2.12.0, openai 3.52.0, google-genai
3.4.0; refusals in recorded traffic. A row or value marked "memory" has none of these behind it.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Literal

import msgspec

from fastproxy.formats.base import FormatName
from fastproxy.ir.request import Effort

Mode = Literal["default", "off", "budget", "adaptive", "effort", "between_tools"]

NAMES_CACHED = 1024  # model ids come from clients
UNBOUNDED_TOKENS = 1 << 20


class Control(msgspec.Struct, frozen=True):
    """How a model is told to think in one format.

    modes: besides "default". efforts: levels, rising; "none" is mode "off". budget_tokens: least and most.
    default: what it does when nothing is said: a level, "none" for no thinking, None when unknown.
    off_up_to: the highest effort that may stand beside "off"; None for any.
    below_max_tokens: whether a budget must stay below max_tokens.
    free_hands: whether thinking by budget goes with forced tools, and with tool calls whose thinking is lost.
    known: False where the model may be any: then only what a client asks for outright is passed on, because agents tell
    "adaptive" or "off" with every request and most hosts refuse fields that they don't know.
    """

    modes: frozenset[Mode] = frozenset()
    efforts: tuple[Effort, ...] = ()
    default: Effort | None = None
    budget_tokens: tuple[int, int] = (1, UNBOUNDED_TOKENS)
    off_up_to: Effort | None = None
    below_max_tokens: bool = False
    free_hands: bool = True
    known: bool = True


class Family(msgspec.Struct, frozen=True):
    """Models that take the same things.

    ids: globs over bare ids (`bare_id`). controls: how to tell it to think, by target format; `control` fills the gaps.
    refuses: hub names of settings that it never takes; refuses_thinking: that it takes only while it does not think.
    one_of: settings of which it takes only the first that is set.
    max_output_tokens: the most that it writes, thinking included; None when unknown.
    output_schema: whether its answer can be held to a JSON schema; schema_with_tools: also while it has tools.
    responses_only: not served on Chat at all. chat_tools_need_off: Chat refuses function tools while it thinks.
    """

    name: str
    ids: tuple[str, ...]
    controls: Mapping[FormatName, Control] = {}
    thinks: bool = True
    refuses: frozenset[str] = frozenset()
    refuses_thinking: frozenset[str] = frozenset()
    one_of: tuple[str, ...] = ()
    max_output_tokens: int | None = None
    output_schema: bool = True
    schema_with_tools: bool = True
    responses_only: bool = False
    chat_tools_need_off: bool = False

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


def _modes(*modes: Mode) -> frozenset[Mode]:
    return frozenset(modes)


def _claude(
    modes: frozenset[Mode], efforts: Levels, default: Effort, off_up_to: Effort | None = None
) -> Mapping[FormatName, Control]:
    return {
        "anthropic": Control(
            modes, efforts, default, ANTHROPIC_BUDGET, off_up_to, below_max_tokens=True, free_hands=False
        )
    }


def _gpt(
    efforts: Levels, default: Effort = "medium", *, off: bool = False, chat: Levels = ()
) -> Mapping[FormatName, Control]:
    """chat: its levels on Chat, where they are fewer."""
    modes = _modes("effort", "off") if off else _modes("effort")
    return {
        "openai-responses": Control(modes, efforts, default),
        "openai-chat": Control(modes, chat or efforts, default),
    }


def _gemini_budget(least: int, most: int, *, off: bool) -> Mapping[FormatName, Control]:
    modes = _modes("budget", "adaptive", "off") if off else _modes("budget", "adaptive")
    return {"gemini": Control(modes, default="high", budget_tokens=(least, most))}


def _gemini_levels(efforts: Levels, default: Effort) -> Mapping[FormatName, Control]:
    return {"gemini": Control(_modes("effort"), efforts, default)}


_DRAWING = frozenset({"temperature", "top_p", "top_k"})
_ALL_DRAWING = _DRAWING | {"presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"}

_ADAPTIVE = _modes("adaptive")
_BETWEEN = _modes("adaptive", "between_tools")
_OR_OFF = _modes("adaptive", "off")
_OR_BUDGET = _modes("adaptive", "off", "budget")
_BUDGET = _modes("off", "budget")
_new_claude = partial(Family, refuses=_DRAWING, max_output_tokens=128_000)
_old_claude = partial(Family, refuses_thinking=_DRAWING, one_of=("temperature", "top_p"))
_first_claude = partial(Family, refuses_thinking=_DRAWING, output_schema=False)

CLAUDE: tuple[Family, ...] = (
    _new_claude("claude-fable", ("claude-fable-*", "claude-mythos-5*"), _claude(_ADAPTIVE, TO_MAX, "high")),
    _new_claude("claude-mythos-preview", ("claude-mythos-*",), _claude(_ADAPTIVE, WITHOUT_XHIGH, "high")),
    _new_claude("claude-opus-5.5", ("claude-opus-5-5*",), _claude(_ADAPTIVE, TO_MAX, "medium")),
    _new_claude("claude-sonnet-5.5", ("claude-sonnet-5-5*",), _claude(_BETWEEN, TO_MAX, "high")),
    _new_claude("claude-haiku-5.5", ("claude-haiku-5*",), _claude(_OR_OFF, TO_MAX, "medium", off_up_to="high")),
    _new_claude("claude-opus-5", ("claude-opus-5*",), _claude(_OR_OFF, TO_MAX, "high", off_up_to="high")),
    _new_claude("claude-sonnet-5", ("claude-sonnet-5*",), _claude(_OR_OFF, TO_MAX, "high")),
    _new_claude("claude-opus-4.7", ("claude-opus-4-[78]*",), _claude(_OR_OFF, TO_MAX, "none")),  # 128k: memory
    # Budgets are deprecated on 4.6, not refused. Both maxima: memory.
    _old_claude(
        "claude-opus-4.6", ("claude-opus-4-6*",), _claude(_OR_BUDGET, WITHOUT_XHIGH, "none"), max_output_tokens=128_000
    ),
    _old_claude(
        "claude-4.6",
        ("claude-*-4-6*", "claude-4-6-*"),
        _claude(_OR_BUDGET, WITHOUT_XHIGH, "none"),
        max_output_tokens=64_000,
    ),
    _old_claude("claude-opus-4.5", ("claude-opus-4-5*",), _claude(_BUDGET, TO_HIGH, "none"), max_output_tokens=64_000),
    _old_claude(
        "claude-4.5", ("claude-*-4-5*", "claude-4-5-*"), _claude(_BUDGET, (), "none"), max_output_tokens=64_000
    ),
    _old_claude(
        "claude-opus-4.1",
        ("claude-opus-4-1*", "claude-4-1-opus*"),
        _claude(_BUDGET, (), "none"),
        max_output_tokens=32_000,
    ),
    _first_claude(
        "claude-opus-4", ("claude-opus-4*", "claude-4-opus*"), _claude(_BUDGET, (), "none"), max_output_tokens=32_000
    ),
    _first_claude(
        "claude-4",
        ("claude-sonnet-4*", "claude-4-*", "claude-3-7-*"),
        _claude(_BUDGET, (), "none"),
        max_output_tokens=64_000,
    ),
    Family("claude-3.5", ("claude-3-5-*",), thinks=False, max_output_tokens=8_192, output_schema=False),
    Family(
        "claude-3",
        ("claude-3-*", "claude-2*", "claude-instant*"),
        thinks=False,
        max_output_tokens=4_096,
        output_schema=False,
    ),
    _new_claude("claude", ("claude-*",), _claude(_ADAPTIVE, TO_HIGH, "high")),  # whatever comes next
)

# `stop` is refused by o3 and o4-mini (SDK, Chat's `stop`); for the others: memory.
_always_thinks = partial(Family, refuses=_ALL_DRAWING | {"stop"}, max_output_tokens=128_000)
_may_rest = partial(Family, refuses_thinking=_ALL_DRAWING, refuses=frozenset({"stop"}), max_output_tokens=128_000)
_o_series = partial(Family, refuses=_ALL_DRAWING | {"stop", "parallel", "output.verbosity"})
_gpt_4 = partial(Family, thinks=False, refuses=frozenset({"top_k", "output.verbosity"}))

GPT: tuple[Family, ...] = (
    _always_thinks(
        "gpt-6-astra", ("gpt-6*-astra*", "gpt-6.[1-9]*-sol*"), _gpt(TO_MAX, chat=TO_XHIGH), chat_tools_need_off=True
    ),
    Family("gpt-oss", ("gpt-oss*",), _gpt(TO_HIGH), refuses=frozenset({"output.verbosity"})),
    _gpt_4("gpt-5-chat", ("gpt-5-chat*",), max_output_tokens=16_384),
    _always_thinks("gpt-5.1-chat", ("gpt-5.*-chat*",), _gpt(("medium",)), max_output_tokens=16_384),  # memory
    _always_thinks("gpt-5-pro", ("gpt-5-pro*",), _gpt(("high",), "high"), responses_only=True),
    _always_thinks("gpt-pro", ("gpt-*-pro*",), _gpt(("high", "xhigh"), "high"), responses_only=True),
    _always_thinks("codex", ("gpt-5.1-codex-max*", "gpt-5.[2-9]*-codex*"), _gpt(TO_XHIGH), responses_only=True),
    _always_thinks("codex-first", ("gpt-5*-codex*", "codex-*"), _gpt(TO_HIGH), responses_only=True),
    _may_rest("gpt-5.6", ("gpt-5.[6-9]*",), _gpt(TO_MAX, off=True), chat_tools_need_off=True),
    _may_rest("gpt-5.5", ("gpt-5.5*",), _gpt(TO_XHIGH, off=True)),  # its default, medium: memory
    _may_rest("gpt-5.2", ("gpt-5.[2-4]*",), _gpt(TO_XHIGH, "none", off=True)),
    _may_rest("gpt-5.1", ("gpt-5.1*",), _gpt(TO_HIGH, "none", off=True)),
    _always_thinks("gpt-5", ("gpt-5", "gpt-5-*"), _gpt(FROM_MINIMAL)),
    # They think, but take no word about it.
    _o_series("o1-first", ("o1-preview*", "o1-mini*"), thinks=False, max_output_tokens=32_768, output_schema=False),
    _o_series(
        "o-pro",
        ("o[1-9]*-pro*", "o[1-9]*-deep-research*"),
        _gpt(TO_HIGH),
        max_output_tokens=100_000,
        responses_only=True,
    ),
    _o_series("o", ("o[1-9]", "o[1-9]-*"), _gpt(TO_HIGH), max_output_tokens=100_000),
    _gpt_4("gpt-4.1", ("gpt-4.1*",), max_output_tokens=32_768),
    _gpt_4("gpt-4o", ("gpt-4o*", "chatgpt-4o*", "gpt-audio*"), max_output_tokens=16_384),
    _gpt_4("gpt-4", ("gpt-4*", "gpt-3*"), max_output_tokens=4_096, output_schema=False),
    # gpt-6-sol, -luna, -terra, and what comes after them until it has a row.
    _may_rest("gpt", ("gpt-*",), _gpt(TO_MAX, chat=TO_XHIGH, off=True), chat_tools_need_off=True),
)

# Tools together with an answer held to JSON: refused up to 2.5, taken from 3 on (memory).
# "Penalty is not enabled for this model": from 2.5 on (google-gemini/cookbook issue 1290, vercel/ai pull 17102).
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty"})
_gemini_2 = partial(Family, schema_with_tools=False)
_gemini_25 = partial(_gemini_2, refuses=_PENALTIES, max_output_tokens=65_536)
_gemini_3 = partial(Family, refuses=_PENALTIES, max_output_tokens=65_536)

GEMINI: tuple[Family, ...] = (
    Family("gemini-media", ("gemini-*-image*", "gemini-*-tts*"), thinks=False, output_schema=False),
    _gemini_25("gemini-2.5-pro", ("gemini-2.5-pro*",), _gemini_budget(128, 32_768, off=False)),
    _gemini_25("gemini-2.5-flash-lite", ("gemini-2.5-flash-lite*",), _gemini_budget(512, 24_576, off=True)),
    _gemini_25("gemini-2.5-flash", ("gemini-2.5-*",), _gemini_budget(1, 24_576, off=True)),
    _gemini_2(
        "gemini-2", ("gemini-2.0*", "gemini-1.*", "gemini-pro", "gemini-exp*"), thinks=False, max_output_tokens=8_192
    ),
    _gemini_3("gemini-3-pro", ("gemini-3-pro*",), _gemini_levels(("low", "high"), "high")),
    _gemini_3("gemini-3-flash", ("gemini-3-flash*",), _gemini_levels(FROM_MINIMAL, "high")),
    _gemini_3("gemini", ("gemini-*",), _gemini_levels(TO_HIGH, "medium")),
)

ANY = Family("any", ("*",))

FAMILIES: tuple[Family, ...] = (*CLAUDE, *GPT, *GEMINI, ANY)

# "us.anthropic.", "openai.", "us-gov.": words without digits, so that "gpt-5.1" and "qwen2.5" keep their dots.
_VENDOR = re.compile(r"^(?:[a-z-]+\.)+(?=[a-z])")


def bare_id(model: str) -> str:
    """The id without who serves it: "us.anthropic.claude-opus-4-5@20251101" and "anthropic/claude-opus-4.5" alike.

    Path prefixes ("models/", "anthropic/", an ARN), Bedrock's dotted ones and what follows a colon (":free", "-v1:0")
    go; lower case; dots in Claude ids become the dashes of Anthropic's own spelling.
    """
    last = model.rpartition("/")[2].lower().removeprefix("ft:").partition(":")[0]
    name = _VENDOR.sub("", last)
    return name.replace(".", "-").replace("@", "-") if name.startswith("claude") else name


@lru_cache(maxsize=NAMES_CACHED)
def family(model: str) -> Family:
    """The first family that has `model`, in any spelling; `ANY` when nothing is known. Pure."""
    name = bare_id(model)
    return next(row for row in FAMILIES if any(fnmatchcase(name, glob) for glob in row.ids))
