"""The result of a grade, in four forms: lines for a person, results.json, Gradescope's form of it, and JUnit XML.

results.json (schema 1; docs/grading.md):

    schema, lab, title, points, score, full (all points), sandbox ("bwrap", "none" or null: not asked for), refused (null, or why
    nothing was graded), checks: [{id, points, score, passed, rung, invariants, about, reasons: [], reproduce}], nonce, date

Two grades of the same submission differ in `nonce` and `date` only.
"""
import json
import os
import re
import xml.etree.ElementTree as ElementTree

SCHEMA = 1


def results(lab, outcomes, nonce, date, refused=None, sandbox=None):
    checks = [{"id": o.check.id, "points": o.check.points, "score": o.score, "passed": o.passed, "rung": o.check.rung,
               "invariants": o.check.invariants, "about": o.check.about, "reasons": [printable(r) for r in o.reasons],
               "reproduce": o.reproduce} for o in outcomes]
    score = sum(c["score"] for c in checks)
    return {"schema": SCHEMA, "lab": lab.number, "title": lab.title, "points": lab.points, "score": score, "full": score == lab.points,
            "sandbox": sandbox, "refused": printable(refused) if refused else None, "checks": checks, "nonce": nonce, "date": date}


def printable(text):
    """Without what a terminal or an XML file would not take: a reason may quote a submission."""
    return re.sub(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]", "?", text)


def outcome_lines(outcome):
    """For a person: a check, why it failed, and how to see that again."""
    check = outcome.check
    yield f"  {'pass' if outcome.passed else 'FAIL'} {outcome.score:>3} of {check.points:>2}  {check.id:20} {check.about}"
    for reason in outcome.reasons[:6]:
        yield f"                    {printable(reason)}"
    yield f"                    again: {outcome.reproduce}"


def summary(result):
    if result["refused"]:
        yield f"Refused, so nothing was run: {result['refused']}"
    yield f"GRADE: {result['score']} of {result['points']} points"


def gradescope(result):
    """What Gradescope reads from /autograder/results/results.json."""
    return {"score": result["score"], "output": result["refused"] or f"Lab {result['lab']}: {result['title']}", "visibility": "visible",
            "tests": [{"name": c["id"], "number": str(i), "score": c["score"], "max_score": c["points"],
                       "status": "passed" if c["passed"] else "failed",
                       "output": "\n".join([c["about"], *c["reasons"], f"again: {c['reproduce']}"])}
                      for i, c in enumerate(result["checks"], 1)]}


def junit(result):
    failed = sum(not c["passed"] for c in result["checks"])
    suite = ElementTree.Element("testsuite", name=f"lab{result['lab']}", tests=str(len(result["checks"])), failures=str(failed), errors="0")
    for c in result["checks"]:
        case = ElementTree.SubElement(suite, "testcase", classname=f"lab{result['lab']}", name=c["id"])
        if not c["passed"]:
            failure = ElementTree.SubElement(case, "failure", message=(c["reasons"] or ["not graded"])[0])
            failure.text = "\n".join([*c["reasons"], f"again: {c['reproduce']}"])
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def write(directory, result):
    os.makedirs(directory, exist_ok=True)
    for name, text in (("results.json", json.dumps(result, indent=1) + "\n"), ("gradescope.json", json.dumps(gradescope(result), indent=1) + "\n"),
                       ("junit.xml", junit(result))):
        # Whole or not at all: who resumes a class goes by its presence.
        with open(os.path.join(directory, name + ".new"), "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(os.path.join(directory, name + ".new"), os.path.join(directory, name))
