"""Look over all that mail depends on: the relay, the bounce mailbox, the domain's DNS records, and how much is sent."""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from email.utils import parseaddr

from monitor.app import App
from monitor.config import Settings
from monitor.deliver import DkimKey, SmtpOptions
from monitor.deliver.bounces.mailbox import MailboxOptions, fetch_unread
from monitor.deliver.mail.dkim import dns_record
from monitor.deliver.relay.smtp import RelayReport, examine
from monitor.desk.doctor import Finding, Grade
from monitor.desk.mail_records import aligned, dmarc_names, judge_dkim, judge_dmarc, judge_spf
from monitor.errors import MonitorError, Refused
from monitor.net.records import Records
from monitor.options import bounce_options
from monitor.store import bounces

BULK_WARNING = (
    3000  # mails a day to one provider; from 5,000 on a sender is under the rules for bulk, for good
)
PROVIDERS = {
    "Gmail": ("gmail.com", "googlemail.com"),
    "Microsoft": (
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "outlook.es",
        "hotmail.es",
        "live.com.mx",
    ),
    "Yahoo": ("yahoo.com", "ymail.com", "yahoo.com.mx", "yahoo.es", "aol.com"),
}
_PROVIDER_OF = {domain: provider for provider, domains in PROVIDERS.items() for domain in domains}


async def mail_doctor(
    app: App, *, selector: str = "", address: str = "", records: Records | None = None
) -> list[Finding]:
    """Check relay, bounce mailbox, SPF, DKIM (at `selector`), DMARC, PTR (of `address`) and the day's numbers.

    Raises Refused without an [smtp] section, or for an `address` that is none.
    """
    smtp, settings = app.tools.smtp, app.settings
    if smtp is None or settings.smtp is None:
        raise Refused("there is no mail to look over: [smtp] is not set in monitor.toml")
    if address:
        _checked_address(address)
    domain = parseaddr(settings.smtp.mail_from)[1].rpartition("@")[2].lower()
    reports = bounce_options(settings, key=b"")
    findings = [
        *judge_relay(smtp, await examine(smtp)),
        *_bounces(smtp, domain),
        *([await _mailbox(reports.mailbox)] if reports else []),
    ]
    try:
        ask = records or Records()
    except MonitorError as error:
        findings.append(Finding(grade=Grade.WARN, subject="DNS", found="not looked at", advice=str(error)))
    else:
        findings += await _domain(ask, smtp, domain)
        findings.append(await _key(ask, _signing(settings, domain, selector), app.identity.dkim))
        findings += await _reverse(ask, smtp, address)
    since = app.context.clock() - timedelta(days=1)
    findings += judge_volume(await app.store.read(bounces.mails_by_address, since=since))
    return findings


def judge_relay(smtp: SmtpOptions, report: RelayReport) -> Iterator[Finding]:
    """Judge what was met at the relay."""
    where = f"{smtp.host}:{smtp.port}"
    if report.problem:
        advice = "check [smtp] in monitor.toml and the relay itself"
        yield Finding(grade=Grade.FAIL, subject="relay", found=f"{where}: {report.problem}", advice=advice)
        return
    login = "logged in" if report.logged_in else "no login"
    yield Finding(grade=Grade.OK, subject="relay", found=f"{where} answers, {login}")
    plain = not report.tls and not smtp.is_loopback
    yield Finding(
        grade=Grade.WARN if plain else Grade.OK,
        subject="TLS",
        found=report.tls or "none" + ("" if plain else " (the relay is on this machine)"),
        advice="set [smtp] tls to required or implicit" if plain else "",
    )
    yield Finding(
        grade=Grade.OK if report.dsn else Grade.WARN,
        subject="DSN",
        found="offered" if report.dsn else "not offered: it reports failures in its own way, or not at all",
        advice="" if report.dsn else "switch on delivery status notifications (RFC 3461) at the relay",
    )


def _bounces(smtp: SmtpOptions, domain: str) -> Iterator[Finding]:
    if not smtp.bounces:
        yield Finding(
            grade=Grade.WARN,
            subject="bounces",
            found="reports go to the From address, where nobody counts them",
            advice=f'set [smtp] bounces = "bounces@{domain}" and the section [bounces]',
        )
    elif not aligned(smtp.bounces.rpartition("@")[2], domain):
        yield Finding(
            grade=Grade.WARN,
            subject="bounces",
            found=f"{smtp.bounces} is not under the domain of the From address, {domain}: SPF does not count for DMARC",
            advice=f"use an address under {domain}",
        )


async def _mailbox(mailbox: MailboxOptions) -> Finding:
    try:
        await asyncio.to_thread(fetch_unread, mailbox, limit=0)
    except MonitorError as error:
        return Finding(grade=Grade.FAIL, subject="bounce mailbox", found=str(error), advice="check [bounces]")
    return Finding(
        grade=Grade.OK, subject="bounce mailbox", found=f"{mailbox.username} at {mailbox.host}:{mailbox.port}"
    )


async def _domain(ask: Records, smtp: SmtpOptions, domain: str) -> list[Finding]:
    envelope = smtp.bounces.rpartition("@")[2].lower() or domain
    try:
        findings = [judge_spf(await ask.txt(envelope), envelope, smtp.host)]
        policies: list[str] = []
        for name in dmarc_names(domain):
            policies = [text for text in await ask.txt(name) if text.lower().startswith("v=dmarc1")]
            if policies:
                break
    except MonitorError as error:
        return [_unanswered(str(error))]
    return [*findings, judge_dmarc(policies, name, domain)]


def _signing(settings: Settings, domain: str, selector: str) -> tuple[str, str]:
    """Return the selector asked for, or the one that we sign with, and its domain."""
    ours = settings.smtp.dkim if settings.smtp else None
    if ours is None or selector not in {"", ours.selector}:
        return selector, domain
    return ours.selector, ours.domain


async def _key(ask: Records, place: tuple[str, str], ours: DkimKey | None) -> Finding:
    """Judge the published key; where we sign, it must be ours."""
    selector, domain = place
    if not selector:
        return Finding(
            grade=Grade.WARN,
            subject=f"DKIM {domain}",
            found="not looked at: keys stand under a selector, which whoever signs has chosen",
            advice="monitor mail doctor --selector NAME (it is s= in a received mail's DKIM-Signature)",
        )
    try:
        records = await ask.txt(f"{selector}._domainkey.{domain}")
    except MonitorError as error:
        return _unanswered(str(error))
    if ours is None or ours.selector != selector:
        return judge_dkim(records, selector, domain)
    return judge_dkim(records, selector, domain, ours=dns_record(ours.pem))


async def _reverse(ask: Records, smtp: SmtpOptions, address: str) -> list[Finding]:
    """Check that the address mails leave from has a name, and the name that address."""
    if not address and smtp.is_loopback:
        return [
            Finding(
                grade=Grade.WARN,
                subject="PTR",
                found="not looked at: the relay is on this machine, and which address it sends from is not known",
                advice="monitor mail doctor --address IP",
            )
        ]
    try:
        sending = [address] if address else await ask.addresses(smtp.host)
        findings = []
        for each in sending[:8]:
            names = await ask.names(each)
            confirmed = [name for name in names if each in await ask.addresses(name)]
            findings.append(_reverse_of(each, names, confirmed))
    except MonitorError as error:
        return [_unanswered(str(error))]
    if not findings:
        return [_unanswered(f"{smtp.host} has no address")]
    return findings


def _reverse_of(address: str, names: list[str], confirmed: list[str]) -> Finding:
    if confirmed:
        return Finding(grade=Grade.OK, subject=f"PTR {address}", found=confirmed[0])
    found = f"{names[0]}, which does not lead back to it" if names else "no name"
    advice = "let its provider set a PTR record to the relay's name, and that name to the address"
    return Finding(grade=Grade.FAIL, subject=f"PTR {address}", found=found, advice=advice)


def judge_volume(sent: Mapping[str, int]) -> list[Finding]:
    """Warn before the mails of one day to one provider make a bulk sender; `sent` counts them by address."""
    by_provider: Counter[str] = Counter()
    for address, number in sent.items():
        domain = address.rpartition("@")[2].lower()
        by_provider[_PROVIDER_OF.get(domain, domain)] += number
    return [
        Finding(
            grade=Grade.WARN,
            subject=f"mails to {provider}",
            found=f"{number} in 24 hours; from 5,000 a day on its rules for bulk senders hold, for good",
            advice="have SPF, DKIM and DMARC in order (above), and complaints below 0.1 %; more digests help",
        )
        for provider, number in by_provider.most_common()
        if number >= BULK_WARNING
    ] or [Finding(grade=Grade.OK, subject="mails", found=f"{sum(by_provider.values())} accepted in 24 hours")]


def _checked_address(address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise Refused(f"{address!r} is no IP address") from None


def _unanswered(found: str) -> Finding:
    return Finding(grade=Grade.WARN, subject="DNS", found=found, advice="try again, or look at the resolver")
