"""`python -m tests.bench [NAME …] [--OPTION …]`: run the benchmarks and print every figure.

A module `bench_<name>` has `run() -> list[Figure]`; one that takes options is given them.
Nothing fails here by being slow: absolute times belong to the machine, ratios to the hub;
`docs/benchmarks.md` keeps what was reached.
"""

import importlib
import inspect
import pkgutil
import platform
import sys

import tests.bench as package
from tests.bench.figure import show


def main(words: list[str]) -> None:
    """Run the named benchmarks, or all; what follows the first option is the benchmark's."""
    cut = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    names, options = words[:cut], words[cut:]
    found = sorted(
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if module.name.startswith("bench_")
    )
    print(f"{platform.machine()}, Python {platform.python_version()}", flush=True)
    for name in found:
        if names and name.removeprefix("bench_") not in names:
            continue
        print(f"\n{name.removeprefix('bench_')}", flush=True)
        run = importlib.import_module(f"tests.bench.{name}").run
        takes = bool(inspect.signature(run).parameters)
        for figure in run(options) if takes else run():
            show(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
