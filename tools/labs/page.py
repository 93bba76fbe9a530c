"""The summary of a class for a browser: one file that needs no other, in which nothing that a student wrote is anything but text."""
import html

from labs import report

STYLE = """body { font: 15px/1.5 system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse } th, td { padding: .2em .7em; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left } tr:hover td { background: #f4f6fa }
.full { background: #d9f2dd } .part { background: #fff3cd } .none { background: #f8d7da } .why { color: #666; text-align: left }"""


def cell(name):
    """A name for a spreadsheet, which would take one that begins so for a formula."""
    return "'" + name if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


def escape(text):
    return html.escape(report.printable(str(text)), quote=True)


def marked(score, points):
    kind = "full" if score == points else "part" if score else "none"
    return f'<td class="{kind}">{score}</td>'


def row(lab, name, result):
    if result is None:
        return f'<tr><td>{escape(name)}</td><td class="none" colspan="{len(lab.checks) + 1}">no result</td><td></td></tr>'
    checks = "".join(f'<td class="{"full" if c["passed"] else "none"}" title="{escape("; ".join(c["reasons"]) or c["about"])}">{c["score"]}</td>'
                     for c in result["checks"])
    notes = [result["refused"] or "", "" if result["sandbox"] == "bwrap" else "not in a sandbox"]
    return (f'<tr><td>{escape(name)}</td>{marked(result["score"], result["points"])}{checks}'
            f'<td class="why">{escape("; ".join(n for n in notes if n))}</td></tr>')


def summary(lab, results):
    """The page. `results`: by name; None where there is none."""
    graded = [r["score"] for r in results.values() if r]
    mean = f"{sum(graded) / len(graded):.1f}" if graded else "-"
    heads = "".join(f'<th title="{escape(c.about)}">{escape(c.id)}<br>{c.points}</th>' for c in lab.checks)
    rows = "\n".join(row(lab, name, result) for name, result in results.items())
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Lab {lab.number}: {escape(lab.title)}</title><style>{STYLE}</style></head><body>
<h1>Lab {lab.number}: {escape(lab.title)}</h1>
<p>{len(results)} submissions, {sum(s == lab.points for s in graded)} with full marks, {len(results) - len(graded)} without result; mean {mean}.</p>
<table><thead><tr><th>name</th><th>score<br>{lab.points}</th>{heads}<th></th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""
