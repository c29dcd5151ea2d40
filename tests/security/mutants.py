"""A valid token spoiled 100,000 times: only the original opens the door, and two readers agree.

Each mutant changes one thing on purpose: characters, encoding, JSON, header, claims, key, or the
signature's numbers, some of them signed anew with the right key, as a client gone bad would. The
strict door must refuse every one. joserfc (tests only) reads each as well: what the door accepts
and joserfc refuses is a failure; what joserfc accepts and the door refuses must have a reason that
`EXPLAINED` knows. One thing is accepted by both and is no forgery: (r, n - s) beside (r, s), which
is inherent to ECDSA; replay is therefore keyed by (iss, jti).

`python -m tests.security mutants [--cases 100000] [--seed 1]`
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hie.access.reason import Reason, reason_of
from hie.access.token import verify_text
from hie.errors import NotAuthenticated
from tests.security.mutations import MUTATIONS, Mutant, Target, cached_targets

# Why the door refuses what joserfc accepts: joserfc verifies signatures and registered claims, and
# leaves the rest to the application. No reason beside these may occur.
EXPLAINED: Mapping[Reason, str] = {
    Reason.HDR: "a header member nobody asked for: joserfc ignores what it does not know",
    Reason.TYPE: "made for another door: joserfc does not look at typ",
    Reason.KID: "no, or a foreign, key id: joserfc tries the key of its set all the same",
    Reason.DUP: "a member twice: joserfc takes the last",
    Reason.JSON: "JSON that two readers could understand differently, or floats as times",
    Reason.ENC: "base64url that is not canonical: joserfc repairs it",
    Reason.SHAPE: "surrounding space, or longer than a token may be",
    Reason.AUD: "a list of audiences, one of which is ours: the door wants one text",
    Reason.CLAIM: "a claim of the profile is missing or of another type: joserfc asks for fewer",
    Reason.JTI: "no usable token id: joserfc does not ask for one",
    Reason.LIFETIME: "valid for longer than the profile allows, or made in the future",
}


@dataclass
class Tally:
    """What became of the mutants."""

    cases: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    malleated: int = 0
    faults: list[str] = field(default_factory=list)


def check(target: Target, mutant: Mutant, tally: Tally) -> None:
    """Hold one mutant against both readers."""
    tally.cases += 1
    reason = door(target, mutant.text)
    second = target.second(mutant.text)
    if mutant.text == target.text:
        if reason is not None or not second:
            tally.faults.append(f"{target.name}: the original was refused ({reason})")
        return
    if mutant.malleated:
        tally.malleated += 1
        if reason is not None:
            tally.faults.append(f"{target.name} {mutant.kind}: refused ({reason})")
        return
    if reason is None:
        tally.faults.append(f"{target.name} {mutant.kind}: ACCEPTED {mutant.text[:120]}")
        return
    tally.refused[reason] += 1
    if second:
        tally.differing[reason] += 1
        if reason not in EXPLAINED:
            tally.faults.append(f"{target.name} {mutant.kind}: unexplained difference ({reason})")


def door(target: Target, text: str) -> Reason | None:
    """Why the strict door refuses; None when it accepts."""
    try:
        verify_text(text, target.profile, target.expected, target.now)
    except NotAuthenticated as error:
        return reason_of(error)
    return None


def run(cases: int, seed: int) -> Tally:
    """So many mutants of every kind in turn, the same ones for the same seed."""
    rng, tally = random.Random(seed), Tally()  # noqa: S311 - the same mutants again
    found = cached_targets()
    for target in found:
        check(target, Mutant("original", target.text), tally)
    for number in range(cases):
        target = found[number % len(found)]
        mutate = MUTATIONS[(number // len(found)) % len(MUTATIONS)]
        check(target, mutate(target, rng), tally)
    return tally


def main(words: Sequence[str]) -> int:
    """Run, tell, and end with 0 when every mutant was refused and every difference explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.security mutants")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked, _ = parser.parse_known_args(list(words))
    tally = run(asked.cases, asked.seed)
    out = sys.stdout.write
    out(
        f"{tally.cases} tokens, {sum(tally.refused.values())} refused, {tally.malleated} (r, n-s)\n"
    )
    out("\nreason          refused   joserfc accepts   because\n")
    for reason, number in sorted(tally.refused.items()):
        why = EXPLAINED.get(Reason(reason), "") if tally.differing[reason] else ""
        out(f"{reason:<15} {number:>7}   {tally.differing[reason]:>15}   {why}\n")
    for fault in tally.faults[:50]:
        out(f"FAULT {fault}\n")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
