"""The crash test: the real service over two practice shops, killed again and again while customers buy."""
