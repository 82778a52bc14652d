"""Keeping an installation well: its schema, what is forgotten in time, what the doctor sees."""
