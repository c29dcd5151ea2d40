"""What the oldest browser of a hospital knows: Chromium 109, the last for Windows 7 and 8.1.

`features.json` lists by name what later versions added, from the compatibility data of MDN
(`@mdn/browser-compat-data`, CC0). It is data to be looked up in, not a second browser: what has no
name of its own, as another meaning of an old property, is not in it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

OLDEST = 109
FILE = Path(__file__).parent / "features.json"


@cache
def features() -> Any:
    """The list: kinds of names, each name with the version that brought it."""
    return json.loads(FILE.read_text("utf-8"))
