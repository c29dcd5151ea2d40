"""pydicom without its decoders: the process that serves never decodes a pixel.

pydicom loads every decoder it finds, native ones among them, when it is imported. Pixels are
decoded in processes of their own (`hie.dicomweb.worker`); here the decoders would be 35 MB of
memory and code that a file from outside must never reach.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# What pydicom and its plug-ins look for; requests is for samples that it would download.
_UNWANTED = ("numpy", "gdcm", "openjpeg", "jpeg_ls", "pylibjpeg", "PIL", "requests")


@contextmanager
def no_decoders() -> Iterator[None]:
    """Whatever imports pydicom within does without them; what is loaded already stays."""
    kept_out = [name for name in _UNWANTED if name not in sys.modules]
    absent: Any = dict.fromkeys(kept_out)  # None in `sys.modules`: it cannot be imported
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in kept_out:
            del sys.modules[name]
