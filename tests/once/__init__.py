"""Exactly once, proven: sixteen clients do the same at the same moment, and a hub is killed.

`hubs` runs `hie serve` in processes, `clients` speaks to them over HTTP, `rounds` is what the
clients do at once and what they must be told, `kept` looks afterwards whether it is so. Everybody
in it is invented.
"""
