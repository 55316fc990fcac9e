"""`make fuzz`: the laws with many more examples, then damaged bytes against a real relay. Exits with 1 on a failure."""

import asyncio
import sys
from pathlib import Path

from slow.bounded import arguments, chosen_seed, say
from slow.fuzz import laws, wire

LAWS_SHARE = 0.4


def main() -> int:
    parser = arguments("fuzz laws and wire", minutes=5)
    parser.add_argument("--only", choices=("laws", "wire"), help="one half, all the time")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play one failed case of fuzz-failures/ again")
    chosen = parser.parse_args()
    if chosen.replay is not None:
        return 0 if asyncio.run(wire.replay(chosen.replay)) else 1
    seed = chosen_seed(chosen.seed)
    say(f"seed {seed}; repeat with: make fuzz SEED={seed}")
    share = {"laws": 1.0, "wire": 0.0}.get(chosen.only, LAWS_SHARE)
    well = share == 0 or laws.fuzz(seed, chosen.minutes * share)
    well = (share == 1 or asyncio.run(wire.fuzz(seed, chosen.minutes * (1 - share)))) and well
    say("all went well" if well else "FAILED: see above and fuzz-failures/")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
