"""The service's jobs: each opens a run record, calls one service under its channel's lease, and tells what changed.

When they run is the timetable's business (`timetable`), what they do the services' (`syncd.sync`).
"""
