"""`python -m tests.security [PROGRAM] [--OPTION …]`: one oracle, or all of them one after another.

Ends with 0 when every one held. `make security` runs all, with the numbers each takes by default.
"""

import importlib
import sys
import time

PROGRAMS = {
    "noninterference": "what a caller may not see changes no answer",
    "timing": "how long an answer takes does not tell what is hidden",
    "routes": "every route, method and kind of caller is answered as the frozen table says",
    "mutants": "of a token spoiled 100,000 times none opens the door, and two readers agree",
    "lock": "every package stands on or above its floor, with a hash, under a licence that is taken",
}


def main(words: list[str]) -> int:
    """Run what is named, or all; what follows the name is the program's own."""
    named = [words[0]] if words and words[0] in PROGRAMS else list(PROGRAMS)
    if words and words[0] not in PROGRAMS:
        _say(f"programs: {', '.join(PROGRAMS)}")
        return 2
    failed = []
    for name in named:
        _say(f"{name}: {PROGRAMS[name]}")
        began = time.monotonic()
        program = importlib.import_module(f"tests.security.{name}")
        ended = int(program.main(words[1:]))
        _say(
            f"{name}: {'held' if ended == 0 else 'DID NOT HOLD'}, {time.monotonic() - began:.0f} s\n"
        )
        if ended != 0:
            failed.append(name)
    return 1 if failed else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
