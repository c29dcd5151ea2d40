"""The Alembic revisions, oldest first; `hie.store.migrate` runs them."""
