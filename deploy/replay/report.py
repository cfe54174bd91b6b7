"""What a newcomer wants to see, as text."""

import collections
import concurrent.futures

from .homes import GATEWAYS, ZONES


def table(columns, rows):
    """Aligned columns; numbers to the right."""
    texts = [[str(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in [columns, *texts]) for i in range(len(columns))]
    numeric = [all(isinstance(row[i], int) or row[i] in ("", "-") for row in rows)
               for i in range(len(columns))]

    def line(row):
        return "  ".join(text.rjust(width) if right else text.ljust(width)
                         for text, width, right in zip(row, widths, numeric)).rstrip()
    return "\n".join([line(columns), line(["-" * width for width in widths]),
                      *(line(row) for row in texts)])


def daily(cells):
    rows = []
    for cell in cells:
        if cell["rule"] != "load-daily":
            continue
        shown = cell["status"] == "released"
        figures = [cell[key] if shown else "-"
                   for key in ("count", "homes_in_zone", "sum", "mean", "completeness_pct")]
        rows.append([cell["zone"], cell["start"][:10], cell["status"], *figures])
    return table(["zone", "day", "status", "homes", "of", "sum Wh", "mean Wh", "complete %"], rows)


def peak_day(cells):
    """The hours of one released day, as a newcomer would plot them."""
    hours = [cell for cell in cells if cell["rule"] == "load-hourly"]
    days = collections.Counter((cell["zone"], cell["start"][:10]) for cell in hours
                               if cell["status"] == "released")
    if not days:
        return ""
    (zone, day), _ = days.most_common(1)[0]
    chosen = [cell for cell in hours if (cell["zone"], cell["start"][:10]) == (zone, day)]
    top = max(cell.get("mean", 0) for cell in chosen) or 1
    lines = [f"Mean per home and hour in {zone} on {day} (UTC), Wh:"]
    for cell in chosen:
        bar = "#" * round(40 * cell["mean"] / top) if "mean" in cell else ""
        lines.append(f"  {cell['start'][11:16]}  {cell.get('mean', 'suppressed'):>10}  {bar}"
                     .rstrip())
    return "\n".join(lines)


def reasons(commons, cells):
    """Counter of (zone, rule, reason): asks each gateway, as its operator, why."""
    def ask(cell):
        gateway = commons.gateways[GATEWAYS.index(cell["gateway"])]
        answer = gateway.json("cell", "explain", "--rule", cell["rule"], "--zone", cell["zone"],
                              "--start", cell["start"])
        return cell["zone"], cell["rule"], answer["reason"]
    hidden = [cell for cell in cells if cell["status"] == "suppressed"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return collections.Counter(pool.map(ask, hidden))


def overview(cells, why):
    rows = []
    for zone in ZONES:
        for rule in ("load-hourly", "load-daily"):
            status = collections.Counter(cell["status"] for cell in cells
                                         if (cell["zone"], cell["rule"]) == (zone, rule))
            causes = ", ".join(f"{count} {reason}" for (z, r, reason), count in sorted(why.items())
                               if (z, r) == (zone, rule))
            rows.append([zone, rule, status["released"], status["suppressed"], causes])
    return table(["zone", "rule", "released", "suppressed", "why (operator only)"], rows)


def text(commons):
    document = commons.document()
    cells = document["cells"]
    parts = [
        f"WHAT CITY HALL GETS when it asks {commons.any_gateway().name}: days\n\n" + daily(cells),
        peak_day(cells),
        "WHO ANSWERED\n\nEach gateway decides by its own rules, signs, and seals its answer to the "
        "asker.\n\n"
        + table(["gateway", "status", "code", "rule"],
                [[row[key] for key in ("gateway", "status", "code", "rule")]
                 for row in document["coverage"]]),
        "WHO WAS REFUSED\n\n"
        + table(["who", "code", "rule"],
                [[row[key] for key in ("who", "code", "rule")] for row in document["refused"]]),
        "WHAT WAS SUPPRESSED\n\nThe asker sees one code, `suppressed`, for every cause. The causes "
        "below are the\noperator's, from `commons cell explain`.\n\n"
        + overview(cells, reasons(commons, cells)),
        "WHAT WAS DENIED AT THE DOOR (counted, never stored)\n\n"
        + table(["gateway", "outcome", "reason", "readings"],
                [[row["gateway"], row["outcome"], row["reason"], row["count"]]
                 for row in document["denied"]]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def how_to_query(commons):
    gateway = commons.any_gateway()
    commons_program = f"{gateway.programs}/commons"
    command = f"{commons_program} --dir {gateway.dir}"
    return (f"The gateways keep running. In another terminal:\n"
            f"  {commons_program} query --party {commons.city.folder} --via {gateway.name} "
            "--purpose official-stats\n"
            f"  {command} status\n"
            f"  {command} cell list --rule load-daily\n"
            f"  {command} household list\n"
            "Ctrl-C ends them and removes the run folder.\n")
