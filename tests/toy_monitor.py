"""A monitor of a hundred lines, with a fault to choose: what the chaos harness has to tell from a careful one. Not for use.

python toy_monitor.py MODE BASE SLACK ARCHIVE      modes: careful, etag-first, mark-first, forgetful, impatient
"""

from __future__ import annotations

import html
import http.client
import json
import re
import signal
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request

MODE, BASE, SLACK, ARCHIVE = sys.argv[1:]
PATHS = ("/grow/a", "/grow/b", "/ack/k")
SCHEMA = f"""
create table if not exists feeds (path text primary key, etag text);
create table if not exists items (id integer primary key, guid text {"" if MODE == "forgetful" else "unique"}, title text);
create table if not exists orders (item integer primary key, is_sent integer not null default 0);
create view if not exists v_items as select title from items;
create view if not exists v_alerts as
  select title, case is_sent when 1 then 'sent' else 'waiting' end as state from orders join items on items.id = orders.item;
"""
known: set[str] = set()
closed_until = [0.0]
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
db = sqlite3.connect(ARCHIVE, timeout=20, isolation_level=None)
db.execute("pragma journal_mode = wal")
db.executescript(SCHEMA)


def read(path: str) -> None:
    """One look at a feed: its items, their orders and the ETag in one transaction, unless that is the fault."""
    row = db.execute("select etag from feeds where path = ?", [path]).fetchone()
    request = urllib.request.Request(BASE + path, headers={"If-None-Match": row[0]} if row else {})
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:
            if MODE == "etag-first":
                db.execute("insert or replace into feeds values (?, ?)", [path, answer.headers["ETag"]])
            etag, text = answer.headers["ETag"], answer.read().decode()
    except (OSError, http.client.HTTPException):
        return
    db.execute("begin immediate")
    for title, guid, said in re.findall(r"<item><title>(.*?)</title>.*?<guid.*?>(.*?)</guid><desc.*?>(.*?)</desc", text):
        if guid in known or (MODE != "forgetful" and db.execute("select 1 from items where guid = ?", [guid]).fetchone()):
            continue
        known.add(guid)
        item = db.execute("insert into items (guid, title) values (?, ?)", [guid, html.unescape(title)]).lastrowid
        if "notifiable" in said:
            db.execute("insert into orders (item) values (?)", [item])
    db.execute("insert or replace into feeds values (?, ?)", [path, etag])
    db.execute("commit")


def tell(item: int, title: str) -> bool:
    """Post to Slack; True if it said that it has the message."""
    message = {
        "channel": "#alerts",
        "text": re.sub(r"[<>&]", "", title),
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "toy", "event_payload": {"key": f"item:{item}"}},
    }
    headers = {"Content-Type": "application/json", "Authorization": "Bearer xoxb-of-a-toy"}
    request = urllib.request.Request(SLACK + "chat.postMessage", json.dumps(message).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:
            return json.loads(answer.read()).get("ok") is True
    except urllib.error.HTTPError as error:
        if error.code == 429 and MODE != "impatient":
            closed_until[0] = time.time() + float(error.headers["Retry-After"])
        return False
    except (OSError, http.client.HTTPException, ValueError):
        return False


while not stop.is_set():
    for place in PATHS:
        read(place)
    for number, name in db.execute(
        "select id, title from orders join items on id = item where not is_sent order by id"
    ).fetchall():
        if stop.is_set() or time.time() < closed_until[0]:
            break
        if MODE == "mark-first":
            db.execute("update orders set is_sent = 1 where item = ?", [number])
            tell(number, name)
        elif tell(number, name):
            db.execute("update orders set is_sent = 1 where item = ?", [number])
    stop.wait(0.1)
