"""Clients other people wrote, unchanged: which ones, in which versions, and the Node they run on."""
