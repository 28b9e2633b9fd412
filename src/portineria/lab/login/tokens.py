"""Access tokens: RS256, with the claims that Entra puts in, as long as real ones are.

Source: entra-graph 5.4 (the claim list is UNVERIFIED as complete).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from portineria.lab.world import World

TYPICAL = 2200
"""Octets of an ordinary access token. Real ones have 1.5 to 2.5 kB, and it is the longer ones
that programs stumble over (strangers)."""


class TokenFault(Exception):
    """The token is no good. `because`: malformed, signature, expired, not-yet or tenant."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


@dataclass(frozen=True, slots=True)
class SigningKey:
    private: rsa.RSAPrivateKey
    certificate: bytes

    @property
    def kid(self) -> str:
        return _b64(hashlib.sha1(self.certificate, usedforsecurity=False).digest())


@cache
def signing_key() -> SigningKey:
    """The key of this process: making one takes a tenth of a second, and worlds are many.

    A token of one world is no good in another all the same: `read` compares the tenant.
    """
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.lab")])
    start = datetime(2024, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(private, hashes.SHA256())
    )
    return SigningKey(private, certificate.public_bytes(serialization.Encoding.DER))


def mint(world: World, *, audience: str, subject: str, seconds: int = 3599, **claims: Any) -> str:
    """An access token of this tenant for `audience`, about the object id `subject`."""
    now = int(world.clock.now().timestamp())
    world.made += 1
    body: dict[str, Any] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{world.tenant_id}/",
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "aio": _filler(world, "aio", 60),
        "oid": subject,
        "sub": subject,
        "tid": world.tenant_id,
        "uti": _filler(world, "uti", 22),
        "ver": "1.0",
        **claims,
    }
    token = _encode(body)
    missing = (TYPICAL - len(token)) * 3 // 4
    return _encode({**body, "xms_ftd": _filler(world, "ftd", missing)}) if missing > 0 else token


def sign(world: World, claims: Mapping[str, Any], seconds: int = 3599) -> str:
    """A signed token with these claims and its times: what an id_token is."""
    now = int(world.clock.now().timestamp())
    world.made += 1
    times = {"iat": now, "nbf": now, "exp": now + seconds, "uti": _filler(world, "uti", 22)}
    return _encode({**claims, **times})


def read(world: World, token: str) -> dict[str, Any]:
    """The claims of a token of this tenant that is valid now. Raises TokenFault.

    Whom it is for (`aud`) is for the reader to judge.
    """
    claims = dict(_signed(token))
    now = world.clock.now().timestamp()
    if claims.get("tid") != world.tenant_id:
        raise TokenFault("tenant")
    if now >= claims.get("exp", 0):
        raise TokenFault("expired")
    if now < claims.get("nbf", 0) - 300:
        raise TokenFault("not-yet")
    return claims


@lru_cache(maxsize=256)
def _signed(token: str) -> Mapping[str, Any]:
    """The claims of a token that we signed, whenever. Programs show the same one many times."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            signing_key().private.public_key(),
            algorithms=["RS256"],
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise TokenFault("signature") from None
    except jwt.PyJWTError:
        raise TokenFault("malformed") from None
    return MappingProxyType(claims)


@lru_cache(maxsize=256)
def caller(token: str) -> str:
    """The client id inside a token, whatever it is worth; "" where there is none."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return ""
    return str(claims.get("appid", ""))


def key_set(issuer: str) -> Mapping[str, Any]:
    """The JWKS document (shape UNVERIFIED, entra-graph 5.7)."""
    key = signing_key()
    numbers = key.private.public_key().public_numbers()
    return {
        "keys": [
            {
                "kty": "RSA",
                "use": "sig",
                "kid": key.kid,
                "x5t": key.kid,
                "n": _b64(numbers.n.to_bytes(256, "big")),
                "e": _b64(numbers.e.to_bytes(3, "big")),
                "x5c": [base64.b64encode(key.certificate).decode()],
                "issuer": issuer,
            }
        ]
    }


def _encode(body: Mapping[str, Any]) -> str:
    key = signing_key()
    return jwt.encode(
        dict(body), key.private, algorithm="RS256", headers={"kid": key.kid, "x5t": key.kid}
    )


def _filler(world: World, what: str, length: int) -> str:
    """Opaque text as real tokens carry it; different each time."""
    seed = f"{world.tenant_id}/{what}/{world.made}"
    return _b64(hashlib.shake_256(seed.encode()).digest(max(1, length * 3 // 4)))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
