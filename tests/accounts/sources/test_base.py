"""Where a tool's directory is."""

from pathlib import Path

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.base import home_of, no_facts, no_locks
from fastproxy.secret import Secret

DEFAULT = Path("/home/u/.tool")


def test_the_first_variable_that_is_set_names_the_directory() -> None:
    assert home_of({"B": "/b", "C": "/c"}, ("A", "B", "C"), DEFAULT) == Path("/b")


def test_an_empty_variable_is_none() -> None:
    assert home_of({"A": ""}, ("A",), DEFAULT) == DEFAULT


def test_a_plain_tool_has_no_facts_and_no_locks() -> None:
    assert no_facts(Login(Secret("t"))) == {}
    assert no_locks(DEFAULT) == ()
