/*
 * The page of `make trace`: what all of its parts share. The data, as story.py gives it, is D; the parts are chart.js
 * (lanes and arrows), slots.js (the roots at the cursor), table.js (the events) and main.js (cursor, keys, theme). They
 * are put into the page one after the other, as one script.
 */
"use strict";

const D = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const STEPS = D.unit === "step"; // an interleaving of pgmodel, a step a box
const PAGE = 50;
const MAX_ROWS = 80;
const LABELS_UP_TO = 60;

const SPAN_TEXT = { buffer: "in a store buffer", copy: "late copy", barrier: "full barrier", store: "growth: store", walk: "growth: search", wait: "waits", task: "who runs", call: "system call", rcu: "grace period" };
const MARK_TEXT = { publish: "published", visit: "growth stores into it", ready: "ready", miss: "slot missing" };
const ARROW_TEXT = {
	seen: "from a store to a load that saw it",
	unseen: STEPS ? "to a load that came too early" : "did not see it, but the other side did",
	missed: STEPS ? "to a load that came too early: the bug" : "did not see it, nor did the other side: the bug",
};
const HOW_TEXT = { boot: "since boot", copy: "by its late copy", growth: "by growth", walk: "by growth's search", load: "when it was loaded", fault: "by a page fault" };
const HOW_COLOUR = { boot: "boot", copy: "copy", growth: "store", walk: "walk", load: "ready", fault: "barrier" };
/* Marks whose meaning stands beside them, where there is room. */
const LABELS = { fork_published: "published", exec_published: "published", exit_unpublished: "given up", missed: "missing", wrong: "missing", fault_missing: "fault: missing" };
const QUIET_MARKS = new Set(["load", "end", "note"]);

/* Times count from the first finding: a recording may have begun long after the machine did. */
function countFrom(zero) {
	const shift = (row, ...columns) => columns.forEach((c) => { row[c] -= zero; });
	D.spans.forEach((s) => shift(s, 1, 2));
	D.marks.forEach((m) => shift(m, 1));
	D.arrows.forEach((a) => shift(a, 2, 4));
	D.findings.forEach((f) => shift(f, 1, 2));
	D.events.forEach((e) => shift(e, 0));
	D.roots.forEach((r) => {
		r.born -= zero;
		if (r.dead !== null) r.dead -= zero;
		r.fills.forEach((f) => shift(f, 0));
		r.missing.forEach((m) => shift(m, 0));
	});
	shift(D.focus, 0, 1);
}

if (!STEPS && D.findings.length) countFrom(D.findings[0][1]);
const times = D.events.map((e) => e[0]);
const first = times.length ? times[0] : 0;
const last = times.length ? Math.max(times[times.length - 1] + (STEPS ? 1 : 0), first + 1) : 1;

const state = {
	start: D.focus[0], end: D.focus[1], cursor: 0, finding: -1, page: 0, query: "",
	matches: null, lanes: [], quiet: D.lanes.length <= 8,
};

/* --- small things --- */

function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

function text(time, digits) {
	return time.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const fine = (time) => STEPS ? "step " + time : text(time, 3) + " " + D.unit;
const clamp = (x, a, b) => Math.min(Math.max(x, a), b);

function element(tag, properties, ...children) {
	const e = Object.assign(document.createElement(tag), properties);
	e.append(...children);
	return e;
}
