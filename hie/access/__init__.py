"""Who may do what (pure): tokens, scopes, and the restriction that goes into every query."""
