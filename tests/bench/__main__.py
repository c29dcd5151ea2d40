"""`python -m tests.bench [NAME …]`: run the benchmarks and print every figure with its budget.

A module `bench_<name>` has `run() -> list[Figure]`. Nothing fails here by being slow: absolute
times belong to the machine, ratios to the hub; `docs/benchmarks.md` keeps what was reached.
"""

import importlib
import pkgutil
import platform
import sys

import tests.bench as package
from tests.bench.figure import show


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
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
        for figure in importlib.import_module(f"tests.bench.{name}").run():
            show(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
