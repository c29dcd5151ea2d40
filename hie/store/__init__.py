"""The only room that knows SQL: what the hub keeps, on SQLite and on PostgreSQL alike.

Open a `database.Database`; write inside `unit()`, read inside `reading()`; hand the unit or reader
to the plain functions of the other modules. Patient data is read through `visible` alone.
"""
