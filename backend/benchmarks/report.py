"""The results of a run, as a table and as a chart."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.load import Measurement

Rounds = dict[str, dict[str, list[Measurement]]]

HEAD = """\
| operation | service: CPU µs | of it PostgreSQL | limit: CPU µs | ratio | requests/s | p50 ms | p95 ms | p99 ms |
|---|---|---|---|---|---|---|---|---|"""
FOOTER = (
    "The first response came {cold_start:.2f} s after the start. "
    "The service used {memory} MiB of memory after all operations."
)
BAR, GAP, LEFT, WIDTH = 14, 12, 190, 560
SERVER, DATABASE, LIMIT = "#2e6f9e", "#8fbcdb", "#b8b8b8"


def table(rounds: Rounds, *, cold_start: float, memory: int) -> str:
    """Return the medians as Markdown. The unit of `cold_start` is seconds, and of `memory` MiB."""
    lines = [HEAD]
    for operation, measurements in rounds.items():
        service, limit = measurements["service"], measurements["limit"]
        total, database, lowest = median_of(service, "cpu"), median_of(service, "database"), median_of(limit, "cpu")
        # The ratios are computed by round, because a slow machine affects both servers of a round.
        ratio = median(ours.cpu / theirs.cpu for ours, theirs in zip(service, limit, strict=True))
        rate = median(measurement.requests / measurement.seconds for measurement in service)
        times = [median_of(service, name) / 1000 for name in ("p50", "p95", "p99")]
        lines.append(
            f"| {operation} | {total:,.0f} | {database:,.0f} | {lowest:,.0f} | {ratio:.2f} | {rate:,.0f} | "
            + " | ".join(f"{milliseconds:,.1f}" for milliseconds in times)
            + " |"
        )
    lines += ["", FOOTER.format(cold_start=cold_start, memory=memory)]
    return "\n".join(lines)


def median_of(measurements: list[Measurement], field: str) -> float:
    """Return the median of a field over the rounds."""
    return median(float(getattr(measurement, field)) for measurement in measurements)


def save(folder: Path, name: str, rounds: Rounds, markdown: str) -> None:
    """Write the table, the chart and every round of a run to a folder."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(markdown + "\n")
    (folder / f"{name}.svg").write_text(chart(rounds))
    raw = {
        operation: {
            server: [asdict(measurement) for measurement in measurements] for server, measurements in servers.items()
        }
        for operation, servers in rounds.items()
    }
    (folder / f"{name}.json").write_text(json.dumps(raw, indent=1) + "\n")


def chart(rounds: Rounds) -> str:
    """Return an SVG with the CPU time of each operation: bars for the service and PostgreSQL, and for the limit."""
    largest = max(median_of(measurements, "cpu") for servers in rounds.values() for measurements in servers.values())
    bars, top = [], 34
    for operation, servers in rounds.items():
        server, database, limit = (
            median_of(servers["service"], "server"),
            median_of(servers["service"], "database"),
            median_of(servers["limit"], "cpu"),
        )
        split, end, below = (WIDTH * microseconds / largest for microseconds in (server, server + database, limit))
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
