"""Chance that repeats: the same seed and the same subject always fall the same way.

Each subject (a person's values, a month's precision) has dice of its own, so that one more person
or one more test changes nothing for the others.
"""

import random


def dice(*subject: object) -> random.Random:
    """Dice for one subject. Not secret, and need not be."""
    return random.Random("/".join(map(str, subject)))  # noqa: S311 - invented data
