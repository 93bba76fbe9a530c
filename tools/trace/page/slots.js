/* The kernel slots of every root at the cursor: a strip a root, on a canvas. */
const ROW = 17, LABEL = 210;
const alive = (r, t) => r.born <= t && (r.dead === null || r.dead > t);

function slotsAt(root, t) {
	const now = new Map();
	for (const [time, slot, how] of root.fills) {
		if (time > t) break;
		if (slot < 0) now.delete(-slot); else now.set(slot, [how, time]);
	}
	return now;
}

function missingAt(root, t) {
	const now = root.missing.length ? slotsAt(root, t) : null;
	return root.missing.filter(([time, slot]) => time <= t && !now.has(slot)).map((m) => m[1]);
}

function rowsAt(t) {
	const rows = D.roots.filter((r) => alive(r, t));
	const worth = (r) => r === D.roots[0] ? 0 : r.missing.length ? 1 : r.born >= state.start ? 2 : 3;
	return rows.sort((a, b) => worth(a) - worth(b) || a.born - b.born);
}

let strip = { rows: [], cell: 4 };

function drawSlots() {
	const t = times[state.cursor] ?? first, all = rowsAt(t), rows = all.slice(0, MAX_ROWS);
	const canvas = $("slots-canvas"), ratio = window.devicePixelRatio || 1;
	const cell = Math.max(3, Math.floor(($("slots").clientWidth - LABEL - 30) / D.slots));
	const width = LABEL + cell * D.slots + 6, height = (rows.length + 1) * ROW + 4;
	canvas.width = width * ratio;
	canvas.height = height * ratio;
	canvas.style.width = width + "px";
	canvas.style.height = height + "px";
	const g = canvas.getContext("2d");
	g.scale(ratio, ratio);
	g.font = "12px system-ui, 'DejaVu Sans', sans-serif";
	g.textBaseline = "middle";
	g.fillStyle = colour("soft");
	for (let slot = 0; slot < D.slots; slot += 32) g.fillText(String(D.first_slot + slot), LABEL + slot * cell, ROW / 2);
	let lacking = 0;
	rows.forEach((root, i) => {
		const y = (i + 1) * ROW, now = slotsAt(root, t), missing = missingAt(root, t);
		g.fillStyle = missing.length ? colour("missed") : colour("ink");
		g.fillText(`${root.name}${root.owner ? " · " + root.owner : ""}`, 0, y + ROW / 2, LABEL - 10);
		g.fillStyle = colour("empty");
		g.fillRect(LABEL, y + 2, cell * D.slots, ROW - 4);
		for (const [slot, [how]] of now) {
			g.fillStyle = colour(HOW_COLOUR[how] || "boot");
			g.fillRect(LABEL + (slot - D.first_slot) * cell, y + 2, cell - (cell > 3 ? 1 : 0), ROW - 4);
		}
		for (const slot of missing) {
			const x = LABEL + (slot - D.first_slot) * cell;
			lacking++;
			g.fillStyle = colour("missed");
			g.fillRect(x - 1, y, cell + 2, ROW);
			g.fillText(`${slot} is missing`, x + cell + 5, y + ROW / 2);
		}
	});
	strip = { rows, cell };
	$("slots").dataset.missing = lacking;
	$("slots").setAttribute("aria-label", `${all.length} roots at ${fine(t)}, ${lacking} missing slots`);
	$("slots-hover").textContent = all.length > rows.length ? `${all.length - rows.length} more roots are not shown.` : "";
}

function hoverSlots(event) {
	const box = $("slots-canvas").getBoundingClientRect();
	const root = strip.rows[Math.floor((event.clientY - box.top) / ROW) - 1];
	const slot = D.first_slot + Math.floor((event.clientX - box.left - LABEL) / strip.cell);
	if (!root || slot < D.first_slot || slot >= D.first_slot + D.slots) return;
	const t = times[state.cursor], found = slotsAt(root, t).get(slot);
	const missing = missingAt(root, t).includes(slot);
	$("slots-hover").textContent = `${root.name}, slot ${slot}: ` + (missing ? "ready, and missing here" : found ? `present ${HOW_TEXT[found[0]] || ""}` + (found[0] === "boot" ? "" : `, ${fine(found[1])}`) : "empty");
}
