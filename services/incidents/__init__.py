"""The incidents service."""

VERSION = "0.1.0"
"""Of Caseward as a whole: its package and the description of its API take it from here."""
