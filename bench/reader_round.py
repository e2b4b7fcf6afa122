"""A round of lemon24/reader, run by the interpreter that it is installed for; needs nothing of this project.

reader_round.py add DATABASE ADDRESSES     adds the feeds, one address a line in the file ADDRESSES
reader_round.py update DATABASE WORKERS    reads all feeds, due or not, and prints how many entries there are then
"""

import sys
from pathlib import Path

from reader import make_reader

_, work, database, argument = sys.argv
reader = make_reader(database)
if work == "add":
    for address in Path(argument).read_text().split():
        reader.add_feed(address)
else:
    reader.update_feeds(scheduled=False, workers=int(argument))  # without it a second round within the hour does nothing
    print(reader.get_entry_counts().total)
