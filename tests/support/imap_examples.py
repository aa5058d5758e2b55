"""IMAP responses as servers send them, and what they mean.

Each table has a name for the reader, the octets of one response, and its value.
"""

from mailcli.imap.responses import Condition, Data

CONDITIONS = {
    "Dovecot greets with capabilities": (
        b"* OK [CAPABILITY IMAP4rev1 SASL-IR ID IDLE LITERAL+ AUTH=PLAIN] Dovecot ready.\r\n",
        Condition(
            b"",
            "OK",
            "CAPABILITY",
            [
                *(b"IMAP4rev1", b"SASL-IR", b"ID", b"IDLE", b"LITERAL+"),
                b"AUTH=PLAIN",
            ],
            "Dovecot ready.",
        ),
    ),
    "Gmail greets with an address in brackets at the end": (
        b"* OK Gimap ready for requests from 192.0.2.1 d2mb1234567wml\r\n",
        Condition(b"", "OK", "", [], "Gimap ready for requests from 192.0.2.1 d2mb1234567wml"),
    ),
    "Exchange greets with a code of its own": (
        b"* OK The Microsoft Exchange IMAP4 service is ready. [QQBNADAAUAA=]\r\n",
        Condition(
            b"", "OK", "", [], "The Microsoft Exchange IMAP4 service is ready. [QQBNADAAUAA=]"
        ),
    ),
    "Courier greets without a space": (
        b"* PREAUTH [CAPABILITY IMAP4rev1]hello\r\n",
        Condition(b"", "PREAUTH", "CAPABILITY", [b"IMAP4rev1"], "hello"),
    ),
    "Gmail permits flags": (
        b"* OK [PERMANENTFLAGS (\\Answered \\Seen $NotPhishing NonJunk \\*)] Flags permitted.\r\n",
        Condition(
            b"",
            "OK",
            "PERMANENTFLAGS",
            [[b"\\Answered", b"\\Seen", b"$NotPhishing", b"NonJunk", b"\\*"]],
            "Flags permitted.",
        ),
    ),
    "no permanent flags": (
        b"* OK [PERMANENTFLAGS ()] No permanent flags permitted.\r\n",
        Condition(b"", "OK", "PERMANENTFLAGS", [[]], "No permanent flags permitted."),
    ),
    "UIDVALIDITY": (
        b"* OK [UIDVALIDITY 3857529045] UIDs valid\r\n",
        Condition(b"", "OK", "UIDVALIDITY", [b"3857529045"], "UIDs valid"),
    ),
    "HIGHESTMODSEQ beyond 32 bits": (
        b"* OK [HIGHESTMODSEQ 715194045007]\r\n",
        Condition(b"", "OK", "HIGHESTMODSEQ", [b"715194045007"], ""),
    ),
    "Cyrus tags SELECT": (
        b"m3 OK [READ-WRITE] Completed\r\n",
        Condition(b"m3", "OK", "READ-WRITE", [], "Completed"),
    ),
    "APPENDUID": (
        b"A003 OK [APPENDUID 38505 3955] APPEND completed\r\n",
        Condition(b"A003", "OK", "APPENDUID", [b"38505", b"3955"], "APPEND completed"),
    ),
    "COPYUID": (
        b"A004 OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n",
        Condition(b"A004", "OK", "COPYUID", [b"38505", b"304,319:320", b"3956:3958"], "Done"),
    ),
    "MODIFIED": (
        b"d105 OK [MODIFIED 7,9] Conditional STORE failed\r\n",
        Condition(b"d105", "OK", "MODIFIED", [b"7,9"], "Conditional STORE failed"),
    ),
    "a code in small letters": (
        b"a no [authenticationfailed] Invalid credentials (Failure)\r\n",
        Condition(b"a", "NO", "AUTHENTICATIONFAILED", [], "Invalid credentials (Failure)"),
    ),
    "a bracket in a quoted argument": (
        b'* OK [COPYRIGHT "a ] b \\" c" x] text ] end\r\n',
        Condition(b"", "OK", "COPYRIGHT", [b'a ] b " c', b"x"], "text ] end"),
    ),
    "words in brackets that are no code": (
        b"* BYE [somewhere (far away] shutting down\r\n",
        Condition(b"", "BYE", "", [], "[somewhere (far away] shutting down"),
    ),
    "a bracket that is not closed": (
        b"* NO [ALERT over quota\r\n",
        Condition(b"", "NO", "", [], "[ALERT over quota"),
    ),
    "no text at all": (b"m1 OK\r\n", Condition(b"m1", "OK", "", [], "")),
    "text in Latin-1": (
        b"* NO Bo\xeete pleine\r\n",
        Condition(b"", "NO", "", [], "Bo\N{REPLACEMENT CHARACTER}te pleine"),
    ),
    "a folder's name that looks like a literal": (
        b"m3 NO Mailbox doesn't exist: x{5}\r\n",
        Condition(b"m3", "NO", "", [], "Mailbox doesn't exist: x{5}"),
    ),
    "Exchange says goodbye": (
        b"* BYE Connection is closed. 13\r\n",
        Condition(b"", "BYE", "", [], "Connection is closed. 13"),
    ),
}

DATA = {
    "EXISTS": (b"* 172 EXISTS\r\n", Data("EXISTS", 172, [])),
    "a large EXPUNGE": (b"* 4294967295 EXPUNGE\r\n", Data("EXPUNGE", 4294967295, [])),
    "Dovecot lists": (
        b'* LIST (\\HasNoChildren \\Sent) "." Sent\r\n',
        Data("LIST", None, [[b"\\HasNoChildren", b"\\Sent"], b".", b"Sent"]),
    ),
    "Gmail lists": (
        b'* LIST (\\All \\HasNoChildren) "/" "[Gmail]/All Mail"\r\n',
        Data("LIST", None, [[b"\\All", b"\\HasNoChildren"], b"/", b"[Gmail]/All Mail"]),
    ),
    "hMailServer's delimiter": (
        b'* LIST (\\HasNoChildren) "\\\\" "a\\\\b \\"c\\""\r\n',
        Data("LIST", None, [[b"\\HasNoChildren"], b"\\", b'a\\b "c"']),
    ),
    "a flat name space": (
        b"* LIST (\\NoInferiors) NIL INBOX\r\n",
        Data("LIST", None, [[b"\\NoInferiors"], None, b"INBOX"]),
    ),
    "a folder that is called NIL": (
        b'* LIST () "/" "NIL"\r\n',
        Data("LIST", None, [[], b"/", b"NIL"]),
    ),
    "a name of no length": (
        b'* LIST (\\Noselect) "/" ""\r\n',
        Data("LIST", None, [[b"\\Noselect"], b"/", b""]),
    ),
    "brackets in a bare name": (
        b'* LIST () "/" foo[bar\r\n',
        Data("LIST", None, [[], b"/", b"foo[bar"]),
    ),
    "a name as a literal": (
        b'* LIST () "/" {9}\r\na"b\\c\r\nd \r\n',
        Data("LIST", None, [[], b"/", b'a"b\\c\r\nd ']),
    ),
    "extended data after the name": (
        b'* LIST (\\NonExistent) "/" "Foo" ("CHILDINFO" ("SUBSCRIBED"))\r\n',
        Data(
            "LIST",
            None,
            [[b"\\NonExistent"], b"/", b"Foo", [b"CHILDINFO", [b"SUBSCRIBED"]]],
        ),
    ),
    "iCloud pads the line": (
        b'* LIST (\\HasNoChildren) "/" "INBOX" \r\n',
        Data("LIST", None, [[b"\\HasNoChildren"], b"/", b"INBOX"]),
    ),
    "STATUS": (
        b"* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)\r\n",
        Data("STATUS", None, [b"blurdybloop", [b"MESSAGES", b"231", b"UIDNEXT", b"44292"]]),
    ),
    "SEARCH without hits": (b"* SEARCH\r\n", Data("SEARCH", None, [])),
    "Exchange's SEARCH without hits": (b"* SEARCH \r\n", Data("SEARCH", None, [])),
    "SEARCH with MODSEQ": (
        b"* SEARCH 2 5 (MODSEQ 917162500)\r\n",
        Data("SEARCH", None, [b"2", b"5", [b"MODSEQ", b"917162500"]]),
    ),
    "ESEARCH": (
        b'* ESEARCH (TAG "A282") UID MIN 2 COUNT 3 ALL 1:3,5\r\n',
        Data(
            "ESEARCH",
            None,
            [[b"TAG", b"A282"], b"UID", b"MIN", b"2", b"COUNT", b"3", b"ALL", b"1:3,5"],
        ),
    ),
    "VANISHED": (
        b"* VANISHED (EARLIER) 41,43:116,118\r\n",
        Data("VANISHED", None, [[b"EARLIER"], b"41,43:116,118"]),
    ),
    "ENABLED": (
        b"* ENABLED CONDSTORE QRESYNC\r\n",
        Data("ENABLED", None, [b"CONDSTORE", b"QRESYNC"]),
    ),
    "NAMESPACE": (
        b'* NAMESPACE (("" "/")("#news." ".")) NIL (("~" "/"))\r\n',
        Data("NAMESPACE", None, [[[b"", b"/"], [b"#news.", b"."]], None, [[b"~", b"/"]]]),
    ),
    "ID": (
        b'* ID ("name" "Dovecot" "version" NIL)\r\n',
        Data("ID", None, [[b"name", b"Dovecot", b"version", None]]),
    ),
    "Dovecot's flags": (
        b"* 1 FETCH (UID 1 FLAGS (\\Seen $Forwarded) MODSEQ (12345))\r\n",
        Data(
            "FETCH",
            1,
            [[b"UID", b"1", b"FLAGS", [b"\\Seen", b"$Forwarded"], b"MODSEQ", [b"12345"]]],
        ),
    ),
    "Gmail's labels": (
        b'* 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox "My label" foo))\r\n',
        Data(
            "FETCH",
            1,
            [
                [
                    *(b"X-GM-MSGID", b"1278455344230334865", b"X-GM-LABELS"),
                    [b"\\Inbox", b"My label", b"foo"],
                ]
            ],
        ),
    ),
    "a keyword with brackets": (
        b"* 1 FETCH (FLAGS ([a] b]c [d))\r\n",
        Data("FETCH", 1, [[b"FLAGS", [b"[a]", b"b]c", b"[d"]]]),
    ),
    "a body as a literal": (
        b"* 12 FETCH (BODY[] {12}\r\n(a\r\n{3}\r\n b) UID 7)\r\n",
        Data("FETCH", 12, [[b"BODY[]", b"(a\r\n{3}\r\n b)", b"UID", b"7"]]),
    ),
    "no body": (
        b"* 3 FETCH (UID 9 BODY[] NIL)\r\n",
        Data("FETCH", 3, [[b"UID", b"9", b"BODY[]", None]]),
    ),
    "an empty body": (
        b'* 3 FETCH (BODY[] "" UID 9)\r\n',
        Data("FETCH", 3, [[b"BODY[]", b"", b"UID", b"9"]]),
    ),
    "an empty literal": (
        b"* 3 FETCH (BODY[] {0}\r\n UID 9)\r\n",
        Data("FETCH", 3, [[b"BODY[]", b"", b"UID", b"9"]]),
    ),
    "a header section": (
        b'* 5 FETCH (BODY[HEADER.FIELDS (SUBJECT "TO")]<0> {2}\r\nab UID 8)\r\n',
        Data("FETCH", 5, [[b'BODY[HEADER.FIELDS (SUBJECT "TO")]<0>', b"ab", b"UID", b"8"]]),
    ),
    "a binary section": (
        b"* 5 FETCH (BINARY[1.2] ~{3}\r\na\0b)\r\n",
        Data("FETCH", 5, [[b"BINARY[1.2]", b"a\0b"]]),
    ),
    "two literals": (
        b"* 6 FETCH (ENVELOPE (NIL {3}\r\na b NIL) BODY[TEXT] {1}\r\nx)\r\n",
        Data("FETCH", 6, [[b"ENVELOPE", [None, b"a b", None], b"BODY[TEXT]", b"x"]]),
    ),
    "a body structure": (
        b'* 7 FETCH (BODYSTRUCTURE (("TEXT" "PLAIN" ("CHARSET" "X") NIL 9)("A" "B") "MIXED"))\r\n',
        Data(
            "FETCH",
            7,
            [
                [
                    b"BODYSTRUCTURE",
                    [
                        [b"TEXT", b"PLAIN", [b"CHARSET", b"X"], None, b"9"],
                        [b"A", b"B"],
                        b"MIXED",
                    ],
                ]
            ],
        ),
    ),
    "names in small letters": (b"* 4 exists\r\n", Data("EXISTS", 4, [])),
    "a quota root of no name": (
        b'* QUOTA "" (STORAGE 10 512)\r\n',
        Data("QUOTA", None, [b"", [b"STORAGE", b"10", b"512"]]),
    ),
}


MALFORMED = {
    "nothing": b"\r\n",
    "no tag": b"OK\r\n",
    "tagged data": b'm1 LIST () "/" a\r\n',
    "no name": b"* \r\n",
    "a number alone": b"* 12\r\n",
    "a list that is not closed": b'* LIST (\\Noselect "/" a\r\n',
    "a list closed twice": b'* LIST ()) "/" a\r\n',
    "a string that is not closed": b'* LIST () "/" "a\r\n',
    "a lone quote in an atom": b'* LIST () "/" a"\r\n',
    "a tab for a space": b'* LIST\t() "/" a\r\n',
    "a CR inside": b'* LIST () "/" a\rb\r\n',
    "a number beyond 63 bits": b"* 9223372036854775808 EXISTS\r\n",
    "too many digits for a number": b"* 999999999999999999999 EXISTS\r\n",
    "lists within lists without end": b"* X " + b"(" * 5000 + b")" * 5000 + b"\r\n",
    "two spaces after the star": b"*  5 EXISTS\r\n",
}
"""What no server may send."""
