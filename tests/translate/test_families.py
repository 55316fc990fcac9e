"""Each row of the table of families is reached by the ids that it is for, and says nothing that contradicts itself."""

from typing import get_args

import pytest
from anthropic.types.model import Model
from openai.types.shared.chat_model import ChatModel

from fastproxy.ir.request import EFFORTS
from fastproxy.translate.families import CLAUDE, FAMILIES, GEMINI, GPT, bare_id, family
from fastproxy.translate.traits import Family

ROWS = [
    ("claude-fable-5-2", "claude-fable"),
    ("claude-mythos-5", "claude-fable-5"),
    ("claude-mythos-preview", "claude-mythos-preview"),
    ("claude-opus-5-5", "claude-opus-5.5"),
    ("claude-sonnet-5-5", "claude-sonnet-5.5"),
    ("claude-haiku-5-5", "claude-haiku-5.5"),
    ("claude-opus-5", "claude-opus-5"),
    ("claude-opus-5-20260724", "claude-opus-5"),
    ("claude-sonnet-5", "claude-sonnet-5"),
    ("claude-opus-4-8", "claude-opus-4.8"),
    ("claude-opus-4-7", "claude-opus-4.7"),
    ("claude-opus-4-6", "claude-4.6"),
    ("us.anthropic.claude-opus-4-6-v1", "claude-4.6"),
    ("claude-sonnet-4-6", "claude-4.6"),
    ("claude-opus-4-5@20251101", "claude-opus-4.5"),
    ("anthropic/claude-opus-4.5", "claude-opus-4.5"),
    ("anthropic/claude-sonnet-4.5:thinking", "claude-4.5"),
    ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-4.5"),
    ("claude-opus-4-1-20250805", "claude-opus-4.1"),
    ("claude-opus-4-20250514", "claude-opus-4"),
    ("claude-opus-4-0", "claude-opus-4"),
    ("claude-4-opus-20250514", "claude-opus-4"),
    ("claude-sonnet-4-0", "claude-4"),
    ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-4"),
    ("claude-3.7-sonnet", "claude-4"),
    ("claude-3-5-haiku-latest", "claude-3.5"),
    ("claude-3-opus-20240229", "claude-3"),
    ("claude-2.1", "claude-2"),
    ("claude-next-7", "claude"),
    ("claude-fable-5", "claude-fable-5"),
    ("claude-fable-5-20260609", "claude-fable-5"),
    ("claude-fable-5-1", "claude-fable"),
    ("anthropic/claude-fable-6", "claude-fable"),
    ("claude-mythos-5-1", "claude-mythos-5.1"),
    ("gpt-6-astra", "gpt-6-astra"),
    ("gpt-6.1-sol", "gpt-6-astra"),
    ("gpt-6-sol", "gpt"),
    ("gpt-6.1-terra", "gpt"),
    ("openai/gpt-oss-120b", "gpt-oss"),
    ("gpt-oss:20b", "gpt-oss"),
    ("gpt-5-chat-latest", "gpt-5-chat"),
    ("gpt-5.2-chat-latest", "gpt-5.1-chat"),
    ("gpt-5-pro-2025-10-06", "gpt-5-pro"),
    ("gpt-5.2-pro", "gpt-pro"),
    ("gpt-5.1-codex-max", "codex-5.2"),
    ("gpt-5.2-codex", "codex-5.2"),
    ("gpt-5.3-codex", "codex"),
    ("gpt-5.1-codex-mini", "codex-first"),
    ("gpt-5-codex", "codex-first"),
    ("codex-mini-latest", "codex-first"),
    ("openai.gpt-5.6-luna", "gpt-5.6"),
    ("gpt-5.5-2026-04-23", "gpt-5.5"),
    ("gpt-5.4-nano", "gpt-5.4"),
    ("gpt-5.3-chat", "gpt-5.1-chat"),
    ("gpt-5.2", "gpt-5.2"),
    ("gpt-5.1-2025-11-13", "gpt-5.1"),
    ("gpt-5", "gpt-5"),
    ("gpt-5-2025-08-07", "gpt-5"),
    ("o1-preview", "o1-first"),
    ("o3-pro", "o-pro"),
    ("o4-mini", "o"),
    ("gpt-4.1-nano", "gpt-4.1"),
    ("ft:gpt-4o-mini:org::id", "gpt-4o"),
    ("gpt-4o-2024-05-13", "gpt-4o-first"),
    ("chatgpt-4o-latest", "chatgpt-4o"),
    ("gpt-4.5-preview", "gpt-4.5"),
    ("gpt-35-turbo", "gpt-4"),
    ("gemini-2.5-flash-image", "gemini-image"),
    ("gemini-2.5-flash-preview-tts", "gemini-speech"),
    ("gemini-2.0-flash-preview-image-generation", "gemini-speech"),
    ("models/gemini-2.5-pro", "gemini-2.5-pro"),
    ("publishers/google/models/gemini-2.5-flash-lite", "gemini-2.5-flash-lite"),
    ("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
    ("gemini-2.0-flash-exp", "gemini-2"),
    ("gemini-3-pro-preview", "gemini-3-pro"),
    ("gemini-3-flash-preview", "gemini-3-flash"),
    ("gemini-flash-latest", "gemini"),
    ("gemini-3.1-pro-preview", "gemini-3.1"),
    ("gemini-3.5-flash", "gemini-3.1"),
    ("gemini-3.5-flash-preview", "gemini-3.1"),
    ("gemini-3.5-flash-lite", "gemini"),
    ("gemini-3.8-flash", "gemini"),
    ("mistral-large-latest", "mistral"),
    ("mistral.ministral-3-14b-instruct", "mistral"),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistral"),
    ("ft:codestral-latest:abc", "mistral"),
    ("open-mixtral-8x22b", "mistral"),
    ("kimi-k2.5", "kimi"),
    ("moonshotai/kimi-k3", "kimi"),
    ("kimi-k2-0905-preview", "any"),
    ("grok-4-1-fast-reasoning", "grok-4"),
    ("grok-4.20-0309-reasoning", "grok-4"),
    ("x-ai/grok-4.6", "grok"),
    ("deepseek-reasoner", "any"),
    ("my-deployment", "any"),
    ("Qwen/Qwen2.5-VL-72B-Instruct", "any"),
    ("", "any"),
]


@pytest.mark.parametrize(("model", "name"), ROWS)
def test_the_first_row_that_fits_wins_in_every_spelling(model: str, name: str):
    assert family(model).name == name


def test_every_row_is_reached_and_has_a_name_of_its_own():
    names = [row.name for row in FAMILIES]
    assert len(names) == len(set(names))
    assert {name for _, name in ROWS} == set(names)


@pytest.mark.parametrize(("models", "rows"), [(get_args(get_args(Model)[0]), CLAUDE), (get_args(ChatModel), GPT)])
def test_no_model_that_an_sdk_names_is_left_to_the_generic_row(models: tuple[str, ...], rows: tuple[Family, ...]):
    assert models
    found = {model: family(model) for model in models}
    assert {model for model, row in found.items() if row not in rows} == set()
    generic = {model for model, row in found.items() if row is rows[-1]}
    assert generic <= {"gpt-6-sol", "gpt-6-luna", "gpt-6.1-terra"}


@pytest.mark.parametrize("row", FAMILIES, ids=lambda row: row.name)
def test_a_row_contradicts_nothing(row: Family):
    for control in row.controls.values():
        assert control.modes
        assert list(control.efforts) == sorted(control.efforts, key=EFFORTS.index)
        assert "none" not in control.efforts
        assert ("effort" in control.modes) <= bool(control.efforts)
        assert control.budget_tokens[0] <= control.budget_tokens[1]
        assert control.default in {None, "none", *EFFORTS}
    assert row.thinks or not row.controls
    assert row.refuses.isdisjoint(row.refuses_thinking)


@pytest.mark.parametrize("row", [*CLAUDE, *GEMINI], ids=lambda row: row.name)
def test_every_model_with_a_demanded_maximum_tells_it(row: Family):
    assert row.answers == "words" or (row.max_output_tokens or 0) >= 4096


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-opus-4-8", True),
        ("claude-opus-4-8-20260528", True),
        ("anthropic/claude-opus-4.8", True),
        ("claude-sonnet-5", True),
        ("claude-fable-5-1", True),
        ("claude-opus-4-7", False),
        ("claude-sonnet-4-5-20250929", False),
        ("claude-haiku-4-5", False),
        ("claude-next-7", False),
        ("deepseek-chat", False),
        ("", False),
    ],
)
def test_turns_of_the_system_need_a_model_that_is_known_to_take_them(model: str, *, expected: bool):
    assert family(model).system_turns is expected


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("claude-opus-4-5-20251101", True),
        ("claude-haiku-4-5", True),
        ("claude-sonnet-4-6", False),
        ("anthropic/claude-opus-4.6", False),
        ("claude-opus-4-8", False),
        ("claude-fable-5-1", False),
        ("claude-next-7", False),
        ("gpt-5.5", True),
        ("my-deployment", True),
    ],
)
def test_claude_takes_no_prefill_from_4_6_on(model: str, *, takes: bool):
    assert (family(model).prefill != "never") is takes


def test_only_models_of_mistral_want_short_ids():
    assert [row.name for row in FAMILIES if row.short_call_ids] == ["mistral"]


def test_what_traffic_has_refused_is_not_offered():
    assert family("claude-opus-4-6").control("anthropic").efforts == ("low", "medium", "high", "max")
    assert "minimal" not in family("gpt-5.1").control("openai-responses").efforts
    assert family("gpt-5.2-chat-latest").control("openai-chat").efforts == ("medium",)
    assert {"stop"} <= family("gpt-5.2").refuses & family("gpt-5-mini").refuses & family("o4-mini").refuses


@pytest.mark.parametrize(
    ("model", "bare"),
    [
        ("gpt-5.1", "gpt-5.1"),
        ("qwen2.5-coder:32b", "qwen2.5-coder"),
        ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307-v1"),
        ("Anthropic/Claude-Opus-4.5", "claude-opus-4-5"),
        ("moonshot.kimi-k2-thinking", "kimi-k2-thinking"),
    ],
)
def test_a_bare_id_has_no_vendor_and_keeps_its_version(model: str, bare: str):
    assert bare_id(model) == bare
