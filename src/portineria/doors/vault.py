"""People's refresh tokens at rest: encrypted, by a key that lies in another file.

AES-256-GCM over the whole list. Whoever has only the one file, a backup or a copied folder, has
nothing; whoever may read both, our own user or root, has everything, and no program on a machine
that restarts without people can prevent that.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portineria.doors.files import write_atomic
from portineria.doors.state import refuse_readable_by_others
from portineria.doors.textfile import read_octets
from portineria.fault import BadCredential, NoFile, StateFault
from portineria.secret import Secret

SCHEMA = "portineria.vault/1"
MOST = 16 * 1024 * 1024
AGAIN = "sign these people in again: portineria connect user ADDRESS"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Vault:
    """Secrets by address (lower case). `path` is the list, `key` the file with its key."""

    path: Path
    key: Path

    @staticmethod
    def at(path: Path) -> Vault | None:
        """The vault that this file is; None for anything else. Raises OperatorFault."""
        if not path.is_file() or not path.read_bytes()[:64].startswith(b'{"schema": "' + _MARK):
            return None
        document = _document(path)
        return Vault(path, path.parent / str(document.get("key")))

    @property
    def lock(self) -> Path:
        return self.path.with_name(f".{self.path.name}.lock")

    def read(self) -> dict[str, Secret]:
        """Every secret; none where there is no file yet. Raises OperatorFault."""
        if not self.path.exists():
            return {}
        document = _document(self.path)
        try:
            sealed = b64decode(str(document["sealed"]), validate=True)
            plain = AESGCM(self._key()).decrypt(sealed[:_NONCE], sealed[_NONCE:], _MARK)
            found = json.loads(plain)
            return {str(name): Secret(str(value)) for name, value in found.items()}
        except (InvalidTag, KeyError, ValueError, AttributeError):
            raise BadCredential(
                "the list of tokens cannot be opened: it is damaged, or sealed with another key",
                where=str(self.path),
                try_=f"bring back {self.key} as it was, or move both away and {AGAIN}",
            ) from None

    def keep(self, address: str, secret: Secret) -> None:
        """Put one secret in, in place of an older one. Raises OperatorFault."""
        self.change(lambda held: held.update({address.lower(): secret}))

    def change(self, change: Callable[[dict[str, Secret]], object]) -> None:
        """Read, change and write, while no other process does. Raises OperatorFault."""
        try:
            with self._alone():
                held = self.read()
                change(held)
                self._write(held)
        except OSError as error:
            raise StateFault(
                f"the list of tokens cannot be written: {error.strerror}",
                where=str(self.path),
                try_=StateFault.mend,
            ) from None

    def _write(self, held: dict[str, Secret]) -> None:
        plain = json.dumps({name: value.reveal() for name, value in held.items()}).encode()
        if not self.key.exists():
            write_atomic(self.key, b64encode(secrets.token_bytes(32)) + b"\n")
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + AESGCM(self._key()).encrypt(nonce, plain, _MARK)
        document = {
            "schema": SCHEMA,
            "key": os.path.relpath(self.key, self.path.parent),
            "sealed": b64encode(sealed).decode(),
        }
        write_atomic(self.path, json.dumps(document).encode() + b"\n")

    def _key(self) -> bytes:
        """Raises BadCredential where others may read it, NoFile where it is gone."""
        try:
            cure = ("the key of the list of tokens", "chmod 600", BadCredential)
            refuse_readable_by_others(self.key, *cure)
        except OSError as error:
            raise NoFile(
                f"the key of the list of tokens cannot be read: {error.strerror}",
                where=str(self.key),
                try_=f"bring it back, or move {self.path} away and {AGAIN}",
            ) from None
        return b64decode(read_octets(self.key, most=1024))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Waits: others hold it for as long as it takes to write a file."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


_MARK = SCHEMA.encode()


def _document(path: Path) -> dict[str, object]:
    try:
        document = json.loads(read_octets(path, most=MOST))
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}
