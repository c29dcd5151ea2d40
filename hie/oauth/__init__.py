"""The doors of the hub: tokens for systems, sign-in for people, and what no door lets through.

`hardening` stands outermost, then `door` (no route answers without an Actor, but for the frozen
list in `open_doors`), then the application. `entrance` holds the opened parts they share.
"""
