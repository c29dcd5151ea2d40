"""A hub's database filled to a size, and what each standard query costs there."""
