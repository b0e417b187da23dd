"""German."""

from datetime import time

from todo.domain.quick_add.languages.language import Language, spread, words

MORNING, AFTERNOON, EVENING = time(9), time(15), time(19)
WORKDAYS, WEEKEND = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;BYDAY=SA,SU"
LAST_DAY = "FREQ=MONTHLY;BYMONTHDAY=-1"

GERMAN = Language(
    days={"heute": 0, "morgen": 1, "übermorgen": 2, "uebermorgen": 2},
    common_nouns=frozenset({"morgen"}),
    weekdays=spread(
        d0="montag mo",
        d1="dienstag di",
        d2="mittwoch mi",
        d3="donnerstag do",
        d4="freitag fr",
        d5="samstag sonnabend sa",
        d6="sonntag so",
    ),
    weak_weekdays=frozenset({"mo", "di", "mi", "do", "fr", "sa", "so"}),
    weekly=spread(d0="montags", d1="dienstags", d2="mittwochs", d3="donnerstags", d4="freitags", d5="samstags")
    | {"sonntags": 6},
    months=spread(
        m1="januar jänner jan",
        m2="februar feb",
        m3="märz maerz mär",
        m4="april apr",
        m5="mai",
        m6="juni jun",
        m7="juli jul",
        m8="august aug",
        m9="september sep sept",
        m10="oktober okt",
        m11="november nov",
        m12="dezember dez",
    ),
    abbreviations=words("jan feb mär apr jun jul aug sep sept okt nov dez"),
    has_dotted_ordinals=True,
    ordinals={
        **dict.fromkeys(("ersten", "erste", "erster"), 1),
        **dict.fromkeys(("zweiten", "zweite"), 2),
        **dict.fromkeys(("dritten", "dritte"), 3),
        **dict.fromkeys(("vierten", "vierte"), 4),
        **dict.fromkeys(("letzten", "letzte"), -1),
    },
    numbers=spread(
        n1="ein eine einem einer einen",
        n2="zwei",
        n3="drei",
        n4="vier",
        n5="fünf",
        n6="sechs",
        n7="sieben",
        n8="acht",
        n9="neun",
        n10="zehn",
        n12="zwölf",
    ),
    units={
        **dict.fromkeys(("tag", "tage", "tagen"), "day"),
        **dict.fromkeys(("woche", "wochen"), "week"),
        **dict.fromkeys(("monat", "monate", "monaten"), "month"),
        **dict.fromkeys(("jahr", "jahre", "jahren"), "year"),
    },
    clock_units=spread(m1="min minute minuten", m60="h std stunde stunden"),
    periods={
        **dict.fromkeys(("nächste woche", "nächster woche", "kommende woche"), "week"),
        **dict.fromkeys(("nächsten monat", "kommenden monat"), "month"),
        **dict.fromkeys(("nächstes jahr", "kommendes jahr"), "year"),
    },
    weekends=frozenset({"am wochenende", "dieses wochenende", "kommendes wochenende"}),
    next=frozenset({"nächsten", "nächster", "nächste", "naechsten"}),
    coming=frozenset({"kommenden", "kommender", "kommende", "diesen", "dieser"}),
    on=frozenset({"am", "zum"}),
    by=frozenset({"bis", "bis zum"}),
    within=frozenset({"in"}),
    at=frozenset({"um"}),
    joins=frozenset({"und", "&"}),
    until=frozenset({"bis", "bis zum"}),
    since=frozenset({"ab", "ab dem"}),
    lasting=frozenset({"für"}),
    every=frozenset({"jeden", "jede", "jedes", "jeder"}),
    every_number=frozenset({"alle"}),
    every_other={"zweiten": 2, "zweite": 2, "zweites": 2, "dritten": 3, "dritte": 3, "drittes": 3},
    groups={
        "werktag": WORKDAYS,
        "arbeitstag": WORKDAYS,
        "wochentag": WORKDAYS,
        "wochenende": WEEKEND,
        "quartal": "FREQ=MONTHLY;INTERVAL=3",
        "letzten tag": LAST_DAY,
        "letzten tag im monat": LAST_DAY,
        "letzten tag des monats": LAST_DAY,
        "monat am letzten tag": LAST_DAY,
    },
    adverbs={
        "täglich": "FREQ=DAILY",
        "taeglich": "FREQ=DAILY",
        "wöchentlich": "FREQ=WEEKLY",
        "zweiwöchentlich": "FREQ=WEEKLY;INTERVAL=2",
        "monatlich": "FREQ=MONTHLY",
        "vierteljährlich": "FREQ=MONTHLY;INTERVAL=3",
        "jährlich": "FREQ=YEARLY",
        "werktags": WORKDAYS,
        "wochentags": WORKDAYS,
    },
    month_phrases=frozenset({"im monat", "des monats", "jedes monats", "jeden monats"}),
    every_month=frozenset({"jedes monats", "jeden monats", "jeden monat"}),
    unclear_weeks=frozenset({2, 3, 4}),
    halves={},
    oclock=frozenset({"uhr"}),
    has_bare_hours=True,
    clock_names={"mittags": time(12), "mittag": time(12)},
    dayparts={
        "früh": MORNING,
        "morgen": MORNING,
        "vormittag": MORNING,
        "mittag": time(12),
        "nachmittag": AFTERNOON,
        "abend": EVENING,
    },
    day_times={
        "heute früh": MORNING,
        "heute morgen": MORNING,
        "heute vormittag": MORNING,
        "heute mittag": time(12),
        "heute nachmittag": AFTERNOON,
        "heute abend": EVENING,
        "heute nacht": time(21),
    },
    blockers=words(
        "der die das den dem des ein eine einen vom von ab seit nach vor und oder nicht als zwischen letzten letzter "
        "letztem vorigen diesem mein dein unser sein ihr kein guten schönen gegen version kapitel abschnitt seite "
        "punkt teil zimmer raum nr nummer zeile"
    ),
)
