"""POST /oauth/token: the form is read once, and the grant it names answers (RFC 6749, 3.2)."""

from starlette.requests import Request
from starlette.responses import Response

from hie.oauth.caller import network_of, request_id_of
from hie.oauth.code_grant import GRANT, change_code
from hie.oauth.entrance import Entrance
from hie.oauth.refusals import stranger
from hie.oauth.system_grants import give_token
from hie.oauth.token_refusal import refuse, slow_down
from hie.oauth.token_request import TokenRefused, read_form_fields

_DOOR = "POST /oauth/token"


async def token_door(entrance: Entrance, request: Request) -> Response:
    """Answer one token request, or refuse it; either is recorded."""
    slowed = await slow_down(entrance, request, _DOOR)
    if slowed is not None:
        return slowed
    caller = stranger(network_of(request.scope), request_id_of(request.scope))
    try:
        fields = read_form_fields(request.headers.get("content-type", ""), await request.body())
        give = change_code if fields.get("grant_type") == GRANT else give_token
        return await give(entrance, request, caller, fields)
    except TokenRefused as refused:
        return await refuse(entrance, caller, refused, _DOOR)
