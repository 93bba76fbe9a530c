/*
 * The book's script: colours that are remembered, and a search over search.js, which is loaded when somebody searches.
 * The pages work without it.
 */
"use strict";

const root = document.documentElement;
const form = document.getElementById("search");
const results = document.getElementById("results");
const chapters = document.getElementById("chapters");
let index = null;

function stored(key, value) {
	try {
		if (value !== undefined)
			localStorage.setItem(key, value);
		return localStorage.getItem(key);
	} catch (error) {
		return null; /* a browser may refuse to keep anything for a page from a disk */
	}
}

function is_dark() {
	return (root.dataset.colours || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

if (stored("colours"))
	root.dataset.colours = stored("colours");

document.getElementById("colours").addEventListener("click", () => {
	root.dataset.colours = is_dark() ? "light" : "dark";
	stored("colours", root.dataset.colours);
});

function load_index(then) {
	if (index)
		return then();
	const script = document.createElement("script");
	script.src = "search.js";
	script.onload = () => {
		index = window.bookIndex.map(([page, anchor, title, heading, text]) =>
			({ page, anchor, title, heading, text, head: heading.toLowerCase(), low: text.toLowerCase() }));
		then();
	};
	document.head.append(script);
}

/* A section counts when it has every word; words of its heading count most. */
function find(words) {
	const score = (entry) => words.reduce((sum, word) => {
		const inText = entry.low.split(word).length - 1;
		const inHead = entry.head.includes(word);
		return inText || inHead ? sum + Math.min(inText, 5) + (inHead ? 20 : 0) : NaN;
	}, 0);
	return index.map((entry) => ({ entry, score: score(entry) })).filter((hit) => hit.score > 0)
		.sort((a, b) => b.score - a.score).slice(0, 30).map((hit) => hit.entry);
}

function excerpt(entry, word) {
	const at = Math.max(0, entry.low.indexOf(word) - 40);
	return (at ? "…" : "") + entry.text.slice(at, at + 120) + "…";
}

function show(query) {
	const words = query.toLowerCase().split(/\s+/).filter(Boolean);
	results.hidden = !words.length;
	chapters.hidden = !!words.length;
	if (!words.length)
		return;
	const hits = find(words);
	results.textContent = hits.length ? "" : "Nothing found.";
	for (const entry of hits) {
		const link = document.createElement("a");
		const small = document.createElement("small");
		link.href = entry.page + "#" + entry.anchor;
		link.textContent = entry.heading === entry.title ? entry.title : entry.title + ": " + entry.heading;
		small.textContent = excerpt(entry, words[0]);
		link.append(small);
		results.append(link);
	}
}

form.addEventListener("submit", (event) => {
	event.preventDefault();
	const first = results.querySelector("a");
	if (first)
		location.href = first.href;
});
form.q.addEventListener("input", () => load_index(() => show(form.q.value)));
form.q.addEventListener("keydown", (event) => {
	if (event.key === "Escape") {
		form.q.value = "";
		show("");
	}
});

document.addEventListener("keydown", (event) => {
	if (event.target === form.q || event.ctrlKey || event.metaKey || event.altKey)
		return;
	if (event.key === "/") {
		event.preventDefault();
		form.q.focus();
	}
	const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
	const link = rel && document.querySelector(`a[rel=${rel}]`);
	if (link)
		location.href = link.href;
});

/* index.html?q=words: a search that can be linked to. */
const asked = new URLSearchParams(location.search).get("q");
if (asked) {
	form.q.value = asked;
	load_index(() => show(asked));
}

/* The list of pages at the present one. scrollIntoView() would scroll the text as well. */
const list = document.getElementById("book");
const here = list.querySelector("[aria-current]");
if (here)
	list.scrollTop = here.offsetTop - list.clientHeight / 2;
