"""What every route is given: the App, and on the trusted site the name of who acts."""

from typing import Annotated, cast

from fastapi import Depends, Header, Request

from monitor.app import App


def _app(request: Request) -> App:
    return cast("App", request.app.state.app)


def _actor(monitor_actor: Annotated[str, Header()] = "api") -> str:
    return monitor_actor[:80]


TheApp = Annotated[App, Depends(_app)]
Actor = Annotated[str, Depends(_actor)]
