"""Accounts, sessions, second factors, tokens, four eyes and the audit chain, over the venue database."""
