"""The secret that signs tokens, in the data folder of the embedded database."""

import asyncio
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from todo.core.config import Settings, SettingsError
from todo.core.setting_values import JWT_SECRET, SECRET_COMMAND
from todo.services.backups.restore import read_restore_id

SECRET_FILE = "jwt_secret_key"  # noqa: S105 -- the name of a file
RESTORED_PREFIX = f"{SECRET_FILE}.restore-"


def load_secret(settings: Settings, url: str) -> SecretStr:
    """Return JWT_SECRET_KEY or the secret in the data folder. The first call creates this file, with mode 0600.

    Raises:
        SettingsError: the secret is missing or invalid.
    """
    if settings.jwt_secret_key is not None:
        return settings.jwt_secret_key
    if settings.database_url is not None:
        raise SettingsError(f"JWT_SECRET_KEY should be set when DATABASE_URL is set; make one with: {SECRET_COMMAND}")
    settle_restored_secrets(settings.data_dir, url)
    path = settings.data_dir / SECRET_FILE
    if not path.exists():
        write_secret(path, secrets.token_hex(32))
    secret = path.read_text().strip()
    if not JWT_SECRET.fullmatch(secret):
        raise SettingsError(
            f"{path} should contain at least 64 hexadecimal characters; remove the file to get a new secret"
        )
    return SecretStr(secret)


def stage_restored_secret(data_dir: Path, restore_id: str, secret: str) -> None:
    """Store the secret of a restore beside the present one. `settle_restored_secrets` decides between the two."""
    write_secret(data_dir / f"{RESTORED_PREFIX}{restore_id}", secret)


def settle_restored_secrets(data_dir: Path, url: str) -> None:
    """Replace the secret with that of the restore that the database has committed. Remove those of other restores.

    A restore can end between the commit of the data and this call. The next start of the service then calls it.
    """
    staged = list(data_dir.glob(f"{RESTORED_PREFIX}*"))
    if not staged:
        return
    restore_id = asyncio.run(read_restore_id(url))
    for path in staged:
        if path.name == f"{RESTORED_PREFIX}{restore_id}":
            path.replace(data_dir / SECRET_FILE)
            sync_folder(data_dir)
        else:
            path.unlink()


def write_secret(path: Path, secret: str) -> None:
    """Create a file with a secret, with mode 0600. An interruption leaves the complete file or none."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Write the entries of a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
