"""What every route is given: the App, and on the trusted site the name of who acts."""

from typing import Annotated, cast

from fastapi import Depends, Header, Request

from monitor.app import App
from monitor.errors import ConfigError, MonitorError, NotFound, Refused, StoreConflict, Unstorable

STATUS: dict[type[MonitorError], int] = {
    NotFound: 404,
    Refused: 422,
    StoreConflict: 409,
    ConfigError: 422,
    Unstorable: 422,
}


def _app(request: Request) -> App:
    return cast("App", request.app.state.app)


def _actor(monitor_actor: Annotated[str, Header()] = "api") -> str:
    return monitor_actor[:80]


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error of ours; 500 for one that is no fault of the request."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def only_known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not have: a mistyped filter must not look like an answer to it."""
    known = sorted(field.alias for field in request.scope["route"].dependant.query_params)
    for name in request.query_params:
        if name not in known:
            there_are = f"there are: {', '.join(known)}" if known else "there are none here"
            raise Refused(f"no parameter is called {name}; {there_are}")


TheApp = Annotated[App, Depends(_app)]
Actor = Annotated[str, Depends(_actor)]
