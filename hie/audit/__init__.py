"""What happened, provably (pure)."""
