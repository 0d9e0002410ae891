// Rates, latencies, and what the robot's components say of themselves.

const LEVELS = ["OK", "Warning", "Error", "Stale"];
const STALE = 3;
const STALE_AFTER_S = 10;
// Values of these names in emotion_node's diagnostics are shown by themselves.
const STAGE = /^time (.+) \[ms\]$/;
// A frame's way through emotion_node, whose list begins with whatever ended first in its second.
const STAGES_IN_ORDER = ["decode", "plan", "search", "track", "recognize", "publish"];
const DROPPED = /^(?:(.+)\/)?(?:images )?dropped$/;

const element = (id) => document.getElementById(id);

export function showHealth({ cameras, diagnostics }) {
  showRates(cameras, diagnostics);
  showStages(diagnostics);
  showDiagnostics(diagnostics);
}

function showRates(cameras, diagnostics) {
  const rows = Object.entries(cameras).map(([name, one]) => {
    const cells = [
      one.rate_hz ? `${one.rate_hz.toFixed(1)} Hz` : "–",
      milliseconds(one.latency_median_s),
      milliseconds(one.latency_p95_s),
      one.people_age_s === null ? "none yet" : `${one.people_age_s.toFixed(1)} s ago`,
      one.image_rate_hz ? `${one.image_rate_hz.toFixed(1)} Hz` : "–",
      dropped(name, diagnostics) ?? "–",
    ];
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name || "Camera";
    row.append(head, ...cells.map((text) => {
      const cell = document.createElement("td");
      cell.textContent = text;
      return cell;
    }));
    return row;
  });
  element("rates").tBodies[0].replaceChildren(...rows);
}

function dropped(camera, diagnostics) {
  for (const { values } of diagnostics) {
    for (const [key, value] of values) {
      const match = DROPPED.exec(key);
      if (match && (match[1] ?? "") === camera) return value;
    }
  }
  return undefined;
}

function showStages(diagnostics) {
  const stages = diagnostics.flatMap(({ values }) => values)
    .map(([key, value]) => [STAGE.exec(key)?.[1], Number(value)])
    .filter(([stage, time]) => stage && Number.isFinite(time))
    .sort(([a], [b]) => rank(a) - rank(b));
  const longest = Math.max(...stages.map(([, time]) => time), 1e-9);
  element("stages").hidden = stages.length === 0;
  element("stages").querySelector("ul").replaceChildren(...stages.map(([stage, time]) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = stage;
    const track = document.createElement("div");
    const bar = document.createElement("span");
    bar.style.width = `${time / longest * 100}%`;
    track.append(bar);
    const value = document.createElement("span");
    value.textContent = `${time.toFixed(1)} ms`;
    item.append(name, track, value);
    return item;
  }));
}

// Stages of other nodes come behind those that are known.
function rank(stage) {
  const place = STAGES_IN_ORDER.indexOf(stage);
  return place < 0 ? STAGES_IN_ORDER.length : place;
}

// What is open stays open: items are kept and changed.
function showDiagnostics(diagnostics) {
  element("no-diagnostics").hidden = diagnostics.length > 0;
  const list = element("diagnostics");
  const known = new Map([...list.children].map((item) => [item.dataset.name, item]));
  const items = diagnostics
    .map((one) => ({ ...one, level: one.age_s > STALE_AFTER_S ? STALE : one.level }))
    .sort((a, b) => urgency(b.level) - urgency(a.level) || a.name.localeCompare(b.name))
    .map((one) => fill(known.get(one.name) ?? newItem(one.name), one));
  const isSame = items.length === list.children.length &&
    items.every((item, index) => item === list.children[index]);
  if (!isSame) list.replaceChildren(...items);
}

// Stale is worse than a warning and not as bad as an error.
function urgency(level) {
  return [0, 1, 3, 2][level] ?? 0;
}

function newItem(name) {
  const item = document.createElement("li");
  item.dataset.name = name;
  item.innerHTML = `<details><summary><span class="level"></span><strong></strong>
    <span class="message"></span></summary><dl></dl></details>`;
  item.querySelector("strong").textContent = name;
  return item;
}

function fill(item, { level, message, values, age_s: ageS }) {
  const label = item.querySelector(".level");
  label.textContent = LEVELS[level] ?? "Unknown";
  label.dataset.level = level;
  item.querySelector(".message").textContent =
    level === STALE && ageS > STALE_AFTER_S ? `silent for ${Math.round(ageS)} s` : message;
  const details = values.flatMap(([key, value]) => {
    const term = document.createElement("dt");
    term.textContent = key;
    const definition = document.createElement("dd");
    definition.textContent = value;
    return [term, definition];
  });
  item.querySelector("dl").replaceChildren(...details);
  return item;
}

function milliseconds(seconds) {
  return seconds === null ? "–" : `${Math.round(seconds * 1000)} ms`;
}
