"""The files of a command as register files: base64 in JSON, because a command is JSON."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from hie.errors import InvalidRequest
from hie.recognition.register_files import Parsed, parse_register


def parsed_files(arguments: Mapping[str, Any]) -> list[Parsed]:
    """{files: [{name, content (base64)}]} parsed, each with its faults. Raises InvalidRequest."""
    try:
        return [
            parse_register(file["name"], base64.b64decode(file["content"], validate=True))
            for file in arguments["files"]
        ]
    except binascii.Error as problem:
        raise InvalidRequest("a file's content is not base64") from problem
