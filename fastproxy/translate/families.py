"""What each family of models takes, as one table: ways to think, sampling, sizes. Facts only; `adapt` obeys them.

Must never hold a rule that is told by a branch instead of a row. First match wins; a generic row ends each vendor, and
one ends the table. A row that says too little costs a reported loss, a row that says too much a refusal by the
upstream, so that what is unknown is left out.
Source: named in brackets beside each row, all read 2026-11-21.
    [models]     the model's page at platform.claude.com/docs/en/models: maximum, thinking, default effort
    [thinking]   docs.aws.amazon.com/bedrock (claude-messages-adaptive-thinking), platform.claude.com (effort),
                 developers.openai.com/api/docs/guides/reasoning, docs.cloud.google.com (thinking)
    [migration]  platform.claude.com/docs/en/models/NAME/migration-guide: sampling, prefill, what is on by default
    [notes]      wire format notes 0 and 2.4, which were made from the vendors' pages
    [SDK]        types and comments of anthropic 2.12.0, openai 3.54.0, google-genai 3.4.0
    [traffic]    a recorded exchange
    [refusal: W] the host's own words, quoted in public report W; [report: W] what somebody has seen or read
    [memory]     none of these: to be doubted first
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
    answers: what can hold its answer to a JSON schema: a setting, the call of a function, or nothing but words.
    schema_with_tools: whether a setting can while it has tools. forced_calls: whether a call can be demanded of it.
    binds_thoughts: whether its host takes a thought back only where all that stood before it is unchanged.
    responses_only: not served on Chat at all. chat_tools_need_off: Chat refuses function tools while it thinks.
    prefill: whether a conversation may end with words of the assistant, which the answer then goes on from.
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
    answers: Literal["schema", "call", "words"] = "schema"
    schema_with_tools: bool = True
    forced_calls: bool = True
    binds_thoughts: bool = False
    responses_only: bool = False
    chat_tools_need_off: bool = False
    prefill: bool = True
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
# From 4.6 on: "This model does not support assistant message prefill. The conversation must end with a user message."
# [migration] [SDK: MessageCreateParams.messages] [refusal: strands-agents/sdk-python 1694, jobrunr/JavaClaw 36].
_new_claude = partial(Family, refuses=_DRAWING, max_output_tokens=128_000, prefill=False)
# From Opus 4.8 on: platform.claude.com, mid-conversation system messages. The others answer 400, "role 'system' is not
# supported on this model" [report: public issues].
_claude_5 = partial(_new_claude, system_turns=True)
# 'tool_choice: type "tool" and "any" are not supported for this model.' [migration] [refusal: can1357/oh-my-pi 12939].
# Fable 5 and Opus 5 take them [report: withceleste/celeste-python 393], Haiku 5.5 too: its page names no such change.
_willing_claude = partial(_claude_5, forced_calls=False)
_old_claude = partial(Family, refuses_thinking=_DRAWING, one_of=("temperature", "top_p"))  # [migration]
_first_claude = partial(Family, refuses_thinking=_DRAWING, answers="call")  # without schemas: [memory]

CLAUDE: tuple[Family, ...] = (
    # [thinking] [notes]. Thoughts that are bound to what stood before them, from 5.1 on: platform.claude.com, preserved
    # thinking; Mythos 5.1 makes such thoughts and does not look at them.
    _claude_5(
        "claude-fable-5",
        ("claude-fable-5", "claude-fable-5-20*", "claude-mythos-5", "claude-mythos-5-20*"),
        _claude(_ADAPTIVE, TO_MAX, "high"),
    ),
    _willing_claude("claude-mythos-5.1", ("claude-mythos-5*",), _claude(_ADAPTIVE, TO_MAX, "high")),
    # 5.1: [models] [thinking].
    _willing_claude("claude-fable", ("claude-fable-*",), _claude(_ADAPTIVE, TO_MAX, "high"), binds_thoughts=True),
    # Adaptive only: [thinking]. Levels and maximum: [memory], as of its contemporaries.
    _new_claude(
        "claude-mythos-preview",
        ("claude-mythos-*",),
        _claude(_ADAPTIVE, WITHOUT_XHIGH, "high"),
        forced_calls=False,
    ),
    # The three of 5.5: [models]; "between_tools" and what may stand beside "off": [notes] [SDK].
    _willing_claude(
        "claude-opus-5.5", ("claude-opus-5-5*",), _claude(_ADAPTIVE, TO_MAX, "medium"), binds_thoughts=True
    ),
    _willing_claude(
        "claude-sonnet-5.5", ("claude-sonnet-5-5*",), _claude(_BETWEEN, TO_MAX, "high"), binds_thoughts=True
    ),
    _claude_5(
        "claude-haiku-5.5",
        ("claude-haiku-5*",),
        _claude(_OR_OFF, TO_MAX, "medium", off_up_to="high"),
        binds_thoughts=True,
    ),
    # [models] [notes]; xhigh: [traffic].
    _claude_5("claude-opus-5", ("claude-opus-5*",), _claude(_OR_OFF, TO_MAX, "high", off_up_to="high")),
    _claude_5("claude-sonnet-5", ("claude-sonnet-5*",), _claude(_OR_OFF, TO_MAX, "high")),  # [models] [migration]
    # The two of 4: [models] [notes].
    _claude_5("claude-opus-4.8", ("claude-opus-4-8*",), _claude(_OR_OFF, TO_MAX, "none")),
    _new_claude("claude-opus-4.7", ("claude-opus-4-7*",), _claude(_OR_OFF, TO_MAX, "none")),
    # [models] [thinking]: budgets are deprecated, not refused. No xhigh: [traffic]. Temperature is taken: [traffic].
    _old_claude(
        "claude-4.6",
        ("claude-*-4-6*", "claude-4-6-*"),
        _claude(_OR_BUDGET, WITHOUT_XHIGH, "none"),
        max_output_tokens=128_000,
        prefill=False,
    ),
    # [models]; its levels: [thinking].
    _old_claude("claude-opus-4.5", ("claude-opus-4-5*",), _claude(_BUDGET, TO_HIGH, "none"), max_output_tokens=64_000),
    # [models]; budgets and prefill: [traffic].
    _old_claude(
        "claude-4.5", ("claude-*-4-5*", "claude-4-5-*"), _claude(_BUDGET, (), "none"), max_output_tokens=64_000
    ),
    # Maxima of 4.1 and 4: [report: labring/fastgpt-plugin 242]. Budgets of 4 and 3.7: [traffic].
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
    # Maxima: [memory].
    Family("claude-3.5", ("claude-3-5-*",), thinks=False, max_output_tokens=8_192, answers="call"),
    Family(
        "claude-3",
        ("claude-3-*", "claude-2*", "claude-instant*"),
        thinks=False,
        max_output_tokens=4_096,
        answers="call",
    ),
    # Whatever comes next: what the newest have in common.
    _new_claude("claude", ("claude-*",), _claude(_ADAPTIVE, TO_HIGH, "high"), forced_calls=False, binds_thoughts=True),
)

# `stop`: "Unsupported parameter: 'stop' is not supported with this model" from o3 and o4-mini [SDK: `stop`], gpt-5, 5.1
# and 5.2 [refusal: huggingface/smolagents 1662, 1868, 1893]. From 5.5 on some say that it is taken (BerriAI/litellm
# 28650), nobody shows it: a reported loss costs less than a refusal.
_always_thinks = partial(Family, refuses=_ALL_DRAWING | {"stop"}, max_output_tokens=128_000)
_may_rest = partial(Family, refuses_thinking=_ALL_DRAWING, refuses=frozenset({"stop"}), max_output_tokens=128_000)
_o_series = partial(Family, refuses=_ALL_DRAWING | {"stop", "parallel", "output.verbosity"})
_gpt_4 = partial(Family, thinks=False, refuses=frozenset({"top_k", "output.verbosity"}))

GPT: tuple[Family, ...] = (
    # Levels, here and on Chat, and tools: [notes]. Maximum of all that think: [report: docs.oxen.ai, vercel.com].
    _always_thinks(
        "gpt-6-astra", ("gpt-6*-astra*", "gpt-6.[1-9]*-sol*"), _gpt(TO_MAX, chat=TO_XHIGH), chat_tools_need_off=True
    ),
    Family("gpt-oss", ("gpt-oss*",), _gpt(TO_HIGH), refuses=frozenset({"output.verbosity"})),  # [memory]
    # Maxima of the two: [report: docs.oxen.ai, labring/fastgpt-plugin 297].
    _gpt_4("gpt-5-chat", ("gpt-5-chat*",), max_output_tokens=16_384),
    # Only medium: [refusal: egoist/chatwise-releases 1257, Laisky/one-api 285].
    _always_thinks("gpt-5.1-chat", ("gpt-5.*-chat*",), _gpt(("medium",)), max_output_tokens=16_384),
    # Only high: [SDK: ReasoningEffort] [refusal: anomalyco/models.dev 331]. Maximum: [report: api.koog.ai].
    _always_thinks(
        "gpt-5-pro", ("gpt-5-pro*",), _gpt(("high",), "high"), max_output_tokens=272_000, responses_only=True
    ),
    # [report: anomalyco/models.dev 2351, spacedriveapp/spacebot 409], of 5.4. The default: [memory].
    _always_thinks("gpt-pro", ("gpt-*-pro*",), _gpt(("medium", "high", "xhigh"), "high"), responses_only=True),
    # xhigh from 5.1-codex-max on: [SDK: ReasoningEffort]. Not on Chat: [memory].
    _always_thinks("codex", ("gpt-5.1-codex-max*", "gpt-5.[2-9]*-codex*"), _gpt(TO_XHIGH), responses_only=True),
    _always_thinks("codex-first", ("gpt-5*-codex*", "codex-*"), _gpt(TO_HIGH), responses_only=True),
    # [notes] [traffic]; "if you omit reasoning.effort, GPT-5.6 defaults to medium": [thinking].
    _may_rest("gpt-5.6", ("gpt-5.[6-9]*",), _gpt(TO_MAX, off=True), chat_tools_need_off=True),
    # [notes]; "gpt-5.5 defaults to medium": [thinking], and so it behaves: [report: BerriAI/litellm-docs 1064].
    _may_rest("gpt-5.5", ("gpt-5.5*",), _gpt(TO_XHIGH, off=True)),
    # [notes]; unsaid it behaves as with none: the same report.
    _may_rest("gpt-5.2", ("gpt-5.[2-4]*",), _gpt(TO_XHIGH, "none", off=True)),
    _may_rest("gpt-5.1", ("gpt-5.1*",), _gpt(TO_HIGH, "none", off=True)),  # [SDK: ReasoningEffort]
    _always_thinks("gpt-5", ("gpt-5", "gpt-5-*"), _gpt(FROM_MINIMAL)),  # [SDK: ReasoningEffort] [traffic]
    # They think, but take no word about it: [memory].
    _o_series("o1-first", ("o1-preview*", "o1-mini*"), thinks=False, max_output_tokens=32_768, answers="words"),
    # Levels of the two: [notes]. Maximum: [report: RooCodeInc/Roo-Code 2691]. Not on Chat: [memory].
    _o_series(
        "o-pro",
        ("o[1-9]*-pro*", "o[1-9]*-deep-research*"),
        _gpt(TO_HIGH),
        max_output_tokens=100_000,
        responses_only=True,
    ),
    _o_series("o", ("o[1-9]", "o[1-9]-*"), _gpt(TO_HIGH), max_output_tokens=100_000),
    _gpt_4("gpt-4.1", ("gpt-4.1*",), max_output_tokens=32_768),  # [memory]
    _gpt_4("gpt-4o", ("gpt-4o*", "chatgpt-4o*", "gpt-audio*"), max_output_tokens=16_384),  # [report: MicrosoftDocs]
    _gpt_4("gpt-4", ("gpt-4*", "gpt-3*"), max_output_tokens=4_096, answers="call"),  # [memory]
    # gpt-6-sol, -luna, -terra [notes], and what comes after them until it has a row.
    _may_rest("gpt", ("gpt-*",), _gpt(TO_MAX, chat=TO_XHIGH, off=True), chat_tools_need_off=True),
)

# "Function calling with a response mime type: 'application/json' is unsupported": up to 2.5 [refusal: googleapis
# /python-genai 867]. From 3 on both are taken [report: googleapis/python-genai 706, alphaXiv/agents 3].
# "Penalty is not enabled for this model": from 2.5 on [refusal: google-gemini/cookbook 1290, vercel/ai 17102].
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty"})
_gemini_2 = partial(Family, schema_with_tools=False)
# Maxima: [memory].
_gemini_25 = partial(_gemini_2, refuses=_PENALTIES, max_output_tokens=65_536)
_gemini_3 = partial(Family, refuses=_PENALTIES, max_output_tokens=65_536)

GEMINI: tuple[Family, ...] = (
    # What only draws or speaks: [memory].
    Family("gemini-media", ("gemini-*-image*", "gemini-*-tts*"), thinks=False, answers="words"),
    # Bounds of the budgets of 2.5: [notes] [thinking].
    _gemini_25("gemini-2.5-pro", ("gemini-2.5-pro*",), _gemini_budget(128, 32_768, off=False)),
    _gemini_25("gemini-2.5-flash-lite", ("gemini-2.5-flash-lite*",), _gemini_budget(512, 24_576, off=True)),
    _gemini_25("gemini-2.5-flash", ("gemini-2.5-*",), _gemini_budget(1, 24_576, off=True)),
    # It never thinks: [memory].
    _gemini_2(
        "gemini-2", ("gemini-2.0*", "gemini-1.*", "gemini-pro", "gemini-exp*"), thinks=False, max_output_tokens=8_192
    ),
    # Levels of 3: [notes] [thinking]; the last row is 3.1 and later, as 3.7 and 3.8 Flash: [thinking].
    _gemini_3("gemini-3-pro", ("gemini-3-pro*",), _gemini_levels(("low", "high"), "high")),
    _gemini_3("gemini-3-flash", ("gemini-3-flash*",), _gemini_levels(FROM_MINIMAL, "high")),
    _gemini_3("gemini", ("gemini-*",), _gemini_levels(TO_HIGH, "medium")),
)

# "Tool call id was ... but must be a-z, A-Z, 0-9, with a length of 9", whoever serves the model: its own API, Bedrock,
# local servers [refusal: anomalyco/opencode 1680, vercel/ai 11802, jundot/omlx 1997]. Its own ids are so: [traffic].
MISTRAL = Family(
    "mistral",
    (
        "mistral*", "ministral*", "mixtral*", "magistral*", "codestral*", "devstral*", "pixtral*", "voxtral*",
        "mathstral*", "open-mi[sx]tral-*",
    ),
    short_call_ids=True,
)  # fmt: skip

ANY = Family("any", ("*",))

FAMILIES: tuple[Family, ...] = (*CLAUDE, *GPT, *GEMINI, MISTRAL, ANY)

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
