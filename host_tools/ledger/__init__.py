"""The custody ledger on the host: read, verified and shown without a line of the firmware's own code.

docs/custody.md says how a record is laid out. The firmware's ledger and this one were written from that text
apart from each other, so that a mistake in one of them shows.
"""
