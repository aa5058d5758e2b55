"""The command line: parse, call one use case, print its result."""
