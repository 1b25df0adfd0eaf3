"""The statements that every claim and every submission sends, as SQL: prepared once a connection, read as they are run.

The rest of the platform speaks through the ORM. These few are sent hundreds of times a second, and what they cost in
Python is what a loop costs; docs/claiming.md shows the plan and the index of each.
"""
