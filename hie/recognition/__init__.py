"""May an earlier result stand in for a new test? (pure: the day is an argument)."""
