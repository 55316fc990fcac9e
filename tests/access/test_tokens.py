"""Tokens as values: what is made, what is kept, when it counts no longer."""

import msgspec
import pytest

from fastproxy.access.tokens import Grant, TokenError, digest, issue, named, revoke, rotate


def test_a_token_is_long_random_and_marked_as_ours() -> None:
    secrets = {issue("a", now=1.0).secret.reveal() for _ in range(50)}
    assert len(secrets) == 50
    assert all(secret.startswith("fp-") and len(secret) == 3 + 43 for secret in secrets)


def test_only_the_digest_of_the_secret_is_kept() -> None:
    made = issue("laptop", now=1.0)
    assert made.token.digest == digest(made.secret.reveal().encode()).hex()
    assert made.secret.reveal() not in msgspec.json.encode(made.token).decode()
    assert made.secret.reveal() not in repr(made)
    assert made.token.fingerprint == made.token.digest[:8]


def test_a_token_expires_at_its_second_and_not_before() -> None:
    token = issue("a", now=100.0, expires_at=200.0).token
    assert token.state(199.9) == "active"
    assert token.state(200.0) == "expired"


def test_a_revoked_token_stays_revoked_and_keeps_the_first_time() -> None:
    token = revoke(issue("a", now=1.0).token, now=5.0)
    assert token.state(5.0) == "revoked"
    assert revoke(token, now=9.0).revoked_at == 5.0


def test_rotating_changes_the_secret_and_nothing_else() -> None:
    before = issue("a", now=1.0, expires_at=50.0, grant=Grant(("gpt-*",)))
    after = rotate(before.token, now=2.0)
    assert after.secret != before.secret
    assert after.token.digest == digest(after.secret.reveal().encode()).hex()
    assert msgspec.structs.replace(after.token, digest=before.token.digest) == before.token


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_rotating_does_not_bring_a_dead_token_back(ended: str) -> None:
    token = issue("a", now=1.0, expires_at=10.0).token
    if ended == "revoked":
        token = revoke(token, now=2.0)
    with pytest.raises(TokenError, match=ended):
        rotate(token, now=11.0)


@pytest.mark.parametrize("label", ["", "  ", "x" * 65, "two\nlines", "bell\x07"])
def test_a_label_that_no_table_can_show_is_refused(label: str) -> None:
    with pytest.raises(TokenError, match="label"):
        issue(label, now=1.0)


def test_an_end_in_the_past_is_refused() -> None:
    with pytest.raises(TokenError, match="expire"):
        issue("a", now=10.0, expires_at=10.0)


def test_an_empty_model_glob_is_refused() -> None:
    with pytest.raises(TokenError, match="glob"):
        issue("a", now=10.0, grant=Grant(("gpt-*", "")))


def test_a_name_is_an_id_before_it_is_a_label() -> None:
    first, second = issue("a", now=1.0).token, issue("b", now=1.0).token
    masquerade = msgspec.structs.replace(second, label=first.id)
    assert named((masquerade, first), first.id) is first
    assert named((first, second), "b") is second


def test_an_ambiguous_or_unknown_name_is_refused() -> None:
    tokens = (issue("a", now=1.0).token, issue("a", now=1.0).token)
    with pytest.raises(TokenError, match="2 tokens"):
        named(tokens, "a")
    with pytest.raises(TokenError, match="no token 'c'"):
        named(tokens, "c")
