"""What the token endpoint says of the application and of its request (AADSTS numbers).

Source: dossier entra-graph 5.6, and Microsoft's reference of error codes.
"""

from __future__ import annotations

from portineria.policy.verdict import Confidence
from portineria.policy.wiretexts.said_signin import APP_ADMIN, REFERENCE, code
from portineria.policy.wiretexts.sayings import CLIENT, NOBODY

_CAPTURED = Confidence.CAPTURED
_OWNER = "an owner of the application"
_TENANT = "check the tenant's name or id, and that it is asked of the right cloud"

APPLICATION = (
    code(
        700016,
        "Application with identifier '{app}' was not found in the directory '{tenant}'.",
        "the application is not known in this tenant: another tenant was asked, nobody consented "
        "to it, or it is too new to be known everywhere",
        "check the client id and the tenant; a new application takes up to a minute to be known",
        CLIENT,
        _CAPTURED,
    ),
    code(
        7000112,
        "Application '{app}'({name}) is disabled.",
        "the application is disabled in this tenant",
        "enable it under its enterprise application's properties",
        APP_ADMIN,
    ),
    code(
        7000229,
        "The client application {app} is missing service principal in the tenant {tenant}.",
        "the application has no enterprise application in this tenant",
        "give admin consent, which makes it",
        APP_ADMIN,
    ),
    code(
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client "
        "secret value, not the client secret ID, for a secret added to app '{app}'.",
        "the client secret is wrong: often its id was copied instead of its value",
        "use the secret's value; it is shown once, so make a new one where it is lost",
        _OWNER,
        _CAPTURED,
    ),
    code(
        7000222,
        "The provided client secret keys for app '{app}' are expired.",
        "the client secret has expired",
        "make a new secret, or better use a certificate",
        _OWNER,
    ),
    code(
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the "
        "'client_credentials' grant type.",
        "the application sent no credential of its own",
        "give the program the application's secret or certificate",
        CLIENT,
    ),
    code(
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or "
        "'client_secret'.",
        "the application sent no credential of its own, and it is not registered as one that has "
        "none",
        "give the program a secret or certificate, or allow public client flows for it",
        _OWNER,
    ),
    code(
        7000214,
        "Certificate has been revoked.",
        "the certificate was revoked",
        "make a new certificate and upload it to the application",
        _OWNER,
    ),
    code(
        7000277,
        "Certificate was revoked.",
        "the certificate was revoked",
        "make a new certificate and upload it to the application",
        _OWNER,
    ),
    code(
        7000274,
        "Certificate is not registered.",
        "the certificate is not one of the application's",
        "upload the certificate to the application",
        _OWNER,
    ),
    code(
        1000502,
        "The provided certificate is not within its specified validity window.",
        "the certificate has expired, or is not valid yet",
        "make a new certificate and upload it to the application",
        _OWNER,
    ),
    code(
        700027,
        "Client assertion failed signature validation.",
        "the certificate is not one of the application's, or has expired; a new one takes some "
        "minutes to be known",
        "upload the certificate to the application, or renew it",
        _OWNER,
    ),
    code(
        700024,
        "Client assertion is not within its valid time range.",
        "what the program signed is not valid now: the clock of its machine is wrong",
        "set that machine's clock",
        CLIENT,
    ),
    code(
        700021,
        "Client assertion application identifier doesn't match",
        "what the program signed names another application",
        "check the client id in the program",
        CLIENT,
    ),
    code(
        700023,
        "Client assertion audience claim does not match",
        "what the program signed is for another tenant or cloud",
        _TENANT,
        CLIENT,
    ),
    code(
        700025,
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        "the application is registered as one without a credential, and sent one",
        "leave the secret out, or register the application as a confidential one",
        _OWNER,
    ),
)

REQUEST = (
    code(
        90002,
        "Tenant '{tenant}' not found.",
        "there is no tenant of this name in this cloud",
        _TENANT,
        CLIENT,
        _CAPTURED,
    ),
    code(
        900023,
        "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external "
        "domain.",
        "what stands for the tenant is no domain and no id",
        _TENANT,
        CLIENT,
    ),
    code(
        900382,
        "Confidential Client is not supported in Cross Cloud request.",
        "the tenant lives in another cloud",
        _TENANT,
        CLIENT,
    ),
    code(
        900383,
        "Confidential Client is not supported in Cross Cloud request.",
        "the tenant lives in another cloud",
        _TENANT,
        CLIENT,
    ),
    code(
        50194,
        "Application '{app}'({name}) is not configured as a multi-tenant application.",
        "the application belongs to one tenant, and was used through the address for all",
        "write the tenant's id into the address in place of `common`",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        700005,
        "Provided Authorization Code is intended to use against other tenant, thus rejected.",
        "the code was given by another tenant than the one that it was taken to",
        "ask the same tenant both times",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        900144,
        "The request body must contain the following parameter: '{name}'.",
        "the request lacks a parameter",
        "correct the program's request: the text names the parameter",
        CLIENT,
    ),
    code(
        1002012,
        "The provided value for scope {scope} is not valid. Client credential flows must have a "
        "scope value with /.default suffixed to the resource identifier (application ID URI).",
        "the scope of an application's request has to end in /.default",
        "ask for https://outlook.office365.com/.default",
        CLIENT,
    ),
    code(
        70011,
        "The provided request must include a 'scope' input parameter.",
        "the scope that was asked for is not valid",
        "correct the scope in the program's request",
        CLIENT,
    ),
    code(
        500011,
        "The resource principal named {name} was not found in the tenant named {tenant}.",
        "the service that was asked for is not known in this tenant",
        "check the scope and the cloud; a tenant without Exchange Online has no such service",
        CLIENT,
    ),
    code(
        54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use "
        "an existing refresh token.",
        "the code was used already",
        "begin the sign-in again",
        CLIENT,
    ),
    code(
        70000,
        "The provided value for the 'code' parameter is not valid.",
        "the code or the refresh token is not one that was given for this request",
        "begin the sign-in again",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        70003,
        "The app requested an unsupported grant type '{name}'.",
        "the program asks for a token in a way that there is not",
        "correct grant_type in the program's request",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        70005,
        "response_type '{name}' is not supported",
        "the program asks for a kind of answer that there is not",
        "correct response_type in the program's request",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        70007,
        "The 'response_mode' value '{name}' is not supported",
        "the program asks for an answer in a way that there is not",
        "correct response_mode in the program's request",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        700054,
        "response_type '{name}' is not enabled for the application.",
        "the application is not registered for this kind of answer",
        "use the authorization code flow",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        90023,
        "Unsupported '{name}' value.",
        "a parameter of the request has a value that there is not",
        "correct the program's request",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        9002313,
        "Invalid request. Request is malformed or invalid.",
        "the request was not well formed",
        "correct the program's request",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        50011,
        "The redirect URI '{uri}' specified in the request does not match the redirect URIs "
        "configured for the application '{app}'.",
        "the address to come back to is not among those of the application",
        "add the redirect URI to the application as it stands in the request",
        _OWNER,
        source=REFERENCE,
    ),
    code(
        500112,
        "The reply address '{uri}' does not match the reply address provided when requesting "
        "Authorization code.",
        "the code was asked for with another address to come back to",
        "send the same redirect_uri both times",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        50148,
        "The code_verifier does not match the code_challenge supplied in the authorization request "
        "for PKCE.",
        "the proof that the code is one's own (PKCE) does not fit",
        "begin the sign-in again, in one program",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        501481,
        "The Code_Verifier does not match the code_challenge supplied in the authorization "
        "request.",
        "the proof that the code is one's own (PKCE) does not fit",
        "begin the sign-in again, in one program",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        501491,
        "Invalid size of Code_Challenge parameter.",
        "the proof that the code is one's own (PKCE) is too short or too long",
        "correct the program: 43 to 128 signs",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        50089,
        "Authentication failed due to flow token expired.",
        "the sign-in was left standing for too long",
        "begin the sign-in again",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        70016,
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        "the person has not yet entered the code",
        "go on asking at the interval that was told",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        70018,
        "Invalid verification code due to User typing in wrong user code for device code flow.",
        "the code that the person entered is wrong",
        "enter the code again, as the program shows it",
        "the owner of the account",
        source=REFERENCE,
    ),
    code(
        70019,
        "Verification code expired.",
        "the code was not entered in time",
        "begin the sign-in again",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        70020,
        "The provided value for the input parameter 'device_code' is not valid. This device code "
        "has expired.",
        "the code was not entered in time",
        "begin the sign-in again",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        90119,
        "The user code is null or empty.",
        "no code was entered",
        "enter the code that the program shows",
        "the owner of the account",
        source=REFERENCE,
    ),
    code(
        90120,
        "The request was already authorized or declined.",
        "the code was used already",
        "begin the sign-in again",
        CLIENT,
        source=REFERENCE,
    ),
    code(
        90033,
        "A transient error has occurred. Please try again.",
        "the service failed for the moment",
        "try again in some minutes",
        NOBODY,
    ),
)
