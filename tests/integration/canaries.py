"""Searches what a gateway leaves on disk for what nobody may read there."""


def found_in(folder, words, extra=()):
    """(file, word) for every word in the names and bytes of all files, whatever the case."""
    files = [path for path in folder.rglob("*") if path.is_file()] + list(extra)
    assert files
    hits = []
    for path in files:
        data = str(path.relative_to(folder) if path.is_relative_to(folder) else path.name).encode()
        data = (data + b"\n" + path.read_bytes()).lower()
        hits += [(path.name, word) for word in words if word.lower().encode() in data]
    return hits


def words_of(commons):
    """Names that its homes, places and devices have, and what every topic begins with."""
    homes = [name for home in commons.homes for name in (home.id, home.device)]
    places = [name for place in commons.places for name in (place.id, *place.devices)]
    # Short ones would turn up in random bytes.
    return ["sensors/", *(name for name in homes + places if len(name) >= 7)]
