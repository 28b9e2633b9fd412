"""msmtp: what stands in for sendmail on many servers. The token comes from a command."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from clients.program import Errand, Outcome, Own, Program, private, run, secret_file


class Msmtp(Program):
    name = "msmtp"
    speaks = frozenset({"smtp"})
    own = MappingProxyType({("smtp", "clear"): Own("the server does not support authentication")})

    def go(self, errand: Errand, folder: Path) -> Outcome:
        tls = "off" if errand.tls == "never" else "on"
        method = "xoauth2" if errand.kind == "token" else "login"
        settings = f"""
            account lab
            host {errand.host}
            port {errand.port}
            timeout 15
            tls {tls}
            tls_starttls {"on" if errand.tls == "starttls" else "off"}
            tls_trust_file {errand.ca}
            auth {method}
            user {errand.user}
            passwordeval cat {secret_file(errand, folder)}
            from {errand.sender}
            account default : lab
            """
        file = private(folder / "msmtprc", settings)
        ended = run(folder, "msmtp", "-C", str(file), errand.to, text=errand.text())
        return Outcome(ended.code == 0, ended.shown)
