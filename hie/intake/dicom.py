"""The DICOM door: open while a site may send by C-STORE, closed while none may.

What happens on an association is `dicom_associations`'s; pynetdicom is loaded with the first site
that has `[dicom] aets`, and without the decoders that pydicom would bring along.
"""

import asyncio
from typing import TYPE_CHECKING

import structlog

from hie.adapter import Site
from hie.errors import HubMisconfigured, Unavailable
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.exchange.imaging_profile import imaging_profile, takes_images
from hie.exchange.no_decoders import no_decoders
from hie.intake.dicom_tls import tls_context

if TYPE_CHECKING:
    from hie.intake.dicom_server import DicomServer

_LOOK_EVERY = 2.0
_log = structlog.get_logger(__name__)


class DicomDoor:
    """The listener of one hub; `run` opens and closes it as sites come and go."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._server: DicomServer | None = None
        self._known: tuple[Site, ...] = ()
        settings = hub.settings
        self._tls = None
        if settings.dicom_tls_cert is not None and settings.dicom_tls_key is not None:
            self._tls = tls_context(
                settings.dicom_tls_cert, settings.dicom_tls_key, settings.dicom_tls_ca
            )
        elif settings.dicom_host not in {"127.0.0.1", "::1", "localhost"}:
            raise HubMisconfigured(
                "DICOM off loopback is TLS only: set dicom_tls_cert and dicom_tls_key"
            )

    @property
    def port(self) -> int | None:
        """The port it listens on; None while it is closed."""
        return None if self._server is None else int(self._server.server_address[1])

    async def run(self) -> None:
        """Follow the sites for ever: open while one may send, closed while none may."""
        try:
            while True:
                try:
                    await self.look()
                except (HubMisconfigured, Unavailable) as error:
                    _log.error("dicom-closed", reason=error.text)
                await asyncio.sleep(_LOOK_EVERY)
        finally:
            await self.close()

    async def look(self) -> None:
        """Open or close, as the sites of now say. Raises HubMisconfigured: the port is taken."""
        known = await sites.all_sites(self._hub)
        self._known = tuple(
            one.site
            for one in known.values()
            if one.enabled and takes_images(one.site) and imaging_profile(one.site).titles
        )
        if self._known and self._server is None:
            self._open()
        elif not self._known and self._server is not None:
            await self.close()

    async def close(self) -> None:
        """Take no more; associations under way are aborted."""
        server, self._server = self._server, None
        if server is not None:
            await asyncio.to_thread(server.ae.shutdown)

    def _open(self) -> None:
        with no_decoders():
            from hie.intake.dicom_associations import Associations

        associations = Associations(self._hub, self._loop, lambda: self._known)
        self._server = associations.listen(self._tls)
        _log.info("dicom-open", port=self.port, tls=self._tls is not None)
