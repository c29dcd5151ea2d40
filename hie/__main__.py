"""`python -m hie` is `hie`."""

from hie.cli import main

main()
