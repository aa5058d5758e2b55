"""What the tests stand on: real servers, faults, certificates and the guard."""
