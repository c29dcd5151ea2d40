"""What a deployment has chosen about Consents, in force before the first question is answered.

Rules that were made by other terms, or by a version that made none, are made anew; a process that
is killed meanwhile begins again.
"""

from hie.access.implicit import Implicit, use_policy
from hie.consent.provision import Level
from hie.consent.terms import Terms, use_terms
from hie.settings import Settings
from hie.store import consents
from hie.store.database import Database

_AT_ONCE = 200  # homes in one unit of work


async def consents_at_start(db: Database, settings: Settings) -> None:
    """Use the settings in this process, and hold all Consents to them."""
    use_policy(Implicit(settings.consent_policy))
    terms = Terms(
        Level[settings.consent_level.upper()], presumed=settings.consent_emergency_presumed
    )
    use_terms(terms)
    async with db.reading() as reader:
        known = await consents.made_by(reader)
    if known != terms.text:
        await recompile_all(db, terms)


async def recompile_all(db: Database, terms: Terms) -> int:
    """Make the rules of every patient anew; of how many homes with Consents."""
    done, after = 0, ""
    while True:
        async with db.unit() as unit:
            homes = await consents.homes_with_consents(unit, after, _AT_ONCE)
            if not homes:
                await consents.note_terms(unit, terms)
                return done
            await consents.recompile(unit, homes, terms)
        done, after = done + len(homes), homes[-1]
