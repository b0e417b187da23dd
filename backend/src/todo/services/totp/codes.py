"""Codes: how they are made, read and compared."""

import base64
import re
import secrets
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import pyotp
from pyotp.exceptions import OTPVerificationError

WINDOW_STEPS = 1
"""How many steps of 30 seconds the clocks of the service and of the device may differ (RFC 6238, section 5.2)."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
"""80 random bits, so a fast hash is enough (ADR 0048)."""
GROUP_SIZE = 4
TEXT_MAX = 100
"""The longest text that is read. A code with separators is shorter."""
SEPARATORS = re.compile(r"[\s-]+")
TOTP_SHAPE = re.compile(r"[0-9]{6}")
RECOVERY_SHAPE = re.compile(r"[a-z2-7]{16}")


def compact(text: str) -> str:
    """Return a code as it is compared: without spaces and dashes, in lower case."""
    return SEPARATORS.sub("", text).lower() if len(text) <= TEXT_MAX else ""


def is_totp_code(code: str) -> bool:
    """Tell whether a compact text has the form of a TOTP code."""
    return TOTP_SHAPE.fullmatch(code) is not None


def is_recovery_code(code: str) -> bool:
    """Tell whether a compact text has the form of a recovery code."""
    return RECOVERY_SHAPE.fullmatch(code) is not None


def new_secret() -> str:
    """Return a random secret of 160 bits in base32."""
    return pyotp.random_base32()


def setup_uri(secret: str, email: str, issuer: str) -> str:
    """Return the `otpauth://` URI that an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def find_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, among the current one and its neighbours, or None (RFC 6238)."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW_STEPS)
    except OTPVerificationError:
        return None


def new_recovery_codes() -> list[str]:
    """Return random codes, such as `k3vd-7qha-m2xe-w5tn`."""
    return [_group(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()) for _ in range(RECOVERY_CODES)]


def hash_recovery_code(user_id: UUID, code: str) -> bytes:
    """Return the hash of a compact recovery code. The user's id is the salt."""
    return sha256(user_id.bytes + code.encode()).digest()


def _group(code: str) -> str:
    groups = (code[start : start + GROUP_SIZE] for start in range(0, len(code), GROUP_SIZE))
    return "-".join(groups).lower()
