"""Headlines for the trials, composed from lists of words of our own: the same number gives the same text everywhere.

Most are of the whole news, in three languages; the wanted ones are about export control, and hold the word `MARK` in their text.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

MARK = "notifiable"
"""A word that every wanted item holds and no other does: a rule on it fires whatever the classifier thinks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What an entry of a feed says. Plain text, not yet escaped."""

    title: str
    summary: str
    lang: str


_PLACES = {
    "en": "Aldermoor Brackwater Castleford Dunmere Eastholm Farrow Glenmarsh Harrowgate Inverlay Kestrel Lowfield Marlham Northwick"
    " Oakhampton Pendle Quarrington Redcliffe Stourbridge Tarnworth Ulverley Wexcombe Yarrow".split(),
    "ja": (
        "旭川 伊那 上田 江別 大洲 柏崎 北見 熊野 小松 佐野 志布志 須崎 瀬戸 高岡 津山 鶴岡 十日町 七尾 沼津 "
        "能代 浜田 日田 福知山 舞鶴 三原 柳川 米沢"
    ).split(),
    "zh": (
        "安阳 宝鸡 承德 大理 鄂州 阜阳 桂林 海口 吉首 开封 兰州 漯河 绵阳 南阳 攀枝花 曲靖 日照 三明 台州 渭南 襄阳 宜宾 遵义"
    ).split(),
}
_THINGS = {
    "en": (
        "a footbridge|a night market|the harbour festival|a school orchestra|the bus timetable|a reading room|the river path|a youth"
        " hostel|the tram depot|a flower show|an ice rink|the town archive|a cycling race|the swimming baths|a puppet theatre|the allotment"
        " gardens|a chess club|the lifeboat station|a bakery cooperative|the concert hall|a rowing regatta|an old windmill"
    ).split("|"),
    "ja": (
        "歩道橋 夜市 港まつり 吹奏楽団 バスの時刻表 図書室 遊歩道 ユースホステル 路面電車 花の展示会 "
        "スケート場 文書館 自転車競走 市民プール 人形劇場 貸し農園 囲碁大会 駅前広場 音楽堂 水車小屋"
    ).split(),
    "zh": (
        "人行天桥 夜市 龙舟赛 民乐团 公交时刻表 阅览室 滨河步道 青年旅舍 有轨电车 花卉展 滑冰馆 档案馆 "
        "自行车赛 游泳馆 木偶剧场 社区菜园 围棋赛 站前广场 音乐厅 老水车"
    ).split(),
}
_USUAL = {
    "en": (
        "{place} reopens {thing} after {number} months of repairs|Volunteers in {place} raise money for {thing}|Rain delays {thing} in"
        " {place} for the {number}th day|{place} council votes to keep {thing}|Photographs of {thing} go on show in {place}|{number}"
        " visitors came to see {thing} in {place}|Residents of {place} ask for longer hours at {thing}|A teacher from {place} writes a"
        " history of {thing}|{place} wins a prize for {thing}|Storm damages {thing} near {place}, nobody hurt"
    ).split("|"),
    "ja": (
        "{place}市の{thing}、{number}か月の改修を終え再開|{place}で{thing}を支える寄付広がる|雨で{place}の{thing}が{number}日延期|{place}市議会、{thing}の存続を決める|"
        "{place}の{thing}に{number}人が来場|{place}の住民、{thing}の時間延長を求める|{place}の教諭が{thing}の歴史を本に|{place}の{thing}が賞に輝く|台風で{place}の{thing}に被害、けが人なし"
    ).split("|"),
    "zh": (
        "{place}{thing}修缮{number}个月后重新开放|{place}市民为{thing}募捐|因降雨{place}{thing}推迟{number}天|{place}决定保留{thing}|{place}{thing}迎来{number}名游客|"
        "{place}居民希望延长{thing}时间|{place}教师写书讲述{thing}的历史|{place}{thing}获奖|大风损坏{place}{thing}，无人受伤"
    ).split("|"),
}
_DETAIL = {
    "en": "The work was paid for by {number} households and a small grant, said the clerk. Tickets are on sale at the town hall.",
    "ja": "担当者によると費用は{number}世帯の寄付と補助でまかなわれた。入場券は市役所で扱う。",
    "zh": "工作人员介绍，费用来自{number}户居民的捐助和少量补贴，门票在市政厅出售。",
}
_GOODS = {
    "en": (
        "etching machines|gallium arsenide wafers|quantum refrigerators|marine gas turbines|hydrophone arrays|radiation-hardened chips"
        "|carbon fibre winders|five-axis mills|rare-earth magnets|night-vision tubes|germanium lenses|gyroscopes|centrifuge rotors"
        "|satellite thrusters|lithography masks|tungsten powder"
    ).split("|"),
    "ja": (
        "エッチング装置 ガリウムヒ素基板 量子計算機用冷凍機 船舶用ガスタービン 水中聴音機 耐放射線半導体 炭素繊維巻線機 "
        "五軸加工機 希土類磁石 暗視管 ゲルマニウムレンズ ジャイロ 遠心分離機"
    ).split(),
    "zh": (
        "刻蚀设备 砷化镓晶圆 量子制冷机 船用燃气轮机 水听器阵列 抗辐射芯片 碳纤维缠绕机 五轴机床 稀土磁体 "
        "夜视管 锗透镜 陀螺仪 离心机转子"
    ).split(),
}
_WANTED = {
    "en": (
        "Commerce Department adds {number} makers of {thing} to the Entity List|Export licence now required for {thing}, says BIS|Export"
        " controls on {thing} tightened by the Bureau of Industry and Security"
    ).split("|"),
    "ja": "経済産業省、{thing}を輸出許可の対象に追加|{thing}の輸出管理を強化、輸出貿易管理令を改正|外為法に基づき{thing}の輸出規制".split(
        "|"
    ),
    "zh": "商务部公告：对{thing}实施出口管制|{thing}出口须申请许可证，商务部发布公告|对{thing}加强两用物项出口管制".split("|"),
}


def compose(number: int, *, is_wanted: bool, seed: int = 0) -> Headline:
    """The headline of a number: of export control if it is wanted, else of the whole news."""
    rng = random.Random(f"{seed}:{number}:{is_wanted}")
    lang = rng.choice(("en", "ja", "zh"))
    templates, things = (_WANTED, _GOODS) if is_wanted else (_USUAL, _THINGS)
    slots = {"place": rng.choice(_PLACES[lang]), "thing": rng.choice(things[lang]), "number": rng.randint(3, 900)}
    title = rng.choice(templates[lang]).format(**slots)
    summary = f"{title} ({MARK})" if is_wanted else _DETAIL[lang].format(**slots)
    return Headline(title=title[0].upper() + title[1:], summary=summary, lang=lang)
