"""What analysts ask for in a channel, and what is said back: verdicts, silences, timelines, calendars, searches.

A request counts only where the monitor speaks by feeds.yaml, and a button only under what was told there; all else is refused
in words, and nothing is stored. Knows no channel's markup but the back-quotes around a command.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor import query
from monitor.archive import Archive
from monitor.channels import split
from monitor.compose import date_name, date_text, moment_text, shortened, stage_text
from monitor.errors import QueryError, UsageError
from monitor.events import Deadline, Part
from monitor.items import DateKind, Filed, Label, Rule, Subscription
from monitor.messages import Answer, File, Line, Request, Verb
from monitor.normalise import clean
from monitor.stage import Transition
from monitor.thesaurus import Thesaurus, expanded

MUTE = timedelta(days=7)
FOUND = 10
"""Items of a search and events of a list that are shown."""
TOLD = 20
"""Entries of a timeline and dates of a list that are shown."""
_AHEAD = "30d"
_RECENT = timedelta(days=7)
_VIA = "slack"
_SENTENCE = 120
HELP = "\n".join(
    (
        "`search QUERY`: the newest items that match, for example `search 半導体 theme:export_control since:30d`",
        "`deadlines 30d`: deadlines and dates of effect that are ahead",
        "`events`: what moved in the last 7 days, the most important first",
        "`help`: this",
        "The query language is that of `monitor search --help`, saved searches (@NAME) and other languages included."
        " What you ask and what you are told, only you see.",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where requests are answered, over an archive; for the thread that opened it.

    Args:
        theme_names: names by id of the themes that may be chosen.
        trained_at: when the classifier in use was trained; None if nobody knows.
        terms: by which a search looks in other languages, too.
    """

    archive: Archive
    rules: Sequence[Rule]
    subscriptions: Sequence[Subscription]
    theme_names: Mapping[str, str]
    clock: Callable[[], datetime]
    trained_at: Callable[[], datetime | None] = lambda: None
    terms: Thesaurus = field(default_factory=lambda: Thesaurus(()))

    def answer(self, request: Request) -> Answer:
        """What is said to the analyst. What it says was noted is stored when this returns.

        Raises:
            ArchiveBusy, ArchiveError: nothing could be read or stored.
        """
        with self.archive.errors():
            here = self._here(request)
            if not here:
                return Answer(text=f"{self._allowed()} Nothing was done.")
            try:
                if request.verb is Verb.COMMAND:
                    return self._command(request.value)
                if request.verb in (Verb.RELEVANT, Verb.NOT_RELEVANT, Verb.THEME):
                    return self._verdict(request, here)
                return self._of_event(request, here)
            except UsageError as error:
                return Answer(text=_plain(str(error)))

    def _here(self, request: Request) -> list[str]:
        """Addresses of feeds.yaml that are the channel of the request. Where its own id is known, a name proves nothing: names move."""
        places = self.archive.answers.places()
        named = {request.place, request.address.removeprefix("slack:").removeprefix("#")} - {""}
        return [
            address
            for address in self._addresses()
            if (places[address] == request.place if address in places else split(address)[1].removeprefix("#") in named)
        ]

    def _addresses(self) -> list[str]:
        """Where the monitor speaks in Slack by feeds.yaml."""
        every = [address for rule in self.rules for address in rule.to]
        every += [address for subscription in self.subscriptions for address in subscription.to]
        return sorted({address for address in every if split(address)[0] == "slack"})

    def _allowed(self) -> str:
        names = [split(address)[1] for address in self._addresses()]
        return (
            f"This works only where the monitor posts: {', '.join(names)}." if names else "The monitor posts to no channel here."
        )

    def _verdict(self, request: Request, here: Sequence[str]) -> Answer:
        """Keep what an analyst says of an item's themes."""
        if request.item is None or self.archive.answers.told(here, item=request.item) is None:
            return _untold(request.item, here)
        filed = self.archive.reading.item(request.item)
        given = [theme for theme, _ in filed.themes]
        said = self._said(request, given)
        if not said:
            return Answer(text="It has no theme to judge. Choose the right one from the menu. Nothing was noted.")
        now = self.clock()
        self.archive.labels.put(
            *(
                Label(item=filed.item.id, theme=theme, verdict=verdict, at=now, who=request.user, via=_VIA)
                for theme, verdict in said.items()
            )
        )
        parts = [
            f"{word} {', '.join(self._name(theme) for theme, each in said.items() if each is verdict)}"
            for verdict, word in ((True, "relevant to"), (False, "not relevant to"))
            if verdict in said.values()
        ]
        count = self.archive.answers.labels_since(self.trained_at())
        labels = "1 label" if count == 1 else f"{count} labels"
        learns = "it" if count == 1 else "them"
        return Answer(text=f"Noted: {'; '.join(parts)}. {labels} since the last training; `monitor train` learns from {learns}.")

    def _said(self, request: Request, given: Sequence[str]) -> dict[str, bool]:
        """The verdict by theme. Whoever names another theme, or none, takes back what they named before.

        Raises:
            UsageError: there is no such theme.
        """
        assert request.item is not None
        if request.verb is Verb.RELEVANT:
            return dict.fromkeys(given, True)
        before = self.archive.answers.verdicts(request.item, request.user)
        named = (theme for theme, verdict in before.items() if verdict and theme in self.theme_names)
        chosen = request.value if request.verb is Verb.THEME else ""
        if chosen and chosen not in self.theme_names:
            raise UsageError(
                f"there is no theme {chosen!r} any more", hint=f"Themes: {', '.join(self.theme_names)}. Nothing was noted"
            )
        said = dict.fromkeys((*given, *named), False)
        if chosen:
            said[chosen] = True
        elif request.verb is Verb.THEME:  # none of those in the menu is right
            said |= dict.fromkeys(self.theme_names, False)
        return said

    def _of_event(self, request: Request, here: Sequence[str]) -> Answer:
        channel = None if request.event is None else self.archive.answers.told(here, event=request.event)
        if request.event is None or channel is None:
            return _untold(request.event, here)
        event = self.archive.events.find(request.event)
        if request.verb is Verb.MUTE:
            return self._mute(event, channel, request)
        if request.verb is Verb.TIMELINE:
            return self._timeline(event)
        return self._calendar(event)

    def _mute(self, event: str, channel: str, request: Request) -> Answer:
        now = self.clock()
        what = f"event:{event}"
        held = [each for each in self.archive.silences.active(now) if each.query == what and each.channel in (channel, None)]
        longest = max(held, key=lambda each: each.ends_at, default=None)
        if longest is not None and longest.ends_at > now + MUTE - timedelta(hours=1):  # pressed twice, or by two
            return Answer(text=f"{event} is muted already, until {_moment(longest.ends_at)} (silence {longest.id}).")
        silence = self.archive.silences.put(what, until=now + MUTE, now=now, who=request.user, via=_VIA, channel=channel)
        return Answer(
            text=f"Muted: {event} is not told in {split(channel)[1]} until {_moment(silence.ends_at)}"
            f" (silence {silence.id}; all of them: `monitor silence list`)."
        )

    def _timeline(self, event: str) -> Answer:
        now = self.clock()
        record = self.archive.events.record(event, now)
        parts = self.archive.events.parts(event)
        urls = {each.filed.item.id: each.filed.item.url for each in parts}
        # at one moment the item comes before the stage that it shows
        entries = [(each.at, 0, _told(each)) for each in parts]
        # "reported" and "announced" say no more than the items do
        entries += [(each.at, 1, _reached(each, urls)) for each in record.way if each.step]
        entries.sort(key=lambda entry: entry[:2])
        hidden = len(entries) - TOLD
        text = (
            f"{event}: {stage_text(record.stage, record.step)}; {_count(record.items, 'item')} from"
            f" {_count(len(record.sources), 'source')} in {', '.join(record.langs)}."
        )
        if hidden > 0:
            text += f" The latest {TOLD}, and {hidden} more: `monitor event {event}`"
        return Answer(text=text, lines=tuple(line for _, _, line in entries[-TOLD:]))

    def _calendar(self, event: str) -> Answer:
        from monitor.calendar import calendar

        now = self.clock()
        record = self.archive.events.record(event, now)
        ahead = [
            Deadline(date=each, event=event, themes=tuple(sorted(theme for theme, _ in record.themes)))
            for each in record.dates
            if each.date >= now.date() and not each.is_withdrawn and each.kind is not DateKind.PUBLISHED
        ]
        if not ahead:
            return Answer(text=f"{event} has no date that is ahead.")
        return Answer(
            text=f"{_count(len(ahead), 'date')} of {event} ahead, as a calendar. Of all events:"
            " `monitor deadlines --within 90d --format ics`",
            lines=tuple(_dated(each) for each in ahead[:TOLD]),
            file=File(name=f"{event}.ics", media_type="text/calendar", content=calendar(ahead, now).encode("utf-8")),
        )

    def _command(self, typed: str) -> Answer:
        """What was typed after a slash command."""
        words = typed.strip().split(maxsplit=1)
        name = unicodedata.normalize("NFKC", words[0]).casefold() if words else "help"
        rest = words[1].strip() if len(words) > 1 else ""
        if name == "search" and rest:
            return self._search(rest)
        if name == "deadlines":
            return self._deadlines(rest or _AHEAD)
        if name == "events" and not rest:
            return self._events()
        return Answer(text=HELP)

    def _search(self, text: str) -> Answer:
        try:
            tree = query.parse(query.with_saved(text, self.archive.searches.by_name()))
        except QueryError as error:
            return Answer(text=_slip(error))
        if tree == query.And(()):
            return Answer(text=HELP)
        now, asked = self.clock(), expanded(tree, self.terms)
        found = self.archive.reading.search(asked.tree, now, limit=FOUND + 1)
        if not found:
            return Answer(text="Nothing found.")
        more = f"The newest {FOUND}; there are more: `monitor search`" if len(found) > FOUND else f"{_count(len(found), 'item')}:"
        by = self.archive.reading.found_by(tree, asked.added, found[:FOUND], now)
        return Answer(text=more, lines=tuple(self._found(each, by[each.item.id]) for each in found[:FOUND]))

    def _deadlines(self, text: str) -> Answer:
        span = query.duration(unicodedata.normalize("NFKC", text))
        if span is None:
            return Answer(text="Say how far ahead, such as `deadlines 30d`, `deadlines 8w` or `deadlines P1Y`.")
        now = self.clock()
        today = now.date()
        days = f"{_count(span.days, 'day')}" if span.days else "hours"
        found = [each for each in self.archive.events.deadlines(today, today + span, now) if each.date.date >= today]
        if not found:
            return Answer(text=f"No date falls in the next {days}.")
        more = f"; and {len(found) - TOLD} more: `monitor deadlines`" if len(found) > TOLD else ""
        return Answer(text=f"{_count(len(found), 'date')} in the next {days}{more}", lines=tuple(map(_dated, found[:TOLD])))

    def _events(self) -> Answer:
        now = self.clock()
        found = self.archive.events.moved(now - _RECENT, now, limit=FOUND)
        lines = tuple(
            Line(
                title=each.title,
                url=None,
                note=" · ".join(
                    (
                        each.id,
                        stage_text(each.stage, each.step),
                        _count(each.items, "item"),
                        ", ".join(each.langs),
                        *(self._name(theme) for theme, _ in each.themes),
                    )
                ),
            )
            for each in found
        )
        return Answer(
            text="Moved in the last 7 days:" if found else "No event with a theme moved in the last 7 days.", lines=lines
        )

    def _found(self, filed: Filed, by: Sequence[str]) -> Line:
        item = filed.item
        themes = ", ".join(self._name(theme) for theme, _ in filed.themes)
        mark = f"≈ {', '.join(by)}" if by else ""
        facts = (f"{item.moment:%Y-%m-%d}", item.source, item.lang, item.tier.value, themes, filed.event or "", mark)
        return Line(title=item.title, url=item.url, note=" · ".join(fact for fact in facts if fact))

    def _name(self, theme: str) -> str:
        return self.theme_names.get(theme, theme)


class Answering:
    """Answers requests with a desk that is opened at the first of them, in the thread that asks; for one thread."""

    def __init__(self, open_desk: Callable[[], Desk]) -> None:
        self._open_desk = open_desk
        self._desk: Desk | None = None

    def __call__(self, request: Request) -> Answer:
        """See Desk.answer."""
        if self._desk is None:
            self._desk = self._open_desk()
        return self._desk.answer(request)

    def close(self) -> None:
        """Give the archive back; in the thread that asked."""
        if self._desk is not None:
            self._desk.archive.close()
            self._desk = None


def _untold(what: str | None, here: Sequence[str]) -> Answer:
    """The refusal of a button that is not under one of our messages here."""
    where = " and ".join(split(address)[1] for address in here)
    return Answer(
        text=f"{what or 'This'} was not told in {where}. Buttons work only under what the monitor told in the channel."
        " Nothing was noted."
    )


def _told(part: Part) -> Line:
    item = part.filed.item
    facts = [f"{part.at:%Y-%m-%d}", item.source, item.lang, item.tier.value]
    return Line(title=item.title, url=item.url, note=" · ".join([*facts, "copy"] if part.filed.copy_of else facts))


def _reached(step: Transition, urls: Mapping[str, str | None]) -> Line:
    where = f" in {step.jurisdiction}" if step.jurisdiction else ""
    proof = "by its date" if step.item is None else step.tier.value
    said = f" · “{shortened(step.sentence, _SENTENCE)}”" if step.sentence else ""
    return Line(
        title=f"→ {stage_text(step.stage, step.step)}{where}",
        url=None if step.item is None else urls.get(step.item),
        note=f"{step.at:%Y-%m-%d} · {proof}{said}",
    )


def _dated(each: Deadline) -> Line:
    return Line(
        title=f"{date_text(each.date)} {date_name(each.date.kind)}: {each.date.title}",
        url=each.date.url,
        note=f"{each.date.source} · {each.event}",
    )


def _slip(error: QueryError) -> str:
    """What is wrong with a query, with a caret under the place."""
    shown, caret = error.pointed()
    quoted = shown.replace("`", "'")
    return f"{_plain(str(error))}\n```\n{quoted}\n{caret}\n```"


def _plain(text: str) -> str:
    """Text that ends no code block and begins none."""
    return clean(text).replace("`", "'")


def _moment(moment: datetime) -> str:
    return moment_text(moment.astimezone(UTC))


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
