"""How far an item shows a measure to have come, and the way that an event went: a state machine a jurisdiction (monitor.steps). Pure.

The press alone never moves an event past "reported": what it claims is kept beside the way, unconfirmed (docs/decisions/0009, 0019).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from monitor.items import DateKind, Entity, KeyDate, Shown, Stage, Tier
from monitor.segment import fold
from monitor.sentences import LONGEST, sentences
from monitor.steps import BACK, MACHINES, STATED


class Dated(Protocol):
    """A key date, of an item or standing for an event."""

    @property
    def kind(self) -> DateKind: ...
    @property
    def date(self) -> date: ...
    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one item of an event shows of its way."""

    item: str
    at: datetime  # of the item
    tier: Tier
    country: str | None  # of its source
    shown: Shown | None  # None: no step

    @property
    def is_proof(self) -> bool:
        """True if an official source shows a step of its own jurisdiction."""
        return self.tier is Tier.OFFICIAL and self.shown is not None and self.shown.jurisdiction == self.country


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An event reached a stage."""

    stage: Stage
    step: str | None  # the jurisdiction's own word; None: reported or announced
    jurisdiction: str | None  # a key of steps.MACHINES; None as step
    at: datetime
    item: str | None  # that shows it; None: a stated date of effect came
    tier: Tier  # of that item's source
    sentence: str  # that says so; "" as step


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The step that usually comes next."""

    step: str
    due: date | None  # None: nobody can say
    basis: str  # where the day is from
    is_overdue: bool


MAX_TEXT = 8_000
"""Characters that are read: a measure's stage is told at the beginning."""

_BEFORE = re.compile(
    # what is planned, doubted, denied, asked for or looked back at has not been taken by this sentence
    r"\b(?:plan|intend|expect|schedul|consider|weigh|mull|prepar|urg|demand|want|hop|aim|pledg|vow|threaten|challeng|delay|oppos|su)(?:n?e?s|n?e?d|n?ing)?\b[^\w'-]+(?:[\w'-]+[^\w'-]+){0,4}$"
    r"|\b(?:set|due|likely|may|might|could|would|should|will|shall|to|ahead of|before|until|unless|once|when|whenever|if|whether|not|never|no|against|over|since|after|had|draft|possible|next|upcoming|forthcoming|which|that|how|why|without|would-be)[^\w'-]+(?:[\w'-]+[^\w'-]+){0,3}$"
    r"|(?:昨年|一昨年|去年|前年|先月|来月|来年|年内|近く|今後|過去に|かつて|\d月にも|\d日にも|年度中に|年に)[^。、]{0,25}$"
    r"|(?:拟|将于|将在|计划|预计|有望|即将|考虑|研究|尚未|未|待|曾|去年|此前|早前|预期|酝酿|呼吁|敦促|要求|督促|立即|应当?|希望|答记者问|最快|會儘快|儘快|例行|擬|將於|將在|預計|預定|規劃|尚未)[^。，,]{0,14}$"
    r"|(?:发言人|發言人|负责人|負責人)[^。，]{0,10}?就[^。，]{0,20}$|(?:내달|다음 달|다음달|곧|지난해|작년|이르면|올해 안에|내년)[^.]{0,25}$"
)
_AFTER = re.compile(
    r"^[^\w'-]*(?:[\w'-]+[^\w'-]+){0,3}?(?:next (?:week|month|year|spring|summer|autumn|winter)|(?:is|are|was) (?:expected|likely|due|planned)|later this|in the coming|(?:years?|months?|weeks?) ago|last (?:year|month))"
    r"|^[^。、]{0,6}(?:予定|見通し|見込み|方針|検討|目指|に?向け|前に|控え|考え|べき|求め|要望|想定|前倒し|後の|後に|後、|後は|から[一二三1-9１-９半][0-9]?[年カか]|未定|準備|時期|場合|れば|可能性|備え|をめぐ|を巡|経緯)"
    r"|^(?:された|した)?(?:[^。、]{0,10})(?:以来|周年)"
    r"|^(?:前|后|之?前|之?后|以来|[一二三两\d]+周年|在即|预期|的可能|时间表|進度|後|之後|以來)"
    r"|^(?:\s?(?:할|될|하기로|예정|를 앞두|을 앞두|전에|계획|검토|추진|후|이후))"
)
_LOOKS_BACK = re.compile(
    r"\b(?:anniversary|scenarios?|summary report|questions and answers|a year (?:on|after|ago)|years? (?:on|ago|after)|last year|recap|explained|q&a|faq|what to know|review of)\b|から[一二三1-9][0-9]?年|周年"
)
"""A sentence that looks back shows no step, whatever it names."""

_ACTS = re.compile(
    r"\s?(?:、|，|,|が|は|による|政府|当局|商務|商务|商務|議会|国务院|財務|外務|经济|の(?:商務|輸出|規制|政府|新|改正|対)|方(?:面)?(?:宣布|发布|公布|决定)"
    r"|宣布|发布|公布|决定|对|將|将|拟|通过|正式|이|가|는|은|,|\s?정부|\s?상무부)"
    r"|(?:'s)? (?:to|will|has|have|government|commerce|ministry|parliament|cabinet|(?:formally |today |also )?(?:impos|announc|add|ban|restrict|tighten|issu|publish|introduc|launch"
    r"|approv|adopt|pass|plan|extend|suspend|delay|lift|say|put|propos|seek|order|curb|halt|eas|requir|widen|expand|enact|promulgat|revok|amend)(?:e?s|e?d|ies|ied)?)\b"
)
"""After the name of a country that does something. What is done to it begins otherwise: 中国産, Russia Sanctions:, Hong Kong-Related."""

_OF_ENTITY = {"us": "US", "jp": "JP", "eu": "EU", "cn": "CN", "uk": "GB", "gb": "GB", "kr": "KR", "tw": "TW"}
_OF_LANG = {"ja": "JP", "zh": "CN", "ko": "KR"}
_OPENING = re.compile(r"^(?:[\s\[\](){}【】「」『』《》〈〉“”‘’\"'〔〕]|(?:速報|独自|快讯|快訊|속보)(?=[】\]〕>)])|the )*")
"""What may stand before the name that a title opens with."""
_UNDER_WAY = "other"
"""Stands for a country without a machine."""


def jurisdiction(
    text: str, *, country: str | None, lang: str, tier: Tier, entities: Sequence[Entity], step: str | None = None
) -> str | None:
    """Whose way an item speaks of, a key of steps.MACHINES; None: nobody can say.

    An official source with a step of its own register speaks of its own. Else it is the one who acts in the title (China imposes, 米国、),
    whatever the source. Else an official source speaks of its own, and
    others of the first agency that they name, or of the country of their language, where that tells it.
    """
    if tier is Tier.OFFICIAL and country is not None and _stated(country, step) is not None:
        return country
    actor = _actor(text.partition("\n")[0], entities)
    if actor is not None:
        return actor if actor in MACHINES else None
    if tier is Tier.OFFICIAL:
        return country if country in MACHINES else None
    named = (_of(each) for each in entities if each.type == "agency")
    own = "TW" if (lang, country) == ("zh", "TW") else _OF_LANG.get(lang)
    return next((each for each in named if each in MACHINES), own)


def _actor(sentence: str, entities: Iterable[Entity]) -> str | None:
    """The country that acts in a sentence: whose agency or name opens it, and reads as the one who does something; None if none does."""
    opening = _OPENING.sub("", fold(sentence))
    for each in entities:
        name = fold(each.surface)
        if each.type in ("agency", "country") and _opens(opening, name):
            follows = opening[len(name) :]
            if each.type == "agency" or _ACTS.match(follows) is not None:
                return _of(each)
    return None


def _opens(text: str, name: str) -> bool:
    """True if a text begins with a name, and not with a longer word."""
    following = text[len(name) : len(name) + 1]
    is_word = name[-1:].isascii() and name[-1:].isalnum() and following.isascii() and following.isalnum()
    return text.startswith(name) and not is_word


def _of(entity: Entity) -> str | None:
    prefix, _, rest = entity.id.partition("-")
    return _OF_ENTITY.get(rest, _UNDER_WAY) if prefix == "cty" else _OF_ENTITY.get(prefix)


def shown(
    text: str, *, of: str | None, step: str | None, dates: Sequence[KeyDate], on: date, entities: Sequence[Entity] = ()
) -> Shown | None:
    """The step that a text shows to have been taken, with the sentence that says so; None if it shows none.

    Args:
        of: the jurisdiction, a key of steps.MACHINES; None: unknown.
        step: the jurisdiction's own word from a structured field, which decides if it names one.
        dates: key dates of the text; a date of effect up to `on` puts a final measure in force, one that is ahead keeps it from being so.
        on: the day of the item.
        entities: that the text names; what another country's agency does shows no step of this one.
    """
    if of is None or of not in MACHINES:
        return None
    effects = [each for each in dates if each.kind in (DateKind.EFFECTIVE, DateKind.APPLIES_FROM)]
    is_ahead = bool(effects) and all(each.date > on for each in effects)
    machine = MACHINES[of]
    name = _stated(of, step)
    if name == "":
        return None
    found = _said(of, text[:MAX_TEXT], entities, is_ahead=is_ahead) if name is None else (_place(of, name), step or "")
    if found is None:
        return None
    place, sentence = found
    if machine[place].stage is Stage.FINAL:
        effect = next((each for each in dates if each.kind is DateKind.EFFECTIVE and each.date <= on), None)
        in_force = next((at for at, each in enumerate(machine) if each.stage is Stage.IN_FORCE), None)
        if effect is not None and in_force is not None:
            place, sentence = in_force, effect.sentence
    return Shown(jurisdiction=of, step=machine[place].name, stage=machine[place].stage, sentence=sentence)


def proven(found: Shown | None, *, tier: Tier, country: str | None) -> Stage:
    """The stage that an item proves by itself: an official source what its own jurisdiction did, and of others that it speaks of it; the
    press and analysts prove a report."""
    if tier is not Tier.OFFICIAL:
        return Stage.REPORTED
    return Stage.ANNOUNCED if found is None or found.jurisdiction != country else found.stage


def _stated(of: str, step: str | None) -> str | None:
    """The step that a structured field names; "": it says that there is none; None: it says nothing that is known."""
    folded = fold(step or "")
    return next((name for pattern, name in STATED.get(of, ()) if pattern.search(folded)), None) if folded else None


def _said(of: str, text: str, entities: Sequence[Entity], *, is_ahead: bool) -> tuple[int, str] | None:
    """The furthest step that the title shows, else the first paragraphs.

    Args:
        is_ahead: its date of effect is still to come.
    """
    machine = MACHINES[of]
    title, _, rest = text.partition("\n")
    for part in (title, rest):
        best: tuple[int, str] | None = None
        for _, raw in sentences(part):
            sentence = fold(raw).strip()
            if (
                not sentence
                or sentence.endswith("?")
                or _LOOKS_BACK.search(sentence)
                or _actor(sentence, entities) not in (None, of)
            ):
                continue
            for place in range(len(machine) - 1, -1 if best is None else best[0], -1):
                step = machine[place]
                if is_ahead and step.stage is Stage.IN_FORCE:
                    continue
                if any(_is_taken(sentence, match) for match in step.said.finditer(sentence)):
                    best = place, raw.strip()[:LONGEST]
                    break
        if best is not None:
            return best
    return None


def _is_taken(sentence: str, match: re.Match[str]) -> bool:
    return (
        _BEFORE.search(sentence[max(0, match.start() - 60) : match.start()]) is None
        and _AFTER.search(sentence[match.end() : match.end() + 40]) is None
    )


def _place(of: str, name: str) -> int:
    return next((place for place, each in enumerate(MACHINES[of]) if each.name == name), -1)


def is_next(of: str, before: str | None, after: str) -> bool:
    """True if a measure can go from one step to the other: onwards in its machine, or one of the ways back."""
    return before is None or _place(of, after) > _place(of, before) or (before, after) in BACK


def way(sightings: Iterable[Sighting]) -> tuple[Transition, ...]:
    """The way of an event: each stage that it reached, when, and what proves it, in order of time.

    The first jurisdiction that an official source shows to have taken a step leads; what others do about it moves nothing.

    Args:
        sightings: of the event's items, in order of time.
    """
    found: list[Transition] = []
    leads: str | None = None
    step: str | None = None
    for each in sightings:
        reached = proven(each.shown, tier=each.tier, country=each.country)
        if each.is_proof and each.shown is not None:
            if leads is not None and each.shown.jurisdiction != leads:
                continue
            if not is_next(each.shown.jurisdiction, step, each.shown.step):
                continue
            leads, step = each.shown.jurisdiction, each.shown.step
            found.append(_transition(each, each.shown.stage, each.shown))
        elif not found or (step is None and is_further(reached, found[-1].stage)):
            found.append(_transition(each, reached, None))
    return tuple(found)


def put_in_force(reached: tuple[Transition, ...], dates: Iterable[Dated], today: date) -> tuple[Transition, ...]:
    """The same way, with the transition of a final measure whose stated date of effect has come, if it has.

    Args:
        dates: that stand; those of a suspended measure do not.
    """
    final = next(
        (place for place in range(len(reached) - 1, -1, -1) if reached[place].stage in (Stage.ON_FILE, Stage.FINAL)), None
    )
    if final is None or reached[-1].stage is Stage.WITHDRAWN:
        return reached
    start, since = reached[final], reached[final + 1 :]
    held = next((each for each in reversed(since) if each.step in SUSPENSIONS), None)
    if start.jurisdiction is None or any(each.stage is Stage.IN_FORCE and (held is None or each.at > held.at) for each in since):
        return reached
    first_day = (start if held is None else held).at.date()
    due = [each for each in dates if each.kind is DateKind.EFFECTIVE and first_day <= each.date <= today]
    step = next((each for each in MACHINES[start.jurisdiction] if each.stage is Stage.IN_FORCE), None)
    if not due or step is None:
        return reached
    first = min(due, key=lambda each: each.date)
    at = max(datetime(first.date.year, first.date.month, first.date.day, tzinfo=start.at.tzinfo), (held or start).at)
    place = next((place for place in range(final + 1, len(reached)) if reached[place].at > at), len(reached))
    in_force = Transition(
        stage=step.stage,
        step=step.name,
        jurisdiction=start.jurisdiction,
        at=at,
        item=None,
        tier=Tier.OFFICIAL,
        sentence=first.sentence,
    )
    return (*reached[:place], in_force, *reached[place:])


def _transition(each: Sighting, reached: Stage, found: Shown | None) -> Transition:
    return Transition(
        stage=reached,
        step=None if found is None else found.step,
        jurisdiction=None if found is None else found.jurisdiction,
        at=each.at,
        item=each.item,
        tier=each.tier,
        sentence="" if found is None else found.sentence,
    )


def claimed(sightings: Iterable[Sighting], reached: Sequence[Transition]) -> Shown | None:
    """The furthest step that unofficial sources claim beyond what is proven; None if they claim no more."""
    step = next((each for each in reversed(reached) if each.step is not None), None)
    best: Shown | None = None
    for each in sightings:
        found = each.shown
        if found is None or each.is_proof or (step is not None and found.jurisdiction != step.jurisdiction):
            continue
        ahead_of = (
            best.step if best is not None and best.jurisdiction == found.jurisdiction else step.step if step is not None else None
        )
        if (best is None or best.jurisdiction == found.jurisdiction) and _is_ahead(found, ahead_of):
            best = found
    return best


def _is_ahead(found: Shown, step: str | None) -> bool:
    return step is None or _place(found.jurisdiction, found.step) > _place(found.jurisdiction, step)


def expected(reached: Sequence[Transition], dates: Iterable[Dated], today: date) -> Expected | None:
    """The step that usually comes next and when; None where the way has ended or nobody can say.

    Args:
        dates: standing key dates of the event.
    """
    last = reached[-1] if reached else None
    if last is None or last.step is None or last.jurisdiction is None:
        return None
    step = next(each for each in MACHINES[last.jurisdiction] if each.name == last.step)
    if step.next is None:
        return None
    start = last.at.date()
    stated = [each.date for each in dates if step.by is not None and each.kind is step.by and each.date >= start]
    is_exact = bool(stated) and step.by is not DateKind.COMMENTS_CLOSE
    if is_exact:
        due: date | None = max(stated) if step.stage is Stage.AMENDED else min(stated)
    elif step.days is None:
        due = None
    else:
        due = max(stated, default=start) + timedelta(days=step.days)
    return Expected(step=step.next, due=due, basis=step.basis, is_overdue=due is not None and due < today)


SUSPENSIONS = frozenset({"stayed", "暂停"})
"""Steps that hold the effect of a measure."""

_ORDER = {stage: place for place, stage in enumerate(Stage)}


def is_further(one: Stage, other: Stage) -> bool:
    """True if `one` comes after `other`."""
    return _ORDER[one] > _ORDER[other]
