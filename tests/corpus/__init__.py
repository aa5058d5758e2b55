"""Messages of our own making, and what a reader makes of them."""
