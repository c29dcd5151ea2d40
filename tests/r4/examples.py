"""The official R4 examples, as the package of the specification has them: fetched once, by hash."""

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hie.access.labels.tables import tables
from hie.access.labels.tags import SYSTEM as LEVELS
from tests.clients.node import NPM

PACKAGE = "hl7.fhir.r4.examples@4.0.1"
SHA512 = "0d705d21939e41a48a220094ef0e87382eecc3fe81cf29668a92e4056e1ffffa53f8173de31fbc2c89b04ddbda35384f2683b3a41cefc40ccdaa37aedd7ff32f"


def fetched(folder: Path) -> Path:
    """The package file in this folder, brought there with npm when it is not. Raises SystemExit."""
    path = folder / "hl7.fhir.r4.examples-4.0.1.tgz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pack = [*NPM, "pack", "--silent", "--pack-destination", str(folder), PACKAGE]
        subprocess.run(pack, check=True)  # noqa: S603 - npm, by its path
    found = hashlib.sha512(path.read_bytes()).hexdigest()
    if found != SHA512:
        raise SystemExit(f"{path}: not the package that was published")
    return path


def examples(path: Path, types: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Name and text of every example of these types, by name."""
    with tarfile.open(path) as archive:
        names = sorted(
            one.name
            for one in archive.getmembers()
            if one.name.endswith(".json") and one.name.split("/")[-1].split("-")[0] in types
        )
        for name in names:
            file = archive.extractfile(name)
            if file is not None:
                yield name.split("/")[-1], file.read().decode("utf-8-sig")


def exact(text: str) -> Any:
    """The JSON values with numbers as they are written; the hub's own part of meta left out."""
    tree = json.loads(text, parse_float=str, parse_int=str)
    meta = {
        key: value
        for key, value in tree.get("meta", {}).items()
        if key not in ("versionId", "lastUpdated", "source")
    }
    others = [one for one in meta.pop("security", ()) if not _is_label(one)]
    if others:
        meta["security"] = others
    tree.pop("meta", None)
    return {**tree, "meta": meta} if meta else tree


def _is_label(coding: dict[str, Any]) -> bool:
    """Whether this is a tag of a label: the hub writes those of every resource of a patient."""
    shown = tables().shown.values()
    ours = {(one.system, code) for one in shown for code in (one.code, *one.also)}
    return coding.get("system") == LEVELS or (coding.get("system"), coding.get("code")) in ours
