"""Feeds to poll: RSS 2.0, Atom and RSS 1.0 by turns, English and Japanese, the same bytes for the same numbers on every machine.

Round r of a feed has its entries r to r+29, newest in front: from one round to the next one entry comes and the oldest drops.
Offices, firms and places are made up; nothing here says anything of a real one.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

ENTRIES = 30
BEGAN = datetime(2026, 5, 1, tzinfo=UTC)
"""When round 0 was last built; a round is an hour."""

_ENGLISH = (
    "{Office} wants to know under which licences {firm} shipped {goods} through {place} in {month}.",
    "From {day} {month} on, exporters of {goods} name the last buyer and keep the papers for {number} years.",
    "{firm} and {firm2} told shareholders that the share of {goods} in their turnover is {number} per cent.",
    "A draft puts {goods} on the list; comments may be sent to {office} until {day} {month}.",
    "Minutes of the meeting in {place} count {number} applications, of which {number2} were turned down.",
    "{Office} opened a review of the bid by {firm} for a maker of {goods} near {place}.",
    "Traders in {place} quote {goods} {number} per cent above the price of {month}.",
    "The cable between {place} and {place2} will carry {number} fibre pairs, and {firm} lays it.",
    "Operators replace equipment of {firm} at {number2} sites by {month}, says {office}.",
    "Nobody at {firm} could say whether the shipment of {goods} seen at {place} had a permit.",
    "The list names {number2} parties, {firm} and {firm2} among them, and takes effect on {day} {month}.",
    "According to {office}, stocks of {goods} last for {number} days if {place} stays closed.",
)
_JAPANESE = (
    "{office}は{place}から出荷された{goods}について、{firm}に許可の有無を照会した。",
    "{month}{day}日から、{goods}の輸出者は最終需要者を届け出て、書類を{number}年間保存する。",
    "{firm}と{firm2}は、{goods}の売上比率が{number}％であると株主に説明した。",
    "{goods}を対象に加える案が示され、{office}は{month}{day}日まで意見を受け付ける。",
    "{place}で開かれた会合の議事録によると、申請{number2}件のうち{number}件が不許可となった。",
    "{office}は、{firm}による{goods}メーカーの買収について審査を始めた。",
    "{place}の商社によれば、{goods}の価格は{month}と比べて{number}％上がった。",
    "{place}と{place2}を結ぶ海底ケーブルは{number}心対で、敷設は{firm}が担う。",
    "通信事業者は{month}までに{number2}か所で{firm}製の機器を取り替えると、{office}が述べた。",
    "{place}で見つかった{goods}の貨物に許可があったか、{firm}の担当者は答えられなかった。",
    "一覧には{firm}や{firm2}など{number2}者が載り、{month}{day}日に効力を生じる。",
    "{office}の試算では、{place}が閉ざされても{goods}の備蓄は{number}日分ある。",
)
_WORDS = {
    False: {
        "office": "the trade ministry|the licensing office|the screening board|the customs house|the telecoms regulator",
        "goods": "gallium|germanium|flake graphite|antimony|tungsten powder|lithography tools|memory chips|magnet alloys|cable repeaters",
        "place": "Norhaven|Port Ellery|Castra|Brenholm|Vesterby|Lindmouth|Oskara|Tarn Head|Sollingen|Quay Marsh|Halvik|Dunmere",
        "month": "January|February|March|April|May|June|July|August|September|October|November|December",
        "firm": "Metals|Optics|Networks|Devices|Shipping|Holdings|Chemicals|Works",
    },
    True: {
        "office": "通商担当省|許可審査室|投資審査委員会|税関本部|通信規制庁",
        "goods": "ガリウム|ゲルマニウム|鱗状黒鉛|アンチモン|タングステン粉|露光装置|記憶素子|磁石合金|海底中継器",
        "place": "北浜港|江良港|白砂市|鳥羽崎|西野岬|林口町|大須賀|滝沢埠頭|曽根市|栗原湾|春木町|国見台",
        "month": "1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月",
        "firm": "金属|光学|通信機|電子|海運|興業|化学|製作所",
    },
}
_CHOICES = {lang: {slot: words.split("|") for slot, words in slots.items()} for lang, slots in _WORDS.items()}
_SYLLABLES = {
    False: "kar ven tor mi las ro den hal su pri nor gal ex um bry".split(),
    True: list("東栄三和日光大協富士朝明新北南"),
}
_BODY_SENTENCES = {False: (6, 7), True: (5, 6)}  # both then come to about 39 kB a feed


def address(feed: int, port: int) -> str:
    """Where a feed is served: each on a host of its own, all on loopback."""
    return f"http://127.0.{1 + feed // 250}.{1 + feed % 250}:{port}/f{feed}.xml"


def write(folder: Path, count: int, rounds: int) -> float:
    """Write the feeds of each round into folder/0, folder/1, ... with the round's time as theirs; the mean size of a feed in bytes."""
    size = 0
    for feed in range(count):
        found = [_entry(feed, number) for number in range(ENTRIES + rounds - 1)]
        for place in range(rounds):
            body = document(feed, place, found[place : place + ENTRIES][::-1])
            path = folder / str(place) / f"f{feed}.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            moment = _built(place).timestamp()
            os.utime(path, (moment, moment))
            size += len(body)
    return size / (count * rounds)


def document(feed: int, place: int, entries: list[tuple[str, str]]) -> bytes:
    """A feed's document of a round, from the addresses and the markup of its entries, newest first."""
    home, built = f"https://site{feed}.example/", _built(place)
    name = f"第{feed}報道" if is_japanese(feed) else f"Bulletin {feed}"
    lang = "ja" if is_japanese(feed) else "en"
    body = "".join(markup for _, markup in entries)
    kind = feed % 3
    if kind == 0:
        text = (
            '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            f' xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n<title>{name}</title>\n<link>{home}</link>\n'
            f'<atom:link href="{home}feed" rel="self" type="application/rss+xml"/>\n<description>{name}</description>\n'
            f"<language>{lang}</language>\n<lastBuildDate>{format_datetime(built)}</lastBuildDate>\n{body}</channel>\n</rss>\n"
        )
    elif kind == 1:
        text = (
            f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{lang}">\n<title>{name}</title>\n<id>{home}</id>\n'
            f'<link rel="alternate" href="{home}"/>\n<link rel="self" href="{home}atom.xml"/>\n'
            f"<updated>{built.isoformat()}</updated>\n{body}</feed>\n"
        )
    else:
        contents = "".join(f'<rdf:li rdf:resource="{link}"/>\n' for link, _ in entries)
        text = (
            '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
            f' xmlns:dc="http://purl.org/dc/elements/1.1/" xml:lang="{lang}">\n<channel rdf:about="{home}index.rdf">\n'
            f"<title>{name}</title>\n<link>{home}</link>\n<description>{name}</description>\n<dc:date>{built.isoformat()}</dc:date>\n"
            f"<items>\n<rdf:Seq>\n{contents}</rdf:Seq>\n</items>\n</channel>\n{body}</rdf:RDF>\n"
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def is_japanese(feed: int) -> bool:
    """Every second feed of each kind is."""
    return feed % 2 == 1


def _built(place: int) -> datetime:
    return BEGAN + timedelta(hours=place)


def _entry(feed: int, number: int) -> tuple[str, str]:
    """An entry's address and markup; entry 29 is the newest of round 0."""
    chance = random.Random(f"{feed} {number}")
    moment = BEGAN - timedelta(hours=ENTRIES - 1 - number, minutes=feed % 60)
    link = f"https://site{feed}.example/{moment:%Y/%m}/{number:05d}-{chance.randrange(16**6):06x}"
    title = escape(_sentence(chance, feed), quote=False)
    desk = f"Desk {chance.randrange(9)}"
    body = _html(chance, feed, link)
    kind = feed % 3
    if kind == 0:
        return link, (
            f"<item>\n<title>{title}</title>\n<link>{link}</link>\n<dc:creator><![CDATA[{desk}]]></dc:creator>\n"
            f"<pubDate>{format_datetime(moment)}</pubDate>\n<category><![CDATA[Trade]]></category>\n"
            f'<guid isPermaLink="false">https://site{feed}.example/?p={number}</guid>\n'
            f"<description><![CDATA[{body}]]></description>\n</item>\n"
        )
    if kind == 1:
        return link, (
            f'<entry>\n<title>{title}</title>\n<link rel="alternate" type="text/html" href="{link}"/>\n'
            f"<id>tag:site{feed}.example,2026:{number}</id>\n<published>{moment.isoformat()}</published>\n"
            f"<updated>{moment.isoformat()}</updated>\n<author><name>{desk}</name></author>\n"
            f'<summary type="html">{escape(body, quote=False)}</summary>\n</entry>\n'
        )
    return link, (
        f'<item rdf:about="{link}">\n<title>{title}</title>\n<link>{link}</link>\n'
        f"<description>{escape(body, quote=False)}</description>\n<dc:creator>{desk}</dc:creator>\n"
        f"<dc:subject>Trade</dc:subject>\n<dc:date>{moment.isoformat()}</dc:date>\n</item>\n"
    )


def _html(chance: random.Random, feed: int, link: str) -> str:
    """The text of an entry as publishing systems send it: paragraphs, a picture, a link onward."""
    found = [_sentence(chance, feed) for _ in range(chance.randint(*_BODY_SENTENCES[is_japanese(feed)]))]
    more = "続きを読む" if is_japanese(feed) else "Read more"
    half = len(found) // 2
    gap = "" if is_japanese(feed) else " "
    return (
        f'<p><img src="{link}.jpg" alt="" width="640"/></p>\n<p>{gap.join(found[:half])}</p>\n'
        f'<p>{gap.join(found[half:])} <a href="{link}">{more}</a> &raquo;</p>'
    )


def _sentence(chance: random.Random, feed: int) -> str:
    lang = is_japanese(feed)
    words = {slot: chance.choice(choices) for slot, choices in _CHOICES[lang].items()}
    return chance.choice(_JAPANESE if lang else _ENGLISH).format(
        **words | {"firm": _firm(chance, lang, words["firm"])},
        Office=words["office"][0].upper() + words["office"][1:],
        firm2=_firm(chance, lang, chance.choice(_CHOICES[lang]["firm"])),
        place2=chance.choice(_CHOICES[lang]["place"]),
        day=chance.randint(1, 28),
        number=chance.randint(2, 95),
        number2=chance.randint(96, 900),
    )


def _firm(chance: random.Random, lang: bool, trade: str) -> str:
    """A made-up name, one of thousands."""
    name = "".join(chance.choice(_SYLLABLES[lang]) for _ in range(3))
    return f"{name}{trade}" if lang else f"{name.capitalize()} {trade}"
