"use strict";
// Search, graph, and unfolding what an address points to. The pages read without it.

const params = new URLSearchParams(location.search);
const make = (tag, attributes = {}, ...children) => {
  const svg = ["svg", "g", "rect", "text", "path", "title"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

// Search: every word must be found; a number, a title and a function weigh more than the text

function score(entry, word) {
  const [number, title, , text, code] = entry;
  if (number === word) return 1000;
  if (number.startsWith(word)) return 50;
  if (title.toLowerCase().includes(word)) return 20;
  if (code.toLowerCase().includes(word)) return 15;
  return (" " + text + " ").includes(" " + word + " ") ? 5 : text.includes(word) ? 2 : 0;
}

function search(query) {
  const words = query.toLowerCase().replace(/[()[\]\\$]/g, " ").split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const scored = window.INDEX.map(entry => [words.map(word => score(entry, word)), entry]);
  return scored.filter(([found]) => found.every(Boolean))
    .map(([found, entry]) => [found.reduce((a, b) => a + b), entry]).sort((a, b) => b[0] - a[0]).slice(0, 40);
}

function showHits() {
  const input = document.getElementById("q"), list = document.getElementById("hits");
  const hits = search(input.value);
  list.replaceChildren(...hits.map(([, [number, title, href]]) => make("li", {}, make("a", { href }, `(${number}) ${title}`))));
  if (input.value && !hits.length) list.append(make("li", {}, "Nothing has all of these words."));
}

// Graph: what a statement uses, or what uses it, in layers from the focus

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
  return found;
}

function drawGraph(focus, depth, up) {
  const found = layers(focus, depth, up), width = 250, height = 34, gap = 70, place = new Map();
  found.forEach((layer, i) => layer.forEach((number, j) => place.set(number, [i * (width + gap), j * (height + 10)])));
  const size = [found.length * (width + gap), Math.max(...found.map(layer => layer.length)) * (height + 10)];
  const svg = make("svg", { viewBox: `-4 -4 ${size[0]} ${size[1] + 8}`, width: size[0], role: "img", "aria-label": `Graph about (${focus})` });
  for (const [number, [x, y]] of place) {
    for (const used of window.GRAPH[number][2].filter(each => place.has(each))) {
      const [u, v] = place.get(used), [a, b] = u > x ? [x + width, u] : [x, u + width];
      svg.append(make("path", { d: `M${a} ${y + height / 2}C${(a + b) / 2} ${y + height / 2} ${(a + b) / 2} ${v + height / 2} ${b} ${v + height / 2}` }));
    }
  }
  for (const [number, [x, y]] of place) {
    const [title, , , claim] = window.GRAPH[number], label = claim ? `(${number})` : `[${number}]`;
    const short = title.length > 30 ? title.slice(0, 29) + "…" : title;
    const link = make("g", { class: number === focus ? "focus" : "", tabindex: 0, role: "link" },
      make("title", {}, `${label} ${title}`), make("rect", { x, y, width, height, rx: 4 }), make("text", { x: x + 8, y: y + 22 }, `${label} ${short}`));
    const go = () => { location.search = `?focus=${number}&${up ? "up" : "down"}=${depth}`; };
    link.addEventListener("click", go);
    link.addEventListener("keydown", event => { if (event.key === "Enter") go(); });
    svg.append(link);
  }
  return svg;
}

function showGraph() {
  const form = document.getElementById("graph-form"), focus = params.get("focus") || "3.11";
  const up = !params.has("down"), depth = Number(params.get(up ? "up" : "down") || 2);
  const field = (name, label, value) => make("label", {}, `${label} `, make("input", { name, value, size: 6 }), " ");
  form.append(field("focus", "Statement", focus), field(up ? "up" : "down", up ? "what it uses, depth" : "what uses it, depth", depth),
    make("button", {}, "Draw"), " ", make("a", { href: `?focus=${focus}&${up ? "down" : "up"}=${depth}` }, up ? "what uses it" : "what it uses"),
    " ", make("a", { href: (window.GRAPH[focus] || ["", "index.html"])[1] }, "read it"));
  document.getElementById("graph").append(window.GRAPH[focus] ? drawGraph(focus, depth, up) : `No statement (${focus}).`);
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
  if (event.key === "/" && !["INPUT", "TEXTAREA"].includes(document.activeElement.tagName)) { event.preventDefault(); location.href = "search.html"; }
});
