"""Data only: boards, devices and sites.  Every file here is loaded by a test."""
