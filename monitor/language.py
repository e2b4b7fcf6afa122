"""Which language a text is in: by script, then by common words. Pure; never raises."""

from __future__ import annotations

import re
from collections import Counter

# runs, not characters: a run costs as much to find as one character
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]+")
_HANGUL = re.compile("[\uac00-\ud7af\u1100-\u11ff]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")


_SAMPLE = 400
"""Characters that are looked at; a title and a summary say which language they are in well before."""


def _is_in(character: str, *charsets: str) -> bool:
    """True if one of the charsets, and so the script that it serves, has the character."""
    for name in charsets:
        try:
            character.encode(name)
        except UnicodeEncodeError:
            continue
        return True
    return False


_ONLY_JA = set(
    "々込働枠峠畑辻榊塀匂栃渋沢滝円経済変対応関価実検験県広戦択発売読続総図団権労単観覚気処圏毎黒駅薬郷徴歩焼姫挿渇頬辺巻両乗剣効勧厳収営囲圧塩増壊壱専巣帯帰庁廃従徳恵悪悩懐戯戻払抜拝拠拡挙掲揺摂撃斉斎晩暁"
    "暦桜桟楽様歓歯歳歴浄涙渉渓満犠獣疎痩砕稲穂穏粛絵継緑縁縄縦繊聴脳舎舗荘蔵薫覇覧訳説謡譲賛転軽遅酔醸釈鉄鉢鉱銭鋭鋳錬録閲闘陥険隠隣隷雑霊頼顔顕駆騒髄鶏黙齢弾仏仮栄"
)
"""Shinjitai and kokuji that neither Chinese script uses."""
_ONLY_ZH = set(
    "这们个为国产业东车长门问间马鱼鸟龙见贝页风飞头实买卖书话语说请谁课调谈论议论让认识记许设访证评试该详误诉将张强归当录总战戏户扩护报担拥择挥损换据"
    "关开系线级红纪纳纯纸纹纺经结给绝统继续维综编缓缩罚网罗职联肃胜脑脚脸艺节苏药营萨蓝处虑补术务势动劳励协单厂历厅压厌县参双发变号叶后员启"
    "吗啊呢吧的是在和了有不也都就从对与向把被让给或但而且因为所以如果虽然"
) - set("国")
"""Simplified forms and Chinese function words that Japanese headlines do not use."""

_WORDS_JA = re.compile("令和|平成|昭和|閣議|施行期日|意見(?:募集|公募)|予算|省令|外為法")
"""Words that Japanese headlines write in characters that are Chinese, too; no Chinese ones do."""
_ONLY_JA = {character for character in _ONLY_JA if not _is_in(character, "gb2312", "big5")}
_ONLY_ZH = {character for character in _ONLY_ZH if not _is_in(character, "cp932")}

_STOP = {
    "en": frozenset("the of and to in for on with from by at is are as its that this will be has over after under new".split()),
    "de": frozenset(
        "der die das und zu für von mit auf ist im den des dem ein eine nicht sich bei nach über aus gegen zur zum".split()
    ),
    "fr": frozenset("le la les des du de et en un une pour sur dans par au aux est avec plus contre ses qui sont".split()),
    "es": frozenset("el la los las de del y en un una para por con que se su al es más contra sus como".split()),
    "it": frozenset("il lo la gli le di del della dei e in un una per con che si sul alla è nel contro".split()),
    "pt": frozenset("o os as de do da dos das e em um uma para por com que se ao não mais na no".split()),
    "nl": frozenset("de het een en van voor met op in is te dat die niet zijn aan bij door over uit naar".split()),
}

_LANGS_OF = {word: [lang for lang, words in _STOP.items() if word in words] for word in frozenset().union(*_STOP.values())}


def detect(text: str, hint: str | None = None) -> str:
    """ISO 639-1 code of the text's language; `hint` (the source's language) decides what the text leaves open, else "en".

    Han without kana is Japanese or Chinese by the characters that only one of them uses, then by the hint.
    """
    sample = text[:_SAMPLE]
    if not sample.isascii():
        found = _by_script(sample, hint)
        if found is not None:
            return found
    if not _LATIN.search(sample):
        return hint if hint in ("ja", "zh", "ko", *_STOP) else "en"
    votes = dict.fromkeys(_STOP, 0)
    for word in sample.lower().split():
        if word in _LANGS_OF:
            for lang in _LANGS_OF[word]:
                votes[lang] += 1
    if hint in votes:
        votes[hint] += 1
    best = max(votes, key=votes.__getitem__)
    if votes[best] >= 2:
        return best
    return hint if hint in votes else "en"


def _by_script(sample: str, hint: str | None) -> str | None:
    """The language as far as the script tells; None: the text is Latin."""
    latin = _count(_LATIN, sample)
    kana = _count(_KANA, sample) if _KANA.search(sample) else 0
    hangul = _count(_HANGUL, sample) if _HANGUL.search(sample) else 0
    han = _count(_HAN, sample) if not kana or latin > kana or hangul else 0
    if hangul > kana and hangul * 2 >= han and hangul * 4 >= latin:
        return "ko"
    if kana and (kana + han) * 4 >= latin:
        return "ja"
    if han and han * 4 >= latin:
        counted = Counter(sample)
        chinese = sum(count for character, count in counted.items() if character in _ONLY_ZH)
        japanese = sum(count for character, count in counted.items() if character in _ONLY_JA)
        japanese += len(_WORDS_JA.findall(sample))
        if chinese != japanese:
            return "zh" if chinese > japanese else "ja"
        return hint if hint in ("ja", "zh") else "zh"
    if _count(_CYRILLIC, sample) > latin:
        return hint if hint in ("ru", "uk", "bg") else "ru"
    return None


def _count(runs: re.Pattern[str], text: str) -> int:
    """Characters of the text that the runs cover."""
    return sum(map(len, runs.findall(text)))
