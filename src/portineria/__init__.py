"""Portineria: open IMAP, POP3 and authenticated SMTP in Microsoft 365 on purpose.

Words live in `tenant`, judgement in `policy`, the wire in `mail`, Microsoft in `m365`,
use-cases in `run`, hands in `doors`, the embedded tenant in `lab`, faces in `cli`.
Read docs/architecture.md first.
"""

__version__ = "0.1.0"
