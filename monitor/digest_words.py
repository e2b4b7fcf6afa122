"""The frame of a digest in the languages that it speaks: its sentences, names of stages and kinds, days, a filter told in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitor.compose import date_name
from monitor.items import DateKind, Stage, Tier
from monitor.query import And, Field, Node, Not, Or, Word

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_DAYS_JA = "月火水木金土日"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the frame says in one language; {names} are filled in."""

    title: str
    since: str
    nothing: str
    all_read: str
    not_all_read: str
    chart: str
    chart_row: str  # what stands beside the bars
    chart_alt: str
    dates: str
    calendar: str
    new: str
    escalated: str
    moved: str
    quiet: str
    singles: str
    no_theme: str
    coverage: str
    watched: str
    last_reading: str
    more: str
    more_items: str
    today: str
    tomorrow: str
    in_days: str
    ago: str
    marks: Mapping[str, str]  # of a changed date
    was: str
    under_way: str
    sources: str  # independent ones, from -> to
    one_source: str
    many_sources: str
    also: str
    next: str
    due: str
    overdue: str
    last_item: str
    why: str
    everything: str
    change: str
    stop: str
    stop_by_mail: str
    never_read: str  # of a source, in the notes
    last_read: str
    silent: str
    failing: str  # of a channel
    counts: Mapping[str, tuple[str, str]]  # of the subject: for one, for several
    joint: str  # between them
    themes: str  # in brackets
    comma: str


EN = Words(
    title="Monitor digest",
    since="What changed since {moment}",
    nothing="nothing new",
    all_read="Nothing new for this digest. All {n} sources were read; silence means silence.",
    not_all_read="Nothing new for this digest, but not every source could be read: see the coverage notes.",
    chart="Your themes, items a day in the last {n} days",
    chart_row="{total} in all, {last} today",
    chart_alt="{theme}: {total} items in {n} days, at most {highest} a day, {last} today",
    dates="Dates in the next 14 days",
    calendar="Attached for your calendar: {n} new, moved or withdrawn.",
    new="New events",
    escalated="Escalated events",
    moved="Events that moved",
    quiet="Gone quiet",
    singles="Single items",
    no_theme="Other",
    coverage="Coverage notes",
    watched="{sources} sources watched, {read} read as planned; {came} items came in.",
    last_reading="Last reading {moment}.",
    more="and {n} more: {command}",
    more_items="and {n} more of this event",
    today="today",
    tomorrow="tomorrow",
    in_days="in {n} days",
    ago="{n} days ago",
    marks={"new": "new", "moved": "moved from {was}", "withdrawn": "withdrawn", "restored": "stands again"},
    was="was {was}",
    under_way="under way since {day}",
    sources="{was} → {n} sources",
    one_source="1 source",
    many_sources="{n} sources",
    also="also {names}",
    next="Expected next: {step}",
    due=" by {day}",
    overdue=", overdue since {day}",
    last_item="Last item {day}.",
    why="You get this because your address is in the digest {name} of feeds.yaml. It tells of: {wants}.",
    everything="everything that has a theme",
    change="To change it, edit feeds.yaml or answer this mail.",
    stop="Stop this digest (one click, no login)",
    stop_by_mail="To stop it, answer this mail.",
    never_read="never read",
    last_read="last read {moment}",
    silent="is read, but brought nothing new since {day}",
    failing="{channel} does not take messages since {moment}",
    counts={
        "new": ("1 new event", "{n} new events"),
        "escalated": ("1 escalated", "{n} escalated"),
        "moved": ("1 moved", "{n} moved"),
        "quiet": ("1 gone quiet", "{n} gone quiet"),
        "singles": ("1 single item", "{n} single items"),
        "week": ("1 deadline this week", "{n} deadlines this week"),
        "dates": ("1 date ahead", "{n} dates ahead"),
    },
    joint=", ",
    themes=" ({names})",
    comma=", ",
)
JA = Words(
    title="モニター・ダイジェスト",
    since="{moment} 以降の動き",
    nothing="新着なし",
    all_read="このダイジェストの対象となる新着はありません。{n}件の情報源はすべて確認済みです。",
    not_all_read="このダイジェストの対象となる新着はありませんが、取得できなかった情報源があります。取得状況をご覧ください。",
    chart="テーマ別の1日あたり記事数(直近{n}日)",
    chart_row="計{total}件・本日{last}件",
    chart_alt="{theme}: {n}日間で{total}件、最多{highest}件/日、本日{last}件",
    dates="今後14日間の期日",
    calendar="新規・変更・取消の期日{n}件をカレンダー形式で添付しました。",
    new="新しいイベント",
    escalated="段階が進んだイベント",
    moved="進展のあったイベント",
    quiet="動きの止まったイベント",
    singles="個別記事",
    no_theme="その他",
    coverage="取得状況",
    watched="情報源{sources}件のうち{read}件を予定どおり確認し、{came}件の記事を受信しました。",
    last_reading="最終確認 {moment}。",
    more="ほか{n}件: {command}",
    more_items="このイベントの記事ほか{n}件",
    today="本日",
    tomorrow="明日",
    in_days="あと{n}日",
    ago="{n}日前",
    marks={"new": "新規", "moved": "{was} から変更", "withdrawn": "取消", "restored": "再設定"},
    was="当初 {was}",
    under_way="{day} から継続",
    sources="情報源 {was} → {n}",
    one_source="情報源1件",
    many_sources="情報源{n}件",
    also="ほかに {names}",
    next="次の見込み: {step}",
    due=" ({day} まで)",
    overdue=" (予定日 {day} を経過)",
    last_item="最後の記事 {day}。",
    why="feeds.yaml のダイジェスト {name} に登録されているため送信しています。対象: {wants}。",
    everything="テーマの付いたすべての記事",
    change="変更するには feeds.yaml を編集するか、このメールに返信してください。",
    stop="このダイジェストを停止する(ワンクリック・ログイン不要)",
    stop_by_mail="停止するには、このメールに返信してください。",
    never_read="まだ取得できていません",
    last_read="最終取得 {moment}",
    silent="取得できていますが、{day} 以降に新着がありません",
    failing="{channel} に {moment} から送信できません",
    counts={
        "new": ("新規イベント1件", "新規イベント{n}件"),
        "escalated": ("段階進展1件", "段階進展{n}件"),
        "moved": ("進展1件", "進展{n}件"),
        "quiet": ("停滞1件", "停滞{n}件"),
        "singles": ("個別記事1件", "個別記事{n}件"),
        "week": ("今週の期日1件", "今週の期日{n}件"),
        "dates": ("期日1件", "期日{n}件"),
    },
    joint="・",
    themes="({names})",
    comma="、",
)
WORDS: Mapping[str, Words] = {"en": EN, "ja": JA}
"""By the language of the frame."""

_STAGES_JA = {
    Stage.REPORTED: "報道",
    Stage.ANNOUNCED: "発表",
    Stage.CONSULTATION: "検討・意見募集",
    Stage.PROPOSED: "案の公表",
    Stage.ON_FILE: "官報掲載前公開",
    Stage.FINAL: "確定",
    Stage.IN_FORCE: "施行中",
    Stage.AMENDED: "改正",
    Stage.WITHDRAWN: "撤回",
}
_STEPS_JA = {
    "ANPRM": "規則制定案の事前告知",
    "NPRM": "規則制定案の告知",
    "released": "当局による公表",
    "on public inspection": "官報掲載前公開",
    "interim final rule": "暫定最終規則",
    "final rule": "最終規則",
    "effective": "施行",
    "stayed": "効力停止・延期",
    "amended": "改正",
    "vacated": "裁判所による取消し",
    "withdrawn": "撤回",
    "call for evidence": "意見照会",
    "proposal": "提案",
    "agreement": "政治合意",
    "adoption": "採択",
    "Official Journal": "EU官報掲載",
    "entry into force": "発効",
    "application": "適用開始",
    "repealed": "廃止",
    "consultation": "意見募集",
    "bill": "法案",
    "laid": "議会提出",
    "made": "制定",
    "in force": "施行",
    "revoked": "廃止",
}
"""Steps of the US, the EU and the UK as Japanese texts call them; those of Japan and its neighbours are read as they are."""
_KINDS_JA = {
    DateKind.COMMENTS_CLOSE: "意見募集締切",
    DateKind.EFFECTIVE: "施行",
    DateKind.APPLIES_FROM: "適用開始",
    DateKind.HEARING: "公聴会",
    DateKind.PUBLISHED: "公布・官報掲載",
    DateKind.LICENCE_EXPIRY: "許可期限",
}
_TIERS_JA = {Tier.OFFICIAL: "公式", Tier.WIRE: "通信社", Tier.PRESS: "新聞・専門紙", Tier.ANALYSIS: "分析"}


def counted(words: Words, name: str, n: int) -> str:
    """A number of something: 3 new events."""
    return words.counts[name][n != 1].format(n=n)


def stage_name(lang: str, stage: Stage, step: str | None) -> str:
    """A stage with the jurisdiction's own word, unless that says the same: final (interim final rule)."""
    name = _STAGES_JA[stage] if lang == "ja" else stage.value.replace("_", " ")
    if lang == "ja" and step is not None:
        step = _STEPS_JA.get(step, step)
    return f"{name} ({step})" if step and step != name else name


def kind_name(lang: str, kind: DateKind) -> str:
    """The name of a kind of key date."""
    return _KINDS_JA[kind] if lang == "ja" else date_name(kind)


def tier_name(lang: str, tier: Tier) -> str:
    """How close a source stands."""
    return _TIERS_JA[tier] if lang == "ja" else tier.value


def day_name(lang: str, day: date, today: date, *, has_weekday: bool = True) -> str:
    """A day as people write it: Mon 4 May; with its year where that is another one than today's."""
    year = day.year != today.year
    if lang == "ja":
        name = f"{f'{day.year}年' if year else ''}{day.month}月{day.day}日"
        return f"{name}({_DAYS_JA[day.weekday()]})" if has_weekday else name
    name = f"{day.day} {_MONTHS[day.month - 1]}{f' {day.year}' if year else ''}"
    return f"{_DAYS[day.weekday()]} {name}" if has_weekday else name


def distance(words: Words, day: date, today: date) -> str:
    """How far a day is away: today, in 3 days, 2 days ago."""
    days = (day - today).days
    if days in (0, 1):
        return words.tomorrow if days else words.today
    return (words.in_days if days > 0 else words.ago).format(n=abs(days))


def lowered(name: str) -> str:
    """A name within a sentence: Export control -> export control; 5G stays."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def in_words(node: Node, lang: str, theme_names: Mapping[str, str], source_names: Mapping[str, str]) -> str:
    """A query as a reader who does not know the query language reads it; "" for everything."""
    and_, or_, not_ = (" かつ ", " または ", "を除く") if lang == "ja" else (" and ", " or ", "not ")

    def told(each: Node, *, is_inner: bool) -> str:
        match each:
            case Word(text, is_prefix):
                return f"「{text}{'…' if is_prefix else ''}」" if lang == "ja" else f"“{text}{'…' if is_prefix else ''}”"
            case Not(inner):
                said = told(inner, is_inner=True)
                return f"{said}{not_}" if lang == "ja" else f"{not_}{said}"
            case And(nodes) | Or(nodes):
                joint = and_ if isinstance(each, And) else or_
                text = joint.join(told(one, is_inner=len(nodes) > 1) for one in nodes)
                return f"({text})" if is_inner and len(nodes) > 1 else text
            case Field(name, values, op, _):
                names = {"theme": theme_names, "source": source_names}.get(name, {})
                said = or_.join(names.get(value, value) for value in values)
                if name in ("theme", "source"):
                    return f"({said})" if is_inner and len(values) > 1 else said
                return f"{name} {'' if op == '=' else op + ' '}{said}"

    return told(node, is_inner=False)
