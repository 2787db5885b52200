"""What people read in their own language: texts for the buyer, from gettext catalogues."""
