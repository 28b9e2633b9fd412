"""When two names are the same: how people, services and files spell one differently."""

from __future__ import annotations

from unicodedata import normalize


def folded(name: str) -> str:
    """The form in which names are compared: whatever the case, the composition, the blanks around.

    Microsoft compares addresses and display names without case. One letter can be one sign or
    two (é), as files from a Mac have it; both are one name to people. Source: Unicode 5.18,
    caseless matching.
    """
    if name.isascii():
        bare = name.strip()
        # What is in its form already is not copied: an index of names holds thousands of them.
        return bare if bare.islower() else bare.lower()
    return normalize("NFC", normalize("NFD", name.strip()).casefold())
