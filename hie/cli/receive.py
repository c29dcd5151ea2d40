"""`hie receive`: take files or folders of messages in, with progress and a summary."""

import base64
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from hie.cli.connection import Call, connected
from hie.cli.output import SOME_HELD, USAGE, JsonFlag, LangOption, fail, show_json, table
from hie.errors import HubError

_AT_ONCE = 50
_ONE_BY_ONE = 20  # more issues than these are told by kind, with one example each
_ISSUE = {"stage": "stage", "code": "code", "expected": "expected"}


def command(
    paths: Annotated[list[Path], typer.Argument(help="Message files, or folders of them.")],
    site: Annotated[str, typer.Option("--site", "-s", help="The sending site.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Take files or folders in; of a site that sends images also ZIP files and a DICOMDIR.

    Exit 0: all stored. Exit 3: some are held (see `hie message ls --state held`) or refused.
    """
    files = list(files_of(paths))
    if not files:
        print("hie: no files in what was named", file=sys.stderr)
        raise typer.Exit(USAGE)
    receipts: list[dict[str, Any]] = []
    try:
        with connected() as ask:
            images = _sends_images(ask, site)
            if images:  # what a directory file names lies beside it, and is taken anyway
                files = [file for file in files if file in paths or not _is_directory(file)]
            for batch in _tracked(files):
                offered = _named(batch) if images else _with_content(batch)
                receipts.extend(ask("receive", {"site": site, **offered})["receipts"])
    except HubError as error:
        fail(error, as_json)
    counts = Counter(
        "duplicate" if receipt["duplicate_of"] else receipt["state"] for receipt in receipts
    )
    held = [receipt for receipt in receipts if receipt["state"] in {"held", "refused"}]
    if as_json:
        show_json({"files": len(files), "counts": dict(counts), "receipts": receipts})
    else:
        print(
            f"{len(files)} files, {len(receipts)} messages: "
            + ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
        )
        issues = [
            {"file": r["file"], "message": r["message"], **issue}
            for r in held
            for issue in r["issues"]
            if issue["severity"] in {"hold", "error"}
        ]
        if len(issues) > _ONE_BY_ONE:
            table(_grouped(issues), {"messages": "messages", **_ISSUE, "file": "for example"})
        elif issues:
            table(issues, {"file": "file", "message": "message", **_ISSUE, "path": "path"})
    if held:
        raise typer.Exit(SOME_HELD)


def _sends_images(ask: Call, site: str) -> bool:
    """Whether this site's files are DICOM instances: passed by name, for they may be large."""
    known = ask("site-list", {})["sites"]
    return any(one["site"] == site and one["adapter"] == "dicom" for one in known)


def _is_directory(file: Path) -> bool:
    return file.name.upper().startswith("DICOMDIR")


def _named(batch: list[Path]) -> dict[str, Any]:
    return {"paths": [str(file.resolve()) for file in batch]}


def _with_content(batch: list[Path]) -> dict[str, Any]:
    return {"files": [_packed(file) for file in batch]}


def _grouped(issues: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each kind of issue, the commonest first: how many messages, and one of them."""
    kinds: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
    for issue in issues:
        kind = tuple(issue[name] for name in _ISSUE)
        kinds.setdefault(kind, {}).setdefault(issue["message"], issue)
    rows = [{"messages": len(of), **next(iter(of.values()))} for of in kinds.values()]
    return sorted(rows, key=lambda row: -row["messages"])


def files_of(paths: Iterable[Path]) -> Iterable[Path]:
    """The files named, and those in the folders named; what is half written is left out."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                entry
                for entry in path.rglob("*")
                if entry.is_file() and not entry.name.startswith(".") and entry.suffix != ".tmp"
            )
        else:
            yield path


def _packed(file: Path) -> dict[str, str]:
    try:
        content = file.read_bytes()
    except OSError as problem:
        print(f"hie: {file}: {problem.strerror}", file=sys.stderr)
        raise typer.Exit(USAGE) from problem
    return {"name": file.name, "content": base64.b64encode(content).decode()}


def _tracked(files: list[Path]) -> Iterable[list[Path]]:
    batches = [files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE)]
    if not sys.stderr.isatty():
        yield from batches
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("receive", total=len(files))
        for batch in batches:
            yield batch
            bar.advance(task, len(batch))
