"""What is claimed about access, proven: oracles as programs, `python -m tests.security`.

Each program is a module with `main(words: list[str]) -> int`, its line in `__main__.PROGRAMS`, and
a small run of its own among the tests.
"""
