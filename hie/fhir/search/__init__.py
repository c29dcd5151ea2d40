"""What an R4 search parameter means for one resource: pure functions over JSON trees, no store."""
