/* The cursor, the findings, legends, light and dark, and the keys. */
function firstAtOrAfter(time) {
	let lo = 0, hi = times.length;
	while (lo < hi) {
		const mid = (lo + hi) >> 1;
		if (times[mid] < time) lo = mid + 1; else hi = mid;
	}
	return lo;
}

/* In the middle of a step. */
const cursorTime = () => (times[state.cursor] ?? first) + (STEPS ? 0.5 : 0);

function setCursor(index, follow) {
	if (!times.length) return;
	state.cursor = clamp(index, 0, times.length - 1);
	const at = times[state.cursor], span = state.end - state.start;
	if (follow && (at < state.start || at > state.end)) setView(at - span / 2, at + span / 2);
	chart.setOption({ series: [{ id: "cursor", data: [[cursorTime()]] }] });
	$("chart").dataset.cursor = state.cursor;
	$("cursor-time").textContent = "at " + fine(at);
	const e = D.events[state.cursor];
	const lacking = D.roots.filter((r) => alive(r, at) && missingAt(r, at).length).map((r) => `${r.name} lacks slot ${missingAt(r, at).join(", ")}`);
	$("cursor-text").textContent = `${D.lanes[e[1]]}, ${e[2]}: ${e[3]}, ${e[4]}. ` +
		(lacking.length > 4 ? `${lacking.length} roots lack a slot that is ready.` : lacking.length ? lacking.join("; ") + "." : "No root lacks a slot that is ready.");
	drawSlots();
	showPageOfCursor();
}

/* To the next event of the table, or with a search to the next match. */
function step(by) {
	const list = state.matches;
	if (!list) return setCursor(state.cursor + by, true);
	if (!list.length) return undefined;
	let at = list.findIndex((i) => i >= state.cursor);
	if (at < 0) at = list.length;
	const exact = list[at] === state.cursor;
	return setCursor(list[clamp(by > 0 ? at + (exact ? 1 : 0) : at - 1, 0, list.length - 1)], true);
}

function goToFinding(index) {
	if (!D.findings.length) return;
	state.finding = (index + D.findings.length) % D.findings.length;
	const [, start, end] = D.findings[state.finding];
	const margin = Math.max(end - start, (last - first) / 1e5) * 0.15;
	setView(start - margin, end + margin);
	setCursor(firstAtOrAfter(end), false);
	[...$("findings").querySelectorAll("button")].forEach((b, i) => b.setAttribute("aria-current", String(i === state.finding)));
}

/* --- legends, theme, keys --- */

function legends() {
	const kinds = new Set(D.spans.map((s) => s[3])), marks = new Set(D.marks.map((m) => m[2])), arrows = new Set(D.arrows.map((a) => a[0]));
	const item = (className, style, label) => element("li", {}, Object.assign(element("i", { className, ariaHidden: "true" }), { style }), label);
	$("legend").replaceChildren(
		...Object.keys(SPAN_TEXT).filter((k) => kinds.has(k)).map((k) => item("", `background:var(--${k})`, SPAN_TEXT[k])),
		...Object.keys(MARK_TEXT).filter((k) => marks.has(k)).map((k) => item("sign", `background:var(--${k === "miss" ? "missed" : k})`, MARK_TEXT[k])),
		...Object.keys(ARROW_TEXT).filter((k) => arrows.has(k)).map((k) => item("arrow" + (k === "unseen" ? " dashed" : ""), `border-color:var(--${k})`, ARROW_TEXT[k])));
	const hows = new Set(D.roots.flatMap((r) => r.fills.map((f) => f[2])));
	$("slot-legend").replaceChildren(
		...Object.keys(HOW_TEXT).filter((k) => hows.has(k)).map((k) => item("", `background:var(--${HOW_COLOUR[k]})`, HOW_TEXT[k])),
		item("", "background:var(--missed)", "missing"));
}

function setTheme(theme) {
	document.documentElement.dataset.theme = theme;
	$("theme").textContent = theme === "dark" ? "Light" : "Dark";
	state.lanes = [];
	chart.setOption(baseOption(), { notMerge: true });
	draw();
	setCursor(state.cursor, false);
}

const toggleTheme = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");

const KEYS = {
	ArrowRight: (e) => e.shiftKey ? pan(0.25) : step(1),
	ArrowLeft: (e) => e.shiftKey ? pan(-0.25) : step(-1),
	"+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
	n: () => goToFinding(state.finding + 1), p: () => goToFinding(state.finding - 1),
	f: () => setView(...D.focus), 0: () => setView(first, last),
	d: toggleTheme, "?": () => $("help").showModal(),
	"/": () => $("search").focus(),
};

function onKey(e) {
	if (e.ctrlKey || e.metaKey || e.altKey || $("help").open) return;
	if (e.target === $("search")) {
		if (e.key === "Escape") $("chart").focus();
		if (e.key === "Enter") step(e.shiftKey ? -1 : 1);
		return;
	}
	if (/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) || !Object.hasOwn(KEYS, e.key)) return;
	e.preventDefault();
	KEYS[e.key](e);
}

function connect() {
	document.addEventListener("keydown", onKey);
	chart.on("dataZoom", () => {
		const z = chart.getOption().dataZoom[0];
		if (z.startValue === state.start && z.endValue === state.end) return;
		state.start = z.startValue;
		state.end = z.endValue;
		drawSoon();
	});
	chart.getZr().on("click", (e) => {
		const at = chart.convertFromPixel({ xAxisIndex: 0 }, e.offsetX);
		if (e.offsetX > GRID.left) setCursor(firstAtOrAfter(at), false);
	});
	chart.getZr().on("mousemove", (e) => {
		if (e.offsetX <= GRID.left || e.event.buttons) return;
		const i = firstAtOrAfter(chart.convertFromPixel({ xAxisIndex: 0 }, e.offsetX));
		if (e.event.shiftKey && i !== state.cursor) setCursor(i, false);
	});
	const click = { "zoom-in": () => zoom(0.5), "zoom-out": () => zoom(2), "zoom-focus": () => setView(...D.focus), "zoom-all": () => setView(first, last),
		previous: () => step(-1), next: () => step(1), theme: toggleTheme, "help-open": () => $("help").showModal(),
		"page-previous": () => showPage(state.page - 1), "page-next": () => showPage(state.page + 1) };
	for (const id of Object.keys(click)) $(id).addEventListener("click", click[id]);
	$("quiet").parentElement.hidden = D.lanes.length <= 8;
	$("quiet").checked = state.quiet;
	$("quiet").addEventListener("change", (e) => { state.quiet = e.target.checked; draw(); });
	let typing = 0;
	$("search").addEventListener("input", (e) => { clearTimeout(typing); typing = setTimeout(() => search(e.target.value), 120); });
	$("events").addEventListener("click", (e) => { const tr = e.target.closest("tr[data-event]"); if (tr) setCursor(Number(tr.dataset.event), true); });
	$("slots").addEventListener("mousemove", hoverSlots);
	window.addEventListener("resize", () => { chart.resize(); draw(); drawSlots(); });
}

function begin() {
	document.title = D.title + " - Freewalk trace";
	$("title").textContent = D.title;
	$("about").textContent = D.about;
	$("notes").textContent = D.notes.join(" ");
	$("findings").replaceChildren(...(D.findings.length ? D.findings.slice(0, 200).map((f, i) =>
		element("li", {}, element("button", { className: f[0], textContent: f[3], onclick: () => goToFinding(i) }))) : [element("li", { textContent: "No two sides met in this recording." })]));
	if (D.findings.length > 200) $("notes").textContent += ` ${D.findings.length - 200} more are not listed.`;
	legends();
	connect();
	setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
	search("");
	if (D.findings.length) goToFinding(0); else setCursor(firstAtOrAfter(state.start), false);
	document.body.dataset.ready = "yes";
}

begin();
