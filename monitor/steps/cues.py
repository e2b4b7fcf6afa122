"""What each language says of a step that was taken, as patterns of folded text; a jurisdiction's own terms stand in its own file."""

from __future__ import annotations

COMMENTS_EN = (
    r"\b(?:seek|invite|solicit|request|ask|call)(?:s|ed|ing)? (?:for )?(?:[a-z]+ ){0,3}?(?:comments?|input|views|feedback|submissions)\b"
    r"|\brequests? for (?:public )?(?:comments?|information|input)\b|\b(?:opens?|opened|launch(?:es|ed)?|starts?|started|begins?|began|extends?|extended"
    r"|reopens?|reopened) (?:a |an |the |its )?(?:[a-z0-9-]+ ){0,4}?(?:comment period|consultation|call for evidence|public comment)\b"
    r"|\b(?:comment period|consultation)\b[^.]{0,60}?\b(?:opened|opens|is open|extended|reopened|launched)\b|^(?:open )?consultation:|call for evidence:"
    r"|\bextension of (?:the )?comment period\b|\bcomments? (?:are|is) invited\b"
)
COMMENTS_CJK = (
    r"(?:意見(?:の)?(?:公募|募集)|パブリック・?コメント|パブコメ)(?!の?結果|に寄せ|で寄せ|を経|を踏まえ|終了|を終え|が終わ|後)"
    r"|意見を(?:募集|公募|募る|募り|受け付け)|(?:公开)?(?:征(?:求|集)[^。，]{0,12}?意见|(?:启动|开展|展开)[^。，]{0,20}?(?:咨询|征询))(?!稿?(?:已|结束|反馈|截止))|(?:公開)?徵(?:求|詢|集)[^。，]{0,12}?意見|의견\s?(?:수렴|을 수렴|접수)"
)
PROPOSED_CJK = (
    r"(?:規則案|改正案|法案|規制案|提案|草案)を?(?:公表|発表|提示|提案|公示)(?:し|した|、|。|$)|(?:提出|发布|公布|推出)[^。，]{0,20}?(?:拟议规则|提案|草案|拟议)"
    r"|(?:提出|發布|公布)[^。，]{0,20}?(?:擬議規則|提案|草案)|(?:개정안|제안|규칙안)[^.]{0,10}?(?:발표|공개|제안|마련|발의)"
)
FINAL_CJK = (
    r"官報(?:に|で|へ)?(?:掲載|公示|告示)(?:し|され|した|、|。|$)|最終規則を?(?:公示|公布)|大統領令(?:に|へ)署名(?:し|した|、|。|$)"
    r"|(?:発布|公布|公告|告示)(?:し(?!ない)|され(?!る)|した|しました|、|。|$)|(?:リスト|名簿)に[^。、]{0,20}?(?:追加|掲載)(?:し|した|され|、|。|$)"
    r"|(?:发布|公布|颁布|出台)[^。，]{0,12}?(?<!最终)(?:规则|条例|法令|公告|命令)|(?:列入|纳入|加入)[^。]{0,20}?(?:清单|名单|目录)|签署[^。，]{0,20}?(?:行政令|行政命令|公告|法案)"
    r"|(?:公布|發布|頒布)[^。，]{0,12}?(?<!最終)(?:規則|條例|公告)|(?:列入|納入)[^。]{0,20}?(?:清單|名單)|簽署[^。，]{0,20}?(?:行政命令|法案)"
    r"|관보에\s?(?:게재|실)|(?:명단|리스트|목록)에\s?(?:추가|올)|행정명령에?\s?서명|공포(?:했|됐|$)|고시(?:했|됐|$)"
)
FORCE_EN = (
    r"\b(?:has |have )?(?:taken|took) (?:legal )?effect\b|\b(?:came|has come|have come|entered|has entered|have entered) into (?:force|effect)\b"
    r"|\b(?:is|are|has become|became) (?:now )?in (?:force|effect)\b|\b(?:became|is now|are now) effective\b|\bnow in (?:force|effect)\b"
    r"|\b(?:takes?|comes?|enters?)(?: into)? (?:effect|force)(?: today| now|$|[.:;,-])|\b(?:is|are) now (?:being )?(?:enforced|collecting|collected)\b|\beffective (?:today|immediately)\b"
)
FORCE_CJK = (
    r"(?:施行|適用|発効|発動)(?:され(?!る)|した(?!場合)|しました|となりました|を?開始(?:し|した)?|$)|(?:本日|きょう|同日)(?:から|より|、|付で)?[^。]{0,12}?(?:施行|適用開始|発効)"
    r"|(?:已|现已|正式|今起|今日起?|即日起|日起正式|今日正式|起正式)(?:正式)?(?:施行|实施|生效|执行|实行)(?!之日)|(?<![日起月])(?:施行|实施|生效)(?:了|。|$)"
    r"|(?:正式|今起|今日起|即日起|已|開始)(?:正式)?(?:施行|實施|生效|上路)|(?<![日起月])(?:施行|實施|生效|上路)(?:了|。|$)"
    r"|(?:시행|발효)(?:됐|되었|했|에 들어갔|에 들어간다|중이)|(?:오늘|이날)부터\s?(?:본격\s?)?시행"
)
HELD_EN = (
    r"\b(?:stay|postpon|delay|suspend|paus|defer|halt|freez)(?:e?s|e?d|ing) (?:the |its |their |start of |application of |a )*(?:[a-z0-9-]+ ){0,4}?(?:effective dates?|enforcement|effectiveness|rules?|order|application|implementation|compliance|controls?|curbs|duties|fees|tariffs?|regulations?|measures?|export)\b"
    r"|\bfroze\b|\b(?:stay|delay|postponement|suspension) of (?:the )?(?:effective(?:ness| dates?)|enforcement|rule|order|application)\b"
    r"|\b(?:effective date|enforcement|rule|order|implementation|controls?|measures?)\b[^.,]{0,60}?\b(?:is|are|was|were|has been|have been) (?:stayed|postponed|delayed|suspended|paused|deferred|put on hold|blocked)\b"
    r"|\b(?:grants?|granted|issues?|issued) (?:a |an )?(?:[a-z]+ )?(?:stay|injunction)\b|\bdelay of effective date\b|\benjoins?\b|\bblocks? (?:the )?(?:[a-z]+ ){0,3}?rule\b"
)
HELD_CJK = (
    r"(?:施行|適用|発効|執行|実施|義務|規制|措置)(?:期?日)?[^。、]{0,12}?(?:を|の)(?:\d+[年か月日ヶカ]*)?(?:延期|変更|繰り下げ|停止|見合わせ|一時停止|差し止め|猶予)(?:し|する|され|、|。|$)"
    r"|[1-9一二三]年(?:間)?(?:停止|延期|猶予)|(?:暂停|中止|暂缓|推迟|延后)(?:实施|施行|执行|适用|生效)?[^。]{0,40}?(?:公告|措施|规定|管制|办法|决定|实施|施行|执行|生效|清单|规则)"
    r"|(?:暫停|暫緩|延後|推遲)[^。]{0,30}?(?:措施|規定|管制|辦法|實施|施行|生效|新規)|(?:시행|적용)(?:을|를)?\s?(?:유예|연기|중단)(?:했|하기로 했|$)"
)
_MEASURE_EN = (
    r"(?:rules?|regulations?|orders?|acts?|laws?|determinations?|controls?|restrictions?|bans?|embargo|tariffs?|duties|measures?|designations?|guidance"
    r"|directives?|decisions?|curbs|sanctions|proclamation|exemptions?|exceptions?|requirements?)\b"
)
_MEASURE_JA = r"(?:法律?|政令|省令|規則|告示|通達|規制|措置|関税|条例|指令|ガイドライン|制度|禁輸|制裁|命令|指定)"
_MEASURE_ZH = (
    r"(?:管制|措施|规定|条例|办法|公告|规则|决定|限制|禁令|禁运|关税|法规|清单|制裁|命令|制度|規定|辦法|規則|決定|禁運|關稅)"
)
REVOKED_EN = (
    rf"\b(?:revok|rescind|repeal|abolish|annul)(?:e?s|ed|ing)\b[^.;]{{0,50}}?\b{_MEASURE_EN}|\b{_MEASURE_EN}[^.;,]{{0,40}}?\b(?:is|are|was|were|has been|have been)"
    r" (?:revoked|rescinded|repealed|abolished|annulled)\b"
)
"""A measure beside it: privileges, licences and nominations are revoked as well."""
REVOKED_CJK = (
    # 同时废止 closes a new measure: what it repeals is the one before it
    rf"{_MEASURE_JA}[^。、]{{0,20}}?(?:廃止|撤回|取り下げ|取消し|取り消し|失効|無効と)(?:され|した|しました|し、|について|、|。|$|と)|」は?[^。、]{0, 14}廃止(?:し|され)|廃案(?:と|に)なっ"
    rf"|(?<!同[时時])(?:废止|撤销|取消|废除|廢止|撤銷)(?:了|《|对|上述|该|有关|部分|第|\d|\s)?[^。，]{{0,24}}?{_MEASURE_ZH}"
    rf"|{_MEASURE_ZH}(?:(?!同[时時])[^。，]){{0,12}}?(?:予以|被)?(?:废止|撤销|失效|廢止|撤銷)"
    r"|予以[，,]?(?:废止|撤销)|《[^》]{2,60}》(?:予以|自[^。，]{2,14}起)?(?:废止|失效)|(?:고시|규정|법|조치|규제)[^.]{0,12}?(?:폐지|철회)(?:했|됐|$)"
)
SIGNED_EN = (
    r"\bsign(?:s|ed) (?:a |an |the |into law )?(?:[a-z]+ ){0,3}?(?:order|proclamation|memorandum)\b|^(?:executive order|proclamation|memorandum)\b|^order of the president\b|\b(?:executive|presidential|the) order\b[^.]{0,20}?\b(?:issued|signed)\b"
    r"|\bissu(?:es|ed) (?:an |a )?(?:presidential |executive )?order\b|\bpresidential documents?: |\b(?:publication|issuance) of (?:a )?(?:[a-z]+ )?(?:determination|order)s?\b|\bdetermination (?:was |is )?issued\b"
)
