"""The bench: mailcli and its peers, side by side on the same machine in one run (`make bench`).

`python -m tests.bench` builds the corpora, starts Dovecot, Postfix and the
delaying proxy on loopback, runs every contender of every row and prints medians
and ratios. It never measures a command without checking what it did.
"""
