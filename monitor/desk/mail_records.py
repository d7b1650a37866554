"""What a domain's DNS records say about its mail, and what to add: SPF, DKIM, DMARC. Pure.

SPF is RFC 7208, DKIM RFC 6376, DMARC RFC 7489; what large receivers ask for are their published sender rules.
"""

import base64
import binascii
from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from monitor.desk.doctor import Finding, Grade

RSA_BITS = 2048  # RFC 8301: signers should; at 1024 receivers begin to refuse
RSA_LEAST = 1024


def judge_spf(records: Sequence[str], domain: str, relay: str) -> Finding:
    """Judge the SPF record of the domain in the envelope sender."""
    found = [record for record in records if record.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return _fail(
            f"SPF {domain}", "no record", f'{domain}. TXT "v=spf1 a:{relay} -all" (all that may send for it)'
        )
    if len(found) > 1:
        return _fail(
            f"SPF {domain}", f"{len(found)} records: receivers take that for an error", "join them into one"
        )
    words = found[0].lower().split()
    if "+all" in words or "all" in words:
        return _fail(f"SPF {domain}", f"{found[0]}: anybody may send for it", "end it with -all")
    if not any(word in {"-all", "~all"} or word.startswith("redirect=") for word in words):
        return _warn(f"SPF {domain}", f"{found[0]}: it forbids nobody", "end it with -all or ~all")
    return _ok(f"SPF {domain}", found[0])


def judge_dkim(records: Sequence[str], selector: str, domain: str, *, ours: str = "") -> Finding:
    """Judge the DKIM key at a selector; `ours` is the record that belongs to the key we sign with, if we do."""
    name = f"{selector}._domainkey.{domain}"
    found = [
        tags for record in records if "p" in (tags := _tags(record)) and tags.get("v", "DKIM1") == "DKIM1"
    ]
    if not found:
        wanted = f'"{ours}"' if ours else '"v=DKIM1; k=rsa; p=…" (the public key of who signs)'
        return _fail(f"DKIM {name}", "no key", f"{name}. TXT {wanted}")
    tags = found[0]
    if ours and "".join(tags["p"].split()) != _tags(ours)["p"]:
        return _fail(f"DKIM {name}", "the key is not the one we sign with", f'{name}. TXT "{ours}"')
    if not tags["p"]:
        return _fail(f"DKIM {name}", "the key was withdrawn (p is empty)", "publish the key that is in use")
    kind = tags.get("k", "rsa")
    return _rsa_key(tags["p"], name) if kind == "rsa" else _ok(f"DKIM {name}", f"a key of kind {kind}")


def _rsa_key(text: str, name: str) -> Finding:
    try:
        key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        return _fail(
            f"DKIM {name}", "the key cannot be read", "publish it again, in base64 and without breaks"
        )
    bits = key.key_size if isinstance(key, rsa.RSAPublicKey) else 0
    if bits < RSA_LEAST:
        return _fail(
            f"DKIM {name}", f"RSA with {bits} bits: receivers ignore it", f"make one of {RSA_BITS} bits"
        )
    if bits < RSA_BITS:
        return _warn(f"DKIM {name}", f"RSA with {bits} bits", f"make one of {RSA_BITS} bits")
    return _ok(f"DKIM {name}", f"RSA with {bits} bits")


def dmarc_names(domain: str) -> list[str]:
    """Return where a policy may stand: at the domain, else at a parent of at least two labels."""
    labels = domain.split(".")
    return [f"_dmarc.{'.'.join(labels[start:])}" for start in range(max(1, len(labels) - 1))]


def judge_dmarc(records: Sequence[str], name: str, domain: str) -> Finding:
    """Judge the DMARC policy found at `name` for a From domain."""
    found = [tags for record in records if (tags := _tags(record)).get("v") == "DMARC1"]
    advice = f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
    if not found:
        return _fail(f"DMARC {domain}", "no policy, which large receivers ask for", advice)
    if len(found) > 1:
        return _fail(f"DMARC {domain}", f"{len(found)} policies at {name}: receivers heed none", "keep one")
    policy = found[0].get("p", "").lower()
    if policy not in {"none", "quarantine", "reject"}:
        return _fail(f"DMARC {domain}", f"p={policy} at {name} is no policy", advice)
    if "rua" not in found[0]:
        return _warn(f"DMARC {domain}", f"p={policy} at {name}, and nobody is told", "add rua=mailto:… to it")
    return _ok(f"DMARC {domain}", f"p={policy} at {name}")


def aligned(one: str, other: str) -> bool:
    """Say whether two domains belong together: equal, or one below the other (relaxed alignment, seen from outside)."""
    one, other = one.lower(), other.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _ok(subject: str, found: str) -> Finding:
    return Finding(grade=Grade.OK, subject=subject, found=found)


def _warn(subject: str, found: str, advice: str) -> Finding:
    return Finding(grade=Grade.WARN, subject=subject, found=found, advice=advice)


def _fail(subject: str, found: str, advice: str) -> Finding:
    return Finding(grade=Grade.FAIL, subject=subject, found=found, advice=advice)
