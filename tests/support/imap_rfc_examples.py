"""Responses as the RFCs show them in their examples, and the values that they are.

`TOLD` has one row for each: where it stands, the line, its value. Atoms and strings are written
as text, NIL as None, a list as a list.
"""

from typing import Any

from mailcli.imap.responses import Condition, Continuation, Data, Response, Value


def _value(told: Any) -> Value:
    if isinstance(told, list):
        return [_value(one) for one in told]
    return told.encode("utf-8") if isinstance(told, str) else None


def _data(name: str, *told: Any, number: int | None = None) -> Data:
    return Data(name, number, [_value(one) for one in told])


def _fetch(number: int, *told: Any) -> Data:
    return _data("FETCH", list(told), number=number)


def _condition(kind: str, text: str, code: str = "", *told: Any, tag: str = "") -> Condition:
    return Condition(tag.encode(), kind, code, [_value(one) for one in told], text)


_GRAY = [["Terry Gray", None, "gray", "cac.washington.edu"]]
_FLAGS = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"]

TOLD: list[tuple[str, str, Response]] = [
    # -- the base protocol -----------------------------------------------
    (
        "RFC 3501 §6.1.1",
        "* CAPABILITY IMAP4rev1 STARTTLS AUTH=GSSAPI LOGINDISABLED",
        _data("CAPABILITY", "IMAP4rev1", "STARTTLS", "AUTH=GSSAPI", "LOGINDISABLED"),
    ),
    (
        "RFC 3501 §6.1.1",
        "abcd OK CAPABILITY completed",
        _condition("OK", "CAPABILITY completed", tag="abcd"),
    ),
    ("RFC 3501 §6.1.2", "* 22 EXPUNGE", _data("EXPUNGE", number=22)),
    ("RFC 3501 §6.1.2", "* 23 EXISTS", _data("EXISTS", number=23)),
    ("RFC 3501 §6.1.2", "* 3 RECENT", _data("RECENT", number=3)),
    (
        "RFC 3501 §6.1.2",
        "* 14 FETCH (FLAGS (\\Seen \\Deleted))",
        _fetch(14, "FLAGS", ["\\Seen", "\\Deleted"]),
    ),
    (
        "RFC 3501 §6.1.3",
        "* BYE IMAP4rev1 Server logging out",
        _condition("BYE", "IMAP4rev1 Server logging out"),
    ),
    ("RFC 3501 §6.2.2", "+ YGgGCSqGSIb3EgECAgIAAGFA", Continuation(b"YGgGCSqGSIb3EgECAgIAAGFA")),
    ("RFC 3501 §6.2.2", "+", Continuation(b"")),
    ("RFC 3501 §6.3.1", "* FLAGS (" + " ".join(_FLAGS) + ")", _data("FLAGS", _FLAGS)),
    (
        "RFC 3501 §6.3.1",
        "* OK [UNSEEN 12] Message 12 is first unseen",
        _condition("OK", "Message 12 is first unseen", "UNSEEN", "12"),
    ),
    (
        "RFC 3501 §6.3.1",
        "* OK [UIDVALIDITY 3857529045] UIDs valid",
        _condition("OK", "UIDs valid", "UIDVALIDITY", "3857529045"),
    ),
    (
        "RFC 3501 §6.3.1",
        "* OK [UIDNEXT 4392] Predicted next UID",
        _condition("OK", "Predicted next UID", "UIDNEXT", "4392"),
    ),
    (
        "RFC 3501 §6.3.1",
        "* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited",
        _condition("OK", "Limited", "PERMANENTFLAGS", ["\\Deleted", "\\Seen", "\\*"]),
    ),
    (
        "RFC 3501 §6.3.1",
        "A142 OK [READ-WRITE] SELECT completed",
        _condition("OK", "SELECT completed", "READ-WRITE", tag="A142"),
    ),
    (
        "RFC 3501 §6.3.2",
        "* OK [PERMANENTFLAGS ()] No permanent flags permitted",
        _condition("OK", "No permanent flags permitted", "PERMANENTFLAGS", []),
    ),
    (
        "RFC 3501 §6.3.4",
        'A682 NO Name "foo" has inferior hierarchical names',
        _condition("NO", 'Name "foo" has inferior hierarchical names', tag="A682"),
    ),
    (
        "RFC 3501 §6.3.8",
        '* LIST (\\Noselect) "/" ""',
        _data("LIST", ["\\Noselect"], "/", ""),
    ),
    (
        "RFC 3501 §6.3.8",
        '* LIST (\\Noselect) "." #news.',
        _data("LIST", ["\\Noselect"], ".", "#news."),
    ),
    ("RFC 3501 §6.3.8", '* LIST (\\Noselect) "/" /', _data("LIST", ["\\Noselect"], "/", "/")),
    (
        "RFC 3501 §6.3.8",
        '* LIST () "/" ~/Mail/meetings',
        _data("LIST", [], "/", "~/Mail/meetings"),
    ),
    (
        "RFC 3501 §6.3.9",
        '* LSUB () "." #news.comp.mail.mime',
        _data("LSUB", [], ".", "#news.comp.mail.mime"),
    ),
    (
        "RFC 3501 §6.3.10",
        "* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)",
        _data("STATUS", "blurdybloop", ["MESSAGES", "231", "UIDNEXT", "44292"]),
    ),
    ("RFC 3501 §6.3.11", "+ Ready for literal data", Continuation(b"Ready for literal data")),
    ("RFC 3501 §6.4.4", "* SEARCH 2 84 882", _data("SEARCH", "2", "84", "882")),
    ("RFC 3501 §6.4.4", "* SEARCH", _data("SEARCH")),
    (
        "RFC 3501 §6.4.6",
        "* 2 FETCH (FLAGS (\\Deleted \\Seen))",
        _fetch(2, "FLAGS", ["\\Deleted", "\\Seen"]),
    ),
    (
        "RFC 3501 §6.4.8",
        "* 23 FETCH (FLAGS (\\Seen) UID 4827313)",
        _fetch(23, "FLAGS", ["\\Seen"], "UID", "4827313"),
    ),
    (
        "RFC 3501 §7.1",
        "* OK [ALERT] System shutdown in 10 minutes",
        _condition("OK", "System shutdown in 10 minutes", "ALERT"),
    ),
    (
        "RFC 3501 §7.1.2",
        "* NO Disk is 98% full, please delete unnecessary data",
        _condition("NO", "Disk is 98% full, please delete unnecessary data"),
    ),
    (
        "RFC 3501 §7.1.3",
        "* BAD Disk crash, attempting salvage to a new disk!",
        _condition("BAD", "Disk crash, attempting salvage to a new disk!"),
    ),
    (
        "RFC 3501 §7.1.4",
        "* PREAUTH IMAP4rev1 server logged in as Smith",
        _condition("PREAUTH", "IMAP4rev1 server logged in as Smith"),
    ),
    (
        "RFC 3501 §7.1.5",
        "* BYE Autologout; idle for too long",
        _condition("BYE", "Autologout; idle for too long"),
    ),
    (
        "RFC 3501 §7.4.2",
        "* 23 FETCH (FLAGS (\\Seen) RFC822.SIZE 44827)",
        _fetch(23, "FLAGS", ["\\Seen"], "RFC822.SIZE", "44827"),
    ),
    (
        "RFC 3501 §7.5",
        'A044 BAD No such command as "BLURDYBLOOP"',
        _condition("BAD", 'No such command as "BLURDYBLOOP"', tag="A044"),
    ),
    (
        "RFC 3501 §8",
        (
            '* 12 FETCH (FLAGS (\\Seen) INTERNALDATE "17-Jul-1996 02:44:25 -0700"'
            ' RFC822.SIZE 4286 ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)"'
            ' "IMAP4rev1 WG mtg summary and minutes"'
            ' (("Terry Gray" NIL "gray" "cac.washington.edu"))'
            ' ((NIL NIL "imap" "cac.washington.edu")) NIL NIL'
            ' "<B27397-0100000@cac.washington.edu>")'
            ' BODY ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3028 92))'
        ),
        _fetch(
            12,
            *("FLAGS", ["\\Seen"], "INTERNALDATE", "17-Jul-1996 02:44:25 -0700"),
            *("RFC822.SIZE", "4286", "ENVELOPE"),
            [
                "Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
                "IMAP4rev1 WG mtg summary and minutes",
                _GRAY,
                [[None, None, "imap", "cac.washington.edu"]],
                *(None, None, "<B27397-0100000@cac.washington.edu>"),
            ],
            "BODY",
            ["TEXT", "PLAIN", ["CHARSET", "US-ASCII"], None, None, "7BIT", "3028", "92"],
        ),
    ),
    (
        "RFC 9051 §6.3.5",
        '* LIST () "/" "INBOX" ("OLDNAME" ("inbox"))',
        _data("LIST", [], "/", "INBOX", ["OLDNAME", ["inbox"]]),
    ),
    (
        "RFC 9051 §6.4.4",
        '* ESEARCH (TAG "A283") ALL 2,10:11',
        _data("ESEARCH", ["TAG", "A283"], "ALL", "2,10:11"),
    ),
    (
        "RFC 9051 §7.1",
        "* NO [OVERQUOTA] Soft quota has been exceeded",
        _condition("NO", "Soft quota has been exceeded", "OVERQUOTA"),
    ),
    (
        "RFC 2177 §3",
        "+ idling",
        Continuation(b"idling"),
    ),
    # -- names and what the server is ------------------------------------
    (
        "RFC 2342 §5",
        '* NAMESPACE (("" "/")) NIL (("Public Folders/" "/"))',
        _data("NAMESPACE", [["", "/"]], None, [["Public Folders/", "/"]]),
    ),
    (
        "RFC 2342 §5",
        '* NAMESPACE (("" "/")) (("~" "/")) (("#shared/" "/")("#public/" "/")("#news." "."))',
        _data(
            "NAMESPACE",
            [["", "/"]],
            [["~", "/"]],
            [["#shared/", "/"], ["#public/", "/"], ["#news.", "."]],
        ),
    ),
    (
        "RFC 2342 §5",
        '* NAMESPACE (("" "/")("#mh/" "/" "X-PARAM" ("FLAG1" "FLAG2"))) NIL NIL',
        _data(
            "NAMESPACE",
            [["", "/"], ["#mh/", "/", "X-PARAM", ["FLAG1", "FLAG2"]]],
            None,
            None,
        ),
    ),
    (
        "RFC 2971 §3.1",
        '* ID ("name" "Cyrus" "version" "1.5" "os" "sunos" "os-version" "5.5")',
        _data("ID", ["name", "Cyrus", "version", "1.5", "os", "sunos", "os-version", "5.5"]),
    ),
    ("RFC 2971 §3.1", "* ID NIL", _data("ID", None)),
    ("RFC 5161 §3.1", "* ENABLED X-GOOD-IDEA", _data("ENABLED", "X-GOOD-IDEA")),
    ("RFC 5161 §3.1", "* ENABLED", _data("ENABLED")),
    # -- places and changes ----------------------------------------------
    (
        "RFC 4315 §3",
        "A003 OK [APPENDUID 38505 3955] APPEND completed",
        _condition("OK", "APPEND completed", "APPENDUID", "38505", "3955", tag="A003"),
    ),
    (
        "RFC 4315 §3",
        "A004 OK [COPYUID 38505 304,319:320 3956:3958] Done",
        _condition("OK", "Done", "COPYUID", "38505", "304,319:320", "3956:3958", tag="A004"),
    ),
    (
        "RFC 4315 §3",
        "* NO [UIDNOTSTICKY] Non-persistent UIDs",
        _condition("NO", "Non-persistent UIDs", "UIDNOTSTICKY"),
    ),
    (
        "RFC 6851 §3.3",
        "* OK [COPYUID 432432 42:69 1202:1229]",
        _condition("OK", "", "COPYUID", "432432", "42:69", "1202:1229"),
    ),
    (
        "RFC 7162 §3.1.2.1",
        "* OK [HIGHESTMODSEQ 715194045007]",
        _condition("OK", "", "HIGHESTMODSEQ", "715194045007"),
    ),
    (
        "RFC 7162 §3.1.2.2",
        "* OK [NOMODSEQ] Sorry, this mailbox format doesn't support modsequences",
        _condition("OK", "Sorry, this mailbox format doesn't support modsequences", "NOMODSEQ"),
    ),
    (
        "RFC 7162 §3.1.3",
        "* 1 FETCH (UID 4 MODSEQ (12121231000))",
        _fetch(1, "UID", "4", "MODSEQ", ["12121231000"]),
    ),
    (
        "RFC 7162 §3.1.3",
        "d105 OK [MODIFIED 7,9] Conditional STORE failed",
        _condition("OK", "Conditional STORE failed", "MODIFIED", "7,9", tag="d105"),
    ),
    (
        "RFC 7162 §3.1.5",
        "* SEARCH 2 5 6 7 (MODSEQ 917162500)",
        _data("SEARCH", "2", "5", "6", "7", ["MODSEQ", "917162500"]),
    ),
    (
        "RFC 7162 §3.1.7",
        "* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 HIGHESTMODSEQ 7011231777)",
        _data(
            "STATUS",
            "blurdybloop",
            ["MESSAGES", "231", "UIDNEXT", "44292", "HIGHESTMODSEQ", "7011231777"],
        ),
    ),
    (
        "RFC 7162 §3.1.10",
        '* ESEARCH (TAG "a") ALL 1:3,5 MODSEQ 1236',
        _data("ESEARCH", ["TAG", "a"], "ALL", "1:3,5", "MODSEQ", "1236"),
    ),
    ("RFC 7162 §3.2.11", "* OK [CLOSED]", _condition("OK", "", "CLOSED")),
    (
        "RFC 7162 §3.2.5.2",
        "* VANISHED (EARLIER) 41,43:116,118,120:211,214:540",
        _data("VANISHED", ["EARLIER"], "41,43:116,118,120:211,214:540"),
    ),
    (
        "RFC 7162 §3.2.5.2",
        "* 49 FETCH (UID 117 FLAGS (\\Seen \\Answered) MODSEQ (90060115194045001))",
        _fetch(
            49, "UID", "117", "FLAGS", ["\\Seen", "\\Answered"], "MODSEQ", ["90060115194045001"]
        ),
    ),
    (
        "RFC 7162 §3.2.10",
        "* VANISHED 405,407,410,425",
        _data("VANISHED", "405,407,410,425"),
    ),
    (
        "RFC 7162 §3.2.7",
        "A202 OK [HIGHESTMODSEQ 20010715194045319] expunged",
        _condition("OK", "expunged", "HIGHESTMODSEQ", "20010715194045319", tag="A202"),
    ),
    # -- searches --------------------------------------------------------
    (
        "RFC 4731 §3.1",
        '* ESEARCH (TAG "A282") MIN 2 COUNT 3',
        _data("ESEARCH", ["TAG", "A282"], "MIN", "2", "COUNT", "3"),
    ),
    (
        "RFC 4731 §3.1",
        '* ESEARCH (TAG "A301") UID ALL 17,900,901',
        _data("ESEARCH", ["TAG", "A301"], "UID", "ALL", "17,900,901"),
    ),
    (
        "RFC 4731 §3.1",
        '* ESEARCH (TAG "A285") UID MIN 7 MAX 3800',
        _data("ESEARCH", ["TAG", "A285"], "UID", "MIN", "7", "MAX", "3800"),
    ),
    # -- folders ---------------------------------------------------------
    (
        "RFC 5258 §5",
        '* LIST (\\Marked \\NoInferiors \\Subscribed) "/" "inbox"',
        _data("LIST", ["\\Marked", "\\NoInferiors", "\\Subscribed"], "/", "inbox"),
    ),
    (
        "RFC 5258 §5",
        '* LIST (\\Subscribed \\NonExistent) "/" "Fruit/Peach"',
        _data("LIST", ["\\Subscribed", "\\NonExistent"], "/", "Fruit/Peach"),
    ),
    (
        "RFC 5258 §5",
        '* LIST (\\NonExistent) "/" "Foo" ("CHILDINFO" ("SUBSCRIBED"))',
        _data("LIST", ["\\NonExistent"], "/", "Foo", ["CHILDINFO", ["SUBSCRIBED"]]),
    ),
    (
        "RFC 5258 §6",
        '* LIST () "/" "foo" (tablecloth (("edge" "lacy") ("color" "red")) X-Sample "text")',
        _data(
            *("LIST", [], "/", "foo"),
            ["tablecloth", [["edge", "lacy"], ["color", "red"]], "X-Sample", "text"],
        ),
    ),
    (
        "RFC 5819 §2",
        '* STATUS "INBOX" (MESSAGES 17 UNSEEN 16)',
        _data("STATUS", "INBOX", ["MESSAGES", "17", "UNSEEN", "16"]),
    ),
    (
        "RFC 6154 §5.1",
        '* LIST (\\Sent \\HasNoChildren) "/" SentMail',
        _data("LIST", ["\\Sent", "\\HasNoChildren"], "/", "SentMail"),
    ),
    (
        "RFC 6154 §5.3",
        "t1 NO [USEATTR] \\All not supported",
        _condition("NO", "\\All not supported", "USEATTR", tag="t1"),
    ),
    (
        "RFC 6154 §5.4",
        '* METADATA "SavedDrafts" ("/private/specialuse" "\\\\Drafts")',
        _data("METADATA", "SavedDrafts", ["/private/specialuse", "\\Drafts"]),
    ),
    (
        "RFC 7889 §3.2",
        "* CAPABILITY IMAP4rev1 ID APPENDLIMIT=257890",
        _data("CAPABILITY", "IMAP4rev1", "ID", "APPENDLIMIT=257890"),
    ),
    (
        "RFC 7889 §3.3",
        '* STATUS "INBOX" (APPENDLIMIT 257890)',
        _data("STATUS", "INBOX", ["APPENDLIMIT", "257890"]),
    ),
    (
        "RFC 8474 §4.1",
        "3 OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] Completed",
        _condition(
            "OK",
            "Completed",
            "MAILBOXID",
            ["F2212ea87-6097-4256-9d51-71338625"],
            tag="3",
        ),
    ),
    (
        "RFC 8474 §4.3",
        "* STATUS foo (MAILBOXID (F2212ea87-6097-4256-9d51-71338625))",
        _data("STATUS", "foo", ["MAILBOXID", ["F2212ea87-6097-4256-9d51-71338625"]]),
    ),
    (
        "RFC 8474 §5.3",
        "* 1 FETCH (EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9))",
        _fetch(1, "EMAILID", ["M6d99ac3275bb4e"], "THREADID", ["T64b478a75b7ea9"]),
    ),
    (
        "RFC 8474 §5.3",
        "* 3 FETCH (EMAILID (M5fdc09b49ea703) THREADID NIL)",
        _fetch(3, "EMAILID", ["M5fdc09b49ea703"], "THREADID", None),
    ),
]
