"""Messages as text: compose, read, clean. Pure: no IO, no sockets, no terminal."""
