"""Whose result is this? Numbers, names and traits of a Patient; what links two of them (pure).

A person is a set of homes (each the Patient of one site). Only an equal usable strong identifier
joins homes by itself, and only while nothing stated contradicts it; everything else is a question
for a person. The store keeps what is decided here. `reference` for every rule: the project's
recognition rules, identity (gate 0).
"""
