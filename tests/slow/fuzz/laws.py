"""Every property test of the project, over and over with new seeds, until time is up or one fails.

Each round is a pytest process of its own under the profile "deep": tests that leave the number of examples open take
DEEP_EXAMPLES; those that fix it get new ones with every seed.
"""

import subprocess
import sys
from itertools import count
from pathlib import Path

from slow.bounded import Deadline, environment, say
from slow.fuzz.failures import FOLDER

ROOT = Path(__file__).parents[3]
GRACE_SECONDS = 120.0  # for the test that runs when time is up


def fuzz(seed: int, minutes: float) -> bool:
    """Whether all laws held."""
    deadline = Deadline(minutes * 60)
    for number in count():
        if deadline.over:
            say(f"laws: {number} rounds, all held")
            break
        if not _round(seed + number, deadline):
            return False
    return True


def _round(seed: int, deadline: Deadline) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "hypothesis",
        "-p",
        "slow.fuzz.profile",
        "-p",
        "no:cacheprovider",
    ]
    command += [f"--hypothesis-seed={seed}", "--hypothesis-profile=deep", f"--stop-after={deadline.left_seconds:.0f}"]
    try:
        done = subprocess.run(
            [*command, "tests"],
            cwd=ROOT,
            env=environment(PYTHONPATH="tests"),
            capture_output=True,
            text=True,
            timeout=max(deadline.left_seconds, 0) + GRACE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        say(f"laws: seed {seed}: a test did not end")
        return False
    say(f"  {deadline.spent_seconds:4.0f} s: laws with seed {seed}: {done.stdout.strip().splitlines()[-1:]}")
    if done.returncode == 0:
        return True
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"laws-{seed}.txt"
    path.write_text(done.stdout + done.stderr)
    say(f"laws: seed {seed} failed -> {path}")
    return False
