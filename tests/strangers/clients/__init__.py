"""Programs that nobody here wrote, each in a file of its own, all used in one way.

`program.py` says what that way is. A new program is a new file and a line in `PROGRAMS`.
"""

from clients.curl import Curl
from clients.getmail import Getmail
from clients.imapflow import Imapflow
from clients.mbsync import Mbsync
from clients.mpop import Mpop
from clients.msmtp import Msmtp
from clients.neomutt import Neomutt
from clients.nodemailer import Nodemailer
from clients.program import Program
from clients.python_imaplib import Imaplib
from clients.python_poplib import Poplib
from clients.python_smtplib import Smtplib

PROGRAMS: tuple[type[Program], ...] = (
    Curl,
    Imaplib,
    Poplib,
    Smtplib,
    Msmtp,
    Mpop,
    Mbsync,
    Getmail,
    Neomutt,
    Imapflow,
    Nodemailer,
)
