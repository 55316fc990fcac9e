"""Which process has a login renewed: one, whose answer the others take, and another one when it dies."""

import subprocess
import sys
from pathlib import Path

import pytest

from fastproxy.accounts.claim import Claim
from fastproxy.accounts.renewal import Outcome, Renewed

_HOLDER = """\
import sys
from pathlib import Path
from fastproxy.accounts.claim import Claim
claim = Claim(Path(sys.argv[1]))
claim.take()
claim.begin()
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "renewing" / "lab=work.claim"


def taken(path: Path) -> Claim:
    claim = Claim(path)
    assert claim.take()
    claim.begin()
    return claim


@pytest.mark.parametrize(
    ("outcome", "found"), [("renewed", "adopted"), ("adopted", "adopted"), ("failed", "failed"), ("refused", "refused")]
)
def test_who_waits_takes_what_the_first_found(path: Path, outcome: Outcome, found: Outcome):
    first, others = taken(path), [Claim(path), Claim(path)]
    assert not any(other.take() for other in others)
    first.tell("digest", Renewed(outcome, "why", 7.0))
    first.leave()
    for other in others:
        assert other.take()
        assert other.found("another digest") == Renewed(found, "why", 7.0)
        other.leave()
    assert path.stat().st_mode & 0o777 == 0o600


def test_who_has_not_waited_has_found_nothing(path: Path):
    first = taken(path)
    first.tell("digest", Renewed("failed", "why"))
    first.leave()
    later = Claim(path)
    assert later.take()
    assert later.found("digest") is None


def test_that_nothing_was_due_is_an_answer_to_the_same_question_only(path: Path):
    first, other = taken(path), Claim(path)
    assert not other.take()
    first.tell("", Renewed("current"))
    first.leave()
    assert other.take()
    assert other.found("digest") is None
    assert other.found("") == Renewed("current")


def test_who_dies_or_goes_away_has_found_nothing_and_is_in_nobodys_way(path: Path):
    taken(path).leave()
    command = [sys.executable, "-c", _HOLDER, str(path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        other = Claim(path)
        assert not other.take()
        holder.kill()
        holder.wait(10)
        assert other.take()
        assert other.found("digest") is None
        other.leave()


def test_a_directory_that_can_not_be_written_is_said(tmp_path: Path):
    (tmp_path / "renewing").write_bytes(b"")
    claim = Claim(tmp_path / "renewing" / "a.claim")
    with pytest.raises(OSError, match="renewing"):
        claim.take()
    claim.leave()
