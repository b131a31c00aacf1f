"use strict";
// Search, graph, previews of statements, and unfolding what an address points to. The pages read without it.

const params = new URLSearchParams(location.search);
const make = (tag, attributes = {}, ...children) => {
  const svg = ["svg", "g", "rect", "text", "path", "title"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

// Search: the rules of refvae/search.py. Every word must be found; a number, a title, a term and a function weigh more

const CJK = /^[\u3400-\u9fff]+$/, FORMULA = /(?<![\p{L}\p{N}_])[([]\d+[)\]]/gu;

function normal(text) {
  const spelt = [...text].map(sign => sign in RULES.greek ? ` ${RULES.greek[sign]} ` : sign).join("").toLowerCase();
  return (spelt.match(/[\u3400-\u9fff]+|[a-z0-9](?:(?![\u3400-\u9fff])[\p{L}\p{N}_]|[.'-])*/gu) || [])
    .map(word => word.replace(/^[.'-]+|[.'-]+$/g, "").replaceAll("iz", "is").replaceAll("parameter", "parametr")).join(" ");
}

function wanted(query) {
  const brackets = query.match(FORMULA) || [], words = normal(query.replace(FORMULA, " ")).split(" ").filter(Boolean);
  const pairs = word => word.length > 1 ? Array.from({ length: word.length - 1 }, (_, i) => word.slice(i, i + 2)) : [word];
  return [...brackets, ...words.filter(word => !RULES.stop.includes(word) || query.trim() === word)
    .flatMap(word => CJK.test(word) ? pairs(word) : [/^[a-z]{3,}[^s]s$/.test(word) ? word.slice(0, -1) : word])];
}

function plainScore([, key, , , names, text, sources], word) {
  const weights = RULES.weights;
  if (word === key) return weights.name;
  if (names.includes(` ${word}`)) return weights.start + names.includes(` ${word} `);
  if ("([".includes(word[0]) || /^\d+$/.test(word)) return sources.includes(` ${word} `) ? weights.within : 0;
  if (names.includes(word)) return weights.within;
  if (/^\p{L}+$/u.test(word) && names.split(" ").some(name => name.length > 4 && word.startsWith(name))) return weights.within;
  return text.includes(` ${word} `) ? weights.text : text.includes(word) ? weights.part : 0;
}

function score(entry, word) {
  const parts = word.split("-");
  return plainScore(entry, word) || (word in RULES.alike ? Math.floor(plainScore(entry, RULES.alike[word]) / 2) : 0)
    || (parts.length > 1 && parts.every(Boolean) ? Math.min(...parts.map(part => plainScore(entry, part))) : 0);
}

function search(query) {
  const named = query.match(/(?<![\p{L}\p{N}_.])\d+\.\d+[a-z]?(?![\p{L}\p{N}_])/gu) || [];
  const stated = INDEX.filter(entry => named.includes(entry[1])).map(entry => [RULES.weights.name, entry]);
  const words = wanted(query);
  if (stated.length || !words.length) return stated;
  return INDEX.map(entry => [words.map(word => score(entry, word)), entry]).filter(([scores]) => scores.every(Boolean))
    .map(([scores, entry]) => [scores.reduce((a, b) => a + b) + (entry[0] === "statement" ? RULES.weights.statement : 0), entry])
    .sort((a, b) => b[0] - a[0]);
}

function showHits() {
  const query = document.getElementById("q").value, hits = search(query), words = wanted(query), most = 60;
  const terms = TERMS.filter(term => words.length && words.every(word => ` ${term[3]}`.includes(CJK.test(word) ? word : ` ${word}`)));
  document.getElementById("meanings").replaceChildren(...terms.flatMap(([term, chinese, meaning]) =>
    [make("dt", {}, term, chinese ? " " : "", make("span", { lang: "zh" }, chinese)), make("dd", {}, meaning)]));
  document.getElementById("hits").replaceChildren(...hits.slice(0, most).map(([, [kind, key, title, href]]) =>
    make("li", {}, make("a", kind === "statement" ? { href, class: "eq" } : { href }, kind === "statement" ? `(${key}) ${title}` : kind === "function" ? key : title),
      kind === "function" ? ` ${title}` : kind === "section" ? ` section of ${key.split("#")[0]}` : "")));
  document.getElementById("count").textContent = !words.length ? "" : !hits.length ? "Nothing has all of these words."
    : hits.length > most ? `${hits.length} places, the first ${most} of them:` : hits.length === 1 ? "One place:" : `${hits.length} places:`;
}

// Graph: what a statement uses, or what uses it, in layers from the focus

// Each box as far from the focus as the longest way to it, so that no line runs within a column
function deepened(numbers, up) {
  const place = new Map(numbers.map(number => [number, 0])), columns = [];
  const arrows = numbers.flatMap(number => window.GRAPH[number][2].filter(used => place.has(used)).map(used => up ? [number, used] : [used, number]));
  for (let moved = true; moved;) {
    moved = false;
    for (const [a, b] of arrows) if (place.get(b) <= place.get(a)) { place.set(b, place.get(a) + 1); moved = true; }
  }
  for (const number of numbers) (columns[place.get(number)] ??= []).push(number);
  return columns;
}

function layers(focus, depth, up) {
  const next = number => up ? window.GRAPH[number][2]
    : Object.keys(window.GRAPH).filter(other => window.GRAPH[other][2].includes(number));
  const found = [[focus]], seen = new Set([focus]);
  for (let step = 0; step < depth; step++) {
    const layer = [...new Set(found[step].flatMap(next))].filter(number => window.GRAPH[number] && !seen.has(number));
    if (!layer.length) break;
    layer.forEach(number => seen.add(number));
    found.push(layer);
  }
  return deepened(found.flat(), up);
}

// Arrow keys go to the nearest box on that side
function walk(event, place, number) {
  const way = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  if (!way) return;
  event.preventDefault();
  const [x, y] = place.get(number), side = [...place].map(([other, [u, v]]) => [other, (u - x) * way[0] + (v - y) * way[1], Math.abs(u - x) * Math.abs(way[1]) + Math.abs(v - y) * Math.abs(way[0])])
    .filter(([, ahead, beside]) => ahead > 0 && (way[0] || !beside)).sort((a, b) => a[1] - b[1] || a[2] - b[2]);
  if (side.length) document.getElementById(`node-${side[0][0]}`).focus();
}

function drawGraph(focus, depth, up) {
  const found = layers(focus, depth, up), width = 250, height = 34, gap = 70, place = new Map();
  found.forEach((layer, i) => layer.forEach((number, j) => place.set(number, [i * (width + gap), j * (height + 10)])));
  const size = [found.length * (width + gap), Math.max(...found.map(layer => layer.length)) * (height + 10)];
  const svg = make("svg", { viewBox: `-4 -4 ${size[0]} ${size[1] + 8}`, width: size[0], role: "group", "aria-label": `Graph about (${focus})` });
  for (const [number, [x, y]] of place) {
    for (const used of window.GRAPH[number][2].filter(each => place.has(each))) {
      const [u, v] = place.get(used), [a, b] = u > x ? [x + width, u] : [x, u + width];
      svg.append(make("path", { d: `M${a} ${y + height / 2}C${(a + b) / 2} ${y + height / 2} ${(a + b) / 2} ${v + height / 2} ${b} ${v + height / 2}` }));
    }
  }
  for (const [number, [x, y]] of place) {
    const [title, , , claim] = window.GRAPH[number], label = claim ? `(${number})` : `[${number}]`;
    const short = title.length > 26 ? title.slice(0, 25) + "…" : title;
    const link = make("g", { class: number === focus ? "focus" : "", tabindex: 0, role: "link" },
      make("title", {}, `${label} ${title}`), make("rect", { x, y, width, height, rx: 4 }), make("text", { x: x + 8, y: y + 22 }, `${label} ${short}`));
    const go = () => { location.search = `?focus=${number}&${up ? "up" : "down"}=${depth}`; };
    link.addEventListener("click", go);
    link.addEventListener("keydown", event => { if (event.key === "Enter") go(); else walk(event, place, number); });
    link.id = `node-${number}`;
    svg.append(link);
  }
  return svg;
}

function showGraph() {
  const form = document.getElementById("graph-form"), focus = params.get("focus") || Object.keys(window.GRAPH).find(number => window.GRAPH[number][2].length > 2) || Object.keys(window.GRAPH)[0];
  const up = !params.has("down"), depth = Number(params.get(up ? "up" : "down") || 2);
  const field = (name, label, value) => make("label", {}, `${label} `, make("input", { name, value, size: 6 }), " ");
  form.append(field("focus", "Statement", focus), field(up ? "up" : "down", up ? "what it uses, depth" : "what uses it, depth", depth),
    make("button", {}, "Draw"), " ", make("a", { href: `?focus=${focus}&${up ? "down" : "up"}=${depth}` }, up ? "what uses it" : "what it uses"),
    " ", make("a", { href: (window.GRAPH[focus] || ["", "index.html"])[1], class: "eq" }, "read it"));
  document.getElementById("graph").append(window.GRAPH[focus] ? drawGraph(focus, depth, up) : `No statement (${focus}).`);
}

// What a number stands for, shown on hover and on focus. The previews of a chapter are a script that is loaded when asked for

window.PREVIEWS = {};
const box = make("div", { class: "preview", id: "preview", role: "tooltip", hidden: "" });
let asked = null;

function load(chapter, then) {
  const id = `previews-${chapter}`, known = document.getElementById(id);
  if (known) return known.dataset.loaded ? then() : known.addEventListener("load", then);
  const script = make("script", { id, src: `${chapter}.preview.js` });
  script.addEventListener("load", () => { script.dataset.loaded = "yes"; then(); });
  document.head.append(script);
}

function show(link) {
  const [, chapter, number] = /(\w+)\.html#eq-(\d+-\d+[a-z]?)$/.exec(link.href) || [];
  if (!chapter || chapter === "print") return;
  asked = link;
  if (link.title) { link.dataset.title = link.title; link.removeAttribute("title"); }
  load(chapter, () => {
    const text = window.PREVIEWS[number.replace("-", ".")];
    if (asked !== link || !text) return;
    box.innerHTML = text;
    box.hidden = false;
    link.setAttribute("aria-describedby", "preview");
    const at = link.getBoundingClientRect(), wide = Math.min(560, innerWidth - 24);
    box.style.width = `${wide}px`;
    box.style.left = `${Math.max(12, Math.min(at.left, innerWidth - wide - 12))}px`;
    box.style.top = at.bottom + box.offsetHeight + 12 < innerHeight ? `${at.bottom + 6}px` : `${Math.max(8, at.top - box.offsetHeight - 6)}px`;
  });
}

function hide() {
  if (asked) asked.removeAttribute("aria-describedby");
  asked = null;
  box.hidden = true;
}

document.body.append(box);
for (const [enter, leave] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
  document.addEventListener(enter, event => { const link = event.target.closest?.("a.eq"); if (link && link !== asked) show(link); });
  document.addEventListener(leave, event => { if (event.target.closest?.("a.eq") && !box.matches(":hover")) hide(); });
}
box.addEventListener("mouseleave", hide);
addEventListener("scroll", hide, { passive: true });

// What an address points to is unfolded; code is copied without the numbers of its lines

function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  if (target) target.scrollIntoView();
}
addEventListener("hashchange", unfold);
if (document.querySelector("details :target")) unfold();

for (const code of document.querySelectorAll(".text pre.python, .text pre.sh")) {
  const button = make("button", { class: "copy", type: "button" }, "copy");
  button.addEventListener("click", () => navigator.clipboard?.writeText(code.querySelector("code").textContent).then(() => { button.textContent = "copied"; }));
  const frame = make("div", { class: "copied" });
  code.replaceWith(frame);
  frame.append(code, button);
}

if (document.getElementById("q")) {
  const input = document.getElementById("q");
  input.value = params.get("q") || "";
  input.addEventListener("input", showHits);
  input.form.addEventListener("submit", event => { event.preventDefault(); showHits(); });
  input.focus();
  showHits();
}
if (document.getElementById("graph-form")) showGraph();
document.addEventListener("keydown", event => {
  if (event.key === "Escape") hide();
  if (event.key === "/" && !["INPUT", "TEXTAREA"].includes(document.activeElement.tagName)) { event.preventDefault(); (document.getElementById("q") || document.querySelector("nav input")).focus(); }
});
