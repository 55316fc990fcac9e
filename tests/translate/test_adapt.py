"""How a request is made to fit: each mapping of thinking, each refused setting, and laws over every family."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.base import FormatName
from fastproxy.ir.request import (
    EFFORTS,
    Message,
    Output,
    ReasoningPart,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from fastproxy.translate.adapt import BUDGETS, adapt, effort_of, nearest, needs_responses
from fastproxy.translate.families import FAMILIES, family
from fastproxy.translate.traits import Mode

TARGETS: tuple[FormatName, ...] = get_args(FormatName)
ASK = (Message("user", (TextPart("hi"),)),)
TOOL = Tool("look")
Told = tuple[str, str | None, int | None]


def ask(**fields: Any) -> Request:
    return Request(**{"format": "openai-chat", "model": "m", "messages": ASK} | fields)


def thought(thinking: Thinking, model: str, target: FormatName, **fields: Any) -> tuple[Told, tuple[str, ...]]:
    adapted, lost = adapt(ask(thinking=thinking, **fields), family(model), target)
    told = adapted.thinking
    return (told.mode, told.effort, told.budget_tokens), lost


@pytest.mark.parametrize(
    ("thinking", "model", "target", "told"),
    [
        # effort: as it is, beside adaptive, or as a budget
        (Thinking("effort", "high"), "gpt-5.2", "openai-responses", ("effort", "high", None)),
        (Thinking("effort", "high"), "claude-opus-4-6", "anthropic", ("adaptive", "high", None)),
        (Thinking("effort", "max"), "claude-opus-4-6", "anthropic", ("adaptive", "max", None)),
        (Thinking("effort", "high"), "claude-sonnet-4-5", "anthropic", ("budget", None, 24_576)),
        (Thinking("effort", "medium"), "claude-opus-4-5", "anthropic", ("budget", "medium", 8192)),
        (Thinking("effort", "low"), "gemini-2.5-pro", "gemini", ("budget", None, 4096)),
        (Thinking("effort", "xhigh"), "gemini-2.5-pro", "gemini", ("budget", None, 32_768)),
        (Thinking("effort", "low"), "gemini-3-pro-preview", "gemini", ("effort", "low", None)),
        (Thinking("effort", "minimal"), "gpt-5", "openai-chat", ("effort", "minimal", None)),
        # a level told without a mode
        (Thinking(effort="medium"), "gpt-5.2", "openai-responses", ("effort", "medium", None)),
        # budgets
        (Thinking("budget", None, 9000), "gpt-5", "openai-responses", ("effort", "medium", None)),
        (Thinking("budget", None, 31_999), "claude-opus-5", "anthropic", ("adaptive", "xhigh", None)),
        (Thinking("budget", None, 9000), "claude-sonnet-4-5", "anthropic", ("budget", None, 9000)),
        (Thinking("budget", None, 9000), "gemini-3-pro-preview", "gemini", ("effort", "low", None)),
        (Thinking("budget", None, -1), "gemini-2.5-flash", "gemini", ("adaptive", None, None)),
        (Thinking("budget", None, -1), "claude-opus-4-6", "anthropic", ("adaptive", None, None)),
        (Thinking("budget", None, 0), "claude-opus-4-6", "anthropic", ("off", None, None)),
        # adaptive: the level beside it counts, without one the model is left alone unless it would not think
        (Thinking("adaptive", "high"), "gpt-5.6", "openai-responses", ("effort", "high", None)),
        (Thinking("adaptive"), "gpt-5.6", "openai-responses", ("default", None, None)),
        (Thinking("adaptive"), "gpt-5.1", "openai-responses", ("effort", "medium", None)),
        (Thinking("adaptive"), "gemini-2.5-pro", "gemini", ("adaptive", None, None)),
        (Thinking("adaptive", "high"), "gemini-2.5-pro", "gemini", ("budget", None, 24_576)),
        (Thinking("adaptive"), "gemini-3-flash", "gemini", ("default", None, None)),
        (Thinking("adaptive"), "claude-haiku-4-5", "anthropic", ("budget", None, 8192)),
        # off
        (Thinking("off"), "gpt-5.1", "openai-chat", ("off", "none", None)),
        (Thinking("effort", "none"), "gemini-2.5-flash", "gemini", ("off", None, None)),
        (Thinking("off", "high"), "claude-opus-5", "anthropic", ("off", "high", None)),
        (Thinking("off"), "claude-3-5-haiku-latest", "anthropic", ("default", None, None)),
        (Thinking("between_tools"), "claude-sonnet-5-5", "anthropic", ("between_tools", None, None)),
        # nothing said
        (Thinking(), "claude-opus-5", "anthropic", ("default", None, None)),
        (Thinking(), "gpt-4o", "openai-chat", ("default", None, None)),
        # of a model that nobody knows only an outright wish is passed on
        (Thinking("effort", "high"), "my-deployment", "openai-chat", ("effort", "high", None)),
        (Thinking("budget", None, 2000), "my-deployment", "openai-chat", ("effort", "low", None)),
        (Thinking("adaptive"), "my-deployment", "openai-chat", ("default", None, None)),
        (Thinking("off"), "kimi-k2", "anthropic", ("off", None, None)),
    ],
)
def test_thinking_is_mapped_without_loss(thinking: Thinking, model: str, target: FormatName, told: Told):
    assert thought(thinking, model, target) == (told, ())


@pytest.mark.parametrize(
    ("thinking", "model", "target", "told", "lost"),
    [
        (Thinking("effort", "xhigh"), "claude-opus-4-6", "anthropic", ("adaptive", "high", None), "thinking.effort"),
        (Thinking("effort", "minimal"), "gpt-5.6", "openai-responses", ("effort", "low", None), "thinking.effort"),
        (Thinking("effort", "medium"), "gemini-3-pro-preview", "gemini", ("effort", "low", None), "thinking.effort"),
        (Thinking("effort", "max"), "gpt-6-astra", "openai-chat", ("effort", "xhigh", None), "thinking.effort"),
        (Thinking("effort", "low"), "gpt-5-pro", "openai-responses", ("effort", "high", None), "thinking.effort"),
        (Thinking("off"), "claude-fable-5-1", "anthropic", ("adaptive", "low", None), "thinking.off"),
        (Thinking("off"), "claude-sonnet-5-5", "anthropic", ("between_tools", None, None), "thinking.off"),
        (Thinking("off"), "gpt-5", "openai-chat", ("effort", "minimal", None), "thinking.off"),
        (Thinking("off"), "gemini-2.5-pro", "gemini", ("budget", None, 128), "thinking.off"),
        (Thinking("off"), "gemini-3-flash", "gemini", ("effort", "minimal", None), "thinking.off"),
        (Thinking("off"), "my-deployment", "openai-chat", ("default", None, None), "thinking.off"),
        (Thinking("between_tools"), "gpt-5.1", "openai-chat", ("off", "none", None), "thinking.between_tools"),
        (
            Thinking("budget", None, 60_000),
            "gemini-2.5-flash",
            "gemini",
            ("budget", None, 24_576),
            "thinking.budget_tokens",
        ),
        (
            Thinking("budget", None, 100),
            "gemini-2.5-flash-lite",
            "gemini",
            ("budget", None, 512),
            "thinking.budget_tokens",
        ),
        (Thinking("effort", "high"), "gpt-4o", "openai-chat", ("default", None, None), "thinking"),
        (Thinking("adaptive", "high"), "mistral-large", "openai-chat", ("default", None, None), "thinking.effort"),
    ],
)
def test_what_a_family_can_not_do_is_done_as_nearly_as_it_can_and_told(
    thinking: Thinking, model: str, target: FormatName, told: Told, lost: str
):
    assert thought(thinking, model, target) == (told, (lost,))


def test_off_keeps_the_effort_beside_it_below_the_familys_ceiling():
    assert thought(Thinking("off", "max"), "claude-opus-5", "anthropic")[0] == ("off", "high", None)


def test_visible_survives_every_mapping():
    for model, target in (
        ("claude-opus-4-6", "anthropic"),
        ("gpt-5.6", "openai-responses"),
        ("gemini-2.5-pro", "gemini"),
    ):
        adapted, _ = adapt(ask(thinking=Thinking("effort", "high", visible=True)), family(model), target)
        assert adapted.thinking.visible


def test_wanting_to_read_a_model_that_thinks_anyway_is_said_in_a_mode_that_can_say_it():
    adapted, lost = adapt(ask(thinking=Thinking(visible=True)), family("claude-opus-5"), "anthropic")
    assert (adapted.thinking, lost) == (Thinking("adaptive", visible=True), ())


# Budgets and maxima


def budget_and_cap(
    thinking: Thinking, max_tokens: int | None, model: str
) -> tuple[int | None, int | None, tuple[str, ...]]:
    adapted, lost = adapt(ask(thinking=thinking, sampling=Sampling(max_tokens=max_tokens)), family(model), "anthropic")
    return adapted.thinking.budget_tokens, adapted.sampling.max_tokens, lost


def test_anthropics_demanded_maximum_is_the_models_own():
    for model, most in (("claude-opus-5", 128_000), ("claude-sonnet-4-5", 64_000), ("claude-3-5-haiku-latest", 8192)):
        assert budget_and_cap(Thinking(), None, model) == (None, most, ())


def test_other_formats_get_no_maximum_that_nobody_asked_for():
    adapted, _ = adapt(ask(), family("gpt-5"), "openai-responses")
    assert adapted.sampling.max_tokens is None


def test_a_maximum_above_the_models_own_is_lowered_to_it():
    assert budget_and_cap(Thinking(), 200_000, "claude-haiku-4-5") == (None, 64_000, ())


def test_a_level_as_a_budget_leaves_room_for_an_answer():
    assert budget_and_cap(Thinking("effort", "high"), 10_000, "claude-haiku-4-5") == (8976, 10_000, ())


def test_a_budget_stays_below_the_maximum():
    assert budget_and_cap(Thinking("budget", None, 8000), 8000, "claude-haiku-4-5") == (7999, 8000, ())


def test_a_maximum_too_small_for_any_budget_is_raised_and_told():
    assert budget_and_cap(Thinking("effort", "low"), 100, "claude-haiku-4-5") == (1024, 1124, ("max_tokens",))


def test_responses_gets_no_maximum_below_its_least():
    adapted, lost = adapt(ask(sampling=Sampling(max_tokens=1)), family("gpt-5.2"), "openai-responses")
    assert (adapted.sampling.max_tokens, lost) == (16, ("max_tokens",))


# Thinking that does not go with tools


def test_a_forced_tool_wins_over_a_budget():
    request = ask(thinking=Thinking("effort", "high"), tools=(TOOL,), tool_choice=ToolChoice("required", ("look",)))
    adapted, lost = adapt(request, family("claude-sonnet-4-5"), "anthropic")
    assert (adapted.thinking.mode, lost) == ("off", ("thinking",))
    assert adapt(request, family("claude-opus-5"), "anthropic")[0].thinking.mode == "adaptive"
    assert adapt(request, family("gemini-2.5-pro"), "gemini")[0].thinking.mode == "budget"


CALL = ToolCallPart("c1", "look", "{}")
RESULT = Message("tool", (ToolResultPart("c1", (TextPart("sun"),)),))


@pytest.mark.parametrize(
    ("turns", "mode"),
    [
        ((Message("assistant", (CALL,)), RESULT), "off"),
        ((Message("assistant", (ReasoningPart("hm"), CALL)), RESULT), "off"),
        ((Message("assistant", (CALL,)), RESULT, Message("user", (TextPart("and a word"),))), "off"),
        ((Message("assistant", (ReasoningPart("hm", "sig"), CALL)), RESULT), "budget"),
        (
            (Message("assistant", (ReasoningPart("hm", "sig"), CALL)), RESULT, Message("assistant", (CALL,)), RESULT),
            "budget",
        ),
        ((Message("assistant", (CALL,)), RESULT, Message("assistant", (TextPart("sun"),)), *ASK), "budget"),
        ((Message("assistant", (TextPart("said"),)),), "budget"),
    ],
)
def test_a_budget_needs_the_signed_thinking_of_the_calls_under_way(turns: tuple[Message, ...], mode: Mode):
    request = ask(thinking=Thinking("effort", "high"), messages=ASK + turns, tools=(TOOL,))
    adapted, lost = adapt(request, family("claude-sonnet-4-5"), "anthropic")
    assert (adapted.thinking.mode, bool(lost)) == (mode, mode == "off")


def test_chat_gets_no_thinking_where_it_refuses_tools_with_it():
    request = ask(thinking=Thinking("effort", "high"), tools=(TOOL,))
    adapted, lost = adapt(request, family("gpt-5.6"), "openai-chat")
    assert (adapted.thinking.mode, adapted.thinking.effort, lost) == ("off", "none", ("thinking",))
    assert adapt(request, family("gpt-5.6"), "openai-responses")[1] == ()
    adapted, lost = adapt(request, family("gpt-5.4"), "openai-chat")  # where the host has no Responses
    assert (adapted.thinking, lost) == (Thinking(), ("thinking",))


@pytest.mark.parametrize(
    ("model", "thinks"), [("claude-opus-4-6", False), ("claude-opus-4-7", False), ("claude-opus-4-8", True)]
)
def test_a_forced_tool_ends_adaptive_thinking_where_they_do_not_go_together(model: str, thinks: bool):
    request = ask(thinking=Thinking("adaptive"), tools=(TOOL,), tool_choice=ToolChoice("required"))
    adapted, lost = adapt(request, family(model), "anthropic")
    assert (adapted.thinking.mode, lost) == (("adaptive", ()) if thinks else ("off", ("thinking",)))


@pytest.mark.parametrize(
    ("model", "thinking", "tools", "needed"),
    [
        ("gpt-5.6", Thinking("effort", "high"), (TOOL,), True),
        ("gpt-5.6", Thinking(), (TOOL,), True),
        ("gpt-5.6", Thinking("off"), (TOOL,), False),
        ("gpt-5.6", Thinking("effort", "none"), (TOOL,), False),
        ("gpt-5.6", Thinking("effort", "high"), (), False),
        ("gpt-6-astra", Thinking("off"), (TOOL,), True),
        ("gpt-5.5", Thinking("effort", "high"), (TOOL,), True),
        ("gpt-5.4-mini", Thinking("off"), (TOOL,), True),  # not even a word of that
        ("gpt-5.4-mini", Thinking(), (TOOL,), False),
        ("gpt-5.4", Thinking("effort", "high"), (), False),
        ("gpt-5.2", Thinking("effort", "high"), (TOOL,), False),
        ("gpt-5.3-codex", Thinking(), (), True),
        ("gpt-4o", Thinking(), (TOOL,), False),
    ],
)
def test_responses_is_needed_for_what_chat_refuses(
    model: str, thinking: Thinking, tools: tuple[Tool, ...], needed: bool
):
    assert needs_responses(ask(thinking=thinking, tools=tools), family(model)) is needed


# Sampling and output


def drawn(
    sampling: Sampling, model: str, target: FormatName, thinking: Thinking | None = None
) -> tuple[Any, tuple[str, ...]]:
    adapted, lost = adapt(ask(sampling=sampling, thinking=thinking or Thinking()), family(model), target)
    return adapted.sampling, lost


def test_refused_settings_are_dropped_by_name():
    told, lost = drawn(Sampling(temperature=0.2, top_k=5, stop=("x",)), "claude-opus-5", "anthropic")
    assert (told.temperature, told.top_k, told.stop) == (None, None, ("x",))
    assert lost == ("temperature", "top_k")


def test_every_setting_that_an_o_model_refuses_is_named():
    sampling = Sampling(None, 0.2, 0.3, 4, 0.5, 0.6, 7, ("x",), 1, True, 2, {"5": 1.0})
    told, lost = drawn(sampling, "o3", "openai-chat")
    assert told == Sampling(seed=7)
    assert set(lost) == {
        "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "stop", "logprobs", "top_logprobs",
        "logit_bias",
    }  # fmt: skip


def test_a_setting_that_says_nothing_is_no_loss():
    told, lost = drawn(Sampling(temperature=1.0, top_p=1, presence_penalty=0, logit_bias={}), "gpt-5", "openai-chat")
    assert (told, lost) == (Sampling(), ())


def test_sampling_stays_while_a_model_does_not_think():
    warm = Sampling(temperature=0.2)
    assert drawn(warm, "gpt-5.1", "openai-chat") == (warm, ())
    assert drawn(warm, "gpt-5.6", "openai-chat", Thinking("off")) == (warm, ())
    assert drawn(warm, "gpt-5.6", "openai-chat") == (Sampling(), ("temperature",))
    assert drawn(warm, "claude-opus-4-6", "anthropic", Thinking("effort", "low"))[1] == ("temperature",)
    assert drawn(warm, "claude-opus-4-6", "anthropic")[0].temperature == 0.2


def test_of_two_settings_that_exclude_each_other_the_first_stays():
    told, lost = drawn(Sampling(temperature=0.2, top_p=0.9), "claude-sonnet-4-5", "anthropic")
    assert (told.temperature, told.top_p, lost) == (0.2, None, ("top_p",))


def test_a_temperature_beyond_the_formats_range_is_lowered_and_told():
    told, lost = drawn(Sampling(temperature=1.7), "claude-sonnet-4-5", "anthropic")
    assert (told.temperature, lost) == (1.0, ("temperature",))


def test_how_many_answers_are_asked_for_is_left_as_it_is():
    assert drawn(Sampling(candidates=2), "claude-opus-5", "anthropic")[0].candidates == 2


SCHEMA = Output("schema", "n", schema={"type": "object"})


@pytest.mark.parametrize(
    ("model", "target", "output", "tools", "lost"),
    [
        ("claude-sonnet-4-5", "anthropic", SCHEMA, (TOOL,), ()),
        ("gemini-3-pro-preview", "gemini", SCHEMA, (TOOL,), ()),
        ("gpt-4-turbo", "openai-chat", Output("json"), (), ()),
        ("gpt-4o", "openai-chat", Output(verbosity="low"), (), ("output.verbosity",)),
        ("gpt-5", "openai-chat", Output(verbosity="low"), (), ()),
    ],
)
def test_output_is_kept_where_the_family_takes_it(
    model: str, target: FormatName, output: Output, tools: tuple[Tool, ...], lost: tuple[str, ...]
):
    adapted, told = adapt(ask(output=output, tools=tools), family(model), target)
    assert told == lost
    assert (adapted.output == output) is (lost == ())


def test_the_encoder_is_told_where_the_system_may_speak():
    assert adapt(ask(), family("claude-opus-5"), "anthropic")[0].system_turns
    assert not adapt(ask(), family("claude-opus-4-7"), "anthropic")[0].system_turns


def test_parallel_is_dropped_where_it_is_refused():
    assert adapt(ask(parallel=False), family("o3-mini"), "openai-chat")[1] == ("parallel",)


# Laws

EFFORT = st.none() | st.sampled_from(EFFORTS)
THINKING = st.builds(
    Thinking,
    st.sampled_from(get_args(Mode)),
    EFFORT,
    st.none() | st.integers(-1, 200_000),
    st.none() | st.booleans(),
)
SAMPLING = st.builds(
    Sampling,
    st.none() | st.integers(1, 300_000),
    st.none() | st.floats(0, 2),
    st.none() | st.floats(0, 1),
    st.none() | st.integers(1, 100),
    stop=st.sampled_from([(), ("x",)]),
)
REQUEST = st.builds(
    ask,
    thinking=THINKING,
    sampling=SAMPLING,
    tools=st.sampled_from([(), (TOOL,)]),
    tool_choice=st.sampled_from([ToolChoice(), ToolChoice("required")]),
    output=st.sampled_from([Output(), SCHEMA, Output("json", verbosity="low")]),
)


@given(REQUEST, st.sampled_from(FAMILIES), st.sampled_from(TARGETS))
def test_what_comes_out_is_what_the_row_takes_and_stays_so(request_: Request, row, target: FormatName):
    adapted, lost = adapt(request_, row, target)
    control, thinking, sampling = row.control(target), adapted.thinking, adapted.sampling
    assert thinking.mode in control.modes | {"default"}
    assert thinking.effort is None or thinking.effort in (*control.efforts, "none")
    assert (thinking.budget_tokens is not None) == (thinking.mode == "budget")
    if thinking.budget_tokens is not None:
        assert control.budget_tokens[0] <= thinking.budget_tokens <= control.budget_tokens[1]
        assert not control.below_max_tokens or thinking.budget_tokens < (sampling.max_tokens or 0)
    assert not [name for name in row.refuses if getattr(sampling, name, None)]
    assert (sampling.max_tokens or 0) <= (row.max_output_tokens or 1 << 30)
    assert len(lost) == len(set(lost))
    again, more = adapt(adapted, row, target)
    assert (again, set(more) <= {"thinking"}) == (adapted, True)


@given(REQUEST, st.sampled_from(FAMILIES), st.sampled_from(TARGETS))
def test_nothing_but_settings_is_touched(request_: Request, row, target: FormatName):
    adapted, _ = adapt(request_, row, target)
    settings = {"thinking", "sampling", "output", "parallel", "tools", "system_turns"}
    for name in set(Request.__struct_fields__) - settings:
        assert getattr(adapted, name) == getattr(request_, name)


@given(st.integers(1, 200_000))
def test_a_larger_budget_is_never_a_lower_level(budget: int):
    assert EFFORTS.index(effort_of(budget)) <= EFFORTS.index(effort_of(budget + 1))


def test_levels_and_budgets_are_each_others_inverse():
    assert {effort: effort_of(BUDGETS[effort]) for effort in ("low", "medium", "high", "xhigh")} == {
        effort: effort for effort in ("low", "medium", "high", "xhigh")
    }


def test_the_nearest_level_is_the_next_lower_else_the_lowest():
    assert nearest("max", ("low", "high")) == "high"
    assert nearest("medium", ("low", "high")) == "low"
    assert nearest("minimal", ("low", "high")) == "low"


def test_the_request_itself_is_never_changed():
    request = ask(thinking=Thinking("effort", "xhigh"), sampling=Sampling(temperature=0.1))
    before = msgspec.json.encode(request)
    adapt(request, family("claude-opus-5"), "anthropic")
    assert msgspec.json.encode(request) == before


@pytest.mark.parametrize(("model", "possible"), [("gpt-4.1", False), ("gpt-5-chat-latest", False), ("gpt-5.2", True)])
def test_it_is_told_whether_a_model_can_think_at_all(model: str, possible: bool):
    assert adapt(ask(), family(model), "openai-responses")[0].thinking.possible is possible


@pytest.mark.parametrize(
    ("model", "target", "kept"),
    [
        ("claude-3-5-haiku-latest", "anthropic", False),
        ("claude-sonnet-4-5", "anthropic", True),
        ("gpt-3.5-turbo", "openai-chat", True),
    ],
)
def test_strict_tools_need_a_model_that_can_be_held_to_a_schema(model: str, target: FormatName, kept: bool):
    adapted, lost = adapt(ask(tools=(Tool("f", strict=True),)), family(model), target)
    assert (adapted.tools[0].strict, lost) == ((True, ()) if kept else (None, ("tools.strict",)))


@pytest.mark.parametrize(
    ("model", "kept"), [("gemini-2.0-flash", True), ("gemini-2.5-pro", False), ("gemini-3.8-flash", False)]
)
def test_newer_gemini_models_get_no_penalties(model: str, kept: bool):
    adapted, lost = adapt(ask(sampling=Sampling(presence_penalty=0.5)), family(model), "gemini")
    assert (adapted.sampling.presence_penalty, lost) == ((0.5, ()) if kept else (None, ("presence_penalty",)))
