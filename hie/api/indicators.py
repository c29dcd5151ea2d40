"""GET /v1/indicators: recognition, repeats and savings of a period, as JSON or CSV."""

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import Fault, InvalidRequest
from hie.exchange.indicators import indicators
from hie.oauth.door import actor_in
from hie.oauth.flat import flat
from hie.recognition.indicator_report import write_csv

_CSV = "text/csv"


async def read_indicators(request: Request) -> Response:
    """GET /v1/indicators?from=…&to=…; CSV where `Accept` asks for it or `format=csv` says so."""
    actor = actor_in(request)
    permit(actor, Door.INDICATORS)
    asked = request.query_params.multi_items()
    said = dict(asked)
    if len(said) < len(asked):
        raise InvalidRequest("indicators", (Fault("query", "repeated", "each parameter once"),))
    kind = said.pop("format", None)
    if kind not in (None, "csv", "json"):
        raise InvalidRequest("indicators", (Fault("format", "invalid-value", "csv or json"),))
    report = await indicators(request.app.state.hub, actor, said)
    headers = {"Cache-Control": "no-store"}
    if kind == "csv" or (kind is None and _CSV in request.headers.get("accept", "")):
        name = f"indicators-{report['period']['from']}-{report['period']['to']}.csv"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return Response(write_csv(report), media_type=f"{_CSV}; charset=utf-8", headers=headers)
    return flat(report)
