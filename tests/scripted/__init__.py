"""The scripted server itself, held against sockets and the standard library's clients."""
