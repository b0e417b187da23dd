"""Values for fields, parameters, bodies and headers that are likely to break a service."""

from typing import Any

CONTROL_CHARACTERS = ["", " ", "\0", "a\0b", "\x01\x1b[31m", "\r\nSet-Cookie: a=b", "\u202e\u200b\u2066", "\ufeff"]
LONE_SURROGATES = ["\ud800", "\udfff\ud800"]
UNICODE_TEXTS = ["é", "e\u0301", "\u212b", "ﬃ", "İ", "ß", "\U0001d518\U0001d52b", "👩‍👩‍👧", "\U0010ffff"]
LONG_TEXTS = ["x" * 201, "x" * 100_000, "e\u0301" * 5000]
SQL_TEXTS = ["'; DROP TABLE users; --", "%", "_", "\\"]
CODE_TEXTS = ["${jndi:ldap://x}", "{{7*7}}", "<script>", "../../etc/passwd"]
TEXTS_LIKE_OTHER_TYPES = ["null", "7"]
TEXTS = [
    *CONTROL_CHARACTERS,
    *LONE_SURROGATES,
    *UNICODE_TEXTS,
    *LONG_TEXTS,
    *SQL_TEXTS,
    *CODE_TEXTS,
    *TEXTS_LIKE_OTHER_TYPES,
]
INTEGERS = [0, -1, 1, 2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 10**400]
FLOATS = [0.5, 1.0, -0.0, 1e308, 5e-324]
TEXTS_LIKE_NUMBERS = ["0", "1", "-1", "1e3", "0x1", " 1", "\u0661", "1_0"]
NUMBERS: list[Any] = [*INTEGERS, *FLOATS, True, False, None, [], {}, [[]], *TEXTS_LIKE_NUMBERS]
BOUNDARY_DATES = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
]
INVALID_DATES = [
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-12-31T23:59:60Z",
    "2026-12-31T24:00:00Z",
    "2026-12-01T00:00:00+99:99",
    "2026-12-01T00:00Z\0",
]
DATES_IN_OTHER_FORMATS = ["2026-W53-7", "2026-366", "12/31/2026", "infinity", "-infinity", "now", "epoch"]
DATES = [*BOUNDARY_DATES, *INVALID_DATES, *DATES_IN_OTHER_FORMATS]
EMAILS = [
    "a@b",
    "@",
    "a@",
    "@b.com",
    "a@b@c.com",
    "a b@example.com",
    "a@example.com\nBcc: x@example.com",
    "a@[127.0.0.1]",
    "a" * 65 + "@example.com",
    "a@" + "b" * 250 + ".com",
    "a@" + "b." * 150 + "com",
    "ü@exämple.de",
    "a@xn--ls8h.la",
    '"a\\0"@example.com',
    "A@EXAMPLE.COM",
    "a@example.com.",
    "a@-example.com",
    "a@example..com",
    "a@\u0435xample.com",
    "\u202ea@example.com",
]
BODIES_OF_OTHER_TYPES = [b"", b"null", b"[]", b'"x"', b"1"]
MALFORMED_BODIES = [b"{", b'{"title"', b"\xff\xfe", b"\xff", b"\x00", b"{}garbage"]
LARGE_BODIES = [b"[" * 100_000, b'{"a":' * 100_000, b'{"title":' + b"9" * 5000 + b"}"]
BODIES_LIKE_JSON = [b'{"title": NaN}', b'{"title": -Infinity}', b"{'title': 'x'}"]
BODIES_WITH_DUPLICATE_KEYS = [b'{"title": "x", "title": null}']
BODIES_WITH_INVALID_CHARACTERS = [b'{"title": "\\ud800"}', b'{"title": "\\u0000"}']
BODIES_IN_OTHER_ENCODINGS = ['{"title": "x"}'.encode("utf-16"), b'\xef\xbb\xbf{"title": "x"}']
RAW_BODIES = [
    *BODIES_OF_OTHER_TYPES,
    *MALFORMED_BODIES,
    *LARGE_BODIES,
    *BODIES_LIKE_JSON,
    *BODIES_WITH_DUPLICATE_KEYS,
    *BODIES_WITH_INVALID_CHARACTERS,
    *BODIES_IN_OTHER_ENCODINGS,
]
HEADERS = {
    "Authorization": [
        "",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "Bearer a b",
        "bearer\tx",
        "Bearer " + "x" * 10_000,
        "Bearer ..",
        "Bearer é",
    ],
    "If-Match": ["", "*", '"', '""', "W/", 'W/"1"', '"1",,"2"', '"' + "9" * 1000 + '"', "é", '"1"; x'],
    "If-None-Match": ["", "*", '"', "W/", ",", "é" * 1000],
    "Idempotency-Key": ["", " ", "é", "x" * 256, "a\tb", '"quoted"'],
    "X-Request-ID": ["", "é", "x" * 1000, "a b", "a;b", "../x"],
    "Cookie": [
        "",
        "=",
        "refresh_token",
        "refresh_token=",
        "refresh_token=é",
        "refresh_token=" + "x" * 10_000,
        "a=b;;;;refresh_token=a.b.c",
    ],
    "Accept-Encoding": ["", "*;q=x", "gzip;q=2", "\xff", ", ,"],
    "Origin": ["null", "http://", "é", "http://localhost:3000\x7f"],
    "Host": ["", "é", "[::1", "a" * 1000],
    "Content-Type": [
        "",
        "x",
        "application/json; charset=utf-99",
        "application/json;" * 500,
        "multipart/form-data",
        "é",
    ],
    "X-Forwarded-For": ["", "x", "::1, 1.2.3.4", "999.999.999.999", "1" * 5000],
}
