"""What is said of a message, its recipients and its way (exchange-online 4.2, 4.5, 4.6, 5.5)."""

from __future__ import annotations

from functools import partial

from portineria.policy.verdict import Confidence
from portineria.policy.wiretexts.rows import Sense
from portineria.policy.wiretexts.sayings import CLIENT, EXCHANGE_ADMIN, Face, aside

_beside = partial(aside, Face.SMTP)
_EARLY = "exchange-online 4.2, 5.5"

MESSAGE = (
    _beside(
        "smtp-quota",
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
            "SubmissionQuotaExceededException",
        ),
        Sense.LATER,
        "the mailbox has sent to the 10,000 recipients that a day allows",
        "exchange-online 4.2, 5.5",
        repair="wait 24 hours, or send such volumes through High Volume Email or another service",
        who=CLIENT,
    ),
    _beside(
        "smtp-full",
        (
            "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
            "554 5.2.2 mailbox full",
        ),
        Sense.BESIDE,
        "the mailbox is full, so the copy for Sent Items cannot be kept",
        "exchange-online 5.5",
        repair="free space in the sending mailbox, or turn its copy of sent mail off",
        who=EXCHANGE_ADMIN,
    ),
    _beside(
        "smtp-size",
        "554 5.2.270",
        Sense.BESIDE,
        "the message is larger than this mailbox may send, after Exchange has converted it",
        "exchange-online 4.2, 5.5",
        repair="make the message smaller, or raise MaxSendSize of the mailbox",
        who=EXCHANGE_ADMIN,
    ),
    _beside(
        "smtp-fixed-size",
        "552 5.3.4 Message size exceeds fixed maximum message size",
        Sense.BESIDE,
        "the message is larger than the server takes from anybody",
        "exchange-online 4.2; RFC 1870 6.1",
        repair="make the message smaller",
        who=CLIENT,
        confidence=Confidence.UNVERIFIED,
    ),
    _beside(
        "smtp-early-full",
        "550 5.2.251",
        Sense.LATER,
        "refused early, since messages of this mailbox failed again and again: it is full",
        _EARLY,
        repair="free space in the mailbox, and stop trying meanwhile",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
    ),
    _beside(
        "smtp-early-sender",
        "550 5.2.252",
        Sense.LATER,
        "refused early, since messages of this mailbox failed again and again: it may not send as "
        "the address in From",
        _EARLY,
        repair="send from the address that logs in or give it SendAs, and stop trying meanwhile",
        who=EXCHANGE_ADMIN,
        confidence=Confidence.DOCUMENTED,
    ),
    _beside(
        "smtp-early-licence",
        "550 5.2.253",
        Sense.LATER,
        "refused early, since messages of this mailbox failed again and again: its licence does "
        "not let it send",
        _EARLY,
        repair="give the account a plan with Exchange Online, and stop trying meanwhile",
        who="a License Administrator",
        confidence=Confidence.DOCUMENTED,
    ),
    _beside(
        "smtp-early-recipients",
        "550 5.2.254",
        Sense.LATER,
        "refused early, since messages of this mailbox failed again and again: they have too many "
        "recipients",
        _EARLY,
        repair="send to fewer recipients at a time, and stop trying meanwhile",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
    ),
    _beside(
        "smtp-early-invalid",
        "550 5.2.255",
        Sense.LATER,
        "refused early, since messages of this mailbox failed again and again: their recipients "
        "are not valid",
        _EARLY,
        repair="mend the addresses, and stop trying meanwhile",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
    ),
    _beside(
        "smtp-outbound-spam",
        ("550 5.1.8 Access denied, bad outbound sender", "550 5.1.8¶"),
        Sense.BESIDE,
        "the mailbox is blocked from sending, for it was seen to send spam",
        "exchange-online 5.5",
        repair="find out who sent in its name, then take it off the restricted entities in "
        "Microsoft Defender",
        who="a Security Administrator",
    ),
    _beside(
        "smtp-no-recipient",
        (
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound",
            "550 5.1.1",
            "550 5.4.1",
            "550 5.1.10",
        ),
        Sense.BESIDE,
        "the recipient was refused, not the login: nobody has this address",
        "exchange-online 5.5, 5.8",
        repair="check the recipient's address",
        who=CLIENT,
    ),
    _beside(
        "smtp-hve-external",
        (
            "550 5.5.105 External sending is not supported for High Volume Email accounts",
            "550 5.5.105¶",
        ),
        Sense.BESIDE,
        "a High Volume Email account may send to recipients of the own tenant only",
        "exchange-online 4.5, 5.5",
        repair="send to external recipients from a mailbox, or through a connector or another "
        "service",
        who=EXCHANGE_ADMIN,
    ),
    _beside(
        "smtp-relay",
        (
            "‹550› 5.7.64 TenantAttribution; Relay Access Denied",
            "550 5.7.64¶",
        ),
        Sense.BESIDE,
        "no inbound connector of the tenant fits the address or certificate that the message came "
        "from",
        "exchange-online 4.6, 5.5",
        repair="correct the inbound connector: the sender's public address, or the name in its "
        "certificate",
        who=EXCHANGE_ADMIN,
        confidence=Confidence.DOCUMENTED,
    ),
    _beside(
        "smtp-direct-send",
        (
            "‹550› 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization "
            "from unauthorized sources",
            "550 5.7.68¶",
        ),
        Sense.BESIDE,
        "the organisation rejects direct send: mail in its own name without a login or connector",
        "exchange-online 4.6, 5.5",
        repair="let the device log in, or make an inbound connector for its address; a change of "
        "RejectDirectSend takes up to half an hour",
        who=EXCHANGE_ADMIN,
        confidence=Confidence.DOCUMENTED,
    ),
)
