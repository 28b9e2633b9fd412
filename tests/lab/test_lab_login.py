"""The token endpoint: who gets a token, and with which words the others do not."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import jwt
import pytest
from body_tenant import ACCESS, EXCHANGE, GRAPH, Tenant, tenant
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from portineria.lab.login.refusals import REFUSALS, UNVERIFIED
from portineria.lab.login.tokens import TokenFault, key_set, mint, read

TENANT = "5d1c2f0a-8b7e-4f43-9a6d-0c1e7a52b9d4"


def code(answer: Any) -> int:
    return int(answer.json()["error_codes"][0])


@pytest.mark.parametrize("name", [TENANT, "contoso.example", "contoso.onmicrosoft.com"])
async def test_discovery_by_guid_or_domain_names_the_guid(name: str) -> None:
    async with tenant() as t:
        answer = await t.http.get(f"https://login.lab/{name}/v2.0/.well-known/openid-configuration")
    found = answer.json()
    assert found["token_endpoint"] == f"https://login.lab/{TENANT}/oauth2/v2.0/token"
    assert found["issuer"] == f"https://login.lab/{TENANT}/v2.0"
    assert answer.headers["cache-control"] == "max-age=86400, private"


async def test_an_unknown_tenant_is_said_in_two_ways() -> None:
    async with tenant() as t:
        document = await t.http.get(
            "https://login.lab/elsewhere.example/v2.0/.well-known/openid-configuration"
        )
        asked = await t.http.post("https://login.lab/elsewhere.example/oauth2/v2.0/token")
    assert (document.status_code, document.json()["error"]) == (400, "invalid_tenant")
    assert (asked.status_code, asked.json()["error"]) == (400, "invalid_request")
    assert code(document) == code(asked) == 90002


async def test_a_secret_gives_a_token_with_the_roles_of_this_moment() -> None:
    async with tenant() as t:
        before = read(t.lab.world, await t.bearer())
        rows = t.lab.world["appRoleAssignments"]
        for key, _ in list(rows.items()):
            rows.put(key, None)
        after = read(t.lab.world, await t.bearer())
    assert "Policy.Read.All" in before["roles"]
    assert "roles" not in after
    assert before["aud"] == "https://graph.microsoft.com"
    assert before["idtyp"] == "app"
    assert before["oid"] == before["sub"]


async def test_tokens_are_as_long_as_real_ones_and_verify_with_the_published_key() -> None:
    async with tenant() as t:
        token = await t.bearer(scope=EXCHANGE)
        keys = key_set("issuer")["keys"]
    assert 1500 <= len(token) <= 2500
    public = jwt.PyJWK(keys[0]).key
    options = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token, public, algorithms=["RS256"], options=options)
    assert jwt.get_unverified_header(token)["kid"] == keys[0]["kid"]
    assert claims["tid"] == TENANT


async def test_http_basic_serves_as_well_as_the_body() -> None:
    async with tenant() as t:
        admin = t.lab.info["admin"]
        pair = base64.b64encode(f"{admin['client_id']}:{admin['client_secret']}".encode())
        answer = await t.http.post(
            f"https://login.lab/{TENANT}/oauth2/v2.0/token",
            data={"grant_type": "client_credentials", "scope": GRAPH},
            headers={"authorization": "Basic " + pair.decode()},
        )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        (
            {"client_id": "00000000-1111-2222-3333-444444444444"},
            (400, "unauthorized_client", 700016),
        ),
        ({"scope": ""}, (400, "invalid_request", 900144)),
        ({"client_id": ""}, (400, "invalid_request", 900144)),
        ({"grant_type": ""}, (400, "invalid_request", 900144)),
        ({"scope": "https://graph.microsoft.com/User.Read.All"}, (400, "invalid_scope", 1002012)),
        ({"scope": f"{GRAPH} {EXCHANGE}"}, (400, "invalid_scope", 1002012)),
    ],
)
async def test_client_credentials_are_refused_in_microsofts_words(
    form: dict[str, str], expected: tuple[int, str, int]
) -> None:
    async with tenant() as t:
        answer = await t.token(**form)
    assert (answer.status_code, answer.json()["error"], code(answer)) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"scope": "https://unknown.example/.default"}, 500011),
        ({"client_secret": ""}, 7000218),
        ({"grant_type": "password"}, 70003),
    ],
)
async def test_other_refusals_carry_their_number(form: dict[str, str], expected: int) -> None:
    async with tenant() as t:
        assert code(await t.token(**form)) == expected


async def test_the_trailers_of_an_error_are_separated_by_spaces() -> None:
    async with tenant() as t:
        body = (await t.token(client_secret="wrong")).json()
    assert re.search(
        r" Trace ID: \S+ Correlation ID: \S+ Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$",
        body["error_description"],
    )
    assert body["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert body["error_uri"] == "https://login.microsoftonline.com/error?code=7000215"
    assert "\r" not in body["error_description"]


def test_every_unverified_refusal_is_one_the_lab_can_utter() -> None:
    assert set(REFUSALS) >= UNVERIFIED
    assert not {7000215, 700016, 90002, 900144, 1002012, 53003} & UNVERIFIED


async def test_a_disabled_application_gets_nothing() -> None:
    async with tenant() as t:
        client = t.lab.info["admin"]["client_id"]
        principal = t.lab.world["servicePrincipals"].find("appId", client)
        assert principal is not None
        t.lab.world["servicePrincipals"].patch(principal["id"], accountEnabled=False)
        assert code(await t.token()) == 7000112


async def test_an_expired_secret_is_told_apart_from_a_wrong_one() -> None:
    async with tenant() as t:
        client = t.lab.info["admin"]["client_id"]
        app = t.lab.world["applications"].find("appId", client)
        assert app is not None
        secrets = [{**app["secrets"][0], "endDateTime": "2026-01-01T00:00:00Z"}]
        t.lab.world["applications"].patch(app["id"], secrets=secrets)
        assert code(await t.token()) == 7000222


# --- certificates -------------------------------------------------------------------------


class Certificate:
    """A key with a certificate that the control application knows, good until `end`."""

    def __init__(self, t: Tenant, end: datetime | None = None) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(t.clock.now() - timedelta(days=30))
            .not_valid_after(end or t.clock.now().replace(year=2030))
            .sign(self.key, hashes.SHA256())
        )
        self.client = t.lab.info["admin"]["client_id"]
        self.t = t
        app = t.lab.world["applications"].find("appId", self.client)
        assert app is not None
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        t.lab.world["applications"].patch(app["id"], certificates=[pem])

    def thumbprint(self, name: str, padded: bool) -> str:
        digest = hashes.SHA256() if name == "x5t#S256" else hashes.SHA1()
        text = base64.urlsafe_b64encode(self.certificate.fingerprint(digest)).decode()
        return text if padded else text.rstrip("=")

    async def ask(
        self, algorithm: str = "PS256", name: str = "x5t#S256", padded: bool = True, **claims: Any
    ) -> Any:
        now = self.t.clock.now().timestamp()
        body: dict[str, Any] = {
            "aud": f"https://login.lab/{TENANT}/oauth2/v2.0/token",
            "iss": self.client,
            "sub": self.client,
            "jti": "1",
            "iat": now,
            "exp": now + 600.0,
            **claims,
        }
        headers = {name: self.thumbprint(name, padded)}
        assertion = jwt.encode(body, self.key, algorithm=algorithm, headers=headers)
        return await self.t.token(
            client_secret="",
            client_assertion=assertion,
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
@pytest.mark.parametrize("name", ["x5t", "x5t#S256"])
@pytest.mark.parametrize("padded", [True, False])
async def test_an_assertion_serves_in_every_form_that_libraries_send(
    algorithm: str, name: str, padded: bool
) -> None:
    async with tenant() as t:
        answer = await Certificate(t).ask(algorithm, name, padded)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": 1.0}, 700024),
        ({"nbf": 4102444800.0, "exp": 4102445400.0}, 700024),
        ({"iss": "somebody"}, 700021),
        ({"aud": "https://login.lab/elsewhere/oauth2/v2.0/token"}, 700023),
    ],
)
async def test_a_wrong_assertion_is_refused(claims: dict[str, Any], expected: int) -> None:
    async with tenant() as t:
        assert code(await Certificate(t).ask(**claims)) == expected


async def test_a_time_that_is_not_valid_is_told_with_all_three_times() -> None:
    async with tenant() as t:
        body = (await Certificate(t).ask(exp=t.clock.now().timestamp() - 3000.0)).json()
        now = t.clock.now()
    told = body["error_description"]
    assert f"Current time: {now:%Y-%m-%dT%H:%M:%S}" in told
    assert "assertion valid from 1970-01-01T00:00:00" in told
    assert f"expiry time of assertion {now - timedelta(minutes=50):%Y-%m-%dT%H:%M:%S}" in told


async def test_an_assertion_without_nbf_is_valid_from_1970_whatever_its_iat() -> None:
    async with tenant() as t:
        ahead = t.clock.now().timestamp() + 3600.0
        assert (await Certificate(t).ask(iat=ahead, exp=ahead + 600.0)).status_code == 200


async def test_an_assertion_of_another_key_is_refused() -> None:
    async with tenant() as t:
        theirs = Certificate(t)
        Certificate(t)
        answer = await theirs.ask()
    assert code(answer) == 700027
    assert "is not registered on application" in answer.json()["error_description"]


async def test_a_signature_by_another_key_than_the_one_named_is_refused() -> None:
    async with tenant() as t:
        certificate = Certificate(t)
        certificate.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        answer = await certificate.ask()
    assert code(answer) == 700027
    assert "contains an invalid signature" in answer.json()["error_description"]


async def test_a_certificate_that_has_expired_is_refused_with_its_life() -> None:
    async with tenant() as t:
        end = t.clock.now() - timedelta(days=1)
        answer = await Certificate(t, end).ask()
    assert code(answer) == 700027
    told = answer.json()["error_description"]
    assert "[Reason - The key used is expired.," in told
    assert f"End={end:%m/%d/%Y %H:%M:%S}" in told


async def test_a_tenant_of_another_cloud_says_so_and_its_application_gets_no_token() -> None:
    async with tenant() as t:
        t.lab.world["policies"].put("cloud", {"instance": "microsoftonline.us"})
        document = await t.http.get(
            f"https://login.lab/{TENANT}/v2.0/.well-known/openid-configuration"
        )
        answer = await t.token()
    assert document.json()["cloud_instance_name"] == "microsoftonline.us"
    assert code(answer) == 900382


async def test_every_answer_is_dated_by_the_labs_clock() -> None:
    async with tenant() as t:
        answer = await t.token()
        assert parsedate_to_datetime(answer.headers["date"]) == t.clock.now().replace(microsecond=0)


# --- people -------------------------------------------------------------------------------

SMTP = "https://outlook.office.com/SMTP.Send offline_access"


async def refreshed(t: Tenant, upn: str, scope: str = SMTP, **body: Any) -> Any:
    """Somebody signed in with a browser earlier; their program asks for a token now."""
    given = (await t.control("POST", f"people/{upn}/refresh-token", body)).json()
    return await t.token(
        grant_type="refresh_token",
        client_id=given["client_id"],
        client_secret="",
        refresh_token=given["refresh_token"],
        scope=scope,
    )


async def test_a_refresh_token_gives_a_persons_token_and_the_next_refresh_token() -> None:
    async with tenant() as t:
        first = (await refreshed(t, "ada@contoso.example")).json()
        claims = read(t.lab.world, first["access_token"])
        second = await t.token(
            grant_type="refresh_token",
            client_id=claims["appid"],
            client_secret="",
            refresh_token=first["refresh_token"],
            scope="",
        )
    assert claims["scp"] == "SMTP.Send"
    assert claims["upn"] == "ada@contoso.example"
    assert claims["aud"] == "https://outlook.office.com"
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]


async def test_a_request_without_scope_gets_that_of_the_first_one() -> None:
    async with tenant() as t:
        answer = await refreshed(t, "ada@contoso.example", scope="")
    assert "IMAP.AccessAsUser.All" in answer.json()["scope"]


async def test_without_consent_it_is_65001() -> None:
    async with tenant() as t:
        for key, _ in list(t.lab.world["oauth2PermissionGrants"].items()):
            t.lab.world["oauth2PermissionGrants"].put(key, None)
        answer = await refreshed(t, "ada@contoso.example", consent=False)
    assert code(answer) == 65001


@pytest.mark.parametrize(("may", "expected"), [(True, 200), (False, 400)])
async def test_people_consent_only_where_the_tenant_lets_them(may: bool, expected: int) -> None:
    async with tenant() as t:
        for key, _ in list(t.lab.world["oauth2PermissionGrants"].items()):
            t.lab.world["oauth2PermissionGrants"].put(key, None)
        if not may:
            permissions = {"permissionGrantPoliciesAssigned": []}
            t.lab.world["policies"].patch("authorization", defaultUserRolePermissions=permissions)
        answer = await refreshed(t, "ada@contoso.example")
    assert answer.status_code == expected


async def test_two_resources_in_one_request_are_refused() -> None:
    async with tenant() as t:
        both = "https://outlook.office.com/SMTP.Send https://graph.microsoft.com/User.Read"
        assert code(await refreshed(t, "ada@contoso.example", scope=both)) == 70011


async def test_a_disabled_account_gets_no_token() -> None:
    async with tenant() as t:
        assert code(await refreshed(t, "leaver@contoso.example")) == 50057


async def test_revoked_sessions_end_older_refresh_tokens() -> None:
    async with tenant() as t:
        given = (await t.control("POST", "people/ada@contoso.example/refresh-token")).json()
        ada = t.user("ada@contoso.example")["id"]
        revoked = await t.graph("POST", f"users/{ada}/revokeSignInSessions")
        answer = await t.token(
            grant_type="refresh_token",
            client_id=given["client_id"],
            client_secret="",
            refresh_token=given["refresh_token"],
        )
    assert revoked.json()["value"] is True
    assert code(answer) == 50173


@pytest.mark.parametrize("moment", ["2026-11-02T09:00:01Z", "2026-11-02T09:00:01"])
async def test_exchanges_own_revocation_ends_them_as_well(moment: str) -> None:
    async with tenant() as t:
        given = (await t.control("POST", "people/ada@contoso.example/refresh-token")).json()
        ada = t.lab.world["mailboxes"].find("PrimarySmtpAddress", "ada@contoso.example")
        assert ada is not None
        t.lab.world["mailboxes"].patch(ada["Guid"], StsRefreshTokensValidFrom=moment)
        answer = await t.token(
            grant_type="refresh_token",
            client_id=given["client_id"],
            client_secret="",
            refresh_token=given["refresh_token"],
            scope="",
        )
    assert code(answer) == 50173


@pytest.mark.parametrize(("mfa", "expected"), [(True, 200), (False, 400)])
async def test_security_defaults_hold_role_holders_to_mfa(mfa: bool, expected: int) -> None:
    async with tenant() as t:
        answer = await refreshed(t, "helpdesk@contoso.example", mfa=mfa)
    assert answer.status_code == expected


async def test_conditional_access_names_its_policy_in_the_claims() -> None:
    async with tenant() as t:
        await t.defaults(False)
        policy = await t.made(
            state="enabled",
            conditions={
                "clientAppTypes": ["all"],
                "applications": {"includeApplications": ["All"]},
                "users": {"includeUsers": ["All"]},
            },
        )
        answer = await refreshed(t, "ada@contoso.example")
    body = answer.json()
    assert (answer.status_code, body["error"], code(answer)) == (400, "invalid_grant", 53003)
    assert body["suberror"] == "message_only"
    assert json.loads(body["claims"]) == {
        "access_token": {"capolids": {"essential": True, "values": [policy]}}
    }


@pytest.mark.parametrize(("mfa", "expected"), [(True, 200), (False, 400)])
async def test_a_policy_that_wants_mfa_is_satisfied_by_how_the_person_signed_in(
    mfa: bool, expected: int
) -> None:
    async with tenant() as t:
        await t.defaults(False)
        await t.made(
            state="enabled",
            grantControls={"operator": "OR", "builtInControls": ["mfa"]},
            conditions={
                "clientAppTypes": ["all"],
                "applications": {"includeApplications": ["All"]},
                "users": {"includeUsers": ["All"]},
            },
        )
        answer = await refreshed(t, "ada@contoso.example", mfa=mfa)
    assert answer.status_code == expected


async def test_policies_for_people_do_not_meet_applications() -> None:
    async with tenant() as t:
        await t.defaults(False)
        await t.made(
            state="enabled",
            conditions={
                "clientAppTypes": ["all"],
                "applications": {"includeApplications": ["All"]},
                "users": {"includeUsers": ["All"]},
            },
        )
        assert (await t.token()).status_code == 200


async def test_a_workload_policy_stops_the_application_it_names() -> None:
    async with tenant() as t:
        await t.defaults(False)
        token = await t.bearer()
        mail = t.lab.info["mail_app"]
        await t.graph(
            "POST",
            ACCESS,
            {
                "displayName": "no mail app",
                "state": "enabled",
                "conditions": {
                    "clientAppTypes": ["all"],
                    "applications": {"includeApplications": ["All"]},
                    "clientApplications": {"includeServicePrincipals": [mail["principal_id"]]},
                },
                "grantControls": {"operator": "OR", "builtInControls": ["block"]},
            },
            bearer=token,
        )
        refused = await t.token(
            client_id=mail["client_id"], client_secret=mail["client_secret"], scope=EXCHANGE
        )
        assert code(refused) == 53003
        assert (await t.token()).status_code == 200


# --- reading tokens -----------------------------------------------------------------------


async def test_a_token_is_read_until_it_expires() -> None:
    async with tenant() as t:
        token = mint(t.lab.world, audience="a", subject="s", seconds=60)
        assert read(t.lab.world, token)["aud"] == "a"
        t.clock.advance(60)
        with pytest.raises(TokenFault, match="expired"):
            read(t.lab.world, token)


async def test_tokens_of_others_are_no_tokens() -> None:
    async with tenant() as t:
        token = mint(t.lab.world, audience="a", subject="s")
        head, body, signature = token.split(".")
        with pytest.raises(TokenFault, match="signature"):
            read(t.lab.world, f"{head}.{body}.{signature[:-4]}AAAA")
        with pytest.raises(TokenFault, match="malformed"):
            read(t.lab.world, "no token")
        t.lab.world.tenant_id = "another"
        with pytest.raises(TokenFault, match="tenant"):
            read(t.lab.world, token)


@pytest.mark.parametrize(
    ("upn", "expected"),
    [
        ("ada@contoso.example", "Managed"),
        ("frieda@works.contoso.example", "Federated"),
        ("x@elsewhere.example", "Unknown"),
    ],
)
async def test_the_user_realm_tells_who_checks_the_password(upn: str, expected: str) -> None:
    async with tenant() as t:
        answer = await t.http.get(f"https://login.lab/common/userrealm/{upn}?api-version=1.0")
    assert answer.json()["account_type"] == expected


async def test_instance_discovery_knows_the_lab_and_microsoft() -> None:
    async with tenant() as t:
        answer = await t.http.get("https://login.lab/common/discovery/instance?api-version=1.1")
    aliases = [name for row in answer.json()["metadata"] for name in row["aliases"]]
    assert {"login.lab", "login.microsoftonline.com"} <= set(aliases)
