"""The bill of materials of the run-time lock, in CycloneDX 1.6 JSON.

The lock pins the SHA-256 of every file a package has (wheels for each machine and the source), of
which one is installed; they stand as properties, for `hashes` of a component would have to be
those of one file.
"""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from typing import Any

from hie import __version__
from tests.security.lock_file import Pinned, licence_of


def bill(packages: Iterable[Pinned]) -> dict[str, Any]:
    """One document; its serial number is made from what it lists, so equal lists are equal bytes."""
    components = [_component(one) for one in packages]
    listed = "\n".join(sorted(one["bom-ref"] for one in components))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, listed)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"pkg:pypi/hie@{__version__}",
                "name": "hie",
                "version": __version__,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [
            {
                "ref": f"pkg:pypi/hie@{__version__}",
                "dependsOn": sorted({one["bom-ref"] for one in components}),
            }
        ],
    }


def _component(one: Pinned) -> dict[str, Any]:
    address = f"pkg:pypi/{one.name}@{one.version}"
    properties = [{"name": "hie:sha256", "value": value} for value in one.hashes]
    if one.marker:
        properties.append({"name": "hie:marker", "value": one.marker})
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": address,
        "name": one.name,
        "version": one.version,
        "purl": address,
        "properties": properties,
    }
    with suppress(metadata.PackageNotFoundError):  # it is for another machine than this
        found["licenses"] = [{"license": {"name": licence_of(one.name)}}]
    return found
