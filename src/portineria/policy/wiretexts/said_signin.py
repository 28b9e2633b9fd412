"""What the token endpoint says of people and of what they may (AADSTS numbers).

Source: dossier entra-graph 5.6, and Microsoft's reference of error codes, where each number
stands with its words. Which layers a number can come from is in `tokens`.
"""

from __future__ import annotations

from portineria.policy.verdict import Confidence
from portineria.policy.wiretexts.rows import Sense
from portineria.policy.wiretexts.sayings import CLIENT, Face, Saying, aside

REFERENCE = "Microsoft Learn, Microsoft Entra authentication and authorization error codes"
DOSSIER = f"entra-graph 5.6; {REFERENCE}"
APP_ADMIN = "a Cloud Application Administrator"
USER_ADMIN = "a User Administrator"
POLICY_ADMIN = "a Conditional Access Administrator"


def code(
    number: int,
    text: str,
    meaning: str,
    repair: str,
    who: str,
    confidence: Confidence = Confidence.DOCUMENTED,
    source: str = DOSSIER,
) -> Saying:
    """One number; its layers are asked of the rows."""
    return Saying(
        id=f"aadsts{number}",
        face=Face.SIGN_IN,
        texts=(f"AADSTS{number}: {text}",),
        source=source,
        confidence=confidence,
        meaning=meaning,
        number=number,
        repair=repair,
        who=who,
    )


PEOPLE = (
    code(
        50034,
        "The user account {account} does not exist in the {tenant} directory.",
        "the account is not known in this tenant",
        "check the name that signs in, and the tenant that it is asked of",
        CLIENT,
    ),
    code(
        50053,
        "The account is locked, you've tried to sign in too many times with an incorrect user ID "
        "or password.",
        "the account is locked after many wrong passwords, or the address is held to be risky",
        "find the client that sends the old password, then wait or unlock the account",
        USER_ADMIN,
    ),
    code(
        50055,
        "The password is expired.",
        "the password has expired",
        "set a new password",
        "the owner of the account",
    ),
    code(
        50056,
        "Invalid or null password.",
        "the account has no password in this directory",
        "sign in where the account lives, or set a password",
        USER_ADMIN,
    ),
    code(
        50057,
        "The user account is disabled.",
        "the account is disabled",
        "enable the account, or sign in as somebody else",
        USER_ADMIN,
    ),
    code(
        50126,
        "Error validating credentials due to invalid username or password.",
        "the user name or the password is wrong",
        "check the name and the password",
        "the owner of the account",
    ),
    code(
        50173,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
        "the earlier sign-in was revoked, as a new password or an administrator does it",
        "sign in again",
        "the owner of the account",
    ),
    code(
        700082,
        "The refresh token has expired due to inactivity.",
        "the refresh token was not used for too long",
        "sign in again",
        "the owner of the account",
    ),
    code(
        700084,
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, "
        "limited lifetime.",
        "the refresh token of a page in a browser has come to its end",
        "sign in again",
        "the owner of the account",
    ),
    code(
        70043,
        "The refresh token has expired or is invalid due to sign-in frequency checks by "
        "Conditional Access.",
        "the refresh token has come to its end, because Conditional Access wants a new sign-in "
        "every so often",
        "sign in again; for a program that nobody watches, use an application instead",
        "the owner of the account",
    ),
    code(
        70008,
        "The provided authorization code or refresh token has expired due to inactivity.",
        "the code or the refresh token has expired",
        "sign in again",
        "the owner of the account",
    ),
    code(
        50058,
        "A silent sign-in request was sent but no user is signed in.",
        "the program asked for a token without a sign-in, and nobody is signed in",
        "sign in once with a page or a code",
        "the owner of the account",
    ),
    code(
        50072,
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must enroll in multi-factor authentication to access '{resource}'.",
        "multi-factor authentication has to be set up first",
        "sign in with a browser once, and register a method",
        "the owner of the account",
    ),
    code(
        50074,
        "Strong Authentication is required.",
        "a second factor is demanded and was not given",
        "sign in with a page or a code, where the second factor can be given",
        "the owner of the account",
    ),
    code(
        50076,
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must use multi-factor authentication to access '{resource}'.",
        "a second factor is demanded and was not given",
        "sign in with a page or a code, where the second factor can be given",
        "the owner of the account",
    ),
    code(
        50079,
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must enroll in multi-factor authentication to access '{resource}'.",
        "multi-factor authentication has to be set up first",
        "sign in with a browser once, and register a method",
        "the owner of the account",
    ),
    code(
        50158,
        "External security challenge was not satisfied.",
        "a check by another service is demanded and was not passed",
        "sign in with a browser, where that check can be passed",
        "the owner of the account",
    ),
    code(
        53000,
        "Device is not in required device state: {state}. Conditional Access policy requires a "
        "compliant device, and the device is not compliant.",
        "Conditional Access lets in compliant devices only",
        "use such a device, or change the policy that the sign-in log names",
        POLICY_ADMIN,
    ),
    code(
        53001,
        "Device is not in required device state: {state}. Conditional Access policy requires a "
        "domain joined device, and the device is not domain joined.",
        "Conditional Access lets in joined devices only",
        "use such a device, or change the policy that the sign-in log names",
        POLICY_ADMIN,
    ),
    code(
        53002,
        "Application used is not an approved application for Conditional Access.",
        "Conditional Access lets in approved applications only",
        "use such an application, or change the policy that the sign-in log names",
        POLICY_ADMIN,
    ),
    code(
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow "
        "token issuance.",
        "a Conditional Access policy does not allow the token",
        "find the policy by the id in `claims` or in the sign-in log, and except this access from "
        "it",
        POLICY_ADMIN,
        Confidence.CAPTURED,
    ),
    code(
        530033,
        "Remote device flow blocked due to device based conditional access.",
        "Conditional Access does not let people sign in by a device code",
        "sign in with a browser on that machine",
        CLIENT,
    ),
    code(
        530035,
        "Access has been blocked by security defaults.",
        "security defaults block this sign-in: it uses a password alone",
        "use OAuth with a sign-in that people do themselves, or an application; nobody can be "
        "excepted from security defaults",
        CLIENT,
    ),
)

CONSENT = (
    code(
        65001,
        "The user or administrator has not consented to use the application with ID '{app}'",
        "nobody has consented to what the application asks for",
        "give admin consent to its permissions",
        "a Privileged Role Administrator, for delegated permissions a Cloud Application "
        "Administrator",
    ),
    code(
        65004,
        "User declined to consent to access the app.",
        "the person said no when asked for consent",
        "sign in again and consent, or let an administrator consent for everybody",
        "the owner of the account",
    ),
    code(
        90094,
        "Admin consent is required for the permissions requested by this application.",
        "only an administrator may consent to what the application asks for",
        "give admin consent to its permissions",
        APP_ADMIN,
    ),
    code(
        650052,
        "The app is trying to access a service '{service}' that your organization '{tenant}' lacks "
        "a service principal for.",
        "the service that is asked for is not there in this tenant",
        "subscribe to the service, and let an administrator consent",
        APP_ADMIN,
    ),
    code(
        650053,
        "The application '{app}' asked for scope '{scope}' that doesn't exist on the resource "
        "'{resource}'.",
        "the service has no permission of the name that was asked for",
        "correct the scope in the program: permissions for mail belong to Outlook's address, not "
        "to Graph's",
        CLIENT,
    ),
    code(
        650057,
        "Invalid resource. The client has requested access to a resource which is not listed in "
        "the requested permissions in the client's application registration.",
        "the service is not among the permissions of the application",
        "add the permission to the application, and consent to it",
        APP_ADMIN,
    ),
    code(
        50105,
        "Your administrator has configured the application {name} ('{app}') to block users unless "
        "they are specifically granted ('assigned') access to the application.",
        "the application takes assigned people only, and this person is not assigned to it",
        "assign the person to the enterprise application",
        APP_ADMIN,
    ),
    code(
        501051,
        "Application '{app}'({name}) is not assigned to a role for the application '{resource}'.",
        "the service takes assigned applications only, and this one has no permission of it",
        "give the application a permission of the service, with admin consent",
        APP_ADMIN,
        source=REFERENCE,
    ),
)

POLLING = (
    aside(
        Face.SIGN_IN,
        "authorization-pending",
        "authorization_pending",
        Sense.LATER,
        "the person has not yet entered the code",
        "entra-graph 5.2; RFC 8628 3.5",
        repair="go on asking at the interval that was told",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
        codes={"authorization_pending"},
    ),
    aside(
        Face.SIGN_IN,
        "slow-down",
        "(the code slow_down)",
        Sense.LATER,
        "the program asks more often than it may",
        "RFC 8628 3.5",
        repair="wait five seconds more between two questions",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
        codes={"slow_down"},
    ),
    aside(
        Face.SIGN_IN,
        "authorization-declined",
        "authorization_declined",
        Sense.BESIDE,
        "the person said no to the sign-in by code",
        "entra-graph 5.2",
        repair="begin the sign-in again",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
        codes={"authorization_declined"},
    ),
    aside(
        Face.SIGN_IN,
        "bad-verification-code",
        "bad_verification_code",
        Sense.BESIDE,
        "the device code is not one that was handed out",
        "entra-graph 5.2",
        repair="begin the sign-in again",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
        codes={"bad_verification_code"},
    ),
)
