"""The door between the two OpenAI folders: what goes through it, and that nothing goes past it or back."""

import ast
from pathlib import Path

import pytest

from fastproxy.formats import openai_chat, openai_responses, openai_shared


def imported(folder: Path) -> set[str]:
    trees = [ast.parse(module.read_bytes()) for module in folder.glob("*.py")]
    return {node.module or "" for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("name", sorted({*openai_shared.__all__} - {"Object", "NO_ARGUMENTS"}))  # a dict has no home
def test_what_it_names_is_chats_own(name: str) -> None:
    assert getattr(openai_shared, name).__module__.startswith("fastproxy.formats.openai_chat.")


def test_responses_takes_from_chat_through_it_alone_and_chat_takes_nothing() -> None:
    (chat,), (responses,) = openai_chat.__path__, openai_responses.__path__
    assert not any(name.startswith("fastproxy.formats.openai_chat") for name in imported(Path(responses)))
    assert not any("openai_responses" in name or "openai_shared" in name for name in imported(Path(chat)))
