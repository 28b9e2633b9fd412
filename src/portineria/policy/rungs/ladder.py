"""The order in which the layers are asked; the first that refuses is the one named.

Exchange's own layers come in the order in which its answers suggest that it asks them: passwords
for IMAP and POP are refused before the server knows whose, those for SMTP after the switches and
the authentication policy (Exchange dossier 1.9, 1.10, 5.2).
"""

from __future__ import annotations

from portineria.policy.rungs.account import account
from portineria.policy.rungs.application import application
from portineria.policy.rungs.assignment import assignment
from portineria.policy.rungs.authentication_policy import authentication_policy
from portineria.policy.rungs.conditional_access import conditional_access
from portineria.policy.rungs.consent import consent
from portineria.policy.rungs.federation import federation
from portineria.policy.rungs.licence import licence
from portineria.policy.rungs.mailbox_right import mailbox_right
from portineria.policy.rungs.per_user_mfa import per_user_mfa
from portineria.policy.rungs.protocol_switch import protocol_switch
from portineria.policy.rungs.recipient import recipient
from portineria.policy.rungs.retirement import retirement
from portineria.policy.rungs.retirement_imap_pop import retirement_imap_pop
from portineria.policy.rungs.security_defaults import security_defaults
from portineria.policy.rungs.service_principal import service_principal
from portineria.policy.rungs.step import Step
from portineria.policy.rungs.tenant_switch import tenant_switch

LADDER: tuple[Step, ...] = (
    recipient,
    retirement_imap_pop,
    account,
    federation,
    licence,
    protocol_switch,
    tenant_switch,
    authentication_policy,
    retirement,
    security_defaults,
    per_user_mfa,
    conditional_access,
    application,
    assignment,
    consent,
    service_principal,
    mailbox_right,
)
