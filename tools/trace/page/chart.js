/*
 * Lanes, spans, marks and arrows: Apache ECharts with custom series. What is too small to be seen is left out before
 * ECharts gets it, so the number of events hardly matters.
 */
const chart = echarts.init($("chart"), null, { renderer: "canvas" });
const GRID = { left: 92, right: 20, top: 10, bottom: 64 };

function laneHeight() {
	return STEPS ? 190 : clamp(Math.floor(620 / Math.max(state.lanes.length, 1)), 26, 84);
}

/* Lanes in which something but tasks and loads happens inside the view; all of them if there are few. */
function chooseLanes() {
	const busy = new Set();
	if (state.quiet) {
		D.lanes.forEach((_, i) => busy.add(i));
	} else {
		for (const s of D.spans) if (s[3] !== "task" && s[2] >= state.start && s[1] <= state.end) busy.add(s[0]);
		for (const m of D.marks) if (!QUIET_MARKS.has(m[2]) && m[1] >= state.start && m[1] <= state.end) busy.add(m[0]);
		for (const a of visibleArrows()) { busy.add(a[1]); busy.add(a[3]); }
	}
	const lanes = [...busy].sort((a, b) => a - b);
	return lanes.length ? lanes : [0];
}

const indexOfArrow = new Map(D.arrows.map((a, i) => [a, i]));

function visibleArrows() {
	return D.arrows.filter((a) => Math.max(a[2], a[4]) >= state.start && Math.min(a[2], a[4]) <= state.end);
}

/* Points a unit of time; and how many points share what is too narrow to be seen: some thousand shapes will do. */
function resolution(row) {
	const width = Math.max(chart.getWidth() - GRID.left - GRID.right, 100);
	return [width / (state.end - state.start), Math.max(2, Math.ceil(row.size * width / 8000))];
}

/* What would be narrower than a bin is drawn once for each bin, lane and kind. */
function visibleSpans(row) {
	const [scale, bin] = resolution(row);
	const drawn = new Set(), out = [];
	D.spans.forEach((s, i) => {
		if (s[2] < state.start || s[1] > state.end || !row.has(s[0])) return;
		const narrow = (s[2] - s[1]) * scale < bin;
		if (narrow) {
			const key = s[0] + s[3] + Math.floor((s[1] - state.start) * scale / bin);
			if (drawn.has(key)) return;
			drawn.add(key);
		}
		out.push([s[1], row.get(s[0]), s[2], i, narrow && bin > 2 ? bin : 1.5]);
	});
	return out;
}

function visibleMarks(row) {
	const [scale, bin] = resolution(row);
	const drawn = new Set(), out = [];
	D.marks.forEach((m, i) => {
		if (m[1] < state.start || m[1] > state.end || !row.has(m[0])) return;
		const key = m[0] + m[2] + Math.floor((m[1] - state.start) * scale / (bin + 1));
		if (drawn.has(key)) return;
		drawn.add(key);
		out.push([m[1], row.get(m[0]), i]);
	});
	return out;
}

/* Where in its lane a kind of span is, from 0, the top, to 1. The steps of a model have room for their text. */
const BAND = STEPS ? { step: [0.42, 0.84], barrier: [0.42, 0.84], buffer: [0.88, 0.94], copy: [0.2, 0.36], walk: [0.2, 0.36], store: [0.2, 0.36], publish: [0.2, 0.36], load: [0.2, 0.36], end: [0.2, 0.36] } : { task: [0.76, 0.90], call: [0.67, 0.75], wait: [0.67, 0.75], rcu: [0.66, 0.74] };

function drawSpan(params, api) {
	const s = D.spans[api.value(3)];
	const [x0, y] = api.coord([Math.max(s[1], state.start), api.value(1)]);
	const [x1] = api.coord([Math.min(s[2], state.end), api.value(1)]);
	const h = api.size([0, 1])[1];
	const [top, bottom] = BAND[s[3]] || [0.26, 0.66];
	const width = Math.max(x1 - x0, api.value(4));
	const fits = width > 34 && h > 22 && (bottom - top) * h > 8;
	if (s[3] === "step" || STEPS && s[3] === "barrier") return drawStep(s, x0, y - h / 2 + top * h, width, (bottom - top) * h);
	return {
		type: "rect", shape: { x: x0, y: y - h / 2 + top * h, width, height: (bottom - top) * h, r: width > 6 ? 2 : 0 },
		style: { fill: colour(s[3]) },
		textContent: fits && !(s[3] === "task" && h < 40) ? { style: {
			text: s[4], fill: /task|wait|buffer/.test(s[3]) ? colour("soft") : "#fff", width: width - 6, overflow: "truncate",
			fontSize: s[3] === "task" ? 10 : 12, fontWeight: s[3] === "task" ? 400 : 600,
		} } : undefined,
		textConfig: fits ? { position: "inside" } : undefined,
	};
}

/* A box with its text in several lines. */
function drawStep(s, x, y, width, height) {
	const barrier = s[3] === "barrier";
	return {
		type: "rect", shape: { x, y, width, height, r: 3 },
		style: { fill: barrier ? colour("barrier") : colour("panel"), stroke: barrier ? colour("barrier") : colour("line"), lineWidth: 1 },
		textContent: width > 30 ? { style: { text: `${Math.floor(s[1])}\n${s[4]}`, fill: barrier ? "#fff" : colour("ink"), width: width - 4, height: height - 4, overflow: "break", lineOverflow: "truncate", fontSize: width > 74 ? 12 : 10, lineHeight: width > 74 ? 14 : 12, align: "center" } } : undefined,
		textConfig: { position: "inside" },
	};
}

const CROSS = [[0, 2], [2, 0], [5, 3], [8, 0], [10, 2], [7, 5], [10, 8], [8, 10], [5, 7], [2, 10], [0, 8], [3, 5]];

function markShape(kind, x, y, size) {
	if (kind === "publish") return { type: "polygon", shape: { points: [[x - size, y - size], [x + size, y - size], [x, y + size]] } };
	if (kind === "ready") return { type: "polygon", shape: { points: [[x, y - size], [x + size, y], [x, y + size], [x - size, y]] } };
	if (kind === "visit") return { type: "circle", shape: { cx: x, cy: y, r: size * 0.8 } };
	if (kind === "miss") return { type: "polygon", shape: { points: CROSS.map(([a, b]) => [x + (a - 5) * size * 0.32, y + (b - 5) * size * 0.32]) } };
	return { type: "rect", shape: { x: x - 0.75, y: y - size, width: 1.5, height: size * 2 } };
}

function drawMark(params, api) {
	const m = D.marks[api.value(2)];
	const [x, y] = api.coord([m[1], api.value(1)]);
	const h = api.size([0, 1])[1], top = y - h / 2 + 0.14 * h;
	const shape = markShape(m[2], x, top, clamp(h / 12, 3, 5.5));
	const label = params.dataInsideLength <= LABELS_UP_TO && h > 40 && LABELS[m[3]];
	shape.style = { fill: colour(m[2] === "miss" ? "missed" : m[2]) };
	if (label) {
		shape.textContent = { style: { text: label, fill: shape.style.fill, fontSize: 11, fontWeight: 600 } };
		shape.textConfig = { position: x > params.coordSys.x + params.coordSys.width - 70 ? "left" : "right", distance: 3 };
	}
	return shape;
}

/* A curve with a head; backwards in time too: a load that came before the store. */
function drawArrow(params, api) {
	const a = D.arrows[api.value(4)];
	const h = api.size([0, 1])[1];
	const [x0, c0] = api.coord([a[2], api.value(1)]);
	const [x1, c1] = api.coord([a[4], api.value(3)]);
	const down = c1 > c0, same = c1 === c0;
	const edge = STEPS ? [-0.08, 0.34] : [-0.24, 0.16]; // of the boxes, from the middle of the lane
	const y0 = c0 + edge[same || !down ? 0 : 1] * h, y1 = c1 + edge[same || down ? 0 : 1] * h;
	const bend = same ? -0.5 * h : (y1 - y0) * 0.45;
	const missed = a[0] === "missed", stroke = colour(a[0]);
	const head = missed ? 8 : 6, way = same || down ? 1 : -1;
	const tip = [x1, y1];
	return {
		type: "group",
		children: [
			{ type: "bezierCurve", shape: { x1: x0, y1: y0, x2: tip[0], y2: tip[1] - way * head * 0.8, cpx1: x0, cpy1: y0 + bend, cpx2: x1, cpy2: y1 - (same ? -bend : bend) },
			  style: { stroke, lineWidth: missed ? 3 : 1.8, lineDash: a[0] === "unseen" ? [5, 4] : undefined, fill: "none" } },
			{ type: "polygon", shape: { points: [tip, [tip[0] - head * 0.55, tip[1] - way * head], [tip[0] + head * 0.55, tip[1] - way * head]] }, style: { fill: stroke } },
			{ type: "circle", shape: { cx: x0, cy: y0, r: missed ? 4 : 3 }, style: { fill: stroke } },
		],
	};
}

function drawCursor(params, api) {
	const [x] = api.coord([api.value(0), 0]);
	const box = params.coordSys;
	if (x < box.x || x > box.x + box.width) return null;
	return { type: "line", shape: { x1: x, y1: box.y, x2: x, y2: box.y + box.height }, style: { stroke: colour("accent"), lineWidth: 1.5, lineDash: [3, 3] }, silent: true };
}

function escape(s) {
	return String(s).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
}

function tooltip(params) {
	const v = params.value;
	if (params.seriesId === "spans") {
		const s = D.spans[v[3]];
		const length = STEPS ? "" : ", " + (s[2] - s[1]).toFixed(3) + " " + D.unit;
		return `<b>${escape(s[4])}</b>${length}<br>${escape(s[5])}<br>${fine(s[1])}`;
	}
	if (params.seriesId === "marks") {
		const m = D.marks[v[2]];
		return `<b>${escape(m[3])}</b><br>${escape(m[4])}<br>${fine(m[1])}`;
	}
	const a = D.arrows[v[4]];
	return `<b>${escape(ARROW_TEXT[a[0]])}</b><br>${escape(a[5])}`;
}

function baseOption() {
	const axis = { axisLine: { lineStyle: { color: colour("line") } }, axisLabel: { color: colour("soft"), fontSize: 12 } };
	return {
		animation: false, grid: GRID, backgroundColor: "transparent",
		tooltip: { trigger: "item", confine: true, formatter: tooltip, backgroundColor: colour("page"), borderColor: colour("line"), textStyle: { color: colour("ink"), fontSize: 13 }, extraCssText: "max-width:420px;white-space:normal" },
		xAxis: { type: "value", min: first, max: last, ...axis, splitLine: { show: true, lineStyle: { color: colour("line"), opacity: 0.5 } },
			axisLabel: { ...axis.axisLabel, show: !STEPS, hideOverlap: true, formatter: (t) => text(t, state.end - state.start < 20 ? 2 : 0) }, axisTick: { show: !STEPS },
			name: STEPS ? "" : D.unit, nameLocation: "middle", nameGap: 22, nameTextStyle: { color: colour("soft") } },
		yAxis: { type: "category", inverse: true, ...axis, axisTick: { show: false }, axisLabel: { ...axis.axisLabel, color: colour("ink"), fontWeight: 600 }, splitLine: { show: true, lineStyle: { color: colour("line") } } },
		dataZoom: [
			{ type: "inside", filterMode: "none", startValue: state.start, endValue: state.end, minValueSpan: STEPS ? 2 : 0.05 },
			{ type: "slider", filterMode: "none", startValue: state.start, endValue: state.end, height: 16, bottom: 10, showDetail: false, brushSelect: false, borderColor: colour("line"), fillerColor: "rgba(120,140,170,0.25)", dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } } },
		],
		series: [
			{ id: "spans", type: "custom", renderItem: drawSpan, encode: { x: [0, 2], y: 1 }, clip: true, z: 2 },
			{ id: "arrows", type: "custom", renderItem: drawArrow, encode: { x: [0, 2], y: [1, 3] }, clip: true, z: 4 },
			{ id: "marks", type: "custom", renderItem: drawMark, encode: { x: 0, y: 1 }, clip: true, z: 5 },
			{ id: "cursor", type: "custom", renderItem: drawCursor, encode: { x: 0 }, silent: true, z: 6 },
		],
	};
}

/* The data inside the view. */
function draw() {
	const lanes = chooseLanes();
	if (lanes.join() !== state.lanes.join()) {
		state.lanes = lanes;
		const height = lanes.length * laneHeight() + GRID.top + GRID.bottom;
		$("chart").style.height = height + "px";
		chart.resize();
		chart.setOption({ yAxis: { data: lanes.map((i) => D.lanes[i]) } });
	}
	const row = new Map(lanes.map((lane, i) => [lane, i]));
	const arrows = visibleArrows().filter((a) => row.has(a[1]) && row.has(a[3])).slice(0, 600);
	chart.setOption({ series: [
		{ id: "spans", data: visibleSpans(row) },
		{ id: "arrows", data: arrows.map((a) => [a[2], row.get(a[1]), a[4], row.get(a[3]), indexOfArrow.get(a)]) },
		{ id: "marks", data: visibleMarks(row) },
		{ id: "cursor", data: [[cursorTime()]] },
	] });
	const told = $("chart").dataset;
	told.start = state.start;
	told.end = state.end;
	told.arrows = arrows.length;
	told.missed = arrows.filter((a) => a[0] === "missed").length;
	told.lanes = lanes.length;
}

let waiting = 0;
function drawSoon() {
	clearTimeout(waiting);
	waiting = setTimeout(draw, 60);
}

function setView(start, end) {
	const span = clamp(end - start, STEPS ? 2 : 0.05, last - first);
	state.start = clamp(start, first, last - span);
	state.end = state.start + span;
	const zoom = { startValue: state.start, endValue: state.end };
	chart.dispatchAction({ type: "dataZoom", batch: [{ dataZoomIndex: 0, ...zoom }, { dataZoomIndex: 1, ...zoom }] });
	draw();
}

function zoom(factor) {
	const at = times[state.cursor], inside = at >= state.start && at <= state.end;
	const middle = inside ? at : (state.start + state.end) / 2;
	setView(middle - (middle - state.start) * factor, middle + (state.end - middle) * factor);
}

function pan(part) {
	const by = (state.end - state.start) * part;
	setView(state.start + by, state.end + by);
}
