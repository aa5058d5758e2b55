"""Everything that stays on this machine: Maildir, state database and locks.

`names` and `line_ends` are pure; the others do all local IO of mail. Nothing
here speaks to a server, and nothing here parses or rewrites a message.
"""
