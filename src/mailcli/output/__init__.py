"""Results as text: for people at a terminal, for programs in a pipe.

`make_printer` chooses; `Printer` is what commands use. rich is imported only
when a table is drawn.
"""

from mailcli.output.printer import Color, Format, Printer, make_printer

__all__ = ["Color", "Format", "Printer", "make_printer"]
