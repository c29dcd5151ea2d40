"""Opens the shipped data, and alone knows where it lies: a checkout's `schemas/` or the wheel.

A region's own folder may lie over it (`use_folder`): a file of the same name replaces the shipped
one, a new file is added. Only rules, catalogue, policy and their texts can be a region's own.

YAML is read here and nowhere else, by a loader whose scalars are JSON's. Plain PyYAML reads the
key `on` as True, 12:30 as 750 and, of two equal keys, keeps the last without a word; here every
key is text, a number keeps its digits (`Decimal`), and what JSON has no word for is text.
Files are shared with people who edit them, so an error always names file and line.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache, wraps
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple, TypeVar

import jsonschema_rs
import msgspec
import yaml

from hie.errors import Fault, HubMisconfigured, RulebookInvalid, SchemaMissing

T = TypeVar("T")
# What a region's folder may hold, by the names of the shipped files.
OWN_FILES = re.compile(
    r"catalogue/(lab|imaging|lists)/[^/]+\.yaml|catalogue/sources[^/]*\.yaml"
    r"|rulebook/(gate[0-9]|basis[^/]*|reasons)\.yaml|texts/(gate[0-9]|words)\.yaml"
    r"|policy/shipped\.yaml|labels/[^/]+\.yaml"
)
_MAX_DEPTH = 32
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_WORDS = {"true": True, "false": False, "null": None, "": None}


def schema(*parts: str) -> Traversable:
    """The shipped file or folder of this name, e.g. `schema("catalogue", "lab")`.

    Raises SchemaMissing when it is not there: the installation is damaged.
    """
    inside = resources.files("hie").joinpath("_schemas")
    root: Traversable = inside if inside.is_dir() else Path(__file__).parents[1] / "schemas"
    found = root.joinpath(*parts)
    if not (found.is_file() or found.is_dir()):
        raise SchemaMissing(f"shipped data {'/'.join(parts)!r} is not in this installation")
    return found


class _Lying:
    """The region's own folder of this process, set once when it starts."""

    folder: Path | None = None


def use_folder(folder: Path | None) -> None:
    """Lay a region's own folder over the shipped data, or none; done before anything is read.

    Raises HubMisconfigured when it is no folder.
    """
    if folder is not None and not folder.is_dir():
        raise HubMisconfigured(f"rulebook_dir {folder}: expected a folder")
    _Lying.folder = folder


def own_folder() -> Path | None:
    """The region's own folder that lies over the shipped data."""
    return _Lying.folder


@contextmanager
def using(folder: Path | None) -> Iterator[None]:
    """Another folder for a while: to look at one that is not in use."""
    before = own_folder()
    use_folder(folder)
    try:
        yield
    finally:
        _Lying.folder = before


def read_once(read: Callable[[], T]) -> Callable[[], T]:
    """Keep what `read` gives, once for each folder that lay over the shipped data."""
    kept: dict[Path | None, T] = {}

    @wraps(read)
    def once() -> T:
        folder = own_folder()
        if folder not in kept:
            kept[folder] = read()
        return kept[folder]

    return once


def data_files(*parts: str) -> dict[str, Traversable | Path]:
    """The YAML files of a folder by full name, rising; a region's own over the shipped ones."""
    start = "/".join(parts)
    found: dict[str, Traversable | Path] = {
        f"{start}/{entry.name}": entry
        for entry in schema(*parts).iterdir()
        if entry.name.endswith(".yaml")
    }
    own = own_folder()
    if own is not None and own.joinpath(*parts).is_dir():
        for entry in own.joinpath(*parts).iterdir():
            if OWN_FILES.fullmatch(f"{start}/{entry.name}"):
                found[f"{start}/{entry.name}"] = entry
    return dict(sorted(found.items()))


def read_yaml(*parts: str) -> Any:
    """What the YAML file of this name says: a region's own, else the shipped one."""
    name, own = "/".join(parts), own_folder()
    if own is not None and OWN_FILES.fullmatch(name) and own.joinpath(*parts).is_file():
        return load_yaml(read_text(own.joinpath(*parts), name), name)
    return load_yaml(read_text(schema(*parts), name), name)


def yaml_files(*parts: str) -> Iterator[tuple[str, Any]]:
    """Name and content of each YAML file of a folder, by rising name."""
    for name, entry in data_files(*parts).items():
        yield name, load_yaml(read_text(entry, name), name)


def read_text(file: Traversable | Path, name: str) -> str:
    """A data file's text; `name` is its name for errors. Raises RulebookInvalid for other bytes."""
    data = file.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start)
        raise _refused(name, line, "not-utf-8", "UTF-8 text") from problem


def load_yaml(text: str, name: str) -> Any:
    """One YAML document as JSON values; `name` is the file's name for errors.

    Plain scalars are JSON's: `null` (or nothing), `true`, `false`, numbers (`int`, or `Decimal`
    with its digits); everything else is text, dates too. Refused with file and line: a key twice,
    anchors and aliases, tags, a second document, more than 32 levels. Raises RulebookInvalid.
    """
    try:
        return _Builder(name).build(yaml.parse(text.removeprefix("\ufeff"), yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        expected = f"YAML ({error.problem})"
        raise _refused(name, mark.line if mark else 0, "malformed-yaml", expected) from error
    except yaml.YAMLError as error:
        raise _refused(name, 0, "malformed-yaml", "text without control characters") from error


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line, from 1, of a place in a YAML document: of its key, or of its entry in a list.

    A place that is not there is told by the nearest one above it. `text` is known to be YAML.
    """
    node = yaml.compose(text.removeprefix("\ufeff"), yaml.CSafeLoader)
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = (node.value[step],) * 2 if step < len(node.value) else None
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


class ShapeError(NamedTuple):
    """What is not as a shape says; `keys` are the keys at the place that it does not know."""

    path: tuple[str | int, ...]
    code: str
    message: str
    keys: tuple[str, ...] = ()


def shape_errors(value: Any, shape: str) -> Iterator[ShapeError]:
    """What in `value` is not as `json-schema/<shape>.json` says."""
    for error in _validator(shape).iter_errors(value):
        kind: Any = error.kind
        keys: list[Any] = getattr(kind, "unexpected", [])
        if kind.name == "propertyNames":
            keys = [kind.error.instance]
        path = tuple(error.instance_path)
        yield ShapeError(path, _code(kind.name), error.message, tuple(map(str, keys)))


def shape_faults(value: Any, shape: str, name: str) -> tuple[Fault, ...]:
    """What in `value` is not as `json-schema/<shape>.json` says; each fault names its place."""
    return tuple(
        Fault(_place(name, error.path), error.code, error.message)
        for error in shape_errors(value, shape)
    )


def read_shaped(value: Any, shape: str, name: str) -> Any:
    """`value` itself, once it has the shape. Raises RulebookInvalid naming the first fault."""
    faults = shape_faults(value, shape, name)
    if faults:
        raise RulebookInvalid(f"{faults[0].path}: {faults[0].expected}", faults)
    return value


@cache
def _validator(shape: str) -> jsonschema_rs.Validator:
    text = schema("json-schema", f"{shape}.json").read_bytes()
    return jsonschema_rs.validator_for(msgspec.json.decode(text))


def _place(name: str, path: Sequence[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{name}:{''.join(steps).lstrip('.')}".removesuffix(":")


def _code(keyword: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", keyword).lower()


class _Builder:
    """Events of the C parser into JSON values, without recursion."""

    def __init__(self, name: str) -> None:
        self.name = name

    def build(self, events: Iterator[Any]) -> Any:
        stack: list[tuple[Any, list[str | None]]] = []  # open containers; a mapping's waiting key
        result: Any = None
        documents = 0
        for event in events:
            kind = type(event)
            line: int = event.start_mark.line
            if kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise _refused(self.name, line, "second-document", "one document")
            elif kind is yaml.AliasEvent or getattr(event, "anchor", None):
                raise _refused(self.name, line, "alias", "no anchors and aliases")
            elif getattr(event, "tag", None):
                raise _refused(self.name, line, "tag", "no tags")
            elif kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
                if len(stack) >= _MAX_DEPTH:
                    raise _refused(self.name, line, "depth", f"at most {_MAX_DEPTH} levels")
                value: Any = {} if kind is yaml.MappingStartEvent else []
                if stack:
                    self._add(stack[-1], value, line)
                else:
                    result = value
                stack.append((value, [None]))
            elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                stack.pop()
            elif kind is yaml.ScalarEvent:
                if stack and isinstance(stack[-1][0], dict) and stack[-1][1][0] is None:
                    self._key(stack[-1], event.value, line)
                else:
                    value = _scalar(event.value) if event.implicit[0] else intern(event.value)
                    if stack:
                        self._add(stack[-1], value, line)
                    else:
                        result = value
        return result

    def _key(self, container: tuple[Any, list[str | None]], key: str, line: int) -> None:
        if key in container[0]:
            raise _refused(self.name, line, "duplicate-key", f"the key {key!r} once")
        container[1][0] = intern(key)  # a few dozen keys stand in every file

    def _add(self, container: tuple[Any, list[str | None]], value: Any, line: int) -> None:
        where, waiting = container
        if isinstance(where, list):
            where.append(value)
        elif waiting[0] is None:
            raise _refused(self.name, line, "key-not-text", "a text as key")
        else:
            where[waiting[0]] = value
            waiting[0] = None


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return intern(text)
    if number.group(1) is None and number.group(2) is None and len(text) <= 18:
        return int(text)
    return Decimal(text)


def _refused(name: str, line: int, code: str, expected: str) -> RulebookInvalid:
    place = f"{name}:{line + 1}"
    return RulebookInvalid(f"{place}: {code}: expected {expected}", (Fault(place, code, expected),))
