"""Requests go out over TLS, and whatever breaks says whether it may have been executed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx2
import pytest

from doors_tls import send, serving, write_chain
from portineria.doors.http import HttpDoor
from portineria.doors.trouble import tls_advice
from portineria.fault import OperatorFault
from portineria.m365.messages import Intercepted, NoAnswer, Request


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_chain(tmp_path_factory.mktemp("tls"))


def behave(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    match handler.path:
        case "/echo":
            told = f"{handler.command} {handler.headers['x-told']} ".encode()
            send(handler, 200, told + body, Request_Id="r-1")
        case "/moved":
            send(handler, 302, b"", Location="https://elsewhere.example/")
        case "/cut":
            handler.connection.close()
        case "/half":
            handler.send_response(200)
            handler.send_header("content-length", "100")
            handler.end_headers()
            handler.wfile.write(b"half")
            handler.wfile.flush()
            handler.connection.close()
        case "/never":
            handler.connection.recv(1)


@pytest.fixture
def origin(chain: tuple[Path, Path]) -> Iterator[str]:
    with serving(chain[1], behave) as origin:
        yield origin


async def test_a_request_arrives_whole_and_the_answer_too(
    origin: str, chain: tuple[Path, Path]
) -> None:
    async with HttpDoor(chain[0]) as door:
        request = Request(method="PATCH", url=f"{origin}/echo", headers={"x-told": "a"}, body=b"b")
        answer = await door.send(request)
    assert (answer.status, answer.body) == (200, b"PATCH a b")
    assert answer.headers["request-id"] == "r-1"


async def test_a_redirect_is_somebody_in_between_and_not_followed(
    origin: str, chain: tuple[Path, Path]
) -> None:
    async with HttpDoor(chain[0]) as door:
        with pytest.raises(Intercepted, match="HTTP 302 with a redirect"):
            await door.send(Request(method="GET", url=f"{origin}/moved"))


async def test_an_unknown_ca_is_explained_with_what_to_try(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/proxy.pem")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    async with HttpDoor() as door:
        with pytest.raises(NoAnswer) as caught:
            await door.send(Request(method="GET", url=f"{origin}/echo"))
    assert "not trusted" in caught.value.why
    assert "`ca`" in caught.value.try_
    assert "REQUESTS_CA_BUNDLE: not used here" in caught.value.try_
    assert caught.value.sent is False


def test_the_environment_is_not_blamed_where_it_says_nothing() -> None:
    assert "environment" not in tls_advice({})


@pytest.mark.parametrize("path", ["/cut", "/half"])
async def test_a_cut_after_sending_may_have_been_executed(
    path: str, origin: str, chain: tuple[Path, Path]
) -> None:
    async with HttpDoor(chain[0]) as door:
        with pytest.raises(NoAnswer) as caught:
            await door.send(Request(method="POST", url=origin + path))
    assert caught.value.sent is True


async def test_waiting_ends_and_may_have_been_executed(
    origin: str, chain: tuple[Path, Path]
) -> None:
    async with HttpDoor(chain[0]) as door:
        with pytest.raises(NoAnswer, match=r"did not answer in 0\.2 seconds") as caught:
            await door.send(Request(method="POST", url=f"{origin}/never", timeout=0.2))
    assert caught.value.sent is True


async def test_nobody_there_means_that_nothing_was_sent(chain: tuple[Path, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with HttpDoor(chain[0]) as door:
        with pytest.raises(NoAnswer, match="cannot be reached") as caught:
            await door.send(Request(method="POST", url=f"https://127.0.0.1:{port}/"))
    assert caught.value.sent is False


async def test_loopback_is_reached_without_the_proxy_of_the_environment(
    origin: str, chain: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with HttpDoor(chain[0]) as door:
        assert (await door.send(Request(method="GET", url=f"{origin}/echo"))).status == 200


async def test_no_breakage_tells_the_token(origin: str, chain: tuple[Path, Path]) -> None:
    async with HttpDoor(chain[0]) as door:
        with pytest.raises(NoAnswer) as caught:
            await door.send(
                Request(method="GET", url=f"{origin}/cut", headers={"authorization": "Bearer hush"})
            )
    fault = caught.value
    assert "hush" not in f"{fault.why}{fault.try_}{fault.where}{fault.evidence}"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used_is_the_operators_to_mend(
    content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(OperatorFault):
        HttpDoor(path)


async def test_an_app_can_answer_within_the_process() -> None:
    def app(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(201, json={"host": request.url.host})

    async with HttpDoor(transport=httpx2.MockTransport(app)) as door:
        answer = await door.send(Request(method="GET", url="https://graph.microsoft.com/v1.0/me"))
    assert answer.status == 201
    assert b"graph.microsoft.com" in answer.body


async def test_an_app_that_drops_the_line_may_have_executed_the_request() -> None:
    def app(_: httpx2.Request) -> httpx2.Response:
        raise ConnectionResetError("dropped")

    async with HttpDoor(transport=httpx2.MockTransport(app)) as door:
        with pytest.raises(NoAnswer) as caught:
            await door.send(Request(method="GET", url="https://graph.microsoft.com/"))
    assert caught.value.sent is True
