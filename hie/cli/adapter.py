"""`hie adapter`: for who connects a system; send messages over MLLP, or see what a system sends."""

import typer

from hie.cli.adapter_listen import listen
from hie.cli.adapter_send import send

app = typer.Typer()
app.command()(send)
app.command()(listen)
