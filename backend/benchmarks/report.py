"""What a run showed, as a table and as a picture."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.load import Measurement

Rounds = dict[str, dict[str, list[Measurement]]]

HEAD = """\
| operation | service: CPU µs | of it PostgreSQL | limit: CPU µs | ratio | requests/s | p50 ms | p95 ms | p99 ms |
|---|---|---|---|---|---|---|---|---|"""
BAR, GAP, LEFT, WIDTH = 14, 12, 190, 560
SERVER, DATABASE, LIMIT = "#2e6f9e", "#8fbcdb", "#b8b8b8"


def table(rounds: Rounds, *, cold_start: float, memory: int) -> str:
    """Return the medians as Markdown; `cold_start` in seconds, `memory` in MiB."""
    lines = [HEAD]
    for operation, taken in rounds.items():
        ours = taken["service"]
        total, database, least = of(ours, "cpu"), of(ours, "database"), of(taken["limit"], "cpu")
        # Of each round by itself: what slows the machine down slows the two of a round down alike.
        ratio = median(one.cpu / other.cpu for one, other in zip(ours, taken["limit"], strict=True))
        rate = median(one.requests / one.seconds for one in ours)
        times = [of(ours, name) / 1000 for name in ("p50", "p95", "p99")]
        lines.append(
            f"| {operation} | {total:,.0f} | {database:,.0f} | {least:,.0f} | {ratio:.2f} | {rate:,.0f} | "
            + " | ".join(f"{milliseconds:,.1f}" for milliseconds in times)
            + " |"
        )
    lines += ["", f"First answer {cold_start:.2f} s after the start; {memory} MiB of memory after all of it."]
    return "\n".join(lines)


def of(taken: list[Measurement], figure: str) -> float:
    """Return the median of a figure over the rounds."""
    return median(float(getattr(one, figure)) for one in taken)


def keep(folder: Path, name: str, rounds: Rounds, written: str) -> None:
    """Keep the table, the picture and every round of a run."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(written + "\n")
    (folder / f"{name}.svg").write_text(picture(rounds))
    raw = {
        operation: {server: [asdict(one) for one in taken] for server, taken in both.items()}
        for operation, both in rounds.items()
    }
    (folder / f"{name}.json").write_text(json.dumps(raw, indent=1) + "\n")


def picture(rounds: Rounds) -> str:
    """Return the CPU time of each operation as bars: the service's own and PostgreSQL's, and below them the limit's."""
    largest = max(of(taken, "cpu") for both in rounds.values() for taken in both.values())
    bars, top = [], 34
    for operation, both in rounds.items():
        server, database, limit = (
            of(both["service"], "server"),
            of(both["service"], "database"),
            of(both["limit"], "cpu"),
        )
        split, end, below = (WIDTH * figure / largest for figure in (server, server + database, limit))
        bars += [
            f'<text x="{LEFT - 8}" y="{top + BAR}" text-anchor="end">{operation}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{split:.1f}" height="{BAR}" fill="{SERVER}"/>',
            f'<rect x="{LEFT + split:.1f}" y="{top}" width="{end - split:.1f}" height="{BAR}" fill="{DATABASE}"/>',
            f'<text x="{LEFT + end + 6:.1f}" y="{top + BAR - 2}">{server + database:,.0f}</text>',
            f'<rect x="{LEFT}" y="{top + BAR}" width="{below:.1f}" height="{BAR // 2}" fill="{LIMIT}"/>',
        ]
        top += BAR + BAR // 2 + GAP
    legend = "CPU µs a request: service (dark), its PostgreSQL (light), and the limit with its PostgreSQL (grey)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 70}" height="{top}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="10" y="20">{legend}</text>' + "".join(bars) + "</svg>\n"
    )
