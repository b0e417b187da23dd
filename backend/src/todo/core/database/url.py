"""Database URLs, as SQLAlchemy and libpq spell them."""

from typing import Any

from sqlalchemy import make_url


def connect_arguments(url: str) -> dict[str, Any]:
    """Return the keyword arguments of `asyncpg.connect` for a SQLAlchemy-style or libpq-style URL."""
    parsed = make_url(url)
    query = dict(parsed.query)
    arguments: dict[str, Any] = {"server_settings": {"application_name": "todo"}}
    # SQLAlchemy has a second name for the driver's cache of prepared statements.
    for name in ("statement_cache_size", "prepared_statement_cache_size"):
        if name in query:
            arguments["statement_cache_size"] = int(str(query.pop(name)))
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    dsn = parsed.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
    return {"dsn": dsn, **arguments}
