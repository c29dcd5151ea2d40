"""`hie synthetic`: write the files of a synthetic region; every person in them is invented."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from hie.cli.output import USAGE, JsonFlag, LangOption, said
from hie.cli.progress import tracked


def command(
    folder: Annotated[Path, typer.Argument(help="Where to write; must not exist or be empty.")],
    seed: Annotated[int, typer.Option(help="The same seed and day give the same bytes.")] = 1,
    people: Annotated[int, typer.Option(min=1, max=100_000, help="How many people.")] = 300,
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Whether to draw DICOM pictures too.")
    ] = True,
    today: Annotated[str | None, typer.Option(help="The last day, YYYY-MM-DD.")] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Write messages, pictures, registers, profiles and code maps as six hospitals would send."""
    from hie.synthetic import generate

    if folder.exists() and any(folder.iterdir()):
        typer.echo(f"hie: {folder} is not empty", err=True)
        raise typer.Exit(USAGE)
    shanghai = timezone(timedelta(hours=8))
    try:
        day = (
            datetime.strptime(today, "%Y-%m-%d").replace(tzinfo=shanghai)
            if today
            else datetime.now(shanghai)
        ).date()
    except ValueError as problem:
        typer.echo("hie: --today: expected YYYY-MM-DD", err=True)
        raise typer.Exit(USAGE) from problem
    with tracked("draw") as told:
        manifest = generate(
            folder, seed=seed, today=day, people=people, images=images, on_progress=told
        )
    said(
        f"{manifest.files} files in {folder}",
        as_json,
        {"files": manifest.files, "folder": str(folder)},
    )
