"""What the token endpoint says no with: AADSTS codes, OAuth errors and their bodies.

Source: entra-graph 5.6. Rows marked (U) there have an OAuth error or status nobody captured;
they are listed in UNVERIFIED, so that no test asserts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portineria.lab.ask import Answer
from portineria.lab.world import World


@dataclass(frozen=True, slots=True)
class Row:
    error: str
    status: int
    text: str
    suberror: str = ""


REFUSALS: Mapping[int, Row] = {
    7000215: Row(
        "invalid_client",
        401,
        "Invalid client secret provided. Ensure the secret being sent in the request is the "
        "client secret value, not the client secret ID, for a secret added to app '{app}'.",
    ),
    7000222: Row(
        "invalid_client",
        401,
        "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to "
        "create new keys for your app: https://aka.ms/NewClientSecret, or consider using "
        "certificate credentials for added security: https://aka.ms/certCreds.",
    ),
    7000218: Row(
        "invalid_client",
        401,
        "The request body must contain the following parameter: 'client_assertion' or "
        "'client_secret'.",
    ),
    700016: Row(
        "unauthorized_client",
        400,
        "Application with identifier '{app}' was not found in the directory '{tenant}'. This can "
        "happen if the application has not been installed by the administrator of the tenant or "
        "consented to by any user in the tenant. You may have sent your authentication request "
        "to the wrong tenant.",
    ),
    7000112: Row("unauthorized_client", 400, "Application '{app}'({name}) is disabled."),
    7000229: Row(
        "unauthorized_client",
        400,
        "The client application {app} is missing service principal in the tenant {tenant}.",
    ),
    700027: Row("invalid_client", 401, "{name}"),
    700024: Row(
        "invalid_client",
        401,
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid "
        "from {start}, expiry time of assertion {end}. Review the documentation at "
        "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
    ),
    700021: Row("invalid_client", 401, "Client assertion application identifier doesn't match."),
    700023: Row("invalid_client", 401, "Client assertion audience claim does not match."),
    90002: Row(
        "invalid_request",
        400,
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud. Check with your subscription administrator, this may "
        "happen if there are no active subscriptions for the tenant.",
    ),
    900382: Row(
        "invalid_request", 400, "Confidential Client is not supported in Cross Cloud request."
    ),
    900144: Row(
        "invalid_request", 400, "The request body must contain the following parameter: '{name}'."
    ),
    1002012: Row(
        "invalid_scope",
        400,
        "The provided value for scope {scope} is not valid. Client credential flows must have a "
        "scope value with /.default suffixed to the resource identifier (application ID URI).",
    ),
    70011: Row(
        "invalid_scope",
        400,
        "The provided request must include a 'scope' input parameter that is valid: {scope}.",
    ),
    70003: Row(
        "unsupported_grant_type", 400, "The app requested an unsupported grant type '{name}'."
    ),
    500011: Row(
        "invalid_resource",
        400,
        "The resource principal named {name} was not found in the tenant named {tenant}.",
    ),
    65001: Row(
        "invalid_grant",
        400,
        "The user or administrator has not consented to use the application with ID '{app}' "
        "named '{name}'. Send an interactive authorization request for this user and resource.",
        "consent_required",
    ),
    9002313: Row("invalid_grant", 400, "Invalid request. Request is malformed or invalid."),
    50126: Row(
        "invalid_grant", 400, "Error validating credentials due to invalid username or password."
    ),
    50034: Row(
        "invalid_grant", 400, "The user account {name} does not exist in the {tenant} directory."
    ),
    50053: Row(
        "invalid_grant",
        400,
        "The account is locked, you've tried to sign in too many times with an incorrect user ID "
        "or password.",
    ),
    50055: Row("invalid_grant", 400, "The password is expired."),
    50057: Row("invalid_grant", 400, "The user account is disabled."),
    50076: Row(
        "invalid_grant",
        400,
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must use multi-factor authentication to access '{resource}'.",
        "basic_action",
    ),
    50079: Row(
        "invalid_grant",
        400,
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must enroll in multi-factor authentication to access '{resource}'.",
        "basic_action",
    ),
    50105: Row(
        "invalid_grant",
        400,
        "Your administrator has configured the application {name} ('{app}') to block users "
        "unless they are specifically granted ('assigned') access to the application.",
    ),
    501051: Row(
        "invalid_grant",
        400,
        "Application '{app}'({name}) is not assigned to a role for the application '{resource}'.",
    ),
    50173: Row(
        "invalid_grant",
        400,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
        "bad_token",
    ),
    700082: Row(
        "invalid_grant", 400, "The refresh token has expired due to inactivity.", "bad_token"
    ),
    53000: Row(
        "invalid_grant",
        400,
        "Device is not in required device state: {name}. Conditional Access policy requires a "
        "compliant device, and the device is not compliant.",
    ),
    53003: Row(
        "invalid_grant",
        400,
        "Access has been blocked by Conditional Access policies. The access policy does not "
        "allow token issuance.",
        "message_only",
    ),
    530035: Row("invalid_grant", 400, "Access has been blocked by security defaults."),
    90033: Row("temporarily_unavailable", 503, "A transient error has occurred. Please try again."),
    50011: Row(
        "invalid_request",
        400,
        "The redirect URI '{name}' specified in the request does not match the redirect URIs "
        "configured for the application '{app}'. Make sure the redirect URI sent in the request "
        "matches one added to your application in the Azure portal.",
    ),
    500112: Row(
        "invalid_client",
        400,
        "The reply address '{name}' does not match the reply address provided when requesting "
        "Authorization code.",
    ),
    50058: Row(
        "login_required",
        400,
        "A silent sign-in request was sent but no user is signed in.",
    ),
    50089: Row("invalid_request", 400, "Authentication failed due to flow token expired."),
    50194: Row(
        "invalid_request",
        400,
        "Application '{app}'({name}) is not configured as a multi-tenant application. Usage of "
        "the /common endpoint is not supported for such applications. Use a tenant-specific "
        "endpoint or configure the application to be multi-tenant.",
    ),
    501491: Row("invalid_request", 400, "Invalid size of Code_Challenge parameter."),
    50148: Row(
        "invalid_grant",
        400,
        "The code_verifier does not match the code_challenge supplied in the authorization "
        "request for PKCE.",
    ),
    501481: Row(
        "invalid_grant",
        400,
        "The Code_Verifier does not match the code_challenge supplied in the authorization "
        "request.",
    ),
    54005: Row(
        "invalid_grant",
        400,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or "
        "use an existing refresh token.",
    ),
    650053: Row(
        "invalid_client",
        400,
        "The application '{app}' asked for scope '{scope}' that doesn't exist on the resource "
        "'{resource}'. Contact the app vendor.",
    ),
    65004: Row("access_denied", 400, "User declined to consent to access the app."),
    70000: Row("invalid_grant", 400, "The provided value for the 'code' parameter is not valid."),
    70007: Row("invalid_request", 400, "The 'response_mode' value '{name}' is not supported."),
    70008: Row(
        "invalid_grant",
        400,
        "The provided authorization code or refresh token has expired due to inactivity. Send a "
        "new interactive authorization request for this user and resource.",
    ),
    700005: Row(
        "invalid_grant",
        400,
        "Provided Authorization Code is intended to use against other tenant, thus rejected. "
        "OAuth2 Authorization Code must be redeemed against same tenant it was acquired for "
        "(/common or /{{tenant-ID}} as appropriate).",
    ),
    700025: Row(
        "invalid_client",
        401,
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    ),
    700054: Row(
        "unsupported_response_type",
        400,
        "response_type '{name}' is not enabled for the application.",
    ),
    70005: Row("unsupported_response_type", 400, "response_type '{name}' is not supported."),
    90023: Row("invalid_request", 400, "Unsupported '{name}' value."),
    70016: Row(
        "authorization_pending",
        400,
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    ),
    70018: Row(
        "bad_verification_code",
        400,
        "Invalid verification code due to User typing in wrong user code for device code flow.",
    ),
    70019: Row("expired_token", 400, "Verification code expired."),
    70020: Row(
        "expired_token",
        400,
        "The provided value for the input parameter 'device_code' is not valid. This device code "
        "has expired.",
    ),
    90119: Row("invalid_request", 400, "The user code is null or empty."),
    90120: Row("invalid_request", 400, "The request was already authorized or declined."),
    530033: Row(
        "invalid_grant", 400, "Remote device flow blocked due to device based conditional access."
    ),
    90094: Row(
        "access_denied",
        400,
        "Admin consent is required for the permissions requested by this application.",
    ),
}

UNVERIFIED = frozenset(
    {
        7000222,
        7000218,
        7000112,
        7000229,
        700027,
        700024,
        700021,
        700023,
        900382,
        70011,
        70003,
        500011,
        65001,
        9002313,
        50126,
        50034,
        50053,
        50055,
        50057,
        50076,
        50079,
        50105,
        501051,
        50173,
        700082,
        53000,
        530035,
        90033,
        50011,
        500112,
        50058,
        50089,
        50194,
        501491,
        50148,
        650053,
        65004,
        70000,
        70007,
        70008,
        700005,
        700025,
        700054,
        70005,
        90023,
        90094,
        70018,
        70019,
        70020,
        90119,
        90120,
        530033,
    }
)
"""Codes whose OAuth error value, HTTP status or full text no source shows."""


class SignInFault(Exception):
    """A sign-in or token request was refused. `code` is the number after AADSTS."""

    def __init__(self, code: int, claims: str = "", error: str = "", **names: str) -> None:
        super().__init__(f"AADSTS{code}")
        self.code = code
        self.claims = claims
        self.error = error or REFUSALS[code].error
        self.names = names


def described(world: World, correlation: str, fault: SignInFault) -> dict[str, Any]:
    """The members of an error; the three trailers are separated by spaces, as since 2024."""
    row = REFUSALS[fault.code]
    names = {"app": "", "tenant": world.tenant_id, "name": "", "scope": "", "resource": ""}
    text = row.text.format(**{**names, **fault.names})
    trace = world.new_id("trace")
    stamp = world.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
    return {
        "error": fault.error,
        "error_description": f"AADSTS{fault.code}: {text} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": [fault.code],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={fault.code}",
    }


def refusal_answer(world: World, correlation: str, fault: SignInFault) -> Answer:
    """The body of 5.6."""
    row = REFUSALS[fault.code]
    body = described(world, correlation, fault)
    if row.suberror:
        body["suberror"] = row.suberror
    if fault.claims:
        body["claims"] = fault.claims
    return Answer(status=row.status, body=body, headers={"cache-control": "no-store, no-cache"})
