"""The database: the only package that imports SQLAlchemy.

Services open a transaction with `session.Database` and hand it to the functions of the modules here.
"""
