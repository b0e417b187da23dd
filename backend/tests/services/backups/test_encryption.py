"""A backup with a passphrase is encrypted, and programs other than the service can decrypt it."""

import os
import pty
import tarfile
from pathlib import Path

import pytest

from tests.live.backups.test_documented_commands import COMMANDS
from tests.live.conftest import require
from tests.services.backups.support import back_up, read_rows, restore, verify
from todo.services.backups.archive import write_archive
from todo.services.backups.errors import BackupError

PASSPHRASE = "correct horse"


@pytest.fixture(scope="session")
async def encrypted_file(source_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted backup."""
    path = tmp_path_factory.mktemp("encrypted") / "todo.backup"
    await back_up(source_url, path, PASSPHRASE)
    return path


@pytest.mark.spec("BAK-014")
async def test_encrypted_backup_is_restored_with_its_passphrase(
    source_url: str, target_url: str, encrypted_file: Path
) -> None:
    await restore(target_url, encrypted_file, passphrase=PASSPHRASE)

    assert await read_rows(target_url) == await read_rows(source_url)


@pytest.mark.spec("BAK-014")
def test_encrypted_backup_shows_no_names_of_tables(encrypted_file: Path) -> None:
    with tarfile.open(encrypted_file) as tar:
        assert tar.getnames() == ["key.age", "data.age.000001"]
    assert b"users" not in encrypted_file.read_bytes()


@pytest.mark.spec("BAK-014")
def test_wrong_passphrase_is_rejected(encrypted_file: Path) -> None:
    with pytest.raises(BackupError, match="passphrase is wrong"):
        verify(encrypted_file, "another")


@pytest.mark.spec("BAK-022")
def test_key_that_needs_too_much_memory_is_no_wrong_passphrase(encrypted_file: Path, tmp_path: Path) -> None:
    content = encrypted_file.read_bytes()
    (tmp_path / "expensive").write_bytes(content.replace(b" 18\n", b" 40\n", 1))

    with pytest.raises(BackupError, match="needs 1073741824 MiB of memory"):
        verify(tmp_path / "expensive", PASSPHRASE)


@pytest.mark.spec("BAK-007")
def test_damaged_encrypted_backup_is_rejected(encrypted_file: Path, tmp_path: Path) -> None:
    content = encrypted_file.read_bytes()
    start = content.index(b"data.age.") + 1024
    changed = bytearray(content)
    changed[start + 300] ^= 1

    for number, damaged in enumerate([content[: start + 500], content[:start], bytes(changed)]):
        (tmp_path / str(number)).write_bytes(damaged)
        with pytest.raises(BackupError, match="damaged"):
            verify(tmp_path / str(number), PASSPHRASE)


@pytest.mark.spec("BAK-014")
def test_age_and_tar_decrypt_a_backup_of_several_parts(tmp_path: Path) -> None:
    parts = {f"tables/tasks/{number:06}.copy": os.urandom(700_000) for number in range(4)}
    with (tmp_path / "todo.backup").open("wb") as output, write_archive(output, PASSPHRASE, 0) as archive:
        for name, content in parts.items():
            archive.add(name, content)
    require("age")

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execvp("sh", ["sh", "-euc", COMMANDS["decrypt"]])
    answer_prompt(terminal)
    _, status = os.waitpid(pid, 0)

    assert status == 0
    with tarfile.open(tmp_path / "decrypted.backup") as tar:
        assert {entry.name: tar.extractfile(entry).read() for entry in tar} == parts  # type: ignore[union-attr]  # files


@pytest.mark.spec("BAK-003")
async def test_full_disk_ends_an_encrypted_backup(source_url: str) -> None:
    with pytest.raises(OSError, match="No space left"):
        await back_up(source_url, Path("/dev/full"), PASSPHRASE)


def answer_prompt(terminal: int) -> None:
    """Type the passphrase when a program asks for it, and read its output until it ends."""
    output, is_answered = b"", False
    while True:
        try:
            output += os.read(terminal, 1000)
        except OSError:
            return
        if b"assphrase" in output and not is_answered:
            os.write(terminal, f"{PASSPHRASE}\n".encode())
            is_answered = True
