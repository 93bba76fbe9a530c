"""Drawings for the book, as SVG: text, boxes and arrows by their places, and lanes in which time goes down.

A figure is a program beside this one that prints its SVG; tools/book puts it into the page, whose colours it takes: `ink` is the
text's, `dim` is for what is in the background, `bad` and `good` for what goes wrong and right. Sizes are in pixels.
"""
from xml.sax.saxutils import escape

COLOURS = {"ink": "currentColor", "dim": "var(--dim)", "bad": "var(--accent)", "good": "var(--good)", "link": "var(--link)"}


class Drawing:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def add(self, element):
        self.parts.append(element)

    def text(self, x, y, text, colour="ink", anchor="middle", size=13, mono=False, bold=False):
        """One line, its baseline at y."""
        font = ' font-family="DejaVu Sans Mono, monospace"' if mono else ""
        weight = ' font-weight="bold"' if bold else ""
        self.add(f'<text x="{x}" y="{y}" fill="{COLOURS[colour]}" text-anchor="{anchor}" font-size="{size}"{font}{weight}>'
                 f"{escape(text)}</text>")

    def box(self, x, y, width, height, lines=(), colour="ink", fill="none", size=13, mono=False, dashed=False):
        """A box with lines of text in its middle. `fill`: none, or side for the colour of the page's side."""
        paint = {"none": "none", "side": "var(--side)", "code": "var(--code)", "mark": "var(--mark)"}[fill]
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.add(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="{paint}" stroke="{COLOURS[colour]}"{dash}/>')
        top = y + height / 2 - (len(lines) - 1) * (size + 3) / 2 + size * 0.36
        for number, line in enumerate(lines):
            self.text(x + width / 2, round(top + number * (size + 3), 1), line, colour, size=size, mono=mono)

    def line(self, x1, y1, x2, y2, colour="ink", dashed=False, width=1):
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.add(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{COLOURS[colour]}" stroke-width="{width}"{dash}/>')

    def arrow(self, x1, y1, x2, y2, colour="ink", dashed=False, label=None, above=5):
        """An arrow whose head is at (x2, y2), with a label over its middle."""
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        bx, by = x2 - 9 * ux, y2 - 9 * uy
        self.line(x1, y1, round(bx, 1), round(by, 1), colour, dashed, 1.4)
        points = f"{x2},{y2} {bx - 4 * uy:.1f},{by + 4 * ux:.1f} {bx + 4 * uy:.1f},{by - 4 * ux:.1f}"
        self.add(f'<polygon points="{points}" fill="{COLOURS[colour]}"/>')
        if label:
            self.text((x1 + x2) / 2, round((y1 + y2) / 2 - above, 1), label, colour, size=12)

    def show(self):
        print(f'<svg viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}">')
        print("\n".join(self.parts))
        print("</svg>")


class Lanes(Drawing):
    """Actors side by side, time downwards. `at` places a step; a row is 30 pixels high."""
    ROW, TOP = 30, 44

    def __init__(self, names, rows, lane=220):
        super().__init__(lane * len(names), self.TOP + self.ROW * rows + 10)
        self.lane = lane
        for number, name in enumerate(names):
            self.text(self.middle(number), 16, name, bold=True)
            self.line(self.middle(number), 26, self.middle(number), self.height - 4, "dim", dashed=True)

    def middle(self, lane):
        return lane * self.lane + self.lane / 2

    def y(self, row):
        return self.TOP + row * self.ROW

    def step(self, lane, row, lines, colour="ink", rows=1, fill="code", mono=False, inset=8):
        """What a lane does in a row: a box over its line."""
        lines = [lines] if isinstance(lines, str) else lines
        self.box(lane * self.lane + inset, self.y(row), self.lane - 2 * inset, rows * self.ROW - 6, lines, colour, fill, 12, mono)

    def message(self, row, sender, receiver, label=None, colour="ink", dashed=False, down=0.0, edge=None):
        """From one lane to another: between their lines, or, with `edge`, between boxes that are so wide."""
        gap = (edge or 0) * (1 if receiver > sender else -1)
        self.arrow(self.middle(sender) + gap, self.y(row) + 12, self.middle(receiver) - gap, self.y(row + down) + 12, colour, dashed, label)
