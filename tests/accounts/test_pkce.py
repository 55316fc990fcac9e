"""Proof keys, as RFC 7636 has them."""

import re

from fastproxy.accounts.pkce import challenge_of, new_proof, new_state


def test_the_challenge_is_that_of_the_standards_example() -> None:
    # RFC 7636, appendix B
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_has_the_length_and_letters_that_the_standard_wants() -> None:
    proof = new_proof()
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", proof.verifier.reveal())
    assert challenge_of(proof.verifier.reveal()) == proof.challenge
    assert proof.verifier.reveal() not in repr(proof)


def test_no_two_logins_share_anything() -> None:
    assert len({new_proof().challenge for _ in range(50)} | {new_state() for _ in range(50)}) == 100
