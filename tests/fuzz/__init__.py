"""Requests made from the published API, right and wrong ones, against a hub that is served."""
