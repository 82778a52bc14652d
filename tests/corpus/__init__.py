"""Cases as releases stored them, part of the way, which every later release must load and run to the end."""
