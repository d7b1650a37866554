"""/healthz says that the process lives, /readyz that it does its work, both with reasons."""

from fastapi import APIRouter, Response

from monitor.desk.status import Status, status
from monitor.web.access import TheApp

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz(app: TheApp, response: Response) -> dict[str, object]:
    """Answer 200 while the event loop and the store's writer answer, else 503."""
    state = await status(app)
    response.status_code = 200 if state.alive else 503
    return {"status": "ok" if state.alive else "fail", "version": state.version}


@router.get("/readyz")
async def readyz(app: TheApp, response: Response) -> Status:
    """Answer 200 when configuration is applied and intact, else 503 with the reasons."""
    state = await status(app)
    response.status_code = 200 if state.ready else 503
    return state
