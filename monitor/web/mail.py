"""Routes of mail."""

from fastapi import APIRouter

from monitor.desk.doctor import Finding
from monitor.desk.mail_doctor import mail_doctor
from monitor.web.access import TheApp

write = APIRouter(prefix="/mail", tags=["mail"])  # it only looks, but into other people's servers


@write.get("/doctor")
async def look_over(app: TheApp, selector: str = "", address: str = "") -> list[Finding]:
    """Look over the relay, the bounce mailbox and the domain's records."""
    return await mail_doctor(app, selector=selector, address=address)
