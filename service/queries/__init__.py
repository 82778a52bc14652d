"""Everything that only reads, narrowed in SQL to what the actor may see."""
