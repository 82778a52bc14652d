"""A running case under another version of its definition: what differs, what that means for it, and how it moves."""
