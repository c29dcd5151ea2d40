"""`hie rulebook check`: everything wrong with rules, catalogue, policy and texts, by file and line.

Loading stops at the first thing that cannot hold; whoever edits the files wants all of them at
once. Files that are no YAML or have another shape are told and left out of what follows, so one
slip does not bury the rest. What lies in a region's own folder is told by its path there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hie.errors import Fault, RulebookInvalid, SchemaMissing
from hie.recognition.cases_check import case_flaws
from hie.recognition.catalogue_check import Flaw, cross_flaws, file_flaws, list_flaws
from hie.recognition.catalogue_lint import lint_flaws
from hie.recognition.policy_lint import policy_lint
from hie.recognition.rules_check import rule_flaws
from hie.recognition.sources import build_sources
from hie.schemas import (
    OWN_FILES,
    ShapeError,
    data_files,
    line_of,
    load_yaml,
    own_folder,
    read_text,
    schema,
    shape_errors,
    using,
)

_FOLDERS: Final = (
    ("catalogue",),
    ("catalogue", "lab"),
    ("catalogue", "imaging"),
    ("catalogue", "lists"),
    ("rulebook",),
    ("texts",),
    ("policy",),
)
_SHAPES: Final = (
    ("catalogue/lab/", "lab-item"),
    ("catalogue/imaging/", "imaging-class"),
    ("catalogue/lists/", "item-list"),
    ("catalogue/sources", "sources"),
    ("policy/", "policy"),
    ("rulebook/gate", "gate"),
    ("rulebook/basis", "basis"),
    ("rulebook/reasons", "reasons"),
    ("texts/gate", "rule-texts"),
    ("texts/words", "words"),
)
_LONGEST = 300  # of a reason: a message of a shape may list every word it knows


@dataclass(frozen=True, slots=True)
class Found:
    """One fault: the file as whoever edits it finds it, its line (0: the file itself), and why."""

    file: str
    line: int
    code: str
    reason: str
    name: str = ""  # the file's name among all, wherever it lies

    def __str__(self) -> str:
        """file:line: code: reason."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.code}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Report:
    """All faults by file and line, what was looked at, and what could not be."""

    faults: tuple[Found, ...]
    counts: Mapping[str, int]
    not_checked: tuple[str, ...] = ()


def check_rulebook(folder: Path | None = None, cases: Path | None = None) -> Report:
    """Look at the shipped files with `folder` laid over them; at the cases too, where there are.

    Raises HubMisconfigured when `folder` is none.
    """
    with using(folder):
        texts, faults = _texts()
        trees, unread = _trees(texts)
        told = [*faults, *unread]
        missing = frozenset((texts.keys() | {one.name for one in faults}) - trees.keys())
        told += [_found(texts, name, flaw) for name, flaw in _flaws(trees, missing)]
        told += list(_strays(folder))
        if not told:
            told += _unbuilt(trees)
        skipped = ["the cases: none come with an installed hub"] if cases is None else []
        if cases is not None:
            told += [_case(cases, name, flaw) for name, flaw in case_flaws(cases, trees)]
    unique = dict.fromkeys(sorted(told, key=lambda one: (one.file, one.line, one.code)))
    return Report(tuple(unique), _counts(trees), tuple(skipped))


def require_rulebook(folder: Path | None) -> None:
    """Raises RulebookInvalid with file, line and reason of every fault, if there is one."""
    found = check_rulebook(folder).faults
    if found:
        lines = "".join(f"\n  {one}" for one in found)
        raise RulebookInvalid(f"the rulebook does not hold together:{lines}")


def find_cases() -> Path | None:
    """The folder of the rulebook's cases, in a checkout of the project."""
    found = Path(__file__).parents[2] / "tests" / "conformance" / "rulebook"
    return found if found.is_dir() else None


def _texts() -> tuple[dict[str, str], list[Found]]:
    """Every file's text by its name, and those that are no text.

    A region's own come last: of two files that contradict, its own is the one to change.
    """
    texts: dict[str, str] = {}
    faults = []
    files = [one for folder in _FOLDERS for one in data_files(*folder).items()]
    for name, entry in sorted(files, key=lambda one: (_shown(one[0]) != one[0], one[0])):
        if not OWN_FILES.fullmatch(name):
            continue
        try:
            texts[name] = read_text(entry, name)
        except RulebookInvalid as error:
            faults += [_unreadable(name, fault) for fault in error.faults]
    return texts, faults


def _trees(texts: Mapping[str, str]) -> tuple[dict[str, Any], list[Found]]:
    """What each file says, if it is YAML of the right shape; and what is not."""
    trees: dict[str, Any] = {}
    faults: list[Found] = []
    for name, text in texts.items():
        try:
            tree = load_yaml(text, name)
        except RulebookInvalid as error:
            faults += [_unreadable(name, fault) for fault in error.faults]
            continue
        shape = next(shape for start, shape in _SHAPES if name.startswith(start))
        wrong = [flaw for error in shape_errors(tree, shape) for flaw in _misshapen(error)]
        faults += [_found(texts, name, flaw) for flaw in wrong]
        if not wrong:
            trees[name] = tree
    return trees, faults


def _misshapen(error: ShapeError) -> Iterator[Flaw]:
    """An error of shape, at the key itself where a key is the matter."""
    for key in error.keys:
        yield Flaw((*error.path, key), "unknown-key", f"{key!r} is no key here")
    if not error.keys:
        yield Flaw(error.path, error.code, error.message)


def _flaws(trees: Mapping[str, Any], unread: frozenset[str]) -> Iterator[tuple[str, Flaw]]:
    """Everything the files say that cannot hold; what `unread` ones would say is not missed."""
    lab, imaging, lists = (
        {n: data for n, data in trees.items() if n.startswith(f"catalogue/{folder}/")}
        for folder in ("lab", "imaging", "lists")
    )
    files = {**lab, **imaging}
    broken = False
    for name, data in files.items():
        for flaw in file_flaws(data):
            broken = True
            yield name, flaw
    yield from cross_flaws(lab, imaging)
    keys = {data["key"] for data in files.values()}
    keys |= {name.rpartition("/")[2].removesuffix(".yaml") for name in unread}
    yield from list_flaws(lists, frozenset(keys))
    if not broken and "catalogue/sources.yaml" not in unread:
        yield from lint_flaws(trees, lab, imaging, lists)
    yield from rule_flaws(trees, unread)
    if not broken and not any(name.startswith(("catalogue/", "policy/")) for name in unread):
        yield from policy_lint(trees, lab, imaging, lists)


def _unbuilt(trees: Mapping[str, Any]) -> list[Found]:
    """What only building the books finds."""
    try:
        build_sources(trees)
    except RulebookInvalid as error:
        name, _, reason = error.text.partition(": ")
        return [Found(_shown(name.partition(":")[0]), 0, "invalid", reason or error.text)]
    return []


def _strays(folder: Path | None) -> Iterator[Found]:
    """Data files of a region's own folder that the hub never reads: a slip of a name.

    What only looks like the shipped file (a whole copy of the data) is none.
    """
    if folder is None:
        return
    for room in ("catalogue", "rulebook", "texts", "policy"):
        for path in sorted((folder / room).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix not in (".yaml", ".yml", ".json", ".po") or path.name.startswith("."):
                continue
            if path.is_file() and not OWN_FILES.fullmatch(name) and not _ships(name, path):
                reason = "the hub never reads a file of this name (docs/catalogue.md)"
                yield Found(str(path), 0, "stray-file", reason)


def _ships(name: str, path: Path) -> bool:
    try:
        return schema(*name.split("/")).read_bytes() == path.read_bytes()
    except (SchemaMissing, IsADirectoryError):
        return False


def _found(texts: Mapping[str, str], name: str, flaw: Flaw) -> Found:
    line = line_of(texts[name], flaw.path) if name in texts else 0
    return Found(_shown(name), line, flaw.code, flaw.reason[:_LONGEST], name)


def _case(folder: Path, name: str, flaw: Flaw) -> Found:
    file = folder / name
    line = line_of(file.read_text("utf-8"), flaw.path) if flaw.path else 0
    return Found(str(file if name else folder), line, flaw.code, flaw.reason)


def _unreadable(name: str, fault: Fault) -> Found:
    line = fault.path.rpartition(":")[2]
    reason = f"expected {fault.expected}"
    return Found(_shown(name), int(line) if line.isdigit() else 0, fault.code, reason, name)


def _shown(name: str) -> str:
    own = own_folder()
    return str(own / name) if own is not None and (own / name).is_file() else name


def _counts(trees: Mapping[str, Any]) -> dict[str, int]:
    def of(start: str) -> Iterable[Any]:
        return (data for name, data in trees.items() if name.startswith(start))

    return {
        "rules": sum(len(gate["rules"]) for gate in of("rulebook/gate")),
        "items": len(list(of("catalogue/lab/"))),
        "classes": len(list(of("catalogue/imaging/"))),
        "lists": len(list(of("catalogue/lists/"))),
        "policies": sum(len(data["policies"]) for data in of("policy/")),
    }
