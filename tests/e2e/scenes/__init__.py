"""Every page of the hub in every state, and how a person gets there.

A scene is one page in one state. A walk is a person's way through some of them: a module of this
folder with `SCENES`, in the order they are met, and `walk(visit)`, which calls `visit.look(name)`
at each. What is looked for there is for others to say: `tests/e2e/test_scenes.py` holds each to
what every page must be, `python -m tests.e2e.screens` takes its picture.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """One page of `hie.web.PAGES` in one state; `state` finishes the sentence "the page with …"."""

    name: str
    page: str
    state: str
    prints: bool = False  # it is made to be printed: there is a picture of the paper too
