"""The use cases: each command's work, with neither click nor rich."""
