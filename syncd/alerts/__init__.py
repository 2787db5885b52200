"""Tells the owner: finds what to tell, puts it into words, brings it to whom it concerns (design.md §5)."""
