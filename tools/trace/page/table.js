/* The events, a page of them at a time, and the search. */
let haystack = null;

function search(query) {
	state.query = query.trim().toLowerCase();
	haystack ??= D.events.map((e) => `${D.lanes[e[1]]} ${e[2]} ${e[3]} ${e[4]}`.toLowerCase());
	const words = state.query.split(/\s+/).filter(Boolean);
	state.matches = state.query ? haystack.reduce((found, line, i) => (words.every((w) => line.includes(w)) && found.push(i), found), []) : null;
	$("matches").textContent = state.matches ? `${state.matches.length.toLocaleString("en-GB")} of ${times.length.toLocaleString("en-GB")}` : `${times.length.toLocaleString("en-GB")} events`;
	state.page = 0;
	showPageOfCursor();
}

const rowCount = () => state.matches ? state.matches.length : times.length;
const eventOfRow = (row) => state.matches ? state.matches[row] : row;

function showPageOfCursor() {
	let row = state.cursor;
	if (state.matches) {
		row = state.matches.findIndex((i) => i >= state.cursor);
		if (row < 0) row = state.matches.length - 1;
	}
	showPage(Math.floor(Math.max(row, 0) / PAGE));
}

function showPage(page) {
	const pages = Math.max(1, Math.ceil(rowCount() / PAGE));
	state.page = clamp(page, 0, pages - 1);
	const rows = [];
	for (let row = state.page * PAGE; row < Math.min((state.page + 1) * PAGE, rowCount()); row++) {
		const i = eventOfRow(row), e = D.events[i];
		const tr = element("tr", { className: (i === state.cursor ? "current " : "") + (/missing/.test(e[3]) ? "miss" : "") },
			...[STEPS ? String(e[0]) : text(e[0], 3), D.lanes[e[1]], e[2], e[3], e[4]].map((s) => element("td", { textContent: s })));
		tr.dataset.event = i;
		if (i === state.cursor) tr.setAttribute("aria-current", "true");
		rows.push(tr);
	}
	$("events").tBodies[0].replaceChildren(...rows);
	$("page-text").textContent = ` ${state.page + 1} of ${pages} `;
}
