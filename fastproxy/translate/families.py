"""What each family of models takes, as one table: ways to think, sampling, sizes. Facts only; `adapt` obeys them.

Must never hold a rule that is told by a branch instead of a row. First match wins; a generic row ends each vendor, and
one ends the table. A row that says too little costs a reported loss, a row that says too much a refusal by the
upstream, so that what is unknown is left out.
Source: named in brackets beside each row, all read 2026-11-22.
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

from fastproxy.formats.base import FormatName
from fastproxy.ir.request import Effort
from fastproxy.translate.traits import (
    ANTHROPIC_BUDGET,
    FROM_MINIMAL,
    TO_HIGH,
    TO_MAX,
    TO_XHIGH,
    WITHOUT_XHIGH,
    Control,
    Family,
    Levels,
    Mode,
)

NAMES_CACHED = 1024  # model ids come from clients


def _modes(*modes: Mode) -> frozenset[Mode]:
    return frozenset(modes)


def _claude(
    modes: frozenset[Mode],
    efforts: Levels,
    default: Effort,
    off_up_to: Effort | None = None,
    *,
    bound: tuple[Mode, ...] = ("budget",),
) -> Mapping[FormatName, Control]:
    return {
        "anthropic": Control(
            modes, efforts, default, ANTHROPIC_BUDGET, off_up_to, below_max_tokens=True, bound=frozenset(bound)
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
_UP_TO_4_7: tuple[Mode, ...] = ("budget", "adaptive")
# From 4.6 on: "This model does not support assistant message prefill. The conversation must end with a user message."
# [migration] [SDK: MessageCreateParams.messages] [refusal: strands-agents/sdk-python 1694, jobrunr/JavaClaw 36].
_new_claude = partial(Family, refuses=_DRAWING, max_output_tokens=128_000, prefill="never")
# From Opus 4.8 on: platform.claude.com, mid-conversation system messages. The others answer 400, "role 'system' is not
# supported on this model" [report: public issues].
_claude_5 = partial(_new_claude, system_turns=True)
# 'tool_choice: type "tool" and "any" are not supported for this model.' [migration] [refusal: can1357/oh-my-pi 12939].
# Fable 5 and Opus 5 take them [report: withceleste/celeste-python 393], Haiku 5.5 too: its page names no such change.
_willing_claude = partial(_claude_5, forced_calls=False)
# Before: "When using tools, pre-filling the `assistant` response is not supported" [refusal: inngest/agent-kit 41], nor
# "when using output format" [refusal: agentjido/req_llm 642], nor while thinking [thinking].
_old_claude = partial(
    Family, refuses_thinking=_DRAWING, one_of=("temperature", "top_p"), prefill="plain"
)  # sampling: [migration]
_first_claude = partial(Family, refuses_thinking=_DRAWING, answers="call", prefill="plain")  # no schemas: [memory]
_early_claude = partial(Family, thinks=False, answers="call", prefill="plain")

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
    # "Thinking may not be enabled when tool_choice forces tool use", adaptive or not, up to 4.7 [refusal: langchain-ai
    # /langchain-aws 1151, can1357/oh-my-pi 341, pydantic/pydantic-ai 4216].
    _new_claude("claude-opus-4.7", ("claude-opus-4-7*",), _claude(_OR_OFF, TO_MAX, "none", bound=_UP_TO_4_7)),
    # [models] [thinking]: budgets are deprecated, not refused. No xhigh: [traffic]. Temperature is taken: [traffic].
    _old_claude(
        "claude-4.6",
        ("claude-*-4-6*", "claude-4-6-*"),
        _claude(_OR_BUDGET, WITHOUT_XHIGH, "none", bound=_UP_TO_4_7),
        max_output_tokens=128_000,
        prefill="never",
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
    # Maxima, and tools from 3 on: [memory].
    _early_claude("claude-3.5", ("claude-3-5-*",), max_output_tokens=8_192),
    _early_claude("claude-3", ("claude-3-*",), max_output_tokens=4_096),
    _early_claude("claude-2", ("claude-2*", "claude-instant*"), max_output_tokens=4_096, answers="words"),
    # Whatever comes next: what the newest have in common.
    _new_claude("claude", ("claude-*",), _claude(_ADAPTIVE, TO_HIGH, "high"), forced_calls=False, binds_thoughts=True),
)

# `stop`: "Unsupported parameter: 'stop' is not supported with this model" from o3 and o4-mini [SDK: `stop`], gpt-5, 5.1
# and 5.2 [refusal: huggingface/smolagents 1662, 1868, 1893]. From 5.5 on some say that it is taken (BerriAI/litellm
# 28650), nobody shows it: a reported loss costs less than a refusal.
_always_thinks = partial(Family, refuses=_ALL_DRAWING | {"stop"}, max_output_tokens=128_000)
_first_codex = partial(
    Family, refuses=_ALL_DRAWING | {"stop", "output.verbosity"}, max_output_tokens=128_000, responses_only=True
)
_may_rest = partial(Family, refuses_thinking=_ALL_DRAWING, refuses=frozenset({"stop"}), max_output_tokens=128_000)
_o_series = partial(Family, refuses=_ALL_DRAWING | {"stop", "parallel", "output.verbosity"})
_gpt_4 = partial(Family, thinks=False, refuses=frozenset({"top_k", "output.verbosity"}))

GPT: tuple[Family, ...] = (
    # Levels, here and on Chat, and tools: [notes]. Maximum of all that think: [report: docs.oxen.ai, vercel.com].
    _always_thinks(
        "gpt-6-astra", ("gpt-6*-astra*", "gpt-6.[1-9]*-sol*"), _gpt(TO_MAX, chat=TO_XHIGH), chat_tools="off"
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
    # Verbosity: "Supported values are: 'medium'" up to 5.2 [refusal: openai/codex 9035, 9055, 19188].
    _first_codex("codex-5.2", ("gpt-5.1-codex-max*", "gpt-5.2-codex*"), _gpt(TO_XHIGH)),
    _always_thinks("codex", ("gpt-5.[3-9]*-codex*",), _gpt(TO_XHIGH), responses_only=True),
    _first_codex("codex-first", ("gpt-5*-codex*", "codex-*"), _gpt(TO_HIGH)),
    # [notes] [traffic]; "if you omit reasoning.effort, GPT-5.6 defaults to medium": [thinking].
    _may_rest("gpt-5.6", ("gpt-5.[6-9]*",), _gpt(TO_MAX, off=True), chat_tools="off"),
    # [notes]; "gpt-5.5 defaults to medium": [thinking], and so it behaves: [report: BerriAI/litellm-docs 1064].
    # "Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions", not even with "none"
    # [refusal: pipecat-ai/pipecat 4043, BerriAI/litellm 23156, livekit/agents 5084; of 5.5: charmbracelet/crush 2913].
    _may_rest("gpt-5.5", ("gpt-5.5*",), _gpt(TO_XHIGH, off=True), chat_tools="unsaid"),
    _may_rest("gpt-5.4", ("gpt-5.4*",), _gpt(TO_XHIGH, "none", off=True), chat_tools="unsaid"),
    # [notes]; unsaid it behaves as with none: the same report.
    _may_rest("gpt-5.2", ("gpt-5.[23]*",), _gpt(TO_XHIGH, "none", off=True)),
    _may_rest("gpt-5.1", ("gpt-5.1*",), _gpt(TO_HIGH, "none", off=True)),  # [SDK: ReasoningEffort]
    _always_thinks("gpt-5", ("gpt-5", "gpt-5-*"), _gpt(FROM_MINIMAL)),  # [SDK: ReasoningEffort] [traffic]
    # They think, but take no word about it: [memory].
    # "'messages[0].role' does not support 'system' with this model" [refusal: microsoft/agent-framework 1077].
    _o_series(
        "o1-first",
        ("o1-preview*", "o1-mini*"),
        thinks=False,
        max_output_tokens=32_768,
        answers="words",
        system="nowhere",
    ),
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
    _gpt_4("gpt-4.5", ("gpt-4.5*",), max_output_tokens=16_384),  # [memory]
    # No schema: [refusal: web-infra-dev/midscene 259], [report: 567-labs/instructor 1511]. No tools, maximum: [memory].
    _gpt_4("chatgpt-4o", ("chatgpt-4o*",), max_output_tokens=16_384, answers="words"),
    _gpt_4("gpt-4o-first", ("gpt-4o-2024-05-13*",), max_output_tokens=4_096, answers="call"),
    _gpt_4("gpt-4o", ("gpt-4o*", "gpt-audio*"), max_output_tokens=16_384),  # [report: MicrosoftDocs]
    _gpt_4("gpt-4", ("gpt-4*", "gpt-3*"), max_output_tokens=4_096, answers="call"),  # [memory]
    # gpt-6-sol, -luna, -terra [notes], and what comes after them until it has a row.
    _may_rest("gpt", ("gpt-*",), _gpt(TO_MAX, chat=TO_XHIGH, off=True), chat_tools="off"),
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
    # "Developer instruction is not enabled for this model" [refusal: TheKentuckian/robot_comic 122 (speech),
    # QuantumNous/new-api 989 (pictures of 2.0)].
    Family("gemini-speech", ("gemini-*-tts*", "gemini-2.0-*-image*"), thinks=False, answers="words", system="nowhere"),
    Family("gemini-image", ("gemini-*-image*",), thinks=False, answers="words"),  # [memory]
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
    _gemini_3(
        "gemini-3.1", ("gemini-3.1*", "gemini-3.5-flash", "gemini-3.5-flash-[!l]*"), _gemini_levels(TO_HIGH, "medium")
    ),
    # "Requests ending with a model turn are not supported": 3.6 Flash, 3.5 Flash-Lite and all that came later [refusal:
    # cline/cline 12521, anomalyco/opencode 45359; ai.google.dev, latest model].
    _gemini_3("gemini", ("gemini-*",), _gemini_levels(TO_HIGH, "medium"), prefill="never"),
)

# "Tool call id was ... but must be a-z, A-Z, 0-9, with a length of 9", whoever serves the model: its own API, Bedrock,
# local servers [refusal: anomalyco/opencode 1680, vercel/ai 11802, jundot/omlx 1997]. Its own ids are so: [traffic].
MISTRAL = Family(
    "mistral",
    (
        "mistral*", "ministral*", "mixtral*", "magistral*", "codestral*", "devstral*", "pixtral*", "voxtral*",
        "mathstral*", "open-mi[sx]tral-*",
    ),
    # "Expected last role User or Tool" [refusal: huggingface/smolagents 757], "Unexpected role 'system' after role
    # 'assistant'" [report: swarmauri 162].
    prefill="never",
    system="in_front",
    short_call_ids=True,
)  # fmt: skip

OTHERS: tuple[Family, ...] = (
    # "invalid temperature: only 1 is allowed for this model", "tool_choice 'required' is incompatible with thinking
    # enabled" [refusal: simstudioai/sim 5716, can1357/oh-my-pi 827, 1077]; penalties: [memory].
    Family("kimi", ("kimi-k2.[5-9]*", "kimi-k[3-9]*"), refuses=_ALL_DRAWING, forced_calls=False, system="in_front"),
    # They think, but take no word about it [refusal: grok2api 814, charmbracelet/crush 2362, BerriAI/litellm 16265].
    Family("grok-4", ("grok-4", "grok-4-*", "grok-4.20*"), thinks=False, refuses=_PENALTIES),
    # Penalties of all of them: [refusal: open-webui/open-webui 21266].
    Family("grok", ("grok-*",), refuses=_PENALTIES),
)

# A host of anybody's may have a chat template that takes the system in front alone ("System message must be at the
# beginning.": Qwen from 3.5 on) [refusal: BerriAI/litellm 39282, ollama/ollama 17774, ggml-org/llama.cpp 27367].
ANY = Family("any", ("*",), system="in_front")

FAMILIES: tuple[Family, ...] = (*CLAUDE, *GPT, *GEMINI, MISTRAL, *OTHERS, ANY)

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
