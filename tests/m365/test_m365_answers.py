"""Every way in which Microsoft answers is read as what it means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.fault import (
    Conflict,
    Fault,
    NotFound,
    NotLicensed,
    PermissionFault,
    ServiceFault,
    Throttled,
)
from portineria.m365.answers import CONCURRENCY, read_exchange, read_graph
from portineria.m365.data import Data, Incomplete
from portineria.m365.messages import Response

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def fault(judged: Data | Fault) -> Fault:
    assert isinstance(judged, Fault), judged
    return judged


GRAPH = [
    (400, "security-defaults-conflict", Conflict, "You must disable Security defaults"),
    (403, "licence-conditional-access", NotLicensed, "not licensed for this feature"),
    (400, "licence-risk", NotLicensed, "1039: Cannot create or update policies"),
    (403, "licence-sign-ins", NotLicensed, "premium license"),
    (403, "scopes-missing", PermissionFault, "required scopes are missing"),
    (400, "conditional-access-old-form", ServiceFault, "1064: 'clientAppTypes'"),
    (400, "conditional-access-new-form", ServiceFault, "1032: ConditionalActionPolicy"),
    (404, "directory-not-found", NotFound, "does not exist"),
]


@pytest.mark.parametrize(("status", "name", "kind", "said"), GRAPH)
def test_a_refusal_of_graph_is_the_fault_that_it_means(
    status: int, name: str, kind: type[Fault], said: str
) -> None:
    judged = fault(read_graph(Response(status=status, body=sample(name)), where="GET /x"))
    assert type(judged) is kind
    assert said in judged.why
    assert judged.evidence["status"] == status


def test_both_forms_of_a_conditional_access_error_lead_to_its_number() -> None:
    for name, number in (
        ("conditional-access-old-form", "1064"),
        ("conditional-access-new-form", "1032"),
    ):
        judged = fault(read_graph(Response(status=400, body=sample(name)), where=""))
        assert number in judged.why
        assert "malformed or incorrect" not in judged.why


def test_a_missing_permission_is_called_by_its_name_and_keeps_the_correlation_ids() -> None:
    answer = Response(status=403, body=sample("scopes-missing"))
    judged = fault(read_graph(answer, where="", needs="Policy.Read.All"))
    assert judged.why.startswith("no permission Policy.Read.All")
    assert judged.evidence == {
        "status": 403,
        "code": "AccessDenied",
        "request-id": "r-1",
        "client-request-id": "c-1",
    }


def test_an_error_inside_a_good_status_is_an_error() -> None:
    assert isinstance(
        read_exchange(Response(status=200, body=sample("embedded-error")), where=""), ServiceFault
    )
    body = b'{"error":{"code":"X","message":"no"}}'
    assert isinstance(read_graph(Response(status=200, body=body), where=""), ServiceFault)


EXCHANGE = [
    (400, "invalid-operation", ServiceFault, "resolved by the internal exception"),
    (404, "invalid-operation-details-only", NotFound, "couldn't be found on 'server'"),
    (400, "invalid-operation-details-only", NotFound, "couldn't be found on 'server'"),
    (400, "paging-expired", Incomplete, "Expired or Invalid pagination request"),
    (200, "embedded-error", ServiceFault, "Something broke inside."),
]


@pytest.mark.parametrize(("status", "name", "kind", "said"), EXCHANGE)
def test_the_truth_inside_invalid_operation_is_found(
    status: int, name: str, kind: type[Fault], said: str
) -> None:
    judged = fault(read_exchange(Response(status=status, body=sample(name)), where="Set-X"))
    assert type(judged) is kind
    assert said in judged.why
    assert "Invalid Operation" not in judged.why
    assert "|" not in judged.why


def test_a_body_of_nul_bytes_names_both_grants_and_never_a_parser() -> None:
    judged = fault(read_exchange(Response(status=403, body=b"\0" * 128), where="Get-CASMailbox"))
    assert type(judged) is PermissionFault
    assert "Exchange.ManageAsApp" in judged.try_
    assert "directory role" in judged.try_
    assert "JSON" not in judged.why + judged.try_


def test_a_plain_text_throttle_is_a_throttle_whatever_its_status() -> None:
    body = f"{CONCURRENCY}. Please wait and try again".encode()
    for status in (429, 400, 500):
        answer = Response(status=status, headers={"retry-after": "7"}, body=body)
        judged = fault(read_exchange(answer, where=""))
        assert type(judged) is Throttled
        assert judged.evidence["retry-after"] == "7"


def test_a_good_page_gives_rows_next_and_warnings() -> None:
    judged = read_exchange(Response(status=200, body=sample("mailbox-page")), where="")
    assert isinstance(judged, Data)
    assert judged.rows is not None
    assert judged.rows[0]["Identity"] == "Ada Example"
    assert judged.next is None
    assert judged.warnings == ()


def test_an_answer_without_a_list_has_no_rows_rather_than_none_of_them() -> None:
    judged = read_graph(Response(status=200, body=b'{"isEnabled":true}'), where="")
    assert isinstance(judged, Data)
    assert judged.rows is None


def test_a_sign_in_page_is_not_taken_for_the_service() -> None:
    page = Response(status=200, body=b"<html>Sign in</html>")
    for judged in (read_graph(page, where=""), read_exchange(page, where="")):
        assert "not the service's JSON" in fault(judged).why


def test_a_token_in_a_message_is_never_repeated() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"
    body = json.dumps({"error": {"code": "X", "message": f"bad token {token}"}}).encode()
    for judged in (
        read_graph(Response(status=401, body=body), where=""),
        read_graph(Response(status=400, body=body), where=""),
        read_exchange(Response(status=400, body=body), where=""),
        read_exchange(Response(status=500, body=f"oops {token}".encode()), where=""),
    ):
        told = fault(judged)
        assert "eyJ" not in told.why + told.try_ + str(told.evidence)


@given(st.integers(200, 599), st.binary(max_size=80))
def test_no_bytes_make_the_reader_crash(status: int, body: bytes) -> None:
    answer = Response(status=status, body=body)
    assert isinstance(read_graph(answer, where=""), (Data, Fault))
    assert isinstance(read_exchange(answer, where=""), (Data, Fault))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "@odata.error",
                    "value",
                    "message",
                    "details",
                    "innererror",
                    "innerError",
                    "internalexception",
                    "code",
                    "type",
                    "@odata.nextLink",
                    "@adminapi.warnings",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([200, 204, 400, 404, 500]), JSON)
def test_no_json_makes_the_reader_crash(status: int, document: object) -> None:
    answer = Response(status=status, body=json.dumps(document).encode())
    assert isinstance(read_graph(answer, where=""), (Data, Fault))
    assert isinstance(read_exchange(answer, where=""), (Data, Fault))
