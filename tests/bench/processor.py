"""Processor time of whole programs, from /proc: exact to a tick, whoever else shares the machine."""

import os
from collections import defaultdict
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def seconds_of(pid: int) -> float:
    """Processor seconds of a process, its ended children, and every process below it."""
    children: dict[int, list[int]] = defaultdict(list)
    spent: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except OSError:
                continue  # it ended meanwhile; its parent has its time
            fields = text.rpartition(")")[2].split()
            children[int(fields[1])].append(int(folder.name))
            spent[int(folder.name)] = sum(map(int, fields[11:15])) / _TICK
    total, waiting = 0.0, [pid]
    for one in waiting:
        total += spent.get(one, 0.0)
        waiting += children[one]
    return total


def resident(pid: int) -> float:
    """Resident memory of a process, in MB."""
    for line in (Path("/proc") / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
