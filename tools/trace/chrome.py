"""A Story as Chrome trace-event JSON, which Perfetto and chrome://tracing open.

Format: "Trace Event Format" (Chromium project): complete events (X), instants (i), flows (s and f, bound to the
enclosing slice), metadata (M). Times are in microseconds; a step of pgmodel counts as one.
"""
import json

PROCESS = 1


def metadata(story):
    yield {"ph": "M", "pid": PROCESS, "name": "process_name", "args": {"name": story.title}}
    for lane, name in enumerate(story.lanes):
        yield {"ph": "M", "pid": PROCESS, "tid": lane, "name": "thread_name", "args": {"name": name}}
        yield {"ph": "M", "pid": PROCESS, "tid": lane, "name": "thread_sort_index", "args": {"sort_index": lane}}


def flow(number, arrow):
    common = {"pid": PROCESS, "cat": arrow.kind, "name": arrow.text, "id": number}
    ends = [(arrow.time, arrow.lane), (arrow.to_time, arrow.to_lane)]
    # A flow goes forward in time: a load that came too early to see the store is its beginning.
    (start, from_lane), (end, to_lane) = sorted(ends)
    yield common | {"ph": "s", "ts": start, "tid": from_lane}
    yield common | {"ph": "f", "bp": "e", "ts": end, "tid": to_lane}


def events(story):
    yield from metadata(story)
    for s in story.spans:
        yield {"ph": "X", "pid": PROCESS, "tid": s.lane, "ts": s.start, "dur": s.end - s.start, "cat": s.kind, "name": s.name,
               "args": {"text": s.text}}
    for m in story.marks:
        yield {"ph": "i", "s": "t", "pid": PROCESS, "tid": m.lane, "ts": m.time, "cat": m.kind, "name": m.name, "args": {"text": m.text}}
    for number, arrow in enumerate(story.arrows, 1):
        yield from flow(number, arrow)


def write(story, path):
    document = {"traceEvents": list(events(story)), "displayTimeUnit": "ns",
                "otherData": {"title": story.title, "about": story.about, "notes": story.notes}}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(document, f, separators=(",", ":"))
