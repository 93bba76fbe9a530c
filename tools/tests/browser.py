"""Chromium without a window, for tests of pages: a client of chromedriver (W3C WebDriver) by the standard library.

    with Browser() as browser:
        browser.open("build/trace/trace.html")
        browser.press("n")
        assert browser.run("return document.title") and not browser.complaints()
"""
import base64
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Shift": "\ue008", "Tab": "\ue004"}


class Browser:
    def __init__(self, width=1280, height=860):
        self.driver = subprocess.Popen([shutil.which("chromedriver") or "chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        port = next(m[1] for m in (re.search(r"successfully on port (\d+)", line) for line in self.driver.stdout) if m)
        self.base = f"http://127.0.0.1:{port}"
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                            f"--window-size={width},{height}", "--force-device-scale-factor=1"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.base += f"/session/{session['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with DIRECTLY.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def open(self, path):
        """Returns when the page says that it is ready."""
        self.ask("POST", "/url", {"url": f"file://{path}"})
        self.until("return document.body.dataset.ready === 'yes'")

    def run(self, script, *arguments):
        """What the script returns."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments, patience=60):
        """Waits for a script to return something true, and returns that."""
        deadline = time.monotonic() + patience
        while not (value := self.run(script, *arguments)):
            if time.monotonic() > deadline:
                raise TimeoutError(script)
            time.sleep(0.02)
        return value

    def press(self, *keys):
        """Keys by name or as text; the last one with the others held."""
        down = [{"type": "keyDown", "value": KEYS.get(k, k)} for k in keys]
        up = [{"type": "keyUp", "value": KEYS.get(k, k)} for k in reversed(keys)]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": down + up}]})

    def type(self, text):
        for character in text:
            self.press(character)

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def complaints(self):
        """What the console has said since the last time, but for mere notes, and advice about how a test reads a canvas."""
        said = self.ask("POST", "/se/log", {"type": "browser"})
        return [entry for entry in said if entry["level"] in ("WARNING", "SEVERE") and entry["source"] != "rendering"]

    def screenshot(self, width, height):
        """A PNG of that many points."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.until("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        picture = self.ask("GET", "/screenshot")
        self.devtools("Emulation.clearDeviceMetricsOverride")
        return base64.b64decode(picture)
