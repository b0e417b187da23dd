"""English."""

from datetime import time

from todo.domain.quick_add.languages.language import Language, spread, words

MORNING, AFTERNOON, EVENING = time(9), time(15), time(19)
WORKDAYS, WEEKEND = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;BYDAY=SA,SU"
LAST_DAY = "FREQ=MONTHLY;BYMONTHDAY=-1"

ENGLISH = Language(
    days={"today": 0, "tod": 0, "tomorrow": 1, "tmr": 1, "tmrw": 1, "day after tomorrow": 2},
    weekdays=spread(
        d0="monday mon",
        d1="tuesday tue tues",
        d2="wednesday wed",
        d3="thursday thu thur thurs",
        d4="friday fri",
        d5="saturday sat",
        d6="sunday sun",
    ),
    weak_weekdays=frozenset({"mon", "wed", "sat", "sun"}),
    weekly=spread(d0="mondays", d1="tuesdays", d2="wednesdays", d3="thursdays", d4="fridays", d5="saturdays")
    | {"sundays": 6},
    months=spread(
        m1="january jan",
        m2="february feb",
        m3="march mar",
        m4="april apr",
        m5="may",
        m6="june jun",
        m7="july jul",
        m8="august aug",
        m9="september sep sept",
        m10="october oct",
        m11="november nov",
        m12="december dec",
    ),
    weak_months=frozenset({"jan", "march", "mar", "may"}),
    has_month_first=True,
    ordinal_endings=("st", "nd", "rd", "th"),
    ordinals={"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1},
    numbers=spread(
        n1="a an one",
        n2="two",
        n3="three",
        n4="four",
        n5="five",
        n6="six",
        n7="seven",
        n8="eight",
        n9="nine",
        n10="ten",
        n12="twelve",
    ),
    units={
        "day": "day",
        "days": "day",
        "week": "week",
        "weeks": "week",
        "month": "month",
        "months": "month",
        "year": "year",
        "years": "year",
    },
    clock_units=spread(m1="min mins minute minutes", m60="h hr hrs hour hours"),
    periods={"next week": "week", "next month": "month", "next year": "year"},
    weekends=frozenset({"this weekend", "on the weekend", "at the weekend"}),
    next=frozenset({"next"}),
    coming=frozenset({"this", "coming"}),
    on=frozenset({"on"}),
    by=frozenset({"by", "due"}),
    within=frozenset({"in"}),
    at=frozenset({"at"}),
    of=frozenset({"of"}),
    articles=frozenset({"the"}),
    joins=frozenset({"and", "&"}),
    until=frozenset({"until", "till"}),
    since=frozenset({"from", "starting"}),
    lasting=frozenset({"for"}),
    every=frozenset({"every", "each"}),
    every_other={"other": 2, "second": 2, "third": 3},
    groups={
        "weekday": WORKDAYS,
        "workday": WORKDAYS,
        "weekend": WEEKEND,
        "quarter": "FREQ=MONTHLY;INTERVAL=3",
        "last day": LAST_DAY,
        "last day of the month": LAST_DAY,
        "month on the last day": LAST_DAY,
    },
    adverbs={
        "daily": "FREQ=DAILY",
        "weekly": "FREQ=WEEKLY",
        "biweekly": "FREQ=WEEKLY;INTERVAL=2",
        "monthly": "FREQ=MONTHLY",
        "quarterly": "FREQ=MONTHLY;INTERVAL=3",
        "yearly": "FREQ=YEARLY",
        "annually": "FREQ=YEARLY",
        "on weekdays": WORKDAYS,
        "on workdays": WORKDAYS,
        "on weekends": WEEKEND,
    },
    has_weak_adverbs=True,
    month_phrases=frozenset({"of the month", "of each month", "of every month"}),
    unclear_weeks=frozenset({2}),
    halves={"am": 0, "a.m": 0, "pm": 12, "p.m": 12},
    clock_names={"noon": time(12)},
    dayparts={"morning": MORNING, "noon": time(12), "afternoon": AFTERNOON, "evening": EVENING, "night": time(21)},
    day_times={
        "this morning": MORNING,
        "this afternoon": AFTERNOON,
        "this evening": EVENING,
        "tonight": time(21),
    },
    blockers=words(
        "the a an of from to since until till than before after between and or not last past this that these those "
        "my your our his her their v version chapter section page part room unit verse line number no "
        "black good ash palm easter cyber super"
    ),
)
