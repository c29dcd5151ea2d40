"""A synthetic region: real files of hospitals, people and results that do not exist.

    generate(out, seed=1, today=day)   messages, registers, profiles, code maps of four hospitals
    example(today=day)                 one message and the order-check that finds it
    sample_oru(30), many(1000)         messages for measuring

What is written here enters the hub through the same doors as a hospital's; nothing in it knows
the store or the adapters. `docs/synthetic-data.md` tells what the region shows.
"""

from hie.synthetic.example import Example, example
from hie.synthetic.load import many, sample_oru
from hie.synthetic.region import Expected, Manifest, SiteFiles, generate

__all__ = [
    "Example",
    "Expected",
    "Manifest",
    "SiteFiles",
    "example",
    "generate",
    "many",
    "sample_oru",
]
