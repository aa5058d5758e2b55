"""What well-known IMAP servers announce, and where they differ from what they announce.

Facts of their behaviour, as users and other clients' developers reported them; each quirk names
where. `imap_profile_server` plays them over a mailbox in memory.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Quirk(Enum):
    """One way in which a server does not what it says, or what others do."""

    ENABLE_IN_SILENCE = auto()  # iCloud: OK to ENABLE, and no ENABLED (Mailspring-Sync#91)
    NO_PARAMETERS = auto()  # iCloud: BAD to SELECT with parameters (MailKit#970)
    COUNT_ONLY = auto()  # iCloud: ESEARCH tells COUNT whatever it is asked (Imap_Client#17)
    CUT_CAPABILITIES = auto()  # iCloud: a proxy cuts those in the answer to the login
    VANISHED_MALFORMED = auto()  # iCloud: VANISHED with no set of UIDs (MailKit#1871)
    MODSEQ_UNASKED = auto()  # Yahoo: HIGHESTMODSEQ without CONDSTORE (imap-client#40)
    UIDNEXT_AHEAD = auto()  # Yahoo: UIDNEXT far above the last UID (bichon#342)
    NO_UIDNEXT = auto()  # chatmail: SELECT without UIDNEXT (chatmail/core#4842)
    MODSEQ_ZERO = auto()  # Purelymail: HIGHESTMODSEQ 0 for an empty folder
    MODSEQ_STALLS = auto()  # Hostinger: arrivals do not raise it (warmbly#95)
    STATUS_LEFT_OUT = auto()  # LIST-STATUS without STATUS for some folders (MailKit#879)
    ID_FIRST = auto()  # NetEase: no folder opens before ID (Mailspring-Sync#121)
    EXPUNGE_REFUSED = auto()  # Proton Bridge: NO to UID EXPUNGE (proton-bridge#123)
    NO_PLACES = auto()  # Proton Bridge: neither APPENDUID nor COPYUID (proton-bridge#170)
    GMAIL_IDS = auto()  # Gmail: X-GM-MSGID instead of EMAILID


@dataclass(frozen=True, slots=True)
class Profile:
    """A server: what it says first, what it can before and after the login, its quirks."""

    greeting: str
    before: str
    after: str
    quirks: frozenset[Quirk] = frozenset()

    def can(self, name: str) -> bool:
        """Whether it announces an extension after the login."""
        return name in self.after.split()


PROFILES = {
    "plain": Profile("IMAP4rev1 ready", "IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"),
    "Gmail": Profile(
        "Gimap ready for requests from 192.0.2.1 d2mb1234567wml",
        "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 SASL-IR "
        "AUTH=XOAUTH2 AUTH=PLAIN AUTH=OAUTHBEARER",
        "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS "
        "COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS "
        "LITERAL- SPECIAL-USE APPENDLIMIT=35651584",
        frozenset({Quirk.GMAIL_IDS}),
    ),
    "Exchange": Profile(
        "The Microsoft Exchange IMAP4 service is ready. [QQBNADAAUAA=]",
        "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE "
        "NAMESPACE LITERAL+",
        "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT "
        "CLIENTACCESSRULES CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE "
        "NAMESPACE LITERAL+",
    ),
    "iCloud": Profile(
        "iSCREAM ready to rumble",
        "XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN AUTH=PTOKEN AUTH=PLAIN",
        "XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 ID CONDSTORE ESEARCH NAMESPACE UIDPLUS QRESYNC ENABLE "
        "CHILDREN IDLE UNSELECT XLIST LITERAL+ SPECIAL-USE SASL-IR",
        frozenset(
            {
                Quirk.ENABLE_IN_SILENCE,
                Quirk.NO_PARAMETERS,
                Quirk.COUNT_ONLY,
                Quirk.CUT_CAPABILITIES,
                Quirk.VANISHED_MALFORMED,
            }
        ),
    ),
    "careless": Profile(
        "as iCloud would be if it confirmed what it announces",
        "IMAP4rev1 SASL-IR AUTH=PLAIN",
        "IMAP4rev1 CONDSTORE QRESYNC ENABLE UIDPLUS ESEARCH LITERAL+ LIST-EXTENDED LIST-STATUS",
        frozenset({Quirk.VANISHED_MALFORMED, Quirk.COUNT_ONLY, Quirk.STATUS_LEFT_OUT}),
    ),
    "Yahoo": Profile(
        "IMAP4rev1 imapgate-2.0 ready",
        "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 ID MOVE NAMESPACE LITERAL+",
        "IMAP4rev1 ID MOVE NAMESPACE XYMHIGHESTMODSEQ UIDPLUS LITERAL+ CHILDREN UNSELECT "
        "OBJECTID SAVEDATE",
        frozenset({Quirk.MODSEQ_UNASKED, Quirk.UIDNEXT_AHEAD}),
    ),
    "Hostinger": Profile(
        "Dovecot ready.",
        "IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN",
        "IMAP4rev1 SASL-IR LITERAL+ CONDSTORE ENABLE ESEARCH UIDPLUS MOVE LIST-EXTENDED "
        "LIST-STATUS SPECIAL-USE",
        frozenset({Quirk.MODSEQ_STALLS, Quirk.STATUS_LEFT_OUT}),
    ),
    "Purelymail": Profile(
        "Purelymail ready",
        "IMAP4rev1 AUTH=PLAIN SASL-IR",
        "IMAP4rev1 CONDSTORE ENABLE UIDPLUS MOVE LITERAL+ SPECIAL-USE",
        frozenset({Quirk.MODSEQ_ZERO}),
    ),
    "chatmail": Profile(
        "ready",
        "IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+",
        "IMAP4rev1 UIDPLUS MOVE LITERAL+",
        frozenset({Quirk.NO_UIDNEXT}),
    ),
    "NetEase": Profile(
        "Coremail System IMap Server Ready(163com[10774b260cc7a37d26d71b52404dcf5c])",
        "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS APPENDLIMIT=71680000 XAPPLEPUSHSERVICE "
        "UIDPLUS X-CM-EXT-1 SASL-IR AUTH=PLAIN",
        "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ APPENDLIMIT=71680000 XAPPLEPUSHSERVICE UIDPLUS "
        "X-CM-EXT-1",
        frozenset({Quirk.ID_FIRST}),
    ),
    "Proton Bridge": Profile(
        "Proton Mail Bridge 03.04.00 - gluon session ID 1",
        "IMAP4rev1 AUTH=PLAIN ID IDLE STARTTLS",
        "IMAP4rev1 ID IDLE MOVE UIDPLUS UNSELECT",
        frozenset({Quirk.EXPUNGE_REFUSED, Quirk.NO_PLACES}),
    ),
}
"""By the name that a test's id shows."""
