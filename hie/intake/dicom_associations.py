"""C-STORE and C-ECHO: what a modality or a PACS sends is kept before success is answered.

pynetdicom speaks the protocol in threads of its own, one for each association; the hub's work is
done in its event loop, which a thread asks and waits for. Who calls this hub by its title, with a
site's title, from that site's networks, is let in (PS3.7 9.1.1 C-STORE, 9.1.5 C-ECHO; PS3.4 B.2.3
status codes).
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from typing import Any, TypeVar

from pynetdicom import AE, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from hie.access.reason import Reason
from hie.adapter import Site
from hie.errors import HubError, HubMisconfigured, MalformedMessage, Unavailable
from hie.exchange.hub import Hub
from hie.exchange.imaging_profile import imaging_profile
from hie.exchange.keep_instances import arrival_ended, keep_file
from hie.intake.dicom_server import DicomServer
from hie.intake.dicom_spool import Spool, install
from hie.oauth.refusals import stranger
from hie.store.arrivals import Outcome
from hie.store.ids import new_id
from hie.store.instance_files import InstanceFiles

SUCCESS = 0x0000
NO_RESOURCES = 0xA700  # PS3.4 B.2.3: Refused: Out of Resources
NO_MATCH = 0xA900  # Error: Data Set does not match SOP Class
CANNOT_UNDERSTAND = 0xC000  # Error: Cannot understand
NOT_AUTHORISED = 0x0124  # PS3.7 C.5: Refused: Not authorized
NO_SUCH_CLASS = 0x0122  # PS3.7 C.5: Refused: SOP Class not supported

_REJECTED_PERMANENT, _BY_USER = 1, 1
_CALLING_UNKNOWN, _CALLED_UNKNOWN = 3, 7  # PS3.8 table 9-21
_ANSWER_SECONDS = 60
_IDLE_SECONDS = 60
_PDU = 128 * 1024
_CLOSING_SECONDS = 5.0
T = TypeVar("T")


@dataclass(slots=True)
class _Ticket:
    """One association: whose it is, and whether it brought anything."""

    site: str
    arrival: str
    title: str
    carried: bool = False


class Associations:
    """What happens on the associations of one hub; `known` are the sites that may send now."""

    def __init__(
        self, hub: Hub, loop: asyncio.AbstractEventLoop, known: Callable[[], tuple[Site, ...]]
    ) -> None:
        self._hub = hub
        self._loop = loop
        self._known = known
        self._tickets: dict[int, _Ticket] = {}
        self._lock = threading.Lock()

    def listen(self, tls: ssl.SSLContext | None) -> DicomServer:
        """Take associations from now on. Raises HubMisconfigured: the port is taken."""
        settings = self._hub.settings
        install(InstanceFiles.below(settings.data_dir), settings.instance_limit)
        entity = AE(ae_title=settings.dicom_aet)
        entity.add_supported_context(Verification)
        entity.maximum_pdu_size = _PDU
        entity.maximum_associations = settings.dicom_associations
        entity.network_timeout = _IDLE_SECONDS
        entity.acse_timeout = entity.dimse_timeout = _IDLE_SECONDS / 2
        handlers: list[Any] = [
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, lambda event: SUCCESS),
            (evt.EVT_RELEASED, self._ended, [Outcome.RELEASED]),
            (evt.EVT_ABORTED, self._ended, [Outcome.LOST]),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]
        try:
            server: Any = entity.make_server(
                (settings.dicom_host, settings.dicom_port),
                evt_handlers=handlers,
                server_class=DicomServer,
                knows=self._knows,
                tls=tls,
            )
        except OSError as fault:
            place = f"{settings.dicom_host}:{settings.dicom_port}"
            raise HubMisconfigured(f"DICOM on {place}: {fault.strerror}") from fault
        # What `AE.start_server` does for its own server class.
        entity._servers.append(server)
        threading.Thread(target=server.serve_forever, name="dicom-door", daemon=True).start()
        found: DicomServer = server
        return found

    def _knows(self, address: str) -> bool:
        """Whether the address lies in the networks of a site that may send."""
        return any(imaging_profile(site).knows(address) for site in self._known())

    # What follows runs in the threads of pynetdicom.

    def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the event loop do something, and wait for it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(_ANSWER_SECONDS)
        except TooSlow:
            future.cancel()
            raise Unavailable("the hub did not keep it in time") from None

    def _requested(self, event: Event) -> None:
        """Let an association in for exactly one site, or reject it and record that."""
        assoc = event.assoc
        request: Any = assoc.requestor.primitive
        calling = str(request.calling_ae_title).strip()
        called = str(request.called_ae_title).strip()
        address = str(assoc.requestor.address)
        if called != self._hub.settings.dicom_aet:
            self._reject(event, _CALLED_UNKNOWN, address)
            return
        admitted = [
            site for site in self._known() if imaging_profile(site).admits(calling, address)
        ]
        if len(admitted) != 1:
            self._reject(event, _CALLING_UNKNOWN, address)
            return
        with self._lock:
            self._tickets[id(assoc)] = _Ticket(admitted[0].id, new_id(), calling)

    def _reject(self, event: Event, diagnostic: int, address: str) -> None:
        word = "called" if diagnostic == _CALLED_UNKNOWN else "calling"
        with contextlib.suppress(HubError):
            self._ask(
                self._hub.entrance.refusals.record(
                    stranger(address, None),
                    Reason.POLICY,
                    detail=f"dicom association: {word} title or network unknown",
                )
            )
        event.assoc.acse.send_reject(_REJECTED_PERMANENT, _BY_USER, diagnostic)
        event.assoc.kill()

    def _store(self, event: Event) -> int:
        """One instance: durable, then 0x0000; else a status that tells the sender what to do."""
        request = event.request
        with self._lock:
            ticket = self._tickets.get(id(event.assoc))
        spool = request._dataset_file
        if ticket is None:
            return NOT_AUTHORISED
        if not isinstance(spool, Spool):
            return CANNOT_UNDERSTAND
        spool.close()
        if spool.fault is not None:
            return NO_RESOURCES
        if str(request.AffectedSOPClassUID) != str(event.context.abstract_syntax):
            return NO_SUCH_CLASS
        ticket.carried = True
        meta = {"client": f"dicom:{ticket.title}", "arrival": ticket.arrival}
        try:
            self._ask(keep_file(self._hub, ticket.site, spool.path(), meta, arrival=ticket.arrival))
        except MalformedMessage:
            return CANNOT_UNDERSTAND
        except HubError:
            return NO_RESOURCES
        return SUCCESS

    def _ended(self, event: Event, outcome: Outcome) -> None:
        """Note once how an association ended."""
        self._note(id(event.assoc), outcome)

    def _closed(self, event: Event) -> None:
        """The connection is gone. A release may be a moment behind: without one it was lost."""
        with self._lock:
            ticket = self._tickets.get(id(event.assoc))
        if ticket is not None:
            args = (id(event.assoc), Outcome.LOST, ticket)
            later = threading.Timer(_CLOSING_SECONDS, self._note, args)
            later.daemon = True
            later.start()

    def _note(self, key: int, outcome: Outcome, only: _Ticket | None = None) -> None:
        with self._lock:
            ticket = self._tickets.get(key)
            if ticket is None or (only is not None and ticket is not only):
                return
            del self._tickets[key]
        if not ticket.carried:
            return
        with contextlib.suppress(HubError, RuntimeError):
            self._ask(arrival_ended(self._hub, ticket.arrival, outcome))
