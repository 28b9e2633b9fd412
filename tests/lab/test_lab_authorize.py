"""People sign in on the lab's page, and the application redeems what it is given."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

import httpx2
import jwt
import pytest
from body_tenant import Tenant, tenant

import pages
from portineria.lab.login.tokens import key_set, read
from portineria.lab.seeds.people import password

THUNDERBIRD = "9e5f94bc-e8a4-4e73-b8be-63364c29d753"
MAIL = " ".join(
    f"https://outlook.office.com/{name}"
    for name in ("IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send")
)
ADA, BRUNO = "ada@contoso.example", "bruno@contoso.example"
VERIFIER = "a-verifier-of-forty-three-characters-or-more-"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]


@dataclass
class Browser:
    """Somebody's browser in front of the lab. `asked` is the request of Thunderbird."""

    t: Tenant
    tenant: str = "common"
    asked: dict[str, str] = field(
        default_factory=lambda: {
            "client_id": THUNDERBIRD,
            "response_type": "code",
            "redirect_uri": "https://localhost",
            "scope": f"{MAIL} offline_access",
            "state": "s1",
        }
    )

    async def open(self, **changes: str) -> httpx2.Response:
        """GET /authorize; a member that is changed to "" is left out."""
        sent = {name: value for name, value in {**self.asked, **changes}.items() if value}
        url = f"https://login.lab/{self.tenant}/oauth2/v2.0/authorize"
        return await self.t.http.get(url, params=sent)

    async def submit(
        self, answer: httpx2.Response, press: str = "", **values: str
    ) -> httpx2.Response:
        page = pages.read(str(answer.url), answer.text)
        url, form = page.filled(press, **values)
        return await self.t.http.post(url, data=form)

    async def sign_in(
        self, upn: str = ADA, secret: str | None = None, **changes: str
    ) -> httpx2.Response:
        """Open the page and send name and password."""
        given = password(upn) if secret is None else secret
        return await self.submit(await self.open(**changes), loginfmt=upn, passwd=given)

    async def redeem(self, answer: httpx2.Response, **changes: str) -> httpx2.Response:
        """What Thunderbird sends to the token endpoint: no scope."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.asked["client_id"],
            "redirect_uri": self.asked["redirect_uri"],
            "code": pages.members(answer.headers["location"]).get("code", ""),
            **changes,
        }
        sent = {name: value for name, value in form.items() if value}
        return await self.t.http.post(
            f"https://login.lab/{self.tenant}/oauth2/v2.0/token", data=sent
        )


def shown(answer: httpx2.Response) -> pages.Page:
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    return pages.read(str(answer.url), answer.text)


def told(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return pages.members(answer.headers["location"])


def code(answer: httpx2.Response) -> int:
    return int(answer.json()["error_codes"][0])


def switch_defaults_off(t: Tenant) -> None:
    t.lab.world["policies"].patch("securityDefaults", isEnabled=False)


def policy(t: Tenant, **grant: Any) -> None:
    """An enabled policy for everybody and everything, put there behind the API."""
    document = {
        "id": "p1",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"]},
            **grant.pop("conditions", {}),
        },
        "grantControls": {"operator": "OR", **grant},
    }
    t.lab.world["conditionalAccess"].put("p1", document)


def without_consent(t: Tenant) -> None:
    for key, _ in list(t.lab.world["oauth2PermissionGrants"].items()):
        t.lab.world["oauth2PermissionGrants"].put(key, None)


# --- in -----------------------------------------------------------------------------------


async def test_a_person_signs_in_and_the_program_gets_what_it_asked_for_without_asking_twice() -> (
    None
):
    async with tenant() as t:
        browser = Browser(t)
        page = shown(await browser.open(login_hint=ADA))
        back = await browser.sign_in()
        body = (await browser.redeem(back)).json()
        claims = read(t.lab.world, body["access_token"])
    assert page.fields["loginfmt"] == ADA
    assert {"loginfmt", "passwd", "flowToken"} <= set(page.fields)
    assert back.headers["location"].startswith("https://localhost/?code=")
    assert told(back)["state"] == "s1"
    assert body["scope"] == MAIL
    assert body["refresh_token"]
    assert "id_token" not in body
    assert "client_info" not in body
    assert claims["aud"] == "https://outlook.office.com"
    assert claims["upn"] == ADA
    assert claims["appid"] == THUNDERBIRD
    assert claims["scp"] == "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send"


async def test_the_refresh_token_serves_without_a_scope_too() -> None:
    async with tenant() as t:
        browser = Browser(t)
        first = (await browser.redeem(await browser.sign_in())).json()
        again = await t.http.post(
            "https://login.lab/common/oauth2/v2.0/token",
            data={
                "grant_type": "refresh_token",
                "client_id": THUNDERBIRD,
                "refresh_token": first["refresh_token"],
            },
        )
    assert set(again.json()["scope"].split()) == set(MAIL.split())


async def test_without_offline_access_there_is_no_refresh_token() -> None:
    async with tenant() as t:
        browser = Browser(t)
        body = (await browser.redeem(await browser.sign_in(scope=MAIL))).json()
    assert "refresh_token" not in body


@pytest.mark.parametrize("method", ["S256", "plain", ""])
async def test_a_code_with_a_challenge_needs_its_verifier(method: str) -> None:
    challenge = CHALLENGE if method == "S256" else VERIFIER
    async with tenant() as t:
        browser = Browser(t)
        back = await browser.sign_in(code_challenge=challenge, code_challenge_method=method)
        without = await browser.redeem(back)
        wrong = await browser.redeem(back, code_verifier=VERIFIER[::-1])
        right = await browser.redeem(back, code_verifier=VERIFIER)
    assert without.json()["error"] == "invalid_grant"
    assert (code(wrong), wrong.status_code, wrong.json()["error"]) == (501481, 400, "invalid_grant")
    assert right.status_code == 200


async def test_a_code_serves_once() -> None:
    async with tenant() as t:
        browser = Browser(t)
        back = await browser.sign_in()
        assert (await browser.redeem(back)).status_code == 200
        again = await browser.redeem(back)
    assert (again.status_code, again.json()["error"], code(again)) == (400, "invalid_grant", 54005)


async def test_a_code_serves_for_ten_minutes() -> None:
    async with tenant() as t:
        browser = Browser(t)
        back = await browser.sign_in()
        t.clock.advance(601)
        assert code(await browser.redeem(back)) == 70008


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code": "1.Anything"}, 70000),
        ({"client_id": "the public one"}, 70000),
        ({"redirect_uri": "https://localhost:8080"}, 500112),
        ({"client_secret": "a secret"}, 700025),
        ({"code": ""}, 900144),
        ({"redirect_uri": ""}, 900144),
    ],
)
async def test_a_code_serves_the_program_it_was_made_for(
    changes: dict[str, str], expected: int
) -> None:
    async with tenant() as t:
        browser = Browser(t)
        back = await browser.sign_in()
        if "client_id" in changes:
            changes = {"client_id": t.lab.info["public_client_id"]}
        assert code(await browser.redeem(back, **changes)) == expected


async def test_a_code_is_redeemed_at_the_tenant_it_was_got_from() -> None:
    async with tenant() as t:
        browser = Browser(t)
        back = await browser.sign_in()
        browser.tenant = t.lab.world.tenant_id
        elsewhere = await browser.redeem(back)
        by_domain = await Browser(t, "contoso.example").sign_in()
        here = await browser.redeem(by_domain)
    assert code(elsewhere) == 700005
    assert here.status_code == 200


async def test_openid_gives_a_signed_id_token_with_the_nonce() -> None:
    async with tenant() as t:
        browser = Browser(t)
        back = await browser.sign_in(scope="openid profile User.Read", nonce="n1")
        accept = await browser.submit(back)
        body = (await browser.redeem(accept, client_info="1")).json()
        keys = key_set("issuer")["keys"]
        issuer = f"https://login.lab/{t.lab.world.tenant_id}/v2.0"
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(
        body["id_token"],
        jwt.PyJWK(keys[0]).key,
        algorithms=["RS256"],
        audience=THUNDERBIRD,
        issuer=issuer,
        options=options,
    )
    assert claims["nonce"] == "n1"
    assert claims["preferred_username"] == ADA
    assert claims["sub"] != claims["oid"]
    assert body["scope"] == "User.Read openid profile"
    assert body["client_info"]


async def test_several_resources_can_be_consented_at_once_and_tokens_are_for_one() -> None:
    async with tenant() as t:
        browser = Browser(t)
        asked = await browser.sign_in(scope=f"{MAIL} User.Read offline_access")
        accept = await browser.submit(asked)
        mail = (await browser.redeem(accept)).json()
        accept = await browser.sign_in(scope=f"{MAIL} User.Read offline_access")
        graph = (await browser.redeem(accept, scope="User.Read")).json()
        audiences = [read(t.lab.world, body["access_token"])["aud"] for body in (mail, graph)]
    assert "User.Read" in shown(asked).text
    assert audiences == ["https://outlook.office.com", "https://graph.microsoft.com"]


@pytest.mark.parametrize("seed", ["small", "contoso", "contoso-free"])
async def test_both_public_applications_may_do_mail_in_every_seed(seed: str) -> None:
    async with tenant(seed) as t:
        public = t.lab.info["public_client_id"]
        back = [
            await Browser(t).sign_in(),
            await Browser(t, "contoso.example").sign_in(
                client_id=public, redirect_uri="http://localhost:8400"
            ),
        ]
    assert all(told(answer)["code"] for answer in back)


async def test_an_application_registered_through_graph_signs_people_in() -> None:
    async with tenant() as t:
        admin = t.lab.info["admin"]
        _may_register(t)
        sent = {
            "displayName": "Mine",
            "signInAudience": "AzureADMyOrg",
            "isFallbackPublicClient": True,
            "publicClient": {"redirectUris": ["http://localhost"]},
        }
        made = (await t.graph("POST", "applications", sent)).json()
        await t.graph("POST", "servicePrincipals", {"appId": made["appId"]})
        browser = Browser(t, "contoso.example")
        browser.asked |= {"client_id": made["appId"], "redirect_uri": "http://localhost:5000"}
        back = await browser.submit(await browser.sign_in())
        body = (await browser.redeem(back)).json()
    assert admin["client_id"] != made["appId"]
    assert body["scope"] == MAIL


def _may_register(t: Tenant) -> None:
    """Give the control application what registering takes."""
    principal = t.lab.info["admin"]["principal_id"]
    graph = t.lab.world["servicePrincipals"].find("appId", "00000003-0000-0000-c000-000000000000")
    assert graph is not None
    (role,) = [r["id"] for r in graph["appRoles"] if r["value"] == "Application.ReadWrite.All"]
    row = {"principalId": principal, "resourceId": graph["id"], "appRoleId": role}
    t.lab.world["appRoleAssignments"].put("extra", {"id": "extra", **row})


async def test_the_pages_of_a_sign_in_hold_no_script() -> None:
    async with tenant() as t:
        without_consent(t)
        browser = Browser(t)
        page = await browser.open()
        factor = await browser.submit(
            page, loginfmt="admin@contoso.example", passwd=password("admin@contoso.example")
        )
        consent = await browser.submit(factor)
    for answer in (page, factor, consent):
        assert "<script" not in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]


# --- how the answer comes back ------------------------------------------------------------


async def test_the_three_response_modes() -> None:
    async with tenant() as t:
        browser = Browser(t)
        query = (await browser.sign_in()).headers["location"]
        fragment = (await browser.sign_in(response_mode="fragment")).headers["location"]
        posted = shown(await browser.sign_in(response_mode="form_post"))
    assert query.startswith("https://localhost/?code=")
    assert fragment.startswith("https://localhost/#code=")
    assert posted.action == "https://localhost"
    assert posted.fields["code"]
    assert posted.fields["state"] == "s1"


@pytest.mark.parametrize(
    ("registered", "given", "fits"),
    [
        ("https://localhost", "https://localhost", True),
        ("https://localhost", "https://localhost/", True),
        ("https://localhost", "https://localhost:7598", True),
        ("http://localhost/in", "http://localhost:8080/in", True),
        ("http://localhost/in", "http://localhost:8080/out", False),
        ("http://127.0.0.1", "http://localhost", False),
        ("https://localhost", "http://localhost", False),
        ("https://app.example/in", "https://app.example/in", True),
        ("https://app.example/in", "https://app.example:8443/in", False),
        ("https://app.example/in", "https://app.example/IN", False),
        ("https://app.example/in", "https://app.example/in?a=1", False),
    ],
)
async def test_a_redirect_uri_has_to_be_registered_but_for_the_port_of_a_loopback(
    registered: str, given: str, fits: bool
) -> None:
    async with tenant() as t:
        app = t.lab.world["foreignApplications"].find("appId", THUNDERBIRD)
        assert app is not None
        t.lab.world["foreignApplications"].patch(
            app["id"], publicClient={"redirectUris": [registered]}
        )
        page = shown(await Browser(t).open(redirect_uri=given))
    assert ("passwd" in page.fields) is fits
    assert ("AADSTS50011" in page.alert) is not fits


async def test_the_native_client_uri_can_be_used_and_opened() -> None:
    native = "https://login.microsoftonline.com/common/oauth2/nativeclient"
    async with tenant() as t:
        public = t.lab.info["public_client_id"]
        browser = Browser(t, t.lab.world.tenant_id)
        back = await browser.sign_in(client_id=public, redirect_uri=native)
        landed = await t.http.get(native)
    assert back.headers["location"].startswith(f"{native}?code=")
    assert landed.status_code == 200


async def test_a_web_application_shows_its_secret_for_a_code() -> None:
    async with tenant() as t:
        admin = t.lab.info["mail_app"]
        app = t.lab.world["applications"].find("appId", admin["client_id"])
        assert app is not None
        uri = "https://app.example/in"
        t.lab.world["applications"].patch(app["id"], web={"redirectUris": [uri]})
        browser = Browser(t, t.lab.world.tenant_id)
        browser.asked |= {"client_id": admin["client_id"], "redirect_uri": uri}
        back = await browser.submit(await browser.sign_in())
        without = await browser.redeem(back)
        body = (await browser.redeem(back, client_secret=admin["client_secret"])).json()
    assert code(without) == 7000218
    assert body["refresh_token"]


# --- what is wrong with a request ---------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": ""}, 900144),
        ({"client_id": "00000000-1111-2222-3333-444444444444"}, 700016),
        ({"redirect_uri": ""}, 900144),
        ({"redirect_uri": "https://elsewhere.example"}, 50011),
        ({"client_id": "the public one"}, 50194),
    ],
)
async def test_what_is_wrong_with_the_application_is_shown_and_not_sent_on(
    changes: dict[str, str], expected: int
) -> None:
    async with tenant() as t:
        if changes.get("client_id") == "the public one":
            changes = {"client_id": t.lab.info["public_client_id"]}
        answer = await Browser(t).open(**changes)
    assert "location" not in answer.headers
    assert f"AADSTS{expected}:" in shown(answer).alert


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"response_type": ""}, "invalid_request", 900144),
        ({"response_type": "code id_token"}, "unsupported_response_type", 700054),
        ({"response_type": "cookies"}, "unsupported_response_type", 70005),
        ({"response_mode": "pigeon"}, "invalid_request", 70007),
        ({"prompt": "please"}, "invalid_request", 90023),
        ({"prompt": "none"}, "login_required", 50058),
        ({"scope": ""}, "invalid_request", 900144),
        ({"scope": "https://unknown.example/Read"}, "invalid_resource", 500011),
        ({"scope": "https://outlook.office.com/Fly"}, "invalid_client", 650053),
        ({"scope": "User.Read .default"}, "invalid_scope", 70011),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S1"}, "invalid_request", 90023),
    ],
)
async def test_everything_else_goes_back_to_the_application(
    changes: dict[str, str], error: str, number: int
) -> None:
    async with tenant() as t:
        back = told(await Browser(t).open(**changes))
    assert back["error"] == error
    assert back["error_description"].startswith(f"AADSTS{number}: ")
    assert back["state"] == "s1"


async def test_an_unknown_tenant_has_no_page() -> None:
    async with tenant() as t:
        answer = await Browser(t, "elsewhere.example").open()
    assert code(answer) == 90002


async def test_the_discovery_document_of_common_names_no_tenant() -> None:
    async with tenant() as t:
        url = "https://login.lab/common/v2.0/.well-known/openid-configuration"
        found = (await t.http.get(url)).json()
    assert found["authorization_endpoint"] == "https://login.lab/common/oauth2/v2.0/authorize"
    assert found["issuer"] == "https://login.lab/{tenantid}/v2.0"


# --- the person ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upn", "secret", "expected"),
    [
        (ADA, "wrong", 50126),
        (ADA, "", 50126),
        ("nobody@contoso.example", "x", 50034),
        ("leaver@contoso.example", None, 50057),
    ],
)
async def test_a_refused_password_leaves_one_at_the_page(
    upn: str, secret: str | None, expected: int
) -> None:
    async with tenant() as t:
        browser = Browser(t)
        page = shown(await browser.sign_in(upn, secret))
    assert f"AADSTS{expected}:" in page.alert
    assert page.fields["loginfmt"] == upn
    assert "passwd" in page.fields


async def test_the_second_try_on_the_same_page_is_as_good_as_the_first() -> None:
    async with tenant() as t:
        browser = Browser(t)
        again = await browser.sign_in(secret="wrong")
        back = await browser.submit(again, loginfmt=ADA, passwd=password(ADA))
    assert told(back)["code"]


async def test_ten_wrong_passwords_lock_the_page_as_well() -> None:
    async with tenant() as t:
        browser = Browser(t)
        for _ in range(10):
            await browser.sign_in(secret="wrong")
        assert "AADSTS50053:" in shown(await browser.sign_in()).alert


async def test_who_cancels_is_told_to_the_application() -> None:
    async with tenant() as t:
        browser = Browser(t)
        back = told(await browser.submit(await browser.open(), press="cancel"))
    assert (back["error"], back["error_subcode"], back["state"]) == (
        "access_denied",
        "cancel",
        "s1",
    )


async def test_a_page_left_open_for_too_long_is_dead() -> None:
    async with tenant() as t:
        browser = Browser(t)
        page = await browser.open()
        t.clock.advance(901)
        late = await browser.submit(page, loginfmt=ADA, passwd=password(ADA))
    assert "AADSTS50089:" in shown(late).alert


@pytest.mark.parametrize("step", ["SAS/ProcessAuth", "Consent/Set"])
async def test_no_step_can_be_taken_before_the_password(step: str) -> None:
    async with tenant() as t:
        browser = Browser(t)
        flow = shown(await browser.open()).fields["flowToken"]
        url = f"https://login.lab/common/{step}"
        answer = await t.http.post(url, data={"flowToken": flow})
    assert "AADSTS50089:" in shown(answer).alert


async def test_what_is_typed_and_asked_is_shown_as_text() -> None:
    name = '"><script>alert(1)</script>'
    async with tenant() as t:
        browser = Browser(t)
        answer = await browser.sign_in(name, "x")
        hinted = await browser.open(login_hint=name)
    for page in (answer, hinted):
        assert "<script>" not in page.text
        assert shown(page).fields["loginfmt"] == name


async def test_no_password_and_no_code_is_in_the_history() -> None:
    async with tenant() as t:
        browser = Browser(t)
        back = await browser.sign_in()
        await browser.redeem(back)
        history = (await t.control("GET", "history")).text
    assert password(ADA) not in history
    assert told(back)["code"] not in history


# --- second factor ------------------------------------------------------------------------


async def test_who_is_registered_confirms_where_security_defaults_want_it() -> None:
    async with tenant() as t:
        browser = Browser(t)
        asked = await browser.sign_in("admin@contoso.example")
        back = await browser.submit(asked)
        body = (await browser.redeem(back)).json()
        claims = read(t.lab.world, body["access_token"])
    assert "passwd" not in shown(asked).fields
    assert claims["amr"] == ["mfa", "pwd"]


async def test_who_is_not_registered_is_stopped_there() -> None:
    async with tenant() as t:
        browser = Browser(t)
        asked = shown(await browser.sign_in("helpdesk@contoso.example"))
    assert "AADSTS50079:" in asked.alert


async def test_a_factor_that_was_never_registered_cannot_be_claimed() -> None:
    async with tenant() as t:
        browser = Browser(t)
        page = await browser.open()
        flow = shown(page).fields["flowToken"]
        upn = "helpdesk@contoso.example"
        await browser.submit(page, loginfmt=upn, passwd=password(upn))
        url = "https://login.lab/common/SAS/ProcessAuth"
        answer = await t.http.post(url, data={"flowToken": flow})
    assert "AADSTS50079:" in shown(answer).alert


async def test_who_denies_the_second_factor_is_not_in() -> None:
    async with tenant() as t:
        browser = Browser(t)
        asked = await browser.sign_in("admin@contoso.example")
        assert told(await browser.submit(asked, press="cancel"))["error"] == "access_denied"


@pytest.mark.parametrize("how", ["conditional access", "per-user MFA"])
async def test_conditional_access_and_per_user_mfa_ask_for_it_too(how: str) -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        if how == "conditional access":
            policy(t, builtInControls=["mfa"])
        else:
            t.lab.world["users"].patch(t.user(ADA)["id"], perUserMfaState="enforced")
        browser = Browser(t)
        back = await browser.submit(await browser.sign_in())
        assert (await browser.redeem(back)).status_code == 200


@pytest.mark.parametrize(
    ("control", "expected"), [("block", 53003), ("compliantDevice", 53000), ("mfa", 50076)]
)
async def test_a_policy_that_cannot_be_met_ends_the_sign_in_on_a_page(
    control: str, expected: int
) -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        policy(t, builtInControls=[control])
        answer = await Browser(t).sign_in(BRUNO)
    assert f"AADSTS{expected}:" in shown(answer).alert
    assert "flowToken" not in shown(answer).fields


async def test_a_policy_made_between_page_and_token_is_felt_at_the_token() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        browser = Browser(t)
        back = await browser.sign_in()
        policy(t, builtInControls=["block"])
        assert code(await browser.redeem(back)) == 53003


async def test_who_is_not_assigned_is_stopped() -> None:
    async with tenant() as t:
        principal = t.lab.world["servicePrincipals"].find("appId", THUNDERBIRD)
        assert principal is not None
        t.lab.world["servicePrincipals"].patch(principal["id"], appRoleAssignmentRequired=True)
        assert "AADSTS50105:" in shown(await Browser(t).sign_in()).alert


# --- consent ------------------------------------------------------------------------------


async def test_what_nobody_consented_to_is_asked_and_remembered() -> None:
    async with tenant() as t:
        without_consent(t)
        browser = Browser(t)
        asked = await browser.sign_in()
        back = await browser.submit(asked)
        body = (await browser.redeem(back)).json()
        rows = list(t.lab.world["oauth2PermissionGrants"].all())
        again = await browser.sign_in()
    page = shown(asked)
    assert "Thunderbird would like to" in page.text
    assert "IMAP.AccessAsUser.All" in page.text
    assert body["scope"] == MAIL
    assert [row["consentType"] for row in rows] == ["Principal"]
    assert told(again)["code"]


async def test_a_fresh_consent_serves_at_once_whatever_the_delays() -> None:
    async with tenant() as t:
        without_consent(t)
        t.weather("service", latency=0.0)
        t.clock.advance(60)
        browser = Browser(t)
        back = await browser.submit(await browser.sign_in())
        assert (await browser.redeem(back)).status_code == 200


async def test_consent_is_asked_again_where_the_program_wants_it() -> None:
    async with tenant() as t:
        browser = Browser(t)
        asked = await browser.sign_in(prompt="consent")
        back = await browser.submit(asked)
    assert "would like to" in shown(asked).text
    assert told(back)["code"]


async def test_who_declines_to_consent_is_told_to_the_application() -> None:
    async with tenant() as t:
        without_consent(t)
        browser = Browser(t)
        back = told(await browser.submit(await browser.sign_in(), press="cancel"))
        assert not list(t.lab.world["oauth2PermissionGrants"].all())
    assert back["error"] == "access_denied"
    assert back["error_description"].startswith("AADSTS65004:")


@pytest.mark.parametrize("why", ["the tenant lets nobody", "the scope is for administrators"])
async def test_where_people_may_not_consent_an_administrator_is_needed(why: str) -> None:
    async with tenant() as t:
        without_consent(t)
        browser = Browser(t)
        if why == "the tenant lets nobody":
            permissions = {"permissionGrantPoliciesAssigned": []}
            t.lab.world["policies"].patch("authorization", defaultUserRolePermissions=permissions)
        else:
            browser.asked["scope"] = "Policy.Read.All"
        asked = await browser.sign_in()
        pushed = await browser.submit(asked)
        back = told(await browser.submit(asked, press="cancel"))
        assert not list(t.lab.world["oauth2PermissionGrants"].all())
    assert "AADSTS90094:" in shown(asked).alert
    assert "AADSTS90094:" in shown(pushed).alert
    assert back["error"] == "access_denied"


async def test_an_administrator_consents_for_themselves_all_the_same() -> None:
    async with tenant() as t:
        without_consent(t)
        browser = Browser(t)
        factor = await browser.sign_in("admin@contoso.example", scope="Policy.Read.All")
        asked = await browser.submit(factor)
        back = await browser.submit(asked)
        assert (await browser.redeem(back)).status_code == 200
