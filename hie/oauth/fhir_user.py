"""The Practitioner an account is to the apps that ask who signed in (`fhirUser`, SMART App Launch).

It is made when an app is first told, has the account's id and the name its pages show, and is the
hub's own: nobody changes it over FHIR. A name that changed is a new version.
"""

from hie.access.restriction import Restriction
from hie.fhir import Resource
from hie.store import resources
from hie.store.resources import Put
from hie.store.session import Unit
from hie.store.users import Account
from hie.store.versions import read_many

PRACTITIONER = "Practitioner"
_OWN = "shipped:hie"  # what stands beside a version that the hub itself wrote


async def keep_fhir_user(unit: Unit, account: Account) -> str:
    """The reference of an account's Practitioner, which is there when the unit is done."""
    wanted: Resource = {
        "resourceType": PRACTITIONER,
        "id": account.id,
        "active": True,
        "name": [{"text": account.name}],
    }
    found = await read_many(unit, PRACTITIONER, [account.id], Restriction())
    has = None if account.id not in found else found[account.id].resource()
    if has is None or has.get("name") != wanted["name"]:
        put = Put(PRACTITIONER, "", account.id, wanted, _OWN, owner=account.institution)
        await resources.put(unit, [put])
    return f"{PRACTITIONER}/{account.id}"
