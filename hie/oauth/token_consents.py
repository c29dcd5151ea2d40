"""What a token for one patient says of their Consents, as they are when it is made (IHE PCF).

It says so of a patient the holder sees, and names those Consents they see; of every other patient,
here or not, it says the same: nothing. Nobody goes by it here: each request asks the Consents anew.
"""

from dataclasses import replace

from hie.access.actor import Actor
from hie.access.implicit import policy_in_force
from hie.access.pcf import Consented, implicit_policy, unknown
from hie.access.reaching import within_reach
from hie.access.restriction import Asking, Restriction
from hie.access.token import LATE
from hie.consent.forms import policies_of
from hie.consent.residual import Holder, consents_of, held_to, residual
from hie.oauth.entrance import Entrance
from hie.store.consents import rules_of
from hie.store.session import Reader
from hie.store.versions import read_many

_SECOND = 1_000_000


async def consented(entrance: Entrance, actor: Actor, lifetime: int) -> Consented | None:
    """What was held to for a token of the actor's, who is its holder; None: it is for no patient.

    `lifetime` in seconds. What stands for a part of it only is taken as `residual` says.
    """
    if actor.patient is None:
        return None
    agreed = await entrance.agreements.of(actor.institution)
    if not agreed.permits_purpose(actor.purpose):
        return unknown(policy_in_force())
    sight = within_reach(replace(actor, agreement=agreed), Restriction())
    async with entrance.db.reading() as reader:
        if sight.asks is None or not await read_many(reader, "Patient", [actor.patient], sight):
            return unknown(policy_in_force())
        return await _held(reader, actor.patient, sight, sight.asks, lifetime)


async def _held(
    reader: Reader, patient: str, sight: Restriction, asks: Asking, lifetime: int
) -> Consented:
    holder = Holder(
        institution=asks.institution,
        purpose=asks.purpose,
        parties=asks.parties,
        from_us=asks.at_us,
        until_us=asks.at_us + (lifetime + LATE) * _SECOND,
        permitted=asks.permitted,
        clearance=sight.clearance,
    )
    rules = held_to(await rules_of(reader, patient), holder)
    named = consents_of(rules)
    seen = await read_many(reader, "Consent", named, sight)
    shown = tuple(one for one in named if one in seen)
    signed = (policy for one in shown for policy in policies_of(seen[one].resource()))
    policies = dict.fromkeys([implicit_policy(policy_in_force()), *signed])
    return Consented(shown, tuple(policies), residual(rules, holder))
