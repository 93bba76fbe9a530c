"""One grade: pristine files, the submission's files over them, the lab's checks, a result."""
import datetime
import os
import secrets

from labs import allowed, archive, checks, markers, report, starter, submission, tree
from labs.workspace import Workspace


def pristine(root, lab):
    """
    The files that the submission's are put over: in a starter its first commit, whatever was changed since; in the
    reference tree the starter for that lab, cut from what is there. Raises starter.Refused.
    """
    if os.path.exists(os.path.join(root, starter.STATEMENT)):
        files, made_for = starter.first_commit(root)
        if lab > made_for:
            raise starter.Refused(f"this starter is for lab {made_for}: it has not got lab {lab}")
        return files
    try:
        return starter.plan(tree.tracked(root), lab)[0]
    except markers.BadMarker as error:
        raise starter.Refused(str(error)) from None


def grade(lab, files, workspace, sandbox=None, progress=None):
    """`files`: what collect() took, or the submission.Refused that it raised. Returns report.results()."""
    nonce, refused, outcomes = secrets.token_hex(16), None, []
    if isinstance(files, submission.Refused):
        refused = str(files)
    else:
        workspace.fill(files)
        refused = refusal(workspace, lab, files)
    runner = checks.Runner(workspace, nonce)
    for check in lab.checks:
        if refused:
            outcomes.append(checks.Outcome(check, [f"refused: {refused}"], checks.reproduce_line(check, None)))
        else:
            outcomes.append(runner.run(check))
        if progress:
            progress(outcomes[-1])
    date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return report.results(lab, outcomes, nonce, date, refused, sandbox)


def refusal(workspace, lab, files):
    """Why the submission is not run at all, or None."""
    permitted = allowed.read(workspace.pristine, lab.number)
    if permitted is None:
        raise starter.Refused(f"there is no {allowed.path(lab.number)}: grade the reference first")
    found = list(allowed.findings(workspace, lab, files, permitted))
    return "; ".join(found[:4]) + (f"; and {len(found) - 4} more" if found[4:] else "") if found else None


def renew(root, lab, files, workspace):
    """In the reference tree: writes what its files contain to labs/labN/objects, if that has changed. True: it has."""
    workspace.fill(files)
    text = allowed.text(allowed.learn(workspace, lab, files)).encode()
    file = tree.File(text)
    workspace.pristine[allowed.path(lab.number)] = file
    return tree.write(root, allowed.path(lab.number), file)


def collect(path, lab):
    """The submission's files, or the submission.Refused that says why not."""
    try:
        return archive.collect(path, lab.files) if os.path.isfile(path) else submission.collect(submission.top(path, lab.files), lab.files)
    except submission.Refused as error:
        return error


def workspace(root, lab, files, jobs, **options):
    """The one that `make grade` uses, kept for the next time."""
    made = Workspace(os.path.join(root, f"build/grade/lab{lab.number}"), files, jobs, **options)
    made.seed(root)
    return made
