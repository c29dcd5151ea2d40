"""What the hub does: one verb, one module; each is a function over an opened `Hub`."""
