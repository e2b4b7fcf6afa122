"""The query language: what each form means, where a slip is, and spans and days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import query
from monitor.errors import QueryError, UsageError
from monitor.query import FIELDS, MAX_DEPTH, MAX_LENGTH, And, Field, Node, Not, Or, Word, duration, explain, moment, parse, themes

A, B, C = Word("a"), Word("b"), Word("c")
FRAGMENTS = st.lists(
    st.sampled_from(
        [*'()-*,:"', " ", "　", "AND", "OR", "NOT", "輸出", "수출", "chip*", "lang:", "ja", "score:>=", "0.5", "since:7d", "ａ"]
    ),
    max_size=12,
).map("".join)
"""Texts made of what queries are made of, mostly in an order that is none."""


def _read(text: str) -> Node | QueryError:
    """The tree of a query, or its slip as a value."""
    try:
        return parse(text)
    except QueryError as slip:
        return slip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", And(())),
        ("半導体", Word("半導体")),
        ("a AND b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("a or b", And((A, Word("or"), B))),
        ('a "OR" b', And((A, Word("OR"), B))),
        ("-a OR NOT b", Or((Not(A), Not(B)))),
        ("NOT -a", A),
        ("-a b", And((Not(A), B))),
        ("-(a b)", Not(And((A, B)))),
        ("export-control", Word("export-control")),
        ("수출* 통제", And((Word("수출", is_prefix=True), Word("통제")))),
        ('"entity list" chips', And((Word("entity list"), Word("chips")))),
        ('"a*"', Word("a", is_prefix=True)),
        ('"export control*"', Word("export control", is_prefix=True)),
        ('-"a b"', Not(Word("a b"))),
        ("10:30", Word("10:30")),
        ("a\0b", And((A, B))),
        ("a (b c)", And((A, B, C))),
        ("a OR (b OR c)", Or((A, B, C))),
        ("黒鉛 \u2212中国", And((Word("黒鉛"), Not(Word("中国"))))),
        ("(\u2013a b)", And((Not(A), B))),
        ("dual\u2010use", Word("dual\u2010use")),
        ("“entity list”", Word("entity list")),
        ("1,000", Word("1,000")),
        ("mail@example.org", Word("mail@example.org")),
        ('"@desk"', Word("@desk")),
    ],
)
def test_a_query_has_one_reading(text: str, expected: Node) -> None:
    """A space is AND and binds closer than OR; a minus takes the next part; only capitals are operators."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("輸出　管理", "輸出 管理"),
        ("－輸出", "-輸出"),
        ("（輸出　ＯＲ　輸入）", "(輸出 OR 輸入)"),
        ("ｌａｎｇ：ｊａ，ｅｎ", "lang:ja,en"),
        ("＂輸出 管理＂", '"輸出 管理"'),
        ("ｓｃｏｒｅ：＞＝０．５", "score:>=0.5"),
        ("ﾊﾝﾄﾞｳﾀｲ＊", "ハンドウタイ*"),
    ],
)
def test_full_width_typing_reads_the_same(typed: str, plain: str) -> None:
    """A query from a Japanese keyboard is the query in ASCII."""
    assert parse(typed) == parse(plain)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lang:ja", Field("lang", ("ja",))),
        ("LANG:ja", Field("lang", ("ja",))),
        ("lang:ja,en,ko", Field("lang", ("ja", "en", "ko"))),
        ('entity:"商務省 BIS",中国', Field("entity", ("商務省 BIS", "中国"))),
        ("theme:=rare_earths", Field("theme", ("rare_earths",))),
        ("score:>=0.5", Field("score", ("0.5",), ">=")),
        ("score:<.9", Field("score", (".9",), "<")),
        ("rin:0694-AK01", Field("rin", ("0694-AK01",))),
    ],
)
def test_a_field_takes_one_of_its_values(text: str, expected: Field) -> None:
    """Names in any case, values by comma, phrases as values, comparisons for score."""
    assert parse(text) == expected


def test_a_field_ends_with_its_value_and_knows_its_place() -> None:
    """What follows the value is the next part, negation included."""
    assert parse("a -lang:ja b") == And((A, Not(Field("lang", ("ja",), position=3)), B))
    assert parse("(lang:ja)a") == And((Field("lang", ("ja",), position=1), A))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a )", 2),
        ("a (b", 2),
        ("()", 1),
        ("(a NOT)", 6),
        ('say "a b', 4),
        ("a, b", 1),
        ("a -", 2),
        ("* a", 0),
        ("OR a", 0),
        ("a OR", 4),
        ("AND a", 0),
        ("a AND", 5),
        ("a NOT", 5),
        ("lang:", 5),
        ("lang:ja,", 8),
        ('lang:" "', 5),
        ("lang:>ja", 5),
        ("a colour:red", 2),
        ("http://bis.example", 0),
        ("score:high", 6),
        ("score:0.1,0.2", 6),
        ("since:yesterday", 6),
        ("since:2026-02-30", 6),
        ("deadline:2026-05-01", 9),
        ('-"" a', 1),
        ('a OR ""', 5),
        ("a NOT OR b", 6),
        ("-AND b", 1),
        ("*phite", 0),
        ("a graph*ite", 7),
        ('"export* control"', 7),
        ("a @desk", 2),
        ("tier:offical", 5),
        ("a stage:finl", 8),
        ("lang:japanese", 5),
        ("country:japan", 8),
    ],
)
def test_a_slip_is_told_with_its_place(text: str, position: int) -> None:
    """The error points at the character from which on the query cannot be read."""
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert (caught.value.query, caught.value.position) == (text, position)


@pytest.mark.parametrize("text", ["(a AND) b", "a AND OR b", "a AND AND b", "a AND )", "score:nan", "(" * (MAX_DEPTH + 1)])
def test_what_is_no_query_is_a_query_error(text: str) -> None:
    """A slip is never passed over and never another error: AND joins two parts, a score is a number, brackets end."""
    with pytest.raises(QueryError):
        parse(text)


def test_a_list_may_have_the_commas_of_its_keyboard() -> None:
    """Full-width ones are folded, the ideographic one is taken as well."""
    assert parse("lang:ja、zh，ko") == Field("lang", ("ja", "zh", "ko"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("輸出管理 tierr:official", "         ^"),
        ("a\nb tierr:official", "    ^"),
        ("x" * 200 + " tierr:official " + "y" * 200, " " * 60 + "^"),
    ],
)
def test_the_caret_stands_below_the_slip(text: str, expected: str) -> None:
    """Whatever the width of what is before it; of a long query its surroundings are shown, on one line."""
    slip = _read(text)
    assert isinstance(slip, QueryError)
    shown, caret = slip.pointed()
    assert caret == expected
    assert "\n" not in shown
    assert len(shown) <= 100


@pytest.mark.parametrize("text", ["tier:offical", "stage:in-force"])
def test_of_a_closed_set_the_nearest_is_told(text: str) -> None:
    """A rule with a value that cannot be would never fire."""
    slip = _read(text)
    assert isinstance(slip, QueryError)
    assert slip.hint is not None
    assert "Did you mean" in slip.hint


@pytest.mark.parametrize("text", ["https://meti.example/a", "chips HTTP://meti.example/a?b=1"])
def test_an_address_is_told_what_shows_its_item(text: str) -> None:
    """It would be read as a field; who pastes one wants its item."""
    slip = _read(text)
    assert isinstance(slip, QueryError)
    assert "monitor show" in (slip.hint or "")


@pytest.mark.parametrize("typed", ["Chips", "@chips", "ＣＨＩＰＳ", " chips "])
def test_a_saved_search_has_one_name(typed: str) -> None:
    """However it is typed: to save it, to ask for it, to forget it."""
    assert query.name(typed) == "chips"
    assert query.with_saved(f"@{typed.strip().removeprefix('@')} a", {"chips": "b OR c"}) == "(b OR c) a"


@pytest.mark.parametrize("typed", ["", "@", "a b", "-a", "a:b", "x" * 41])
def test_what_is_no_name_is_refused(typed: str) -> None:
    """With what a name is made of."""
    with pytest.raises(UsageError, match="is no name"):
        query.name(typed)


@pytest.mark.parametrize("name", FIELDS)
def test_a_misspelt_field_is_told_its_nearest_name(name: str) -> None:
    """The hint names a field that there is, and the right one when one letter is doubled."""
    with pytest.raises(QueryError) as caught:
        parse(f"{name}{name[-1]}:x")
    assert f"Did you mean {name}:?" in (caught.value.hint or "")


def test_brackets_and_length_have_their_limits() -> None:
    """The limits themselves are allowed, one more is a slip."""
    assert parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == A
    assert parse("a" * MAX_LENGTH) == Word("a" * MAX_LENGTH)
    for text in ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), "a" * (MAX_LENGTH + 1)):
        with pytest.raises(QueryError):
            parse(text)


@settings(deadline=None)
@given(st.one_of(st.text(), FRAGMENTS))
def test_any_text_is_a_query_or_a_slip_within_it(text: str) -> None:
    """Parsing gives a tree that can be explained, or a QueryError whose place lies in the text."""
    found = _read(text)
    if isinstance(found, QueryError):
        assert 0 <= found.position <= len(found.query)
    else:
        assert explain(found) != ""


@settings(deadline=None)
@given(FRAGMENTS)
def test_brackets_around_a_query_change_nothing(text: str) -> None:
    """A query that can be read means the same in brackets, apart from the fields' places."""
    found = _read(text)
    if not isinstance(found, QueryError) and found != And(()):
        assert explain(parse(f"({text})")) == explain(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("3m", timedelta(days=90)),
        ("1y", timedelta(days=365)),
        ("0d", timedelta(0)),
        ("200y", timedelta(days=200 * 365)),
        ("P1W", timedelta(days=7)),
        ("P1Y", timedelta(days=365)),
        (" 7d ", timedelta(days=7)),
    ],
)
def test_a_span_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    """Hours to years, ISO 8601 or short."""
    assert duration(text) == expected


@pytest.mark.parametrize(
    "text", ["7", "d", "-7d", "201y", "P9999Y", "1.5d", "12345d", "7 d", "1d12h", "7s", "7D", "PT1H", "P1w", "2026-05", ""]
)
def test_what_is_not_wholly_a_span_is_none(text: str) -> None:
    """Half a span, two spans and units that there are not are no span."""
    assert duration(text) is None


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-05", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-5-1", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)),
        ("2026-12-31", datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
        ("2026/05/01", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)),
        ("2026年5月1日", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)),
        ("2026年12月", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("令和8年5月", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)),
        ("令和元年", datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)),
        ("R8.5.1", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)),
        ("36h", NOW - timedelta(hours=36), NOW - timedelta(hours=36)),
    ],
)
def test_a_day_month_or_year_ends_where_the_next_begins(text: str, since: datetime, until: datetime) -> None:
    """since: takes the first moment, until: the first one after; a span is one moment for both."""
    assert (moment(text, NOW), moment(text, NOW, is_end=True)) == (since, until)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "",
        "2026-00",
        "2026-05-00",
        "2026-02-30",
        "26-05-01",
        "2026-05-01T10:00",
        "2026-",
        "2026-05-",
        "2026年13月",
        "R99-1-1-1",
        "令和年",
    ],
)
def test_what_is_neither_span_nor_date_is_a_value_error(text: str) -> None:
    """Nothing is guessed from a text that is no span and no day."""
    with pytest.raises(ValueError):
        moment(text, NOW)


@pytest.mark.parametrize(
    "text", ["since:9999y", "since:0001", "until:9999", "until:9999-12", "until:9999-12-31", "deadline:9999y"]
)
def test_a_time_that_parse_accepts_can_be_reckoned(text: str) -> None:
    """A rule that was accepted never fails later, however far its days lie."""
    found = _read(text)
    if isinstance(found, Field) and found.name == "deadline":
        assert NOW + (duration(found.values[0]) or timedelta()) > NOW
    elif isinstance(found, Field):
        assert moment(found.values[0], NOW, is_end=found.name == "until").tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("theme:Rare_Earths,chips", ("rare_earths", "chips")),
        ("score:>=0.5 (theme:a OR (lang:ja theme:b))", ("a", "b")),
        ("-theme:a", ()),
        ("theme:a -(theme:b OR c)", ("a",)),
        ('"theme:a" theme', ()),
        ("", ()),
    ],
)
def test_themes_asked_for_are_those_not_excluded(text: str, expected: tuple[str, ...]) -> None:
    """Themes anywhere in the tree, folded and in order, but not under a negation."""
    assert themes(parse(text)) == expected


def test_explain_draws_the_tree() -> None:
    """Each level is indented once more, with the kind of each part."""
    tree = parse('chip* "entity list" (lang:ja,ko OR 輸出) -score:>=0.5')
    assert explain(tree).splitlines() == [
        "all of",
        '  prefix "chip"',
        '  phrase "entity list"',
        "  any of",
        "    lang = ja or ko",
        '    word "輸出"',
        "  not",
        "    score >= 0.5",
    ]
    assert explain(And(())) == "everything"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dual-use", 'phrase "dual-use"'),
        ("黒鉛、輸出", 'phrase "黒鉛、輸出"'),
        ("नियंत्रण", 'word "नियंत्रण"'),
        ('"chip!"', 'word "chip!"'),
        ('source:"a b",c', 'source = "a b" or c'),
    ],
)
def test_explain_says_what_is_looked_for(text: str, expected: str) -> None:
    """Words in sequence are a phrase, however they are written; a value of several words is one."""
    assert explain(parse(text)) == expected
