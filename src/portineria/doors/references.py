"""Secrets by reference: `file:PATH` or `env:NAME`. The value is read when it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portineria.doors.state import refuse_readable_by_others
from portineria.doors.textfile import read_text
from portineria.fault import BadCredential, NoFile
from portineria.policy.marked import Page, Spot
from portineria.secret import Secret

MOST = 16 * 1024 * 1024
ADVICE = "put it into a file of its own (mode 0600) and write file:PATH, or write env:NAME"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept. `where` is the place in the profile that names it."""

    kind: str
    name: str
    where: str

    @property
    def path(self) -> Path:
        """The file of a `file:` reference."""
        return Path(self.name)

    def read(self, environment: Mapping[str, str] | None = None) -> Secret:
        """The secret, without surrounding white space. Raises OperatorFault."""
        if self.kind == "env":
            return self._from_environment(os.environ if environment is None else environment)
        value = self.text().strip()
        if not value.isprintable():
            raise BadCredential(
                "the secret's file holds more than one line, or a control character",
                where=self.where,
                try_=f"leave the secret alone in {self.path}; a PEM goes with certificate:",
            )
        return Secret(value)

    def text(self) -> str:
        """A private file's whole text (for `file:` references). Raises OperatorFault."""
        path = self.path
        self.refuse_open()
        text = read_text(path, most=MOST, secret=True)
        if not text.strip():
            raise BadCredential(
                "the secret's file is empty",
                where=self.where,
                try_=f"put the secret into {path}",
            )
        return text

    def refuse_open(self) -> None:
        """Raises BadCredential where others may read the file, NoFile where there is none."""
        path = self.path
        try:
            refuse_readable_by_others(path, "a file with secrets", "chmod 600", BadCredential)
        except OSError as error:
            raise NoFile(
                f"the secret's file cannot be read: {error.strerror}",
                where=self.where,
                try_=f"check the path, or make the file: {path}",
            ) from None

    def _from_environment(self, environment: Mapping[str, str]) -> Secret:
        value = environment.get(self.name, "").strip()
        if not value or not value.isprintable():
            raise BadCredential(
                f"the environment variable {self.name} is no text that a secret could be"
                if value
                else f"the environment variable {self.name} is not set",
                where=self.where,
                try_=f"export {self.name}, or keep the secret in a file and write file:PATH",
            )
        return Secret(value)


def read_reference(page: Page, spot: Spot, what: str, base: Path) -> Reference | None:
    """A reference written in a profile; files are found from `base`.

    A literal secret is refused, and never repeated in the complaint.
    """
    value = page.text(spot, what)
    if value is None:
        return None
    kind, colon, name = value.partition(":")
    if not colon or kind not in {"file", "env"}:
        page.complain(spot, f"{what} does not belong into a profile", ADVICE)
        return None
    if not name.strip():
        page.complain(spot, f"{what} names nothing after {kind}:", ADVICE)
        return None
    if kind == "file":
        try:
            name = str(from_home(name.strip(), base))
        except RuntimeError:
            page.complain(spot, f"{what} is in a home folder that nobody has", ADVICE)
            return None
    place = f"{page.file}:{spot.place.line}:{spot.place.column}"
    return Reference(kind, name.strip(), place)


def from_home(name: str, base: Path) -> Path:
    """A path as a profile writes it, `~` included. Raises RuntimeError for nobody's home."""
    return (base / Path(name).expanduser()).absolute()
