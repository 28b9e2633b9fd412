"""Why no answer came, or an answer of somebody in between: proxies, portals, TLS, names.

Both HTTP clients of the house, ours and the one that msal speaks through, are explained here.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from portineria.m365.messages import Distrusted, Intercepted, NoAnswer

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_REFUSED = re.compile(r"(?:Tunnel connection failed: )?\b(40[0-9]|5\d\d) ([A-Z][A-Za-z ]+)")
_LONGEST_CHAIN = 12


def unreachable(error: BaseException, host: str, *, sent: bool, loopback: bool = False) -> NoAnswer:
    """The fault of a connection that failed. The message holds no header and no credential.

    `sent` tells whether the request may have been executed; loopback is never reached by proxy.
    """
    evidence = {"host": host, "error": type(error).__name__}
    proxy = "" if loopback else proxy_of(os.environ)
    if trouble := tls_trouble(error):
        return Distrusted(
            f"the TLS certificate of {host} is not trusted: {trouble}",
            sent=False,
            where=host,
            try_=tls_advice(os.environ, trouble),
            evidence=evidence,
        )
    if proxy and (said := _proxys_word(error)):
        return Intercepted(
            f"the proxy {proxy} lets nobody through to {host}: {said}",
            sent=False,
            where=proxy,
            try_=_proxy_advice(said),
            evidence=evidence,
        )
    if sent:
        why, advice = f"{host} cut the connection", "run it again; the service may be restarting"
    else:
        why = f"{f'the proxy {proxy}' if proxy else host} cannot be reached: {_cause(error)}"
        advice = _way_advice(proxy)
    return NoAnswer(why, sent=sent, where=proxy or host, try_=advice, evidence=evidence)


def in_between(
    status: int, content_type: str, body: bytes, location: str, host: str
) -> Intercepted | None:
    """A web page or a redirect where the service speaks JSON: a portal, or a proxy's own page.

    A failing gateway of the service's (5xx) answers with pages too: that is not meant.
    """
    redirected = status in (301, 302, 303, 307, 308)
    page = "html" in content_type.lower() or body[:200].lstrip()[:1] == b"<"
    if status >= 500 or not (redirected or page):
        return None
    what = "a redirect" if redirected else "a web page"
    if redirected and location:
        what = f"a redirect, which leads to {urlsplit(location).netloc},"
    return Intercepted(
        f"{host} answered HTTP {status} with {what} instead of the service's JSON: "
        "a proxy or a sign-in page stands in between",
        sent=False,
        where=host,
        try_="sign in to the network with a browser, or ask its administrator to let this host "
        "through; check the hosts under `endpoints`",
        evidence={"status": status, "content_type": content_type[:60]},
    )


def proxy_of(environment: Mapping[str, str]) -> str:
    """host:port of the proxy that the environment names, without its credential; or ""."""
    for name in _PROXIES:
        if value := environment.get(name, "").strip():
            parts = urlsplit(value if "://" in value else f"http://{value}")
            return parts.netloc.rpartition("@")[2]
    return ""


def tls_trouble(error: BaseException | None) -> str:
    """What the TLS library said of a certificate, "" where it was something else."""
    for one in _chain(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return one.verify_message.rstrip(".") or str(one)
        if "CERTIFICATE_VERIFY_FAILED" in str(one):
            found = re.search(r"certificate verify failed:? ?(.*?)\.?(?: \(_ssl|$)", str(one))
            return (found[1].strip() if found else "") or "certificate verify failed"
    return ""


def tls_advice(environment: Mapping[str, str], trouble: str = "") -> str:
    """Where to name a CA; says so when the environment names one that is not used here."""
    if "expired" in trouble or "not yet valid" in trouble:
        return "check this machine's clock first: timedatectl; then ask whoever runs that host"
    if "mismatch" in trouble:
        return "check the hosts under `endpoints` in the profile: another host answers there"
    advice = (
        "if a proxy inspects TLS, or this is an imitation with a CA of its own, name that CA's "
        "PEM file as `ca` in the profile"
    )
    named = [name for name in _BUNDLES if environment.get(name)]
    if not named:
        return advice
    return f"{advice} (the environment's {' and '.join(named)}: not used here)"


def _proxys_word(error: BaseException) -> str:
    """What a proxy said instead of opening a tunnel: "407 Proxy Authentication Required"."""
    for one in _chain(error):
        if "proxy" in type(one).__name__.lower() or "Tunnel connection failed" in str(one):
            found = _REFUSED.search(str(one))
            if found is not None:
                return f"{found[1]} {found[2].strip()}"
    return ""


def _proxy_advice(said: str) -> str:
    if said.startswith("407"):
        return (
            "give it your name and password: export HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT "
            "(signs in them written as %XX)"
        )
    return "ask its administrator to let this host through, or name another with HTTPS_PROXY"


def _way_advice(proxy: str) -> str:
    if proxy:
        return "check HTTPS_PROXY, or unset it where no proxy is needed"
    return (
        "check the name and the network; where only a proxy leads out: "
        "export HTTPS_PROXY=http://HOST:PORT"
    )


def _cause(error: BaseException) -> str:
    for one in _chain(error):
        if isinstance(one, socket.gaierror):
            return "its name is not known"
        if isinstance(one, OSError) and one.errno in _CAUSES:
            return _CAUSES[one.errno]
        if "Timeout" in type(one).__name__ or isinstance(one, TimeoutError):
            return "no answer in time"
        for words, cause in _WORDS.items():
            if words in str(one).lower():
                return cause
    return "no connection"


_WORDS = {
    "name resolution": "its name is not known",
    "name or service not known": "its name is not known",
    "connection refused": "connection refused",
    "timed out": "no answer in time",
}
"""urllib3 keeps the cause in its text alone."""
_CAUSES = {
    errno.ECONNREFUSED: "connection refused",
    errno.ENETUNREACH: "no way to that network",
    errno.EHOSTUNREACH: "no way to that host",
    errno.ETIMEDOUT: "no answer in time",
    errno.ECONNRESET: "the connection was cut",
}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it wraps, and what led to it, each once."""
    waiting, seen = [error], 0
    while waiting and seen < _LONGEST_CHAIN:
        one = waiting.pop(0)
        if one is None:
            continue
        seen += 1
        yield one
        inner = [part for part in one.args if isinstance(part, BaseException)]
        reason = getattr(one, "reason", None)
        if isinstance(reason, BaseException):
            inner.append(reason)
        if isinstance(one, BaseExceptionGroup):
            inner += one.exceptions
        waiting += [*inner, one.__cause__ or one.__context__]
