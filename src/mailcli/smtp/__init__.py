"""SMTP submission (RFC 6409): delivers outgoing mail, and cannot fetch any."""
