"""Finds key dates in a text - deadlines, dates of effect - with the sentence that says so. Pure; never raises.

Careful rather than complete: a date without a cue word beside it is no key date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from monitor.dates import day_of, era_year, is_before_era, kanji_number, month_of
from monitor.items import DateKind, KeyDate
from monitor.sentences import sentence_at

MAX_TEXT = 50_000

_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?"
)
_EN = rf"(?:(?:{_MONTH})\s\d{{1,2}}(?:,?\s\d{{4}})?|\d{{1,2}}\s(?:{_MONTH})(?:\s\d{{4}})?|\d{{4}}-\d{{2}}-\d{{2}})"
_YEAR = r"(?:(?:令和|平成|昭和|(?:中華)?民國)\s?(?:\d{1,3}|元)|\d{3,4})年"
_CJK = (
    rf"(?:(?:{_YEAR}|本年|同年?|今年|来年|翌年|明年|一昨年|昨年|去年|(?<![年\d]))\d{{1,2}}月\d{{1,2}}日"
    r"|(?:今月|本月|来月|翌月|下月)\d{1,2}日|(?:R\d{1,2}|\d{4})[./]\d{1,2}[./]\d{1,2})(?:[(][^()]{1,3}[)])?"
)
"""A month and a day behind a year that is not read, such as 前年 (whichever that is), are no date."""
_KO = r"(?:(?:\d{4}년\s?)?\d{1,2}월\s?\d{1,2}일|\d{4}\.\s?\d{1,2}\.\s?\d{1,2}\.?)"
_HOUR = (
    r"(?:(?:\d{1,2}:\d\d(?:\s?[ap]\.?m\.?)?|\d{1,2}\s?[ap]\.?m\.?|midnight|noon|close of business)"
    r"(?:\s[A-Za-z ]{2,25}?(?:\stime)?)?,?\s(?:on\s)?)?"
)
"""An hour before a day: 11:59 p.m. eastern daylight time on."""
_DAY_OF_WEEK = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,?\s)?"
_FORCE = r"(?:施行|实施|實施|执行(?!董事)|執行(?!董事)|生效)"
_LICENCE_EN = r"\b(?:[Ll]icen[cs]e|[Aa]uthori[sz]ation|[Pp]ermit)s?\b"
_RULES: tuple[tuple[DateKind, re.Pattern[str]], ...] = (
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            r"\b(?:comments?|submissions?|responses?|rebuttals?|representations?|opinions?|replies|views|consultation|deadline)\b"
            r"(?:[ap]\.m\.|[^.;]){0,90}?"
            r"\b(?:by|before|until|to|no later than|on or before|due(?:\s(?:on|by))?|clos(?:e|es|ed|ing)(?:\s(?:on|at))?)\s"
            rf"(?:the\s)?{_HOUR}{_DAY_OF_WEEK}(?:(?:[ap]\.m\.|E[SD]?T|GMT|UTC|[^.;A-Z]){{0,40}}?\b)?(?P<d>{_EN})",
            re.I,
        ),
    ),
    (
        DateKind.EFFECTIVE,
        re.compile(
            r"\b(?:(?:is|are|becomes?|become|will be|shall be|was|takes?|take|took)\s(?:effective|effect)|(?:comes?|came|enters?|entered)\s"
            r"into\s(?:force|effect)|effective(?:\sdate)?:?|with\seffect)\s?(?:is|of|corrected to read|to read)?\s?"
            r"(?:with respect to [^.;]{0,60}?\s)?(?:on(?:\sor\safter)?|from|as of|beginning|at)?\s?"
            rf"{_HOUR}{_DAY_OF_WEEK}(?P<d>{_EN})"
            rf"|\b(?:from|on)\s{_HOUR}(?P<d2>{_EN}),?\s(?:the\s)?[^.;,]{{1,40}}\s(?:is|are|becomes?|become|takes?|take)\s(?:effective|effect)\b",
            re.I,
        ),
    ),
    (
        DateKind.APPLIES_FROM,
        re.compile(rf"\b(?:appl(?:y|ies)|applicable)\s(?:from|as of)\s{_HOUR}(?P<d>{_EN})", re.I),
    ),
    (
        DateKind.HEARING,
        re.compile(
            r"\bhearing\b(?:\sbefore\sthe\s[a-z ]{3,40})?(?:[a-z ]{0,40}?\b(?:on|for|now on|set for|takes place on))\s"
            rf"{_HOUR}{_DAY_OF_WEEK}(?P<d>{_EN})",
            re.I,
        ),
    ),
    (
        DateKind.PUBLISHED,
        re.compile(
            r"\b(?:to be (?:promulgated|published)|(?:scheduled|due) (?:for|to be) (?:publication|published|promulgation)"
            r"|will be (?:promulgated|published)|to appear)\b"
            rf"[^.;]{{0,50}}?\bon\s{_DAY_OF_WEEK}(?P<d>{_EN})",
            re.I,
        ),
    ),
    (
        DateKind.LICENCE_EXPIRY,
        re.compile(
            rf"{_LICENCE_EN}[^.;]{{0,60}}?\b(?:expires?(?:\s(?:on|at))?|runs out(?:\s(?:on|at))?|ceases? to be valid(?:\s(?:on|at))?"
            rf"|(?:is|are|remains?) valid (?:until|through|to)|authori[sz]es [^.;]{{3,50}}? through)\s{_HOUR}{_DAY_OF_WEEK}(?P<d>{_EN})",
            re.I,
        ),
    ),
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            r"(?:意見[^。]{0,20}?|提出|公募[^。]{0,8}?)(?:締切日?|締め切り|期限|期間|受付)(?:の延長)?[はをが:、]?[^。\d]{0,30}?"
            rf"(?:{_CJK}[^。\d]{{0,8}}?(?:から|より|～|~)(?:、)?)?(?P<d>{_CJK})"
            r"(?=\s?(?:まで|必着|締切|に延長|とする|\d{1,2}時|正午|である|だ|。|,|、|$|\n))"
            rf"|意見[^。]{{0,60}}?締切は(?P<d2>{_CJK})"
            rf"|(?P<d3>{_CJK})(?:まで|締切)(?:に|、)?[^。]{{0,20}}?意見"
            r"|(?:パブリック・?コメント|パブコメ)(?!の?結果)[^。\d]{0,20}?"
            rf"(?:{_CJK}[^。\d]{{0,8}}?(?:から|より|~)、?)?(?P<d4>{_CJK})(?:\d{{1,2}}時(?:\d{{1,2}}分)?)?(?=まで|締切|締め切り|必着|[)])"
            rf"|意見(?:公募|募集)[^。\d]{{0,12}}?{_CJK}~(?P<d5>{_CJK})"
        ),
    ),
    (
        DateKind.EFFECTIVE,
        re.compile(
            rf"(?P<d>{_CJK})(?:(?:に|から|より|付で|付けで)、?|、)?(?:一部|全面|完全)?(?:施行(?!は|期日|日)|発効(?!は|日)|効力を生)"
            rf"|施行(?:期)?日?(?:は|:|「)+\s?「?(?P<d2>{_CJK})|施行期?日[)\s]\s?(?P<d3>{_CJK})"
            rf"|施行期?日を(?:{_CJK}から)?(?P<d4>{_CJK})(?:に|まで|へ)(?:延期|変更|繰り下げ|繰り上げ)"
            rf"|(?P<d5>{_CJK})(?:付で|付けで)[^。、\d]{{1,20}}を施行"
        ),
    ),
    (DateKind.APPLIES_FROM, re.compile(rf"(?P<d>{_CJK})(?:(?:に|から|より)、?適用|以[後降]に?[^。]{{0,25}}?適用)")),
    (
        DateKind.HEARING,
        re.compile(
            rf"公聴会(?:を|、|は|が)?\s?(?P<d>{_CJK})(?=に|、|。|$)|(?P<d2>{_CJK})[^。\d]{{0,4}}(?:\d{{1,2}}時[^。]{{0,12}}?)?[^。\d]{{0,12}}公聴会を(?:開|実施|行)"
        ),
    ),
    (
        DateKind.LICENCE_EXPIRY,
        re.compile(
            rf"(?:許可|免許|ライセンス|承認)[^。]{{0,20}}?有効期(?:限|間)[はをが、]{{0,2}}\s?(?P<d>{_CJK})"
            rf"|(?:許可|免許|ライセンス|承認)[^。\d]{{0,12}}(?P<d2>{_CJK})(?:で|に|をもって)(?:失効|満了|有効期間満了)"
        ),
    ),
    (
        DateKind.PUBLISHED,
        re.compile(rf"(?P<d>{_CJK})(?:に|付で|付けで)?公布(?!の日)|公布(?:日)?は(?P<d2>{_CJK})"),
    ),
    (
        DateKind.EFFECTIVE,
        re.compile(
            rf"自(?P<d>{_CJK})(?:\d{{1,2}}时(?:\d{{1,2}}分)?)?起[,，]?[^。;；]{{0,18}}?{_FORCE}"
            rf"|(?P<d2>{_CJK})起?(?:正式)?{_FORCE}|(?:将|將)[于於](?P<d3>{_CJK})起?(?:正式)?{_FORCE}"
        ),
    ),
    (DateKind.APPLIES_FROM, re.compile(rf"自(?P<d>{_CJK})起[,，]?(?:适用|適用)")),
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            rf"(?:意见|意見)[^。]{{0,8}}?截止(?:时间|日期)?(?:为|是|:)?\s?(?P<d>{_CJK})|截止(?:到|至)\s?(?P<d2>{_CJK})"
            rf"|(?:于|在|於)?(?P<d3>{_CJK})前(?:将|將|反馈|提交|以|寄)[^。]{{0,30}}?(?=意见|意見|反馈|西长安街|$)"
            rf"|征求意见[^。]{{0,40}}?(?:至|延长至)(?P<d4>{_CJK})"
            rf"|(?:於|于)(?P<d5>{_CJK})前(?:提出|陳述|提供)[^。]{{0,8}}?意見"
        ),
    ),
    (
        DateKind.HEARING,
        re.compile(
            rf"(?P<d>{_CJK})[^。]{{0,20}}?(?:举行|召开|舉行|召開)[^。]{{0,12}}?(?:听证会?|公听会|聽證會?|公聽會)"
            rf"|(?:听证会?|公听会|聽證會?|公聽會)[^。]{{0,20}}?(?P<d2>{_CJK})(?:举行|召开|舉行|召開|[。]|$)"
        ),
    ),
    (DateKind.LICENCE_EXPIRY, re.compile(rf"(?:许可证?|許可證?)[^。]{{0,12}}?有效期(?:限)?(?:截)?(?:至|到)(?P<d>{_CJK})")),
    (
        DateKind.PUBLISHED,
        re.compile(rf"(?:将|將)?[于於]?(?P<d>{_CJK})(?:在[^。]{{0,12}}?)?(?:刊憲|刊宪|刊登行政院公報|公布(?!之日))"),
    ),
    (DateKind.EFFECTIVE, re.compile(rf"(?P<d>{_KO})(?:부터|에)?\s?(?:시행|발효)")),
    (DateKind.APPLIES_FROM, re.compile(rf"(?P<d>{_KO})부터\s?적용")),
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(rf"의견[^.]{{0,40}}?(?P<d>{_KO})(?:까지|\)|로 연장)|(?P<d2>{_KO})까지\s?의견|~\s?(?P<d3>{_KO})\)"),
    ),
    (DateKind.HEARING, re.compile(rf"공청회(?:를|는)?\s?(?P<d>{_KO})|(?P<d2>{_KO})[^.]{{0,12}}공청회")),
    (DateKind.LICENCE_EXPIRY, re.compile(rf"(?:허가|면허|승인)[^.]{{0,12}}유효기간(?:은|이)?\s?(?P<d>{_KO})")),
    (DateKind.PUBLISHED, re.compile(rf"(?P<d>{_KO})(?:에)?\s?(?:관보에\s)?공포")),
)
_NUMBER = r"(?P<n>\d{1,3}|two|three|six|seven|ten|fifteen|twenty|thirty|sixty|ninety)"
_RELATIVE: tuple[tuple[DateKind, re.Pattern[str]], ...] = (
    (
        DateKind.EFFECTIVE,
        re.compile(
            r"\b(?:enters? into force|comes? into force|takes? effect|effective|enforced)\b[^.;]{0,30}?\b(?:"
            rf"{_NUMBER}\s(?P<u>days?|weeks?|months?)\s(?:after|from|following)\s[^.;]{{0,30}}?(?:publication|notice)"
            rf"|in\s(?P<n2>\d{{1,3}}|seven|ten|thirty|sixty)\s(?P<u2>days?|weeks?|months?)(?=[.,;]|$)"
            r"|on the (?P<o>third|tenth|twentieth|thirtieth) day following|(?P<t>today|tomorrow))",
            re.I,
        ),
    ),
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            rf"\b(?:comments?|submissions?|representations?|opinions?|notice)\b[^.;]{{0,60}}?{_NUMBER}\s(?P<u>days?|weeks?|months?)\s"
            r"(?:of|after|from|following)\s(?:the\s)?(?:date\s(?:of|after|following)\s(?:the\s)?)?publication",
            re.I,
        ),
    ),
    (DateKind.PUBLISHED, re.compile(r"\b(?:appears?|(?:is|to be|will be) published)\s(?P<t>today|tomorrow)\b", re.I)),
    (
        DateKind.EFFECTIVE,
        re.compile(
            r"(?:公布|公示)の日から起算して(?P<n>\d{1,3})(?P<u>日|月|か月|箇月)を経過した日(?:から|より|に)施行|(?P<t>即日)(?:施行|発効)"
            r"|(?P<t2>本日)[^。\d]{0,16}?施行(?:し|され(?!る)|となり)"
        ),
    ),
    (DateKind.APPLIES_FROM, re.compile(r"本日から起算して(?P<n>\d{1,3})(?P<u>日|月)を経過した日(?:から|より)適用")),
    (DateKind.PUBLISHED, re.compile(r"(?P<t>本日|明日)[^。]{0,16}?公布")),
    (
        DateKind.EFFECTIVE,
        re.compile(r"自公告日起(?P<n>\d{1,3})(?P<u>日|天)[后後]生效|(?P<t>自即日起|即日)(?:起)?(?:正式)?(?:实施|實施|施行|生效)"),
    ),
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            r"(?:发布|發布|公布|刊登[^。]{0,8}?)之?(?:次)?日起(?P<n>\d{1,3})(?P<u>日|天|个月)[内內][^。]{0,20}?(?:意见|意見)"
        ),
    ),
)
_NUMBERS = {
    **{
        "two": 2,
        "three": 3,
        "six": 6,
        "seven": 7,
        "ten": 10,
        "fifteen": 15,
        "twenty": 20,
        "thirty": 30,
        "sixty": 60,
        "ninety": 90,
    },
    **{"third": 3, "tenth": 10, "twentieth": 20, "thirtieth": 30},
}
_ON_PUBLICATION = re.compile(
    r"自(?:公布|发布|印发|公告)之日起(?:正式)?(?:施行|实施|实行|生效)|公布の日から施行|공포한 날부터 시행"
)
_SPACED = re.compile(r"(?<=\d) (?=[年月日])|(?<=[年月]) (?=\d)")
"""11 月 17 日, as Taiwan writes it."""
_KANJI_DAY = re.compile(r"[元〇一二三四五六七八九十百]{1,8}(?=[年月日])")
_KANJI_SPAN = re.compile(
    r"(?<=起算して)[一二三四五六七八九十百]{1,4}(?=[日月か箇])|(?<=日起)[一二三四五六七八九十百]{1,4}(?=[日天])"
)
_ANY_DATE = re.compile(f"{_EN}|{_CJK}|{_KO}")
_HAS_DAY = re.compile(_ANY_DATE.pattern, re.I)
_HAS_SPAN = re.compile("day|week|month|tomorrow|起算|即日|日起|本日|明日", re.I)
"""Without these no rule matches; most headlines have neither, and then cost a third of the time."""
_EXTENDED = re.compile(
    r"\bexten(?:d|ded|ds|ding|sion)\b|\b(?:originally|previously|initially)\b|延長|延长|当初|原定|原訂|改至|연장|당초|から[^。]{0,30}まで|至|~",
    re.I,
)
"""Words by which a sentence tells of an earlier end, too; then only the latest end counts."""
_WESTERN = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ENGLISH = re.compile(r"(?:([A-Za-z]+)\.?\s(\d{1,2})|(\d{1,2})\s([A-Za-z]+)\.?)(?:,?\s(\d{4}))?")
_EASTERN = re.compile(
    r"(?:(?:(?P<era>令和|平成|昭和|(?:中華)?民國)\s?(?P<e>\d{1,3}|元)|(?P<y>\d{3,4}))[年년]\s?"
    r"|(?P<word>来年|翌年|明年|一昨年|昨年|去年)|(?:本年|同年?|今年))?"
    r"(?P<m>\d{1,2})[月월]\s?(?P<d>\d{1,2})[日일](?:[(][^()]{1,3}[)])?"
)
_YEARS_ON = {"来年": 1, "翌年": 1, "明年": 1, "昨年": -1, "去年": -1, "一昨年": -2}
_MONTHLY = re.compile(r"(?P<month>今月|本月|来月|翌月|下月)(?P<d>\d{1,2})日(?:[(][^()]{1,3}[)])?")
_STATED_YEAR = re.compile(_YEAR)
_SAME_SENTENCE = 80
"""Characters before 同年 in which its year is looked for."""
_DOTTED = re.compile(r"(?:R(?P<r>\d{1,2})|(?P<y>\d{4}))[./]\s?(?P<m>\d{1,2})[./]\s?(?P<d>\d{1,2})\.?(?:[(][^()]{1,3}[)])?")


def find(text: str, published: date) -> tuple[KeyDate, ...]:
    """Key dates of a text, each (kind, date) once, in the order of the kinds' patterns.

    Args:
        published: the day that a date without a year counts from: it is the next such day.
    """
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT])
    folded = _SPACED.sub("", folded)
    folded = _KANJI_SPAN.sub(_in_digits, _KANJI_DAY.sub(_in_digits, folded))
    found: dict[tuple[DateKind, date], KeyDate] = {}
    for kind, start, stated, is_dated in _matches(folded, published):
        day = stated
        sentence = sentence_at(folded, start)
        if (
            is_dated is not None
            and kind in (DateKind.COMMENTS_CLOSE, DateKind.HEARING)
            and _EXTENDED.search(sentence) is not None
        ):
            day = _latest(sentence, published) or day  # an old end, too, is named: the new one counts
        if kind is DateKind.COMMENTS_CLOSE and day < published:
            continue  # the recital of an earlier period
        confidence = 0.9 if is_dated else 0.8 if is_dated is None else 0.7
        found.setdefault((kind, day), KeyDate(kind=kind, date=day, sentence=sentence, confidence=confidence))
    return tuple(found.values())


def _latest(sentence: str, published: date) -> date | None:
    """The latest day that a sentence names; None if none can be read."""
    days = (_read(match.group(), published)[0] for match in _ANY_DATE.finditer(sentence))
    return max((day for day in days if day is not None), default=None)


def _matches(text: str, published: date) -> Iterator[tuple[DateKind, int, date, bool | None]]:
    """Kind, place, day, and whether the year is stated; None for a day that is counted from the publication."""
    for kind, pattern in _RULES if _HAS_DAY.search(text) else ():
        for match in pattern.finditer(text):
            name = next((name for name, each in match.groupdict().items() if name[0] == "d" and each), None)
            day, is_dated = (None, False) if name is None else _read(_with_year(text, match.start(name), match[name]), published)
            if day is not None:
                yield kind, match.start(), day, is_dated
    for kind, pattern in _RELATIVE if _HAS_SPAN.search(text) else ():
        for match in pattern.finditer(text):
            counted = _counted({name: each for name, each in match.groupdict().items() if each}, published)
            if counted is not None:
                yield kind, match.start(), counted, None
    for match in _ON_PUBLICATION.finditer(text):
        yield DateKind.EFFECTIVE, match.start(), published, None


def _with_year(text: str, at: int, raw: str) -> str:
    """A date with the year that 同年 means: the last one stated before it in the sentence. As it is, if there is none."""
    if not raw.startswith("同年"):
        return raw
    before = text[max(0, at - _SAME_SENTENCE) : at].rpartition("。")[2]
    years = _STATED_YEAR.findall(before)
    return years[-1] + raw.removeprefix("同年") if years else raw


def _counted(said: Mapping[str, str], published: date) -> date | None:
    """The day that is so far from the publication."""
    if "t" in said or "t2" in said:
        return published + timedelta(days=said.get("t", "").casefold() in ("tomorrow", "明日"))
    number = said.get("n") or said.get("n2") or said.get("o") or ""
    count = int(number) if number.isdigit() else _NUMBERS.get(number.casefold(), 0)
    unit = (said.get("u") or said.get("u2") or "day").casefold()
    if not count or count > 400:
        return None
    if unit.startswith("month") or unit in ("月", "か月", "箇月", "个月"):
        month = published.month - 1 + count
        year, month = published.year + month // 12, month % 12 + 1
        return next((day for last in range(4) if (day := day_of(year, month, published.day - last)) is not None), None)
    return published + timedelta(days=count * (7 if unit.startswith("week") else 1))


def _read(raw: str, published: date) -> tuple[date | None, bool]:
    """The day that a matched date means, and whether it states its year."""
    western = _WESTERN.fullmatch(raw)
    if western is not None:
        return day_of(int(western[1]), int(western[2]), int(western[3])), True
    dotted = _DOTTED.fullmatch(raw)
    if dotted is not None:
        year = era_year("令和", dotted["r"]) if dotted["r"] else int(dotted["y"])
        return None if year is None else day_of(year, int(dotted["m"]), int(dotted["d"])), True
    monthly = _MONTHLY.fullmatch(raw)
    if monthly is not None:
        years, month = divmod(published.month - 1 + (monthly["month"] not in ("今月", "本月")), 12)
        return day_of(published.year + years, month + 1, int(monthly["d"])), True
    eastern = _EASTERN.fullmatch(raw)
    if eastern is not None:
        return _read_eastern(eastern, published)
    english = _ENGLISH.fullmatch(raw)
    if english is None:
        return None, False
    named = month_of(english[1] or english[4] or "")
    if named is None:
        return None, False
    year = int(english[5]) if english[5] else None
    return _resolved(year, named, int(english[2] or english[3]), published), year is not None


def _read_eastern(match: re.Match[str], published: date) -> tuple[date | None, bool]:
    month, day = int(match["m"]), int(match["d"])
    if match["era"] in ("令和", "平成", "昭和"):
        of_era = era_year(match["era"], match["e"])
        found = None if of_era is None else day_of(of_era, month, day)
        return None if found is None or is_before_era(match["era"], found) else found, True
    if match["era"] or (match["y"] and len(match["y"]) == 3):  # of the Republic of China: 1912 is the first
        number = match["e"] or match["y"]
        return (day_of(1911 + int(number), month, day) if number.isdigit() else None), True
    if match["y"]:
        return day_of(int(match["y"]), month, day), True
    if match["word"]:
        return day_of(published.year + _YEARS_ON[match["word"]], month, day), True
    return _resolved(None, month, day, published), False


def _in_digits(match: re.Match[str]) -> str:
    return str(kanji_number(match.group()))


def _resolved(year: int | None, month: int, day: int, published: date) -> date | None:
    if year is not None:
        return day_of(year, month, day)
    this_year = day_of(published.year, month, day)
    # a report of what happened in the last weeks names its day without a year, too
    if this_year is not None and this_year >= published - timedelta(days=60):
        return this_year
    return day_of(published.year + 1, month, day)
