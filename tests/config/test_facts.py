"""What is configured of all accounts of a provider."""

import pytest

from fastproxy.config.facts import fact_problems, with_facts
from fastproxy.config.schema import ProviderRow
from fastproxy.providers import BY_NAME

GEMINI_CLI = BY_NAME["gemini-cli"]


@pytest.mark.parametrize(
    ("row", "environ", "facts"),
    [
        (None, {}, {}),
        (ProviderRow(), {}, {}),
        (None, {"GOOGLE_CLOUD_PROJECT": "p-1"}, {"project": "p-1"}),
        (None, {"GOOGLE_CLOUD_PROJECT_ID": "p-2"}, {"project": "p-2"}),
        (None, {"GOOGLE_CLOUD_PROJECT": "p-1", "GOOGLE_CLOUD_PROJECT_ID": "p-2"}, {"project": "p-1"}),
        (None, {"GOOGLE_CLOUD_PROJECT": "", "GOOGLE_CLOUD_PROJECT_ID": "p-2"}, {"project": "p-2"}),
        (ProviderRow(project="example.com:p-3"), {"GOOGLE_CLOUD_PROJECT": "p-1"}, {"project": "example.com:p-3"}),
        (None, {"GOOGLE_CLOUD_PROJECT": "a\ud800\n"}, {}),
        (None, {"GOOGLE_CLOUD_PROJECT": "p" * 257}, {}),
    ],
)
def test_the_project_is_the_rows_else_the_environments(
    row: ProviderRow | None, environ: dict[str, str], facts: dict[str, str]
):
    assert with_facts(GEMINI_CLI, row, environ).facts == facts


def test_other_providers_are_told_no_project():
    assert with_facts(BY_NAME["openai"], None, {"GOOGLE_CLOUD_PROJECT": "p-1"}) == BY_NAME["openai"]


@pytest.mark.parametrize(
    ("name", "project", "problem"),
    [
        ("gemini-cli", "a b", "must be letters"),
        ("gemini-cli", "p\n", "must be letters"),
        ("openai", "p-1", "openai has no use for a project"),
        ("lab", "p-1", "lab has no use for a project"),
    ],
)
def test_what_can_not_be_a_project_is_told_where(name: str, project: str, problem: str):
    ((key, sentence),) = fact_problems(name, ProviderRow(project=project))
    assert (key, problem in sentence) == ("project", True)


@pytest.mark.parametrize("project", ["", "p-1", "123456", "example.com:p-1"])
def test_a_project_is_no_problem(project: str):
    assert list(fact_problems("gemini-cli", ProviderRow(project=project))) == []
