"""A certificate of an application's own, and its registration in the lab."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from portineria.lab.serve import Running


@dataclass(frozen=True, slots=True)
class Certificate:
    lab: Running
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def private_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def thumbprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA1()).hex()

    def register(self, client_id: str) -> None:
        applications = self.lab.lab.world["applications"]
        app = applications.find("appId", client_id)
        assert app is not None
        applications.patch(app["id"], certificates=[self.pem])


def self_signed(lab: Running) -> Certificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = lab.lab.clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "control")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return Certificate(lab, key, certificate)
