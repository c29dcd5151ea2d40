"""Alembic's way in: runs the revisions on the connection that `hie.store.migrate` hands over."""

from alembic import context

from hie.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=False,
    transactional_ddl=False,  # one transaction around all of it, begun by the caller
)
context.run_migrations()
