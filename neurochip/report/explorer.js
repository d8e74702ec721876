"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6bd1", "#7f8c8d"];
const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
const STATUS = { ok: "ok", not_priced: "not priced", does_not_fit: "does not fit", invalid: "not valid", failed: "failed", crashed: "crashed", error: "error" };
const MOST_ROWS = 300, MOST_CHIPS = 12, MOST_CELLS = 60;

// --- the table -------------------------------------------------------------------------------------------

const axes = Object.fromEntries(data.axes.map(axis => [axis.name, axis]));
const metrics = Object.fromEntries(data.metrics.map(metric => [metric.name, metric]));
const rows = data.rows.map(cells => Object.fromEntries(data.columns.map((name, i) => [name, cells[i]])));
const isNumber = value => typeof value === "number";
const levels = name => {
  const found = [...new Set(rows.map(row => row[name]))];
  return found.every(isNumber) ? found.sort((a, b) => a - b) : found;
};
for (const axis of data.axes) {
  axis.levels = levels(axis.name);
  axis.numeric = axis.levels.every(isNumber);
}
const mean = values => values.reduce((a, b) => a + b, 0) / values.length;

function settings(list) {
  const by = new Map();
  for (const row of list) by.set(row.setting, [...(by.get(row.setting) || []), row]);
  return [...by.values()].map(group => {
    const bad = group.find(row => row.status !== "ok") || group[0];
    const one = { ...bad, n: group.length, sd: {}, seeds: group.map(row => row.seed) };
    for (const { name } of data.metrics) {
      const values = group.map(row => row[name]).filter(isNumber);
      one[name] = values.length ? mean(values) : null;
      if (values.length > 1)
        one.sd[name] = Math.sqrt(values.reduce((sum, v) => sum + (v - one[name]) ** 2, 0) / (values.length - 1));
    }
    return one;
  });
}
const single = rows.map(row => ({ ...row, n: 1, sd: {}, seeds: [row.seed] }));
const grouped = settings(rows);

// --- words -----------------------------------------------------------------------------------------------

const label = name => name.replace(/_(nj|us|mm2)$/, "").replace(/_/g, " ").replace(/^./, letter => letter.toUpperCase());
const fraction = name => metrics[name] && metrics[name].unit === "fraction";
function titled(name) {
  if (fraction(name)) return `${label(name)}, %`;
  return metrics[name] && metrics[name].unit ? `${label(name)}, ${metrics[name].unit}` : label(name);
}
function short(value) {
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (size >= unit * 10 || (size >= unit && unit > 1e3)) return `${+(value / unit).toPrecision(3)} ${letter}`;
  return String(+value.toPrecision(4));
}
function show(name, value) {
  if (value === null || value === undefined) return "–";
  if (!isNumber(value)) return String(value);
  return fraction(name) ? `${(100 * value).toFixed(2)} %` : short(value);
}
const near = (text, value) => Math.abs(parseFloat(text) * (text.endsWith("k") ? 1e3 : text.endsWith("M") ? 1e6 : text.endsWith("G") ? 1e9 : 1) - value) <= 1e-9 * Math.abs(value);
function tick(name, value) {
  if (fraction(name)) return String(+(100 * value).toFixed(4));
  return near(short(value), value) ? short(value) : value.toLocaleString("en", { maximumSignificantDigits: 6 });
}
const command = row => `${data.commands[row.setting]} --seed ${row.seeds[0]}`;

// --- what is chosen --------------------------------------------------------------------------------------

const state = { view: "scatter", mean: true, front: true, logx: false, logy: false, sort: null, down: true, filters: {} };
const metricNames = data.metrics.filter(metric => rows.some(row => isNumber(row[metric.name]))).map(m => m.name);
const axisNames = data.axes.map(axis => axis.name);

function fill(select, names, chosen) {
  select.replaceChildren();
  const groups = [["Axes", names.filter(name => axes[name])], ["Results", names.filter(name => metrics[name])]];
  for (const [title, list] of groups) {
    if (!list.length) continue;
    const group = document.createElement("optgroup");
    group.label = title;
    for (const name of list) group.append(new Option(label(name), name, false, name === chosen));
    select.append(group);
  }
  if (names.includes("")) select.prepend(new Option("None", "", false, chosen === ""));
}

function choose(view) {
  state.view = view;
  for (const button of document.querySelectorAll("[data-view]"))
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  for (const item of document.querySelectorAll(".scatter-only")) item.hidden = view === "heat";
  const all = [...axisNames, ...metricNames];
  if (view === "heat") {
    fill($("x"), axisNames, data.heat[0]);
    fill($("y"), axisNames, data.heat[1]);
    fill($("c"), metricNames, data.accuracy);
  } else {
    fill($("x"), all, metricNames.includes(data.cost) ? data.cost : axisNames[0]);
    fill($("y"), all, metricNames.includes(data.accuracy) ? data.accuracy : axisNames[0]);
    fill($("c"), ["", ...all], data.heat[0]);
    $("logx").checked = state.logx = wide($("x").value);
    $("logy").checked = state.logy = wide($("y").value);
  }
  draw();
}
function wide(name) {
  if (name.endsWith("accuracy")) return true;
  const values = rows.map(row => row[name]).filter(isNumber);
  return values.length > 0 && Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 30;
}

function passes(row) {
  return Object.entries(state.filters).every(([name, filter]) => {
    if (filter.set) return filter.set.has(row[name]);
    return row[name] >= filter.low && row[name] <= filter.high;
  });
}

function filters() {
  state.filters = {};
  const box = $("filters");
  box.replaceChildren();
  const statuses = [...new Set(rows.map(row => row.status))];
  const list = [...data.axes];
  if (statuses.length > 1) list.push({ name: "status", levels: statuses, numeric: false });
  for (const axis of list) {
    const part = document.createElement("div");
    part.className = "filter";
    part.dataset.axis = axis.name;
    const head = document.createElement("b");
    head.textContent = label(axis.name) + " ";
    if (axis.keys) head.title = axis.keys.join("\n");
    part.append(head, axis.numeric && axis.levels.length > MOST_CHIPS ? slider(axis, head) : chips(axis));
    box.append(part);
  }
}
function chips(axis) {
  const box = document.createElement("div");
  box.className = "chips";
  const on = new Set(axis.levels);
  state.filters[axis.name] = { set: on };
  for (const level of axis.levels) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = axis.name === "status" ? STATUS[level] || level : String(level);
    button.setAttribute("aria-pressed", "true");
    button.onclick = () => {
      on.has(level) ? on.delete(level) : on.add(level);
      button.setAttribute("aria-pressed", String(on.has(level)));
      draw();
    };
    box.append(button);
  }
  return box;
}
function slider(axis, head) {
  const box = document.createElement("div"), words = document.createElement("small");
  const last = axis.levels.length - 1, filter = { low: axis.levels[0], high: axis.levels[last] };
  state.filters[axis.name] = filter;
  box.className = "range";
  head.append(words);
  const tell = () => { words.textContent = `${short(filter.low)} – ${short(filter.high)}`; };
  const ends = ["low", "high"].map((end, i) => {
    const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: last, value: i * last });
    input.setAttribute("aria-label", `${label(axis.name)}, ${end === "low" ? "lowest" : "highest"}`);
    box.append(input);
    return input;
  });
  for (const input of ends)
    input.oninput = () => {
      const at = ends.map(end => +end.value).sort((a, b) => a - b);
      [filter.low, filter.high] = at.map(index => axis.levels[index]);
      tell();
      draw();
    };
  tell();
  return box;
}

// --- scales ----------------------------------------------------------------------------------------------

const mix = (a, b, share) => "#" + [1, 3, 5].map(i => {
  const from = parseInt(a.slice(i, i + 2), 16), to = parseInt(b.slice(i, i + 2), 16);
  return Math.round(from + (to - from) * share).toString(16).padStart(2, "0");
}).join("");
function ramp(share) {
  const at = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1), index = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return mix(VIRIDIS[index], VIRIDIS[index + 1], at - index);
}
// Accuracies go by the logarithm of their error, so that 98 and 99 per cent can be told apart.
const stretch = name => name.endsWith("accuracy") ? value => -Math.log10(Math.max(1 - value, 5e-4)) : value => value;
function colours(name, list, measure) {
  if (!name) return { of: () => PALETTE[0], kind: "none" };
  const values = [...new Set(list.map(row => row[name]))].filter(value => value !== null && value !== undefined);
  const numeric = values.every(isNumber), f = stretch(measure || name);
  if (axes[name] && (!numeric || axes[name].levels.length <= PALETTE.length)) {
    const order = axes[name].levels;
    if (!numeric) return { of: row => PALETTE[order.indexOf(row[name]) % PALETTE.length], kind: "steps", order };
    const place = value => ramp(order.length > 1 ? 0.94 * order.indexOf(value) / (order.length - 1) : 0.4);
    return { of: row => place(row[name]), kind: "steps", order, place };
  }
  const low = Math.min(...values), high = Math.max(...values), span = f(high) - f(low) || 1;
  const share = row => (f(row[name]) - f(low)) / span;
  return { of: row => isNumber(row[name]) ? ramp(share(row)) : "#999999", kind: "ramp", low, high, share };
}
function legend(name, scale) {
  const box = $("legend");
  box.replaceChildren();
  if (scale.kind === "none") return;
  const head = document.createElement("span");
  head.textContent = titled(name);
  box.append(head);
  if (scale.kind === "steps") {
    scale.order.forEach((level, index) => {
      const item = document.createElement("span"), dot = document.createElement("i");
      dot.style.background = scale.place ? scale.place(level) : PALETTE[index % PALETTE.length];
      item.append(dot, String(level));
      box.append(item);
    });
    return;
  }
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.style.background = `linear-gradient(90deg, ${VIRIDIS.join(",")})`;
  const ends = [scale.low, scale.high].map(value => Object.assign(document.createElement("span"), { textContent: show(name, value) }));
  box.append(ends[0], bar, ends[1]);
}
function nice(low, high, number) {
  const raw = (high - low) / number, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(m => m * power >= raw);
  const ticks = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) ticks.push(+value.toPrecision(12));
  return ticks;
}
function scale(name, list, from, to, log) {
  if (axes[name] && !axes[name].numeric) {
    const order = axes[name].levels, width = (to - from) / order.length;
    return { at: value => from + (order.indexOf(value) + 0.5) * width, ticks: order.map(value => [value, String(value)]) };
  }
  const values = list.map(row => row[name]).filter(isNumber);
  let low = Math.min(...values), high = Math.max(...values);
  const bent = log && name.endsWith("accuracy"), logarithmic = log && !bent && low > 0;
  const f = bent ? stretch(name) : logarithmic ? Math.log10 : value => value;
  const pad = (f(high) - f(low)) * 0.05 || (logarithmic ? 0.1 : Math.abs(low) * 0.05 || 1);
  const start = f(low) - pad, end = f(high) + pad;
  const at = value => from + (f(value) - start) / (end - start) * (to - from);
  let ticks;
  if (axes[name] && axes[name].levels.length <= 8) ticks = axes[name].levels.filter(value => !logarithmic || value > 0);
  else if (bent) {
    ticks = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
    if (ticks.filter(value => value >= low && value <= high).length < 3) ticks = high > low ? nice(low, high, 5) : [low];
  }
  else if (logarithmic) {
    ticks = [];
    const steps = end - start > 2.5 ? [1] : end - start > 0.9 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
    for (let e = Math.floor(start); e <= Math.ceil(end); e++) for (const m of steps) ticks.push(m * 10 ** e);
  } else ticks = nice(start, end, Math.max(3, Math.abs(to - from) / 90));
  const inside = ticks.filter(value => at(value) >= Math.min(from, to) - 1 && at(value) <= Math.max(from, to) + 1);
  return { at, ticks: inside.map(value => [value, tick(name, value)]) };
}

// --- drawing ---------------------------------------------------------------------------------------------

function node(kind, attributes, text) {
  const made = document.createElementNS(NS, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
function listen(target, row, extra, hidden) {
  target.setAttribute("tabindex", "0");
  target.setAttribute("role", "button");
  target.setAttribute("aria-label", axisNames.map(name => `${label(name)} ${row[name]}`).join(", "));
  target.addEventListener("pointerenter", event => tip(row, event.clientX, event.clientY, extra, hidden));
  target.addEventListener("pointermove", event => tip(row, event.clientX, event.clientY, extra, hidden));
  target.addEventListener("pointerleave", hide);
  target.addEventListener("focus", () => {
    const box = target.getBoundingClientRect();
    if (target.matches(":focus-visible")) tip(row, box.right, box.bottom, extra, hidden);
  });
  target.addEventListener("blur", hide);
  target.addEventListener("click", () => copy(row, extra));
  target.addEventListener("keydown", event => { if (event.key === "Enter") copy(row, extra); });
}
function better(name) { return metrics[name] ? metrics[name].better : ""; }
function paretoOf(list, x, y) {
  const cost = name => better(name) === "higher" ? row => -row[name] : row => row[name];
  if (!better(x) || !better(y) || x === y) return [];
  const [fx, fy] = [cost(x), cost(y)];
  const sorted = [...list].sort((a, b) => fx(a) - fx(b) || fy(a) - fy(b));
  const kept = [];
  for (const row of sorted) if (!kept.length || fy(row) < fy(kept[kept.length - 1])) kept.push(row);
  return kept;
}

function draw() {
  hide();
  const list = (state.mean ? grouped : single).filter(passes);
  const [x, y, c] = ["x", "y", "c"].map(id => $(id).value);
  const all = state.mean ? grouped : single;
  const there = state.view === "heat" ? list : list.filter(row => has(row, x) && has(row, y));
  $("shown").textContent = `${there.length.toLocaleString("en")} of ${all.length.toLocaleString("en")}`;
  $("caption").textContent = state.view === "heat" ? titled(c) + over(list, x, y) : `${label(y)} against ${label(x).toLowerCase()}`;
  state.view === "heat" ? heat(list, x, y, c) : scatter(list, x, y, c);
  table(list);
}
function has(row, name) { return row[name] !== null && row[name] !== undefined; }
function over(list, x, y) {
  const others = axisNames.filter(name => name !== x && name !== y && new Set(list.map(row => row[name])).size > 1);
  return others.length ? `, mean over ${others.map(name => label(name).toLowerCase()).join(", ")}` : "";
}
function frame() {
  const width = Math.max($("chart").clientWidth, 260), narrow = width < 520;
  return { width, narrow };
}
function empty(words) {
  $("chart").replaceChildren(Object.assign(document.createElement("div"), { className: "empty", textContent: words || "Nothing to show: loosen the filters." }));
  $("legend").replaceChildren();
}
function scatter(list, x, y, c) {
  const there = list.filter(row => has(row, x) && has(row, y));
  if (!there.length) return empty();
  const { width, narrow } = frame(), height = Math.round(Math.min(560, Math.max(300, width * (narrow ? 0.9 : 0.56))));
  const left = narrow ? 46 : 62, right = width - 14, top = 26, bottom = height - 44;
  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group" });
  const sx = scale(x, there, left, right, state.logx), sy = scale(y, there, bottom, top, state.logy);
  let lastEnd = -1e9;
  for (const [value, text] of sx.ticks) {
    svg.append(node("line", { class: "grid", x1: sx.at(value), x2: sx.at(value), y1: top, y2: bottom }));
    const room = text.length * 7 + 8;
    if (sx.at(value) - room / 2 < lastEnd) continue;
    lastEnd = sx.at(value) + room / 2;
    svg.append(node("text", { x: sx.at(value), y: bottom + 18, "text-anchor": "middle" }, text));
  }
  for (const [value, text] of sy.ticks) {
    svg.append(node("line", { class: "grid", x1: left, x2: right, y1: sy.at(value), y2: sy.at(value) }));
    svg.append(node("text", { x: left - 8, y: sy.at(value) + 4, "text-anchor": "end" }, text));
  }
  svg.append(node("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
  svg.append(node("text", { class: "label", x: right, y: height - 6, "text-anchor": "end" }, titled(x)));
  svg.append(node("text", { class: "label", x: 0, y: 12 }, titled(y)));
  const colour = colours(c, there), best = state.front ? paretoOf(there, x, y) : [];
  if (best.length) {
    const steps = best.map((row, i) => (i ? `H${sx.at(row[x])}V` : `M${sx.at(row[x])},`) + sy.at(row[y])).join("");
    svg.append(node("path", { class: "front", d: steps }));
  }
  const radius = there.length > 2000 ? 2.5 : there.length > 300 ? 4 : narrow ? 5 : 6;
  const same = new Map();
  for (const row of there) same.set(`${row[x]} ${row[y]}`, (same.get(`${row[x]} ${row[y]}`) || 0) + 1);
  for (const row of there) {
    const dot = node("circle", { class: "dot", cx: sx.at(row[x]), cy: sy.at(row[y]), r: radius, fill: colour.of(row) });
    listen(dot, row, undefined, same.get(`${row[x]} ${row[y]}`) - 1);
    svg.append(dot);
  }
  for (const row of best) svg.append(node("circle", { class: "ring", cx: sx.at(row[x]), cy: sy.at(row[y]), r: radius + 2.5 }));
  $("chart").replaceChildren(svg);
  legend(c, colour);
}
function heat(list, x, y, c) {
  if (!list.length || x === y) return empty();
  const columns = axes[x].levels.filter(level => list.some(row => row[x] === level));
  const lines = axes[y].levels.filter(level => list.some(row => row[y] === level)).reverse();
  for (const [name, found] of [[x, columns], [y, lines]])
    if (found.length > MOST_CELLS) return empty(`${label(name)} has ${found.length.toLocaleString("en")} values, too many for a heat map: choose another axis, or filter.`);
  const { width, narrow } = frame(), left = narrow ? 44 : 62, top = 26;
  const cellWidth = (width - left - 4) / columns.length, cellHeight = Math.max(26, Math.min(58, 420 / lines.length));
  const height = top + cellHeight * lines.length + 44;
  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group" });
  const cells = [];
  columns.forEach((level, i) => lines.forEach((line, j) => {
    const group = list.filter(row => row[x] === level && row[y] === line);
    if (!group.length) return;
    const values = group.map(row => row[c]).filter(isNumber);
    cells.push({ i, j, group, value: values.length ? mean(values) : null });
  }));
  const colour = colours("value", cells, c);
  for (const { i, j, group, value } of cells) {
    const spot = { x: left + i * cellWidth + 1, y: top + j * cellHeight + 1, width: Math.max(1, cellWidth - 2), height: cellHeight - 2, rx: 4 };
    const rect = node("rect", { class: value === null ? "cell none" : "cell", ...spot });
    if (value !== null) rect.style.fill = colour.of({ value });
    listen(rect, group[0], group.length > 1 ? { group, metric: c, value } : undefined);
    svg.append(rect);
    const words = value === null ? (cellWidth > 84 ? STATUS[group[0].status] || group[0].status : "×") : fraction(c) ? (100 * value).toFixed(1) : short(value);
    if (cellWidth < words.length * 7) continue;
    const text = node("text", { class: "num", x: spot.x + spot.width / 2, y: spot.y + spot.height / 2 + 4, "text-anchor": "middle" }, words);
    if (value !== null) text.style.fill = colour.share({ value }) > 0.6 ? "#10202c" : "#ffffff";
    svg.append(text);
  }
  columns.forEach((level, i) => {
    const words = String(isNumber(level) ? short(level) : level);
    if (cellWidth >= words.length * 6 || i % Math.ceil(words.length * 8 / cellWidth) === 0)
      svg.append(node("text", { x: left + (i + 0.5) * cellWidth, y: height - 26, "text-anchor": "middle" }, words));
  });
  lines.forEach((line, j) => svg.append(node("text", { x: left - 8, y: top + (j + 0.5) * cellHeight + 4, "text-anchor": "end" }, String(isNumber(line) ? short(line) : line))));
  svg.append(node("text", { class: "label", x: width - 4, y: height - 6, "text-anchor": "end" }, titled(x)));
  svg.append(node("text", { class: "label", x: 0, y: 12 }, titled(y)));
  $("chart").replaceChildren(svg);
  legend(c, colour);
}

// --- table -----------------------------------------------------------------------------------------------

function table(list) {
  const names = [...axisNames, ...(state.mean ? [] : ["seed"]), "status", ...metricNames];
  const chosen = state.sort && names.includes(state.sort) ? state.sort : null;
  const sorted = [...list];
  if (chosen) {
    const rank = row => row[chosen] === null || row[chosen] === undefined;
    sorted.sort((a, b) => rank(a) - rank(b) || (state.down ? -1 : 1) * (a[chosen] < b[chosen] ? -1 : a[chosen] > b[chosen] ? 1 : 0));
  }
  const head = document.createElement("thead"), line = document.createElement("tr"), body = document.createElement("tbody");
  for (const name of names) {
    const cell = document.createElement("th");
    cell.textContent = label(name);
    cell.scope = "col";
    cell.tabIndex = 0;
    if (metrics[name]) cell.title = metrics[name].meaning;
    if (!metrics[name] && !(axes[name] && axes[name].numeric)) cell.className = "text";
    if (name === chosen) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    cell.onclick = () => { state.down = state.sort === name ? !state.down : true; state.sort = name; draw(); };
    cell.onkeydown = event => { if (event.key === "Enter") cell.onclick(); };
    line.append(cell);
  }
  head.append(line);
  for (const row of sorted.slice(0, MOST_ROWS)) {
    const made = document.createElement("tr");
    for (const name of names) {
      const cell = document.createElement("td");
      cell.textContent = name === "status" ? STATUS[row.status] || row.status : show(name, row[name]);
      if (!metrics[name] && !(axes[name] && axes[name].numeric)) cell.className = "text";
      if (name === "status" && row.status !== "ok") { cell.className = "text bad"; cell.title = row.reason || ""; }
      made.append(cell);
    }
    made.tabIndex = 0;
    made.onclick = () => copy(row);
    made.onkeydown = event => { if (event.key === "Enter") copy(row); };
    body.append(made);
  }
  $("table").replaceChildren(head, body);
  $("count").textContent = sorted.length > MOST_ROWS ? `first ${MOST_ROWS} of ${sorted.length.toLocaleString("en")}` : "";
}

// --- tip and copy ----------------------------------------------------------------------------------------

function pairs(list) {
  const made = document.createElement("dl");
  for (const [name, text] of list)
    made.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: text }));
  return made;
}
function tip(row, x, y, extra, hidden) {
  const box = $("tip"), used = [$("x").value, $("y").value, $("c").value].filter(name => metrics[name]);
  const wanted = [...new Set([data.accuracy, data.cost, ...used])].filter(name => isNumber(row[name]));
  box.replaceChildren();
  if (extra) {
    const names = ["x", "y"].map(id => $(id).value);
    box.append(pairs([...names.map(name => [label(name), String(row[name])]), [label(extra.metric), show(extra.metric, extra.value)], ["Settings", extra.group.length]]));
    box.append(Object.assign(document.createElement("p"), { className: "what", textContent: "A mean: filter to one setting to copy its command." }));
  } else {
    box.append(pairs([...axisNames.map(name => [label(name), String(row[name])]), [row.n > 1 ? "Seeds" : "Seed", row.seeds.join(", ")]]));
    if (wanted.length) box.append(document.createElement("hr"), pairs(wanted.map(name => [label(name), show(name, row[name]) + (row.sd[name] ? ` ± ${show(name, row.sd[name])}` : "")])));
    if (row.status !== "ok") box.append(document.createElement("hr"), Object.assign(document.createElement("p"), { textContent: `${STATUS[row.status] || row.status}: ${row.reason}` }));
  }
  if (hidden) box.append(Object.assign(document.createElement("p"), { className: "what", textContent: `${hidden} more at this place: filter, or see the table.` }));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${Math.max(8, x + 16 + width > innerWidth - 8 ? Math.max(8, x - width - 16) : x + 16)}px`;
  box.style.top = `${Math.max(8, Math.min(y + 16, innerHeight - height - 8))}px`;
}
function hide() { $("tip").hidden = true; }

let timer = 0;
function toast(title, code) {
  const box = $("toast");
  box.replaceChildren(title);
  if (code) box.append(Object.assign(document.createElement("code"), { textContent: code }));
  box.className = "on";
  clearTimeout(timer);
  timer = setTimeout(() => { box.className = ""; }, 3500);
}
async function copy(row, extra) {
  if (extra) return toast(`${extra.group.length} settings are in this cell: filter to one of them`);
  const text = command(row);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    area.style.cssText = "position:fixed;opacity:0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return toast("Copy this command:", text);
  }
  return toast("Copied", text);
}

// --- begin -----------------------------------------------------------------------------------------------

function theme(name) { document.documentElement.dataset.theme = name; }
const dark = matchMedia("(prefers-color-scheme: dark)");
theme(dark.matches ? "dark" : "light");
dark.addEventListener("change", event => theme(event.matches ? "dark" : "light"));
$("theme").onclick = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");

$("name").textContent = data.name;
$("description").textContent = data.description;
const counts = {};
for (const row of rows) counts[row.status] = (counts[row.status] || 0) + 1;
const facts = [[grouped.length, grouped.length === 1 ? "setting" : "settings"], [data.seeds.length, data.seeds.length === 1 ? "seed" : "seeds"], [rows.length, rows.length === 1 ? "run" : "runs"]];
for (const [status, number] of Object.entries(counts)) if (Object.keys(counts).length > 1 || status !== "ok") facts.push([number, STATUS[status] || status]);
for (const [number, word] of facts) {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement("b"), { textContent: number.toLocaleString("en") }), ` ${word}`);
  $("facts").append(item);
}
$("foot").textContent = data.foot;
for (const id of ["x", "y", "c"]) $(id).onchange = () => {
  if (state.view === "scatter" && id !== "c") $(`log${id}`).checked = state[`log${id}`] = wide($(id).value);
  draw();
};
for (const id of ["mean", "front", "logx", "logy"]) $(id).onchange = () => { state[id] = $(id).checked; draw(); };
if (data.seeds.length < 2) $("mean").parentElement.hidden = true;
for (const button of document.querySelectorAll("[data-view]")) {
  button.disabled = button.dataset.view === "heat" && axisNames.length < 2;
  button.onclick = () => choose(button.dataset.view);
}
$("reset").onclick = () => { filters(); draw(); };
let wideBefore = 0;
new ResizeObserver(() => {
  const width = $("chart").clientWidth;
  if (width && width !== wideBefore) { wideBefore = width; draw(); }
}).observe($("chart"));
filters();
choose("scatter");
