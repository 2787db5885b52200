"""Tables that people and programs write: CSV and .xlsx read into cells, and what cells mean."""
