"""Events, as the API shows them."""

from __future__ import annotations

from ..api import Call, Json, Route
from ..errors import no_such
from ..parameters import accepts
from .listing import page


def retrieve(call: Call, event_id: str) -> Json:
    event = call.tables.find("event", event_id)
    if event is None:
        raise no_such("event", event_id, in_path=True)
    return event.body


def list_events(call: Call) -> Json:
    wanted = set(call.params.get("types", [])) | ({call.params["type"]} if "type" in call.params else set())
    return page(call, "event", "/v1/events", keep=lambda body: not wanted or body["type"] in wanted)


ROUTES = (
    Route(
        "GET",
        "/v1/events",
        list_events,
        accepts(
            "_event_list_params:EventListParams", "type types created limit starting_after ending_before"
        ),
    ),
    Route("GET", "/v1/events/<event_id>", retrieve, accepts("_event_retrieve_params:EventRetrieveParams")),
)
