"""Subscribers, channels and subscriptions. A channel's secret is opened on reading and stored sealed only.

One that does not open reads as none, so that a lost key stops this channel alone; its sealed bytes stay.
"""

from datetime import datetime
from typing import Any

from monitor.errors import NotFound, StoreError
from monitor.model import Channel, ChannelKind, PayloadFormat, Subscriber, Subscription
from monitor.store.columns import from_json, micros, moment_or_none, to_json
from monitor.store.connector import Row, Transaction
from monitor.store.timing_column import timing_from_json, timing_to_json


def list_subscribers(tx: Transaction) -> list[Subscriber]:
    """Return every subscriber in order of slug."""
    return [_subscriber(row) for row in tx.rows("SELECT * FROM subscribers ORDER BY slug")]


def get_subscriber(tx: Transaction, slug: str) -> Subscriber:
    """Return a subscriber. Raises `NotFound`."""
    row = tx.one("SELECT * FROM subscribers WHERE slug = :slug", slug=slug)
    if row is None:
        raise NotFound(f"no subscriber is called {slug!r}")
    return _subscriber(row)


def put_subscriber(tx: Transaction, subscriber: Subscriber) -> Subscriber:
    """Insert a subscriber or update it by slug, and return what is stored.

    In another time zone than before, their digests' hours are worked out anew.
    """
    tx.run(
        """
        UPDATE subscriptions SET next_digest_at = NULL
        WHERE subscriber_id IN (SELECT id FROM subscribers WHERE slug = :slug AND zone <> :zone)
        """,
        slug=subscriber.slug,
        zone=subscriber.zone,
    )
    row = tx.one(
        """
        INSERT INTO subscribers (slug, name, language, zone, owner) VALUES (:slug, :name, :language, :zone, :owner)
        ON CONFLICT (slug) DO UPDATE SET name = excluded.name, language = excluded.language,
          zone = excluded.zone, owner = excluded.owner
        RETURNING *
        """,
        slug=subscriber.slug,
        name=subscriber.name,
        language=subscriber.language,
        zone=subscriber.zone,
        owner=subscriber.owner,
    )
    assert row is not None
    return _subscriber(row)


def list_channels(tx: Transaction, *, enabled_only: bool = True) -> list[Channel]:
    """Return the channels in order of slug."""
    sql = (
        "SELECT * FROM channels WHERE enabled = 1 ORDER BY slug"
        if enabled_only
        else "SELECT * FROM channels ORDER BY slug"
    )
    return [channel_of(tx, row) for row in tx.rows(sql)]


def get_channel(tx: Transaction, channel_id: int) -> Channel:
    """Return a channel by its id. Raises `NotFound`."""
    row = tx.one("SELECT * FROM channels WHERE id = :id", id=channel_id)
    if row is None:
        raise NotFound(f"there is no channel {channel_id}")
    return channel_of(tx, row)


def locked_channels(tx: Transaction) -> list[str]:
    """Return the slugs of channels whose stored secret does not open under this installation's key."""
    rows = tx.rows("SELECT slug, secret FROM channels WHERE secret IS NOT NULL ORDER BY slug")
    return [row["slug"] for row in rows if not _opened(tx, row["slug"], row["secret"])]


def put_channel(tx: Transaction, channel: Channel) -> Channel:
    """Insert a channel or update by slug its kind, address, secret, format and owner, and return what is stored.

    The key before it stays as it is (`rotate_secret` moves a key there) unless the kind becomes another. `enabled` and
    its reason count for a new channel only: one that was switched off after a permanent failure must not come back
    because the same file is applied again. `enable_channel` and `disable_channel` switch it.
    """
    sealed = tx.sealer.seal(channel.secret, context=_context(channel.slug)) if channel.secret else None
    row = tx.one(
        """
        INSERT INTO channels (slug, kind, address, secret, format, enabled, disabled_reason, owner)
        VALUES (:slug, :kind, :address, :secret, :format, :enabled, :disabled_reason, :owner)
        ON CONFLICT (slug) DO UPDATE SET
          kind = excluded.kind, address = excluded.address, secret = excluded.secret, format = excluded.format,
          owner = excluded.owner,
          old_secret = CASE WHEN channels.kind = excluded.kind THEN channels.old_secret END,
          old_secret_until = CASE WHEN channels.kind = excluded.kind THEN channels.old_secret_until END
        RETURNING *
        """,
        slug=channel.slug,
        kind=channel.kind.value,
        address=channel.address,
        secret=sealed,
        format=channel.format.value,
        enabled=int(channel.enabled),
        disabled_reason=channel.disabled_reason,
        owner=channel.owner,
    )
    assert row is not None
    return channel_of(tx, row)


def rotate_secret(tx: Transaction, slug: str, secret: str, *, until: datetime) -> None:
    """Give a channel a new key; the one it had signs beside it until then. Raises `NotFound`."""
    changed = tx.run(
        "UPDATE channels SET old_secret = secret, old_secret_until = :until, secret = :secret WHERE slug = :slug",
        until=micros(until),
        secret=tx.sealer.seal(secret, context=_context(slug)),
        slug=slug,
    )
    if not changed:
        raise NotFound(f"no channel is called {slug!r}")


def forget_old_secrets(tx: Transaction, *, now: datetime) -> int:
    """Delete the keys whose grace is over; return how many."""
    return tx.run(
        "UPDATE channels SET old_secret = NULL, old_secret_until = NULL WHERE old_secret_until <= :now",
        now=micros(now),
    )


def disable_channel(tx: Transaction, slug: str, *, reason: str, now: datetime) -> None:
    """Switch a channel off and cancel, with the reason, what is waiting for it. Raises `NotFound`.

    A delivery on its way right now may still end as done; if it does not, it is cancelled when it comes back.
    """
    changed = tx.run(
        "UPDATE channels SET enabled = 0, disabled_reason = :reason WHERE slug = :slug",
        reason=reason,
        slug=slug,
    )
    if not changed:
        raise NotFound(f"no channel is called {slug!r}")
    cancel_stranded(tx, now=now)


def enable_channel(tx: Transaction, slug: str) -> None:
    """Switch a channel on again; deliveries that were cancelled meanwhile stay cancelled.

    What is known of its failures is forgotten. Raises `NotFound`.
    """
    if not tx.run("UPDATE channels SET enabled = 1, disabled_reason = '' WHERE slug = :slug", slug=slug):
        raise NotFound(f"no channel is called {slug!r}")
    tx.run("DELETE FROM breakers WHERE channel_id IN (SELECT id FROM channels WHERE slug = :slug)", slug=slug)


def cancel_stranded(tx: Transaction, *, now: datetime) -> int:
    """Cancel every pending delivery whose channel is switched off, with the channel's reason.

    Return how many.
    """
    return tx.run(
        """
        UPDATE deliveries SET state = 'cancelled', done_at = :now, reason = (
          SELECT 'the channel ' || c.slug || ' is switched off: ' || c.disabled_reason
          FROM channels c WHERE c.id = deliveries.channel_id
        )
        WHERE state = 'pending' AND channel_id IN (SELECT id FROM channels WHERE enabled = 0)
        """,
        now=micros(now),
    )


def list_subscriptions(tx: Transaction, *, enabled_only: bool = True) -> list[Subscription]:
    """Return the subscriptions, each with its subscriber and channel, in order of slug.

    A subscription to a channel that is switched off is among them: see `subscription.channel.enabled`.
    """
    sql = _SUBSCRIPTIONS + ("WHERE s.enabled = 1 ORDER BY s.slug" if enabled_only else "ORDER BY s.slug")
    return [_subscription(tx, row) for row in tx.rows(sql)]


def find_subscription(tx: Transaction, slug: str) -> Subscription:
    """Return a subscription. Raises `NotFound`."""
    row = tx.one(_SUBSCRIPTIONS + "WHERE s.slug = :slug", slug=slug)
    if row is None:
        raise NotFound(f"no subscription is called {slug!r}")
    return _subscription(tx, row)


def subscriptions_of(tx: Transaction, subscriber_id: int) -> list[Subscription]:
    """Return a subscriber's subscriptions in order of slug, those switched off among them."""
    sql = _SUBSCRIPTIONS + "WHERE s.subscriber_id = :subscriber_id ORDER BY s.slug"
    return [_subscription(tx, row) for row in tx.rows(sql, subscriber_id=subscriber_id)]


def put_subscription(tx: Transaction, subscription: Subscription) -> Subscription:
    """Insert a subscription or update it by slug, and return what is stored.

    Its subscriber and channels are found by their slugs. Raises `NotFound` when one is not stored. When the next digest
    is due is not taken from here: it is worked out anew when the timing or the time zone has changed.
    """
    subscriber = tx.one("SELECT id FROM subscribers WHERE slug = :slug", slug=subscription.subscriber.slug)
    channel = tx.one("SELECT id FROM channels WHERE slug = :slug", slug=subscription.channel.slug)
    if subscriber is None:
        raise NotFound(f"no subscriber is called {subscription.subscriber.slug!r}")
    if channel is None:
        raise NotFound(f"no channel is called {subscription.channel.slug!r}")
    fallback = subscription.fallback and tx.one(
        "SELECT id FROM channels WHERE slug = :slug", slug=subscription.fallback.slug
    )
    if subscription.fallback is not None and fallback is None:
        raise NotFound(f"no channel is called {subscription.fallback.slug!r}")
    values: dict[str, Any] = {
        "slug": subscription.slug,
        "subscriber_id": subscriber["id"],
        "channel_id": channel["id"],
        "fallback_channel_id": fallback["id"] if fallback else None,
        **{name: to_json(getattr(subscription, name)) for name in _FILTERS},
        "timing": timing_to_json(subscription.timing),
        "surges": int(subscription.surges),
        "enabled": int(subscription.enabled),
        "owner": subscription.owner,
    }
    tx.run(_PUT_SUBSCRIPTION, **values)
    row = tx.one(_SUBSCRIPTIONS + "WHERE s.slug = :slug", slug=subscription.slug)
    assert row is not None
    return _subscription(tx, row)


def get_subscription(tx: Transaction, subscription_id: int) -> Subscription:
    """Return one subscription by its id. Raises `NotFound`."""
    row = tx.one(_SUBSCRIPTIONS + "WHERE s.id = :id", id=subscription_id)
    if row is None:
        raise NotFound(f"there is no subscription {subscription_id}")
    return _subscription(tx, row)


def set_digest(
    tx: Transaction, subscription_id: int, *, next_at: datetime, last_at: datetime | None = None
) -> None:
    """Set when a subscription's next digest is due, and with `last_at` that one was made then."""
    tx.run(
        """
        UPDATE subscriptions SET next_digest_at = :next_at, last_digest_at = COALESCE(:last_at, last_digest_at)
        WHERE id = :id
        """,
        id=subscription_id,
        next_at=micros(next_at),
        last_at=micros(last_at),
    )


def channel_of(tx: Transaction, row: Row, prefix: str = "") -> Channel:
    """Return the channel of a row whose columns carry the prefix, with its secret if that opens."""
    slug, sealed, old = row[f"{prefix}slug"], row[f"{prefix}secret"], row[f"{prefix}old_secret"]
    return Channel(
        id=row[f"{prefix}id"],
        slug=slug,
        kind=ChannelKind(row[f"{prefix}kind"]),
        address=row[f"{prefix}address"],
        secret="" if sealed is None else _opened(tx, slug, sealed),
        old_secret="" if old is None else _opened(tx, slug, old),
        old_secret_until=moment_or_none(row[f"{prefix}old_secret_until"]),
        format=PayloadFormat(row[f"{prefix}format"]),
        enabled=bool(row[f"{prefix}enabled"]),
        disabled_reason=row[f"{prefix}disabled_reason"],
        owner=row[f"{prefix}owner"],
    )


_FILTERS = ("topics", "tags", "priorities", "languages", "publishers", "regions")

_SUBSCRIPTIONS = """
SELECT s.id AS subscription_id, s.slug AS subscription_slug, s.topics, s.tags, s.priorities, s.languages, s.publishers,
  s.regions, s.timing, s.surges, s.next_digest_at, s.last_digest_at,
  s.enabled AS subscription_enabled, s.owner AS subscription_owner,
  b.id, b.slug, b.name, b.language, b.zone, b.owner,
  c.id AS channel_id, c.slug AS channel_slug, c.kind AS channel_kind, c.address AS channel_address,
  c.secret AS channel_secret, c.enabled AS channel_enabled, c.disabled_reason AS channel_disabled_reason,
  c.owner AS channel_owner, c.old_secret AS channel_old_secret, c.old_secret_until AS channel_old_secret_until,
  c.format AS channel_format,
  f.id AS fallback_id, f.slug AS fallback_slug, f.kind AS fallback_kind, f.address AS fallback_address,
  f.secret AS fallback_secret, f.enabled AS fallback_enabled, f.disabled_reason AS fallback_disabled_reason,
  f.owner AS fallback_owner, f.old_secret AS fallback_old_secret, f.old_secret_until AS fallback_old_secret_until,
  f.format AS fallback_format
FROM subscriptions s
JOIN subscribers b ON b.id = s.subscriber_id
JOIN channels c ON c.id = s.channel_id
LEFT JOIN channels f ON f.id = s.fallback_channel_id
"""

_PUT_SUBSCRIPTION = """
INSERT INTO subscriptions (slug, subscriber_id, channel_id, fallback_channel_id, topics, tags, priorities, languages,
  publishers, regions, timing, surges, enabled, owner)
VALUES (:slug, :subscriber_id, :channel_id, :fallback_channel_id, :topics, :tags, :priorities, :languages,
  :publishers, :regions, :timing, :surges, :enabled, :owner)
ON CONFLICT (slug) DO UPDATE SET
  subscriber_id = excluded.subscriber_id, channel_id = excluded.channel_id,
  fallback_channel_id = excluded.fallback_channel_id, topics = excluded.topics, tags = excluded.tags,
  priorities = excluded.priorities, languages = excluded.languages, publishers = excluded.publishers,
  regions = excluded.regions, surges = excluded.surges, enabled = excluded.enabled, owner = excluded.owner,
  next_digest_at = CASE WHEN subscriptions.timing = excluded.timing THEN subscriptions.next_digest_at END,
  timing = excluded.timing
"""


def _opened(tx: Transaction, slug: str, sealed: bytes) -> str:
    try:
        return tx.sealer.open(bytes(sealed), context=_context(slug))
    except StoreError:
        return ""


def _context(slug: str) -> str:
    return f"channel:{slug}"


def _subscriber(row: Row) -> Subscriber:
    return Subscriber(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        language=row["language"],
        zone=row["zone"],
        owner=row["owner"],
    )


def _subscription(tx: Transaction, row: Row) -> Subscription:
    return Subscription(
        id=row["subscription_id"],
        slug=row["subscription_slug"],
        subscriber=_subscriber(row),
        channel=channel_of(tx, row, "channel_"),
        **{name: tuple(from_json(row[name])) for name in _FILTERS},
        timing=timing_from_json(row["timing"]),
        fallback=channel_of(tx, row, "fallback_") if row["fallback_id"] is not None else None,
        surges=bool(row["surges"]),
        enabled=bool(row["subscription_enabled"]),
        next_digest_at=moment_or_none(row["next_digest_at"]),
        last_digest_at=moment_or_none(row["last_digest_at"]),
        owner=row["subscription_owner"],
    )
