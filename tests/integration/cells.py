"""Comparing cells, so that a difference is readable."""

KEYS = ("gateway", "rule", "metric", "unit", "zone", "start", "end", "status")
FIGURES = ("count", "sum", "mean", "completeness_pct", "homes_in_zone")


def place(cell):
    return cell["gateway"], cell["rule"], cell["start"]


def core(cell):
    """What every cell must have and, if released, its figures; nothing else."""
    assert all(key in cell for key in KEYS), cell
    if cell["status"] == "released":
        assert all(type(cell[figure]) is int for figure in FIGURES), cell
    else:
        assert not any(figure in cell for figure in FIGURES), cell
    return {key: cell[key] for key in KEYS + FIGURES if key in cell}


def assert_same(got, want):
    got_at = {place(cell): core(cell) for cell in got}
    want_at = {place(cell): core(cell) for cell in want}
    assert len(got_at) == len(got), "a cell is given twice"
    assert want_at, "the oracle has no cells: the comparison would say nothing"
    differences = [(where, got_at.get(where), want_at.get(where))
                   for where in sorted(got_at.keys() | want_at.keys())
                   if got_at.get(where) != want_at.get(where)]
    text = "\n".join(f"{where}:\n  got  {a}\n  want {b}" for where, a, b in differences[:5])
    assert not differences, f"{len(differences)} of {len(want_at)} cells differ:\n{text}"
