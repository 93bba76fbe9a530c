"""A Story as one HTML page that needs nothing else: style, script, the charting library and the data are in it.

The page's source is in tools/trace/page. The library is Apache ECharts, from npm by
package-lock.json; it is fetched once, into build/trace/npm.
"""
import json
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NPM = os.path.join(ROOT, "build/trace/npm")
LIBRARY = os.path.join(NPM, "node_modules/echarts/dist/echarts.min.js")
SCRIPTS = ("data.js", "chart.js", "slots.js", "table.js", "main.js")
INPUTS = ("package.json", "package-lock.json", ".npmrc")


def source(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return f.read()


def library():
    """The text of the library. Raises RuntimeError when it can be neither found nor fetched."""
    stamp = os.path.join(NPM, "fetched")
    wanted = source("package-lock.json")
    if not (os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == wanted):
        os.makedirs(NPM, exist_ok=True)
        for name in INPUTS:
            shutil.copy(os.path.join(HERE, name), NPM)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NPM, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise RuntimeError(f"npm could not fetch the page's charting library:\n{done.stdout[-2000:]}")
        with open(stamp, "w", encoding="utf-8") as f:
            f.write(wanted)
    with open(LIBRARY, encoding="utf-8") as f:
        return f.read()


def embedded(text):
    """Script text in which nothing ends the element around it."""
    return re.sub(r"</(script)", r"<\\/\1", text, flags=re.I)


def write(story, path):
    data = json.dumps(story.data(), separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    script = "\n".join(source(f"page/{name}") for name in SCRIPTS)
    parts = {"STYLE": source("page/page.css"), "LIBRARY": embedded(library()), "DATA": data, "SCRIPT": embedded(script)}
    page = re.sub(r"@(STYLE|LIBRARY|DATA|SCRIPT)@", lambda m: parts[m[1]], source("page/page.html"))
    with open(path, "w", encoding="utf-8") as f:
        f.write(page)
