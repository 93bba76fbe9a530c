"""One grade: pristine files, the submission's files over them, the lab's checks, a result."""
import datetime
import os
import secrets

from labs import checks, report, starter, submission, tree
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
    complaints = list(starter.check(root))
    if complaints:
        raise starter.Refused("\n".join(complaints))
    return starter.plan(tree.tracked(root), lab)[0]


def grade(lab, files, workspace, sandbox=None, progress=None):
    """`files`: what collect() took, or the submission.Refused that it raised. Returns report.results()."""
    nonce, refused, outcomes = secrets.token_hex(16), None, []
    if isinstance(files, submission.Refused):
        refused = str(files)
    else:
        workspace.fill(files)
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


def collect(root, lab):
    try:
        return submission.collect(root, lab.files)
    except submission.Refused as error:
        return error


def workspace(root, lab, files, jobs):
    return Workspace(os.path.join(root, f"build/grade/lab{lab.number}"), files, jobs)
