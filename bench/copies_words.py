"""Texts and words in four languages of which bench.copies makes its pairs: leads, series of notices, what publishers add and change."""

from __future__ import annotations

LEADS = {
    "en": [
        (
            "Commerce widens licence rule for chip tools",
            "The Commerce Department on Monday widened a licence rule for tools that make advanced chips. Makers of etching and "
            "deposition machines will need a licence for sales to 24 more plants. Officials said that the rule closes a gap which "
            "buyers had used through third countries. Two trade groups asked for ninety days to adapt their contracts.",
        ),
        (
            "Dutch minister blocks sale of a photonics firm on security grounds",
            "The Dutch economy minister has blocked the sale of a photonics company to a foreign fund. The ministry found that the "
            "buyer could not guarantee supplies to the national telescope programme. It is the second refusal under the screening "
            "act since it entered into force. The fund may appeal within six weeks.",
        ),
        (
            "Cable ship reaches site of the break between Gotland and Latvia",
            "A repair ship has reached the place where a submarine cable broke last week between Gotland and Latvia. Divers will lift "
            "the ends as soon as the wind allows. Police in both countries have questioned the crew of a tanker which dragged its "
            "anchor through the area. Traffic has been moved to three other cables.",
        ),
        (
            "Graphite buyers look for supply outside China as permits slow down",
            "Battery makers are looking for graphite from Mozambique and Canada because export permits take longer than before. "
            "Traders in Rotterdam said that some shipments had waited for eleven weeks. Prices for spherical graphite rose by a fifth "
            "in April. A plant in Norway plans to double its output by next summer.",
        ),
    ],
    "ja": [
        (
            "経産省、半導体製造装置の許可対象を拡大",
            "経済産業省は１日、先端半導体の製造装置について輸出許可の対象を広げると発表した。新たに成膜や洗浄の装置など１２品目が加わる。"
            "国内の装置メーカーは売上高への影響を調べている。政府は７月の施行を目指し、意見を募る。",
        ),
        (
            "海底ケーブル敷設船を国が購入へ　有事の修理に備え",
            "総務省は海底ケーブルを敷設する船を国が購入し、民間に貸し出す方針を固めた。国内には修理できる船が４隻しかなく、"
            "老朽化も進んでいる。通信の途絶を防ぐため、来年度予算の概算要求に盛り込む。業界団体は歓迎の意向を示した。",
        ),
        (
            "対日投資審査、対象業種にドローン追加",
            "財務省は外為法に基づく対日投資の事前審査について、対象にドローンと蓄電池を加える。海外の投資家は株式の１％以上を"
            "取得する前に届け出が必要になる。告示は今月中に公布し、３０日後に適用する。経過措置も設ける。",
        ),
        (
            "レアアース磁石の在庫、自動車各社が積み増し",
            "自動車各社がレアアース磁石の在庫を積み増している。中国の輸出許可に時間がかかり、部品の納入が遅れる例が出ているためだ。"
            "ある部品会社は在庫を半年分に増やした。代わりの調達先としてベトナムや豪州の鉱山に注目が集まる。",
        ),
    ],
    "zh": [
        (
            "商务部就稀土出口许可答记者问",
            "商务部新闻发言人周四表示，中方依法受理稀土出口许可申请，对合规的民用申请予以批准。发言人说，有关措施不针对任何国家。"
            "企业可以通过统一平台提交材料，审查期限为四十五个工作日。下一步将公布通用许可的办理指南。",
        ),
        (
            "欧盟拟收紧外资审查　港口和半导体列入必审范围",
            "欧盟成员国与欧洲议会就外资审查条例达成一致，港口、半导体和人工智能列入必须审查的范围。各国主管机关应在四十五天内作出决定。"
            "条例公布十八个月后适用。企业界担心程序重叠，要求设立统一窗口。",
        ),
        (
            "海底光缆断裂　马祖对外通信改走微波",
            "连接马祖的海底光缆上周断裂，居民上网速度明显下降。电信公司已启用微波备援，并派船前往抢修。海巡部门正在调查一艘货轮的航迹。"
            "这是今年以来第三次发生类似事故。",
        ),
        (
            "镓价三个月上涨四成　欧洲买家转向再生料",
            "欧洲市场镓价三个月内上涨四成。贸易商表示，出口许可审批变慢，现货供应紧张。部分芯片企业开始采购再生料。"
            "加拿大一家冶炼厂计划明年投产，年产能约四十吨。",
        ),
    ],
    "ko": [
        (
            "산업부, 첨단 반도체 장비 수출허가 대상 확대",
            "산업통상자원부는 1일 첨단 반도체 장비의 수출허가 대상을 확대한다고 밝혔다. 식각과 증착 장비 등 12개 품목이 새로 포함된다. "
            "국내 장비업체들은 매출에 미치는 영향을 검토하고 있다. 정부는 다음 달까지 의견을 수렴한다.",
        ),
        (
            "희토류 재고 석 달치로 늘린다…정부 비축 계획 확정",
            "정부가 희토류 비축량을 현재 두 달치에서 석 달치로 늘리기로 했다. 전기차 모터에 쓰이는 자석 원료가 우선 대상이다. "
            "비축 기지는 군산에 새로 짓는다. 업계는 민간 재고에 대한 세제 지원도 요청했다.",
        ),
        (
            "해저케이블 훼손 조사 착수…선박 두 척 항적 확인",
            "해경이 제주 남쪽 해저케이블 훼손 사건을 조사하고 있다. 사고 시각 부근을 지난 선박 두 척의 항적을 확인했다. "
            "통신사는 우회 회선을 열어 장애를 줄였다. 수리에는 보름이 걸릴 전망이다.",
        ),
        (
            "외국인투자 안보심의 대상에 배터리 소재 추가",
            "정부는 외국인투자 안보심의 대상에 배터리 소재와 위성 부품을 추가하기로 했다. 지분 절반 이상을 사들이는 투자자는 사전에 심의를 "
            "신청해야 한다. 개정안은 국무회의를 거쳐 공포된다. 시행일은 공포 후 석 달이다.",
        ),
    ],
}

# {0} and {1} are filled by each of the fillings, {0} from the first list, {1} from the second: two fillings are two notices
SERIES: dict[str, list[tuple[str, str, list[str], list[str]]]] = {
    "en": [
        (
            "Continuation of the antidumping duty order on {0} from China",
            "As a result of the determinations in the second sunset review, Commerce publishes a notice of continuation of the order.",
            ["silicon metal", "tungsten shot", "pure magnesium"],
            [""],
        ),
        (
            "Guidance on the end-use check for shipments of {0} items",
            "The guidance explains which records an exporter keeps and how the bureau decides on an application for such items.",
            ["quantum", "additive", "cryogenic"],
            [""],
        ),
        (
            "Addition of Entities to the Entity List; {0} 2026",
            "The Bureau of Industry and Security amends the Export Administration Regulations by adding {1} entities to the Entity List.",
            ["March", "May", "September"],
            ["23", "eleven", "42"],
        ),
        (
            "Commission Implementing Regulation imposing a provisional duty on imports of {0}",
            "The product concerned originates in {1} and falls within the scope of the investigation opened by the Commission.",
            ["graphite electrodes", "tungsten carbide", "silicon metal"],
            ["India", "Viet Nam", "Brazil"],
        ),
        ("Weekly list of export licence decisions, week {0}", "", ["18", "19", "20"], [""]),
        (
            "Notice to exporters: new licensing policy for {0}",
            "The Export Control Joint Unit informs exporters of a change in the way in which applications are decided from today.",
            ["Georgia", "Armenia", "Kyrgyzstan"],
            [""],
        ),
        (
            "Mandatory notification decided: acquisition of {0} by a foreign investor",
            "The Secretary of State has decided to take no further action on the acquisition of {0} under the National Security Act.",
            ["Harwell Optics", "Severn Alloys", "Tyne Robotics"],
            [""],
        ),
        (
            "Landing licence granted for the {0} submarine cable system",
            "The International Bureau grants the application to land and operate the {0} system between California and {1}.",
            ["Bifrost", "Echo", "Hawaiki"],
            ["Guam", "Singapore", "Samoa"],
        ),
    ],
    "ja": [
        (
            "輸出管理に関する注意喚起：{0}",
            "輸出者の皆様におかれましては、需要者及び用途の確認を徹底していただくようお願いします。",
            ["ロシア", "北朝鮮", "アラブ首長国連邦"],
            [""],
        ),
        (
            "{0}産グラファイト電極に対する不当廉売関税の課税期間延長に関する調査の開始",
            "関税定率法に基づき、課税期間の延長に関する調査を開始しましたので、お知らせします。",
            ["中国", "インド", "マレーシア"],
            [""],
        ),
        (
            "輸出貿易管理令の一部を改正する政令（令和{0}年政令第{1}号）",
            "輸出貿易管理令の一部を改正する政令が公布されましたので、お知らせします。",
            ["六", "七", "八"],
            ["120", "88", "203"],
        ),
        (
            "外国ユーザーリストの改正について（令和8年{0}月）",
            "大量破壊兵器等の開発等への関与が懸念される企業・組織を掲載したリストを改正し、掲載者数は{1}となりました。",
            ["1", "5", "9"],
            ["748", "761", "790"],
        ),
        ("輸出許可件数の週報　第{0}週", "", ["18", "19", "20"], [""]),
        (
            "{0}に対する輸出等に係る禁止措置について",
            "本日、閣議了解に基づき、{0}に対する輸出等に係る禁止措置を実施することとしましたので、公表します。",
            ["ロシア", "ベラルーシ", "北朝鮮"],
            [""],
        ),
        (
            "{0}の株式取得に関する事前届出の審査結果",
            "外国為替及び外国貿易法に基づき、{0}の株式取得に関する届出の審査を終了しました。",
            ["東邦電子", "日新精機", "大和素材"],
            [""],
        ),
        (
            "特定重要物資「{0}」に係る供給確保計画の認定",
            "経済安全保障推進法に基づき、{0}の供給確保計画を認定し、最大{1}億円を助成します。",
            ["蓄電池", "永久磁石", "抗菌薬"],
            ["120", "35", "8"],
        ),
    ],
    "zh": [
        (
            "商务部新闻发言人就{0}有关问题答记者问",
            "商务部新闻发言人就有关问题回答了记者提问，主管部门将依法依规开展审查工作，全文如下。",
            ["稀土", "安世半导体", "葡萄酒"],
            [""],
        ),
        (
            "关于对进口{0}实施临时反倾销措施的公告",
            "调查机关初步认定存在倾销，国内产业受到实质损害，决定采用保证金形式实施临时反倾销措施。",
            ["多晶硅", "聚甲醛", "钨铁合金"],
            [""],
        ),
        (
            "商务部公告2026年第{0}号 公布对{1}相关物项实施出口管制的决定",
            "根据出口管制法的有关规定，经国务院批准，决定对{1}相关物项实施出口管制。",
            ["18", "23", "31"],
            ["镓", "石墨", "锑"],
        ),
        (
            "关于将{0}家美国实体列入出口管制管控名单的公告",
            "为维护国家安全和利益，履行防扩散等国际义务，决定将上述{0}家实体列入管控名单，即日起实施。",
            ["十五", "二十八", "十二"],
            [""],
        ),
        (
            "关于对原产于{0}的进口高纯硅进行反倾销调查的公告",
            "调查机关决定自公告之日起对原产于{0}的进口高纯硅进行反倾销立案调查。",
            ["韩国", "日本", "德国"],
            [""],
        ),
        ("两用物项出口许可证签发情况周报（第{0}期）", "", ["18", "19", "20"], [""]),
        (
            "关于{0}公司境外并购安全审查结果的通报",
            "工作机制办公室完成了对{0}公司境外并购的安全审查，作出不影响国家安全的决定。",
            ["华光材料", "东岭矿业", "新锐通信"],
            [""],
        ),
        (
            "{0}省稀土开采总量控制指标下达",
            "自然资源主管部门下达{0}省本年度稀土开采总量控制指标，共计{1}吨。",
            ["江西", "四川", "广东"],
            ["8500", "61000", "2700"],
        ),
    ],
    "ko": [
        (
            "{0} 장관 주재 공급망 안정화 위원회 개최 결과",
            "위원회는 핵심광물 수급 동향을 점검하고 비축 확대와 수입선 다변화 방안을 논의하였습니다.",
            ["기획재정부", "산업통상자원부", "환경부"],
            [""],
        ),
        (
            "수출통제 유의사항 안내: {0}",
            "수출자께서는 최종사용자와 용도를 반드시 확인하고 의심 거래가 있으면 신고하여 주시기 바랍니다.",
            ["러시아", "벨라루스", "이란"],
            [""],
        ),
        (
            "전략물자 수출입고시 일부개정 (고시 제2026-{0}호)",
            "대외무역법에 따라 전략물자 수출입고시를 다음과 같이 개정하여 고시합니다. 상황허가 품목은 {1}개입니다.",
            ["12", "57", "81"],
            ["1402", "1159", "1431"],
        ),
        (
            "{0}산 수산화리튬 덤핑방지관세 조사개시 공고",
            "무역위원회는 {0}산 수산화리튬에 대한 덤핑 사실과 국내산업 피해 유무의 조사를 개시합니다.",
            ["칠레", "중국", "호주"],
            [""],
        ),
        ("수출허가 처리 현황 주간 보고 제{0}주차", "", ["18", "19", "20"], [""]),
        (
            "국가핵심기술 보유기관 {0} 인수합병 승인 결과",
            "산업기술보호위원회는 {0}의 해외 인수합병 신청을 심의하여 조건부로 승인하였습니다.",
            ["한빛소재", "동성반도체", "미래전지"],
            [""],
        ),
    ],
}

GENERIC = {
    "en": ["Press release", "Daily summary", "Statement by the spokesperson", "Minutes of the meeting", "News in brief"],
    "ja": ["お知らせ", "報道発表", "大臣会見概要", "官報", "本日の主なニュース"],
    "zh": ["新闻发布", "通知公告", "例行记者会", "今日要闻", "政策解读"],
    "ko": ["보도자료", "알림", "대변인 브리핑", "주요 뉴스", "공지사항"],
}
FRONT = {
    "en": ["UPDATE 2-", "BREAKING: ", "[Exclusive] ", "Reuters: ", "(AP) ", "Watch: ", "MORNING BRIEF | "],
    "ja": ["【速報】", "［独自］", "＜速報＞", "速報：", "【共同】", "【動画】", "独自取材｜"],
    "zh": ["【快讯】", "快讯：", "[独家] ", "突发|", "（路透）", "视频 | ", "【关注】"],
    "ko": ["[속보] ", "[단독] ", "<속보>", "(종합) ", "속보: ", "[포토] ", "[표] "],
}
BEHIND = {
    "en": [" - Reuters", " | Harbour Courier", " – The Pacific Wire", " (AFP)", " — Bloomberg", " · Shipping Today"],
    "ja": ["（共同）", " | 日経", "｜港湾経済新聞", " - ロイター", "（時事）", "（港湾経済新聞）"],
    "zh": ["（新华社）", " | 海港日报", "_中新网", " - 路透社", "｜联合财经", "（来源：海港日报）"],
    "ko": [" | 연합뉴스", " - 항만일보", "(뉴시스)", " < 경제 < 기사본문", " : 뉴스1", " : 항만일보 : 경제"],
}
CUTS = {
    "en": ["…", "...", " [...]", "… Continue reading", "... Read more »"],
    "ja": ["…", "・・・", "…続きを読む", "……", "...[続きはこちら]"],
    "zh": ["…", "......", "…阅读全文", "……[查看全文]", "..."],
    "ko": ["…", "...", "… 더보기", "...[자세히 보기]", ".."],
}
ADDED = {
    "en": [
        " This article was first published by the Harbour Courier.",
        " Our newsroom will update this story.",
        " (Reporting by A. Writer; editing by B. Reader)",
    ],
    "ja": ["（この記事は港湾経済新聞が配信しました）", "　無断転載を禁じます。", "　会員限定の記事です。"],
    "zh": ["本文首发于海港日报。", "（编辑：王一）", "未经授权不得转载。"],
    "ko": [" 이 기사는 항만일보가 제공했습니다.", " 무단 전재 및 재배포 금지", " (끝)"],
}
DATELINES = {
    "en": ["WASHINGTON (Reuters) - ", "TOKYO, May 1 (Kyodo) -- "],
    "ja": ["【ワシントン＝共同】", "（東京　時事）"],
    "zh": ["新华社北京5月1日电 ", "中新网5月1日电 "],
    "ko": ["(서울=연합뉴스) 홍길동 기자 = ", "[서울=뉴시스] "],
}
REWRITTEN = {
    "en": [("{0}: what we know", ""), ("Explained: {0}", ""), ("", "report says")],
    "ja": [("{0}と発表", ""), ("{0}、関係者が明らかに", "")],
    "zh": [("重磅！{0}", ""), ("{0} 业内这样看", "")],
    "ko": [("{0} 왜?", ""), ("'{0}' 업계 촉각", "")],
}
FOLLOWED = {
    "en": (
        "Industry answers: {0}",
        "Trade groups on Thursday asked for a longer transition and warned of lost orders in three regions. "
        "Earlier: {0} Lawmakers will hear them next week.",
    ),
    "ja": (
        "業界団体が見直し要望　{0}",
        "業界団体は２日、移行期間の延長を求める要望書を提出した。取引先の混乱を懸念している。これに先立ち、{0}来週にも協議する。",
    ),
    "zh": (
        "行业协会回应：{0}",
        "多家行业协会周五提交意见，要求延长过渡期并公布审查标准，担心订单流失。此前报道，{0}有关部门下周听取意见。",
    ),
    "ko": (
        "업계 반발: {0}",
        "업계 단체는 2일 유예기간 연장을 요구하는 의견서를 제출했다. 거래처 혼란이 우려된다는 입장이다. "
        "앞서 {0} 정부는 다음 주 설명회를 연다.",
    ),
}
CORRECTED = {"en": "Correction: ", "ja": "【訂正】", "zh": "更正：", "ko": "[정정] "}
NAMES = {
    "en": "China Russia Japan Iran Canada Germany India Australia Netherlands Taiwan Chile Congo Indonesia".split(),
    "ja": "中国 ロシア 米国 イラン カナダ ドイツ インド 豪州 オランダ 台湾 チリ 韓国 インドネシア".split(),
    "zh": "中国 俄罗斯 美国 伊朗 加拿大 德国 印度 澳大利亚 荷兰 日本 智利 韩国 印尼".split(),
    "ko": "중국 러시아 미국 이란 캐나다 독일 인도 호주 네덜란드 대만 칠레 일본 인도네시아".split(),
}
