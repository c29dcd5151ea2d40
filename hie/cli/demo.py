"""`hie demo`: a hub with a synthetic region on this machine; every person in it is invented."""

import asyncio
import json
import os
import socket
import time
from base64 import b32decode
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from hie.cli.output import LangOption, fail
from hie.cli.progress import Told, tracked
from hie.errors import HubError, ResourceNotFound
from hie.settings import Settings
from hie.wording import LANGUAGES, Language

_FOLDER = Path("data/demo")
_DICOM, _MLLP = 11112, 2575


def command(
    port: Annotated[int, typer.Option(help="Port on loopback.")] = 8000,
    folder: Annotated[Path, typer.Option(help="Where the demo's data lie.")] = _FOLDER,
    people: Annotated[int, typer.Option(min=1, max=5000, help="How many people.")] = 300,
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Whether there are pictures too.")
    ] = True,
    fill_only: Annotated[
        bool, typer.Option("--fill-only", help="Fill the data and stop; do not serve.")
    ] = False,
    codes: Annotated[
        bool, typer.Option("--codes", help="Tell the one-time codes of now and stop.")
    ] = False,
    lang: LangOption = None,
) -> None:
    """Fill a hub with synthetic data (first time only), then run it on this machine."""
    if codes:
        _codes(folder / "demo" / "sign-ins.json")
        return
    settings = Settings(
        data_dir=folder,
        database_url=None,
        port=port,
        dicom_port=_free(_DICOM),
        mllp_port=_free(_MLLP),
        synthetic=True,
        dual_control=False,
    )
    ready = folder / "demo" / "sign-ins.json"
    from hie.app import rules_at_start, serve
    from hie.cli.demo_welcome import welcome

    try:
        rules_at_start(settings)  # before a region is written for a hub that would not start
        if not ready.exists():
            _fill(settings, folder, people, images)
        told = json.loads(ready.read_text("utf-8"))
        chosen = lang or _spoken(settings.language)
        print(welcome(settings, told, ready.parent, chosen, _today()), flush=True)
        if fill_only:
            return
        serve(settings)
    except HubError as error:
        fail(error)


def _codes(ready: Path) -> None:
    """What the authenticator apps of the demo's people would show now."""
    from hie.access.totp import STEP, code_at

    if not ready.exists():
        fail(ResourceNotFound(f"{ready}: no demo here yet"))
    now = int(time.time())
    for one in json.loads(ready.read_text("utf-8"))["sign_ins"]:
        if "totp" in one:
            secret = b32decode(one["totp"] + "=" * (-len(one["totp"]) % 8))
            left = STEP - now % STEP
            print(f"{one['login']}  {code_at(secret, now // STEP)}  for {left} s more")


def _today() -> date:
    """The day in Asia/Shanghai, as the region counts its days."""
    return datetime.now(timezone(timedelta(hours=8))).date()


def _spoken(otherwise: Language) -> Language:
    """What the terminal speaks (POSIX, 8.2: internationalization variables)."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    spoken = next((value for name in names if (value := os.environ.get(name))), "")
    return next((one for one in LANGUAGES if spoken.startswith(one)), otherwise)


def _free(port: int) -> int:
    """The port, or 0 (any free one) when something else listens there: a demo gives way.

    Which port it became stands in the log: `dicom-open`, `mllp-listens`.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _fill(settings: Settings, folder: Path, people: int, images: bool) -> None:
    from hie.app import opened
    from hie.exchange.demo import fill, keep_sign_ins
    from hie.exchange.demo_glass import emergency
    from hie.exchange.demo_orders import order
    from hie.exchange.demo_tour import tour
    from hie.exchange.demo_wards import admit
    from hie.synthetic import generate

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    today = _today()
    print("writing the synthetic region ...", flush=True)
    with tracked("write") as told:
        region = generate(
            folder / "synthetic",
            seed=1,
            today=today,
            people=people,
            images=images,
            on_progress=told,
        )

    print(f"loading {region.messages} messages and {region.images} pictures ...", flush=True)

    async def filled(told: Told) -> None:
        async with opened(settings) as hub:
            answer = await fill(hub, region, told)
            answer["sign_ins"].append(await order(hub, region))
            story = await emergency(hub, region, answer["sign_ins"])
            if story is not None:
                answer["sign_ins"] += story.sign_ins
                answer["emergency"] = {"number": story.number, "login": story.login}
            answer["wards"] = await admit(hub, region)
            shown = await tour(hub, region, answer["sign_ins"])
            if shown is not None:
                answer["sign_ins"] += shown.sign_ins
                answer["tour"] = shown.kept(region)
            keep_sign_ins(hub, answer)

    with tracked("load") as told:
        asyncio.run(filled(told))
