"""The dated data that books are made of: the YAML files by name, and what is built from them.

Shipped, frozen years ago, or lying in a folder somebody is editing, the files have the same names
("catalogue/lab/K.yaml") and become books the same way, with every check.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hie.errors import RulebookInvalid
from hie.recognition.books import Books
from hie.recognition.catalogue import Catalogue, build_catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.policy import build_policy
from hie.recognition.policy_file import read_policies
from hie.recognition.reasons import Reasons, build_reasons
from hie.recognition.register import PolicyEntry, RegisterRows
from hie.recognition.rulebook import Rulebook, build_rulebook, join_basis
from hie.recognition.texts import Texts, build_texts
from hie.schemas import data_files, load_yaml, read_shaped

Trees = Mapping[str, Any]  # a file's name -> what it says, as JSON values with Decimals


class Part(StrEnum):
    """What an assessment rests on, in pieces that change at different times."""

    CATALOGUE = "catalogue"
    RULEBOOK = "rulebook"
    REASONS = "reasons"
    TEXTS = "texts"
    POLICY = "policy"
    REGISTERS = "registers"  # rows of an import, not files


FOLDERS = (
    ("catalogue", "lab"),
    ("catalogue", "imaging"),
    ("catalogue", "lists"),
    ("rulebook",),
    ("texts",),
    ("policy",),
)
_REASONS = "rulebook/reasons.yaml"
_WORDS, _SHIPPED = "texts/words.yaml", "policy/shipped.yaml"


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything of a set of books but the registers; `trees` are the files it was built from."""

    trees: Trees
    catalogue: Catalogue
    rulebook: Rulebook
    reasons: Reasons
    texts: Texts
    policy: tuple[str, tuple[PolicyEntry, ...]]  # version and entries, without imported ones

    def with_registers(self, rows: RegisterRows) -> Books:
        """These books with the registers of an import and the policies it knew."""
        return Books(
            self.catalogue,
            Registers(rows),
            build_policy(rows.policies, self.policy),
            self.rulebook,
            self.reasons,
            self.texts,
        )


def part_of(name: str) -> Part | None:
    """The part a file belongs to; None for one that no assessment rests on (page texts)."""
    folder, _, file = name.rpartition("/")
    if not file.endswith(".yaml") or tuple(folder.split("/")) not in FOLDERS:
        return None
    if folder.startswith("catalogue/"):
        return Part.CATALOGUE
    if folder == "rulebook":
        return Part.REASONS if name == _REASONS else Part.RULEBOOK
    if folder == "texts":
        return Part.TEXTS if file.startswith("gate") or name == _WORDS else None
    return Part.POLICY if name == _SHIPPED else None


def shipped_files() -> dict[str, bytes]:
    """The files in force by name, as they lie there: shipped, with a region's own over them."""
    found = {}
    for folder in FOLDERS:
        for name, entry in data_files(*folder).items():
            if part_of(name) is not None:
                found[name] = entry.read_bytes()
    return dict(sorted(found.items()))


def read_files(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What each file says. Raises RulebookInvalid with file and line."""
    return {name: load_yaml(_decoded(name, data), name) for name, data in sorted(files.items())}


def build_sources(trees: Trees) -> Sources:
    """Books from what the files say. Raises RulebookInvalid naming file and value."""
    rulebook = build_rulebook(_files(trees, "rulebook/gate"), join_basis(trees))
    sentences: dict[str, Any] = {}
    for name, data in _files(trees, "texts/gate"):
        sentences.update(read_shaped(data, "rule-texts", name))
    return Sources(
        MappingProxyType(dict(trees)),
        build_catalogue(
            _files(trees, "catalogue/lab/"),
            _files(trees, "catalogue/imaging/"),
            _files(trees, "catalogue/lists/"),
        ),
        rulebook,
        build_reasons(_one(trees, _REASONS), _REASONS),
        build_texts(sentences, _one(trees, _WORDS), rulebook),
        read_policies(_one(trees, _SHIPPED), _SHIPPED),
    )


def _files(trees: Trees, start: str) -> Iterator[tuple[str, Any]]:
    return ((name, trees[name]) for name in sorted(trees) if name.startswith(start))


def _one(trees: Trees, name: str) -> Any:
    if name not in trees:
        raise RulebookInvalid(f"{name}: this file is missing")
    return trees[name]


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise RulebookInvalid(f"{name}:{line}: expected UTF-8 text") from problem
