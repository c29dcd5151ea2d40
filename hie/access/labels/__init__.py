"""How sensitive a resource is, and about what: found from tables, when it is written (pure).

`label` is the value, `tables` reads schemas/labels, `words` finds words in texts, `rules` labels
one resource, `tags` writes and reads meta.security.
"""

from hie.access.labels.label import (
    CONFIDENTIALITY,
    NORMAL,
    RESTRICTED,
    VERY_RESTRICTED,
    Topic,
    again,
    confidentiality,
    floor,
    joined,
    label_with,
    mask,
    topics,
)
from hie.access.labels.rules import label_of, panel_of
from hie.access.labels.tags import stated, with_label

__all__ = [
    "CONFIDENTIALITY",
    "NORMAL",
    "RESTRICTED",
    "VERY_RESTRICTED",
    "Topic",
    "again",
    "confidentiality",
    "floor",
    "joined",
    "label_of",
    "label_with",
    "mask",
    "panel_of",
    "stated",
    "topics",
    "with_label",
]
