"""How a feed is reached, as the JSON text of one column and back: references to secrets, never secrets.

Runs no SQL and reads no reference.
"""

from typing import Any

from monitor.model import Access, BasicAuth, BearerAuth, SecretKind, SecretRef
from monitor.store.columns import from_json, to_json


def access_text(access: Access) -> str:
    """Return the column's text; `{}` for a feed that needs nothing special."""
    parts = {
        "headers": [[name, _written(value)] for name, value in access.headers],
        "auth": _auth_written(access.auth),
        "cookie": _written(access.cookie),
        "proxy": _written(access.proxy),
        "ca_file": access.ca_file,
    }
    return to_json({name: value for name, value in parts.items() if value})


def access_of(text: str) -> Access:
    """Return the access that a column's text describes."""
    if text == "{}":
        return Access()
    parts: dict[str, Any] = from_json(text)
    return Access(
        headers=tuple((name, _read(value)) for name, value in parts.get("headers", ())),
        auth=_auth_read(parts.get("auth")),
        cookie=_reference(parts["cookie"]) if "cookie" in parts else None,
        proxy=_read(parts["proxy"]) if "proxy" in parts else None,
        ca_file=parts.get("ca_file", ""),
    )


def _written(value: str | SecretRef | None) -> Any:
    return {value.kind.value: value.name} if isinstance(value, SecretRef) else value


def _read(value: Any) -> str | SecretRef:
    return value if isinstance(value, str) else _reference(value)


def _reference(value: dict[str, str]) -> SecretRef:
    ((kind, name),) = value.items()
    return SecretRef(kind=SecretKind(kind), name=name)


def _auth_written(auth: BasicAuth | BearerAuth | None) -> Any:
    match auth:
        case BasicAuth():
            return {"basic": {"username": auth.username, "password": _written(auth.password)}}
        case BearerAuth():
            return {"bearer": _written(auth.token)}
    return None


def _auth_read(value: Any) -> BasicAuth | BearerAuth | None:
    if value is None:
        return None
    if "bearer" in value:
        return BearerAuth(token=_reference(value["bearer"]))
    basic = value["basic"]
    return BasicAuth(username=basic["username"], password=_reference(basic["password"]))
