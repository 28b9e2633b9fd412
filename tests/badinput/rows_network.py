"""The way to the service: nobody there, others there, certificates, proxies and portals."""

from __future__ import annotations

from collections.abc import Callable

from desk import Desk, Row
from inbetween import answer, behind_proxy, far_away, free_port, instead, instead_by_id

LOOK = ["look"]
PORTAL = b"<!DOCTYPE html><html><title>Hotel Wi-Fi</title><p>Sign in to go on.</html>"
HTML = "Content-Type: text/html"
ASKS = answer("407 Proxy Authentication Required", b"", 'Proxy-Authenticate: Basic realm="x"')


def nobody_there(desk: Desk) -> None:
    desk.endpoints(login=f"https://localhost:{free_port()}")


def nobody_at_graph(desk: Desk) -> None:
    port = free_port()
    desk.endpoints(graph=f"https://localhost:{port}", exchange=f"https://localhost:{port}")


def untrusted(desk: Desk) -> None:
    desk.edit_profile(ca=None)
    desk.patch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/corporate.pem")


def proxy_is_down(desk: Desk) -> None:
    desk.patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    far_away(desk)


def environment(name: str, value: str) -> Callable[[Desk], None]:
    def arrange(desk: Desk) -> None:
        desk.patch.setenv(name, value)
        desk.edit_profile(ca=None)

    return arrange


def cut(desk: Desk) -> None:
    rows = [{"operation": "^GET .*openid", "nth": nth, "fault": "cut-before"} for nth in (1, 2)]
    desk.edit_profile(tenant="contoso.onmicrosoft.com")
    desk.lab.weather(scheduled=rows)


def with_password(desk: Desk) -> None:
    desk.secrets.append("hunter2")
    behind_proxy(ASKS, "me:hunter2@")(desk)


ROWS = [
    Row(name="nobody there", words=LOOK, exit=6, code="network", arrange=nobody_there,
        where="localhost", why="cannot be reached: connection refused",
        try_="export HTTPS_PROXY=http://HOST:PORT"),
    Row(name="nobody there but the login", words=LOOK, exit=6, code="network",
        arrange=nobody_at_graph, where="localhost", why="cannot be reached: connection refused",
        try_="HTTPS_PROXY"),
    Row(name="a connection that is cut", words=LOOK, exit=6, code="network", arrange=cut,
        where="localhost", why="cut the connection", try_="run it again"),
    Row(name="a certificate that is not trusted", words=LOOK, exit=6, code="not-trusted",
        arrange=untrusted, where="localhost", why="is not trusted",
        try_=["`ca` in the profile", "REQUESTS_CA_BUNDLE: not used here"]),
    Row(name="a certificate that has expired", words=LOOK, exit=6, code="not-trusted",
        arrange=instead(answer("200 OK"), days=(-30, -1)), where="localhost",
        why="certificate has expired", try_="this machine's clock first"),
    Row(name="a certificate of tomorrow", words=LOOK, exit=6, code="not-trusted",
        arrange=instead(answer("200 OK"), days=(1, 30)), where="localhost",
        why="not yet valid", try_="timedatectl"),
    Row(name="a certificate of another host", words=LOOK, exit=6, code="not-trusted",
        arrange=instead(answer("200 OK"), name="portal.example"), where="localhost",
        why="not valid for 'localhost'", try_="`endpoints`"),
    Row(name="a proxy that asks who we are", words=LOOK, exit=6, code="proxy",
        arrange=behind_proxy(ASKS), where="127.0.0.1:",
        why="lets nobody through to login.example: 407 Proxy Authentication Required",
        try_="export HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"),
    Row(name="a proxy that knows another password", words=LOOK, exit=6, code="proxy",
        arrange=with_password, where="127.0.0.1:", why="407 Proxy Authentication Required",
        try_="USER:PASSWORD", not_said="me:"),
    Row(name="a proxy that forbids", words=LOOK, exit=6, code="proxy",
        arrange=behind_proxy(answer("403 Forbidden")), where="127.0.0.1:",
        why="lets nobody through to login.example: 403 Forbidden", try_="administrator"),
    Row(name="a proxy that is down", words=LOOK, exit=6, code="network", arrange=proxy_is_down,
        where="127.0.0.1:", why=["the proxy 127.0.0.1:", "connection refused"],
        try_="check HTTPS_PROXY"),
    Row(name="a proxy that hangs up", words=LOOK, exit=6, code="network",
        arrange=behind_proxy(b""), where="127.0.0.1:", why="the proxy 127.0.0.1:",
        try_="check HTTPS_PROXY"),
    Row(name="a proxy of no known kind", words=LOOK, exit=2, code="usage",
        arrange=environment("HTTPS_PROXY", "gopher://127.0.0.1:70"), where="HTTPS_PROXY",
        why="cannot be used", try_="http://HOST:PORT"),
    Row(name="a proxy that speaks SOCKS", words=LOOK, exit=2, code="usage",
        arrange=environment("ALL_PROXY", "socks5://127.0.0.1:1080"), where="ALL_PROXY",
        why="cannot be used", try_="SOCKS is not spoken here"),
    Row(name="a proxy that is no address", words=LOOK, exit=2, code="usage",
        arrange=environment("HTTPS_PROXY", "http://[::1"), where="HTTPS_PROXY",
        why="cannot be used", try_="http://HOST:PORT"),
    Row(name="authorities in no file", words=LOOK, exit=2, code="no-file",
        arrange=environment("SSL_CERT_FILE", "/nowhere/ca.pem"), where="SSL_CERT_FILE",
        why="No such file", try_="unset them"),
    Row(name="a portal's page", words=LOOK, exit=6, code="proxy",
        arrange=instead(answer("200 OK", PORTAL, HTML)), where="localhost",
        why=["HTTP 200 with a web page", "a sign-in page stands in between"],
        try_="sign in to the network"),
    Row(name="a portal's page, for msal", words=LOOK, exit=6, code="proxy",
        arrange=instead_by_id(answer("200 OK", PORTAL, HTML)), where="localhost",
        why="HTTP 200 with a web page", try_="sign in to the network"),
    Row(name="a portal that leads elsewhere", words=LOOK, exit=6, code="proxy",
        arrange=instead(answer("302 Found", b"", "Location: http://portal.example/login")),
        where="localhost", why="a redirect, which leads to portal.example",
        try_="sign in to the network"),
    Row(name="a portal that leads msal elsewhere", words=LOOK, exit=6, code="proxy",
        arrange=instead_by_id(answer("307 Temporary Redirect", b"", "Location: http://x.example")),
        where="localhost", why="a redirect, which leads to x.example", try_="`endpoints`"),
    Row(name="a gateway that fails with a page", words=LOOK, exit=6, code="service",
        arrange=instead(answer("502 Bad Gateway", PORTAL, HTML)), where="lab.yaml",
        why="the token service failed: HTTP 502", try_="try again"),
    Row(name="a login that says nothing of use", words=LOOK, exit=6, code="service",
        arrange=instead(answer("200 OK", b"[]", "Content-Type: application/json")),
        where="openid-configuration", why="did not say the id", try_="the tenant's id"),
    Row(name="a login that msal cannot read", words=LOOK, exit=2, code="tenant",
        arrange=instead_by_id(answer("200 OK", b"{}", "Content-Type: application/json")),
        where="https://localhost", why="could not be used for tenant", try_="`tenant`"),
]  # fmt: skip
