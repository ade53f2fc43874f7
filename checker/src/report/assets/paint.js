// What all charts share: the window of time, colours, the axis, formats.

/** The visible window in microseconds, and what the pointer is at. */
const view = { from: 0, to: 1, end: 1, hover: null, selected: -1, drag: null, left: 74, right: 12 };

/** Colours as the page's style resolves them for the theme. */
let colours = {};
const COLOUR_NAMES = ["page", "card", "raised", "ink", "soft", "faint", "line", "grid", "link", "ok", "info", "fail", "pass", "violation", "gone", "slow", "network", "clock", "disk", "other"];

function readColours() {
  const probe = element("span");
  document.body.append(probe);
  for (const name of COLOUR_NAMES) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

const outcomeColour = (outcome) => colours[OUTCOMES[outcome]];
const faultColour = (fault) => colours[fault.family];
const MEMBER_COLOURS = ["link", "clock", "network", "slow", "gone"];
const memberColour = (member) => colours[MEMBER_COLOURS[member % MEMBER_COLOURS.length]];
const alpha = (colour, share) => `color-mix(in srgb, ${colour} ${share * 100}%, transparent)`;

/** A time's place across, and back. */
const across = (time, width) => view.left + ((time - view.from) / (view.to - view.from)) * (width - view.left - view.right);
const timeAt = (x, width) => view.from + ((x - view.left) / (width - view.left - view.right)) * (view.to - view.from);

/** Sizes the canvas for the screen's pixels and clears it. */
function prepare(canvas, height) {
  const width = canvas.clientWidth;
  const ratio = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = "11.5px system-ui, sans-serif";
  context.textBaseline = "middle";
  return { context, width, height, bottom: height - 18 };
}

/** Grid, times, and the bands of the faults and of the machine's standstills behind a chart. */
function paintGround(area, faults, standstills, inWords) {
  const { context, width, bottom } = area;
  for (const standstill of standstills) {
    const from = Math.max(across(standstill.start_us, width), view.left);
    const to = Math.min(across(standstill.end_us, width), width - view.right);
    if (to < view.left || from > width - view.right) continue;
    context.fillStyle = alpha(colours.ink, 0.13);
    context.fillRect(from, 0, Math.max(to - from, 1), bottom);
    if (inWords) paintFitting(context, ["the machine stood still", "stood still"], from + 6, bottom - 9, to - from - 9, colours.soft);
  }
  for (const fault of faults) {
    const from = Math.max(across(fault.start_us, width), view.left);
    const to = Math.min(across(fault.end_us, width), width - view.right);
    if (to < view.left || from > width - view.right) continue;
    context.fillStyle = alpha(faultColour(fault), 0.1);
    context.fillRect(from, 0, Math.max(to - from, 1), bottom);
  }
  context.strokeStyle = colours.grid;
  context.fillStyle = colours.faint;
  context.textAlign = "center";
  context.lineWidth = 1;
  const step = timeStep((view.to - view.from) / Math.max(2, Math.floor((width - view.left) / 110)));
  for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
    const x = Math.round(across(time, width)) + 0.5;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, bottom);
    context.stroke();
    if (x < width - 18) context.fillText(clockText(time, step), x, bottom + 10);
  }
  context.strokeStyle = colours.line;
  context.beginPath();
  context.moveTo(view.left, bottom + 0.5);
  context.lineTo(width - view.right, bottom + 0.5);
  context.stroke();
}

function timeStep(least) {
  const scale = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((factor) => factor * scale).find((step) => step >= least);
}

/** The first of the texts that fits, at the left of the given room. */
function paintFitting(context, texts, x, y, width, colour) {
  const text = texts.find((text) => context.measureText(text).width <= width);
  if (!text) return;
  context.fillStyle = colour;
  context.textAlign = "left";
  context.fillText(text, x, y);
}

/** A label at the left, cut to the room there. */
function paintLabel(area, text, y, colour = colours.soft) {
  area.context.textAlign = "right";
  area.context.fillStyle = colour;
  area.context.fillText(text, view.left - 8, y, view.left - 10);
}

/** Where the anomalies, the pointer's time and the selected operation are. */
function paintMarks(area, operations, anomalies) {
  const { context, width, bottom } = area;
  for (const anomaly of anomalies) paintAnomaly(context, anomaly, width, bottom);
  if (view.drag) {
    const [from, to] = [view.drag.from, view.drag.to].map((time) => across(time, width));
    context.fillStyle = alpha(colours.ink, 0.1);
    context.fillRect(Math.min(from, to), 0, Math.abs(to - from), bottom);
  }
  if (view.selected >= 0) {
    const x = across(operations.start[view.selected], width);
    if (x >= view.left) paintUpright(context, x, bottom, colours.ink, [4, 3]);
  }
  if (view.hover !== null) {
    const x = across(view.hover, width);
    if (x >= view.left && x <= width - view.right) paintUpright(context, x, bottom, alpha(colours.ink, 0.35), []);
  }
}

/** A line at the end of the story, where it went wrong, and a bar on top from its begin. */
function paintAnomaly(context, anomaly, width, bottom) {
  const [from, to] = [anomaly.start_us, anomaly.end_us].map((time) => across(time, width));
  if (to < view.left || from > width - view.right) return;
  context.fillStyle = colours.violation;
  const left = Math.max(from, view.left);
  context.fillRect(left, 0, Math.max(Math.min(to, width - view.right) - left, 2), 3);
  if (to <= width - view.right) context.fillRect(to - 0.75, 0, 1.5, bottom);
}

function paintUpright(context, x, bottom, colour, dash) {
  context.strokeStyle = colour;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, 0);
  context.lineTo(Math.round(x) + 0.5, bottom);
  context.stroke();
  context.setLineDash([]);
}

/** A mark by its outcome: square, triangle, cross. Colour is never alone. */
function paintMark(context, outcome, x, y, size) {
  context.fillStyle = context.strokeStyle = outcomeColour(outcome);
  if (outcome === OK) context.fillRect(x - size / 2, y - size / 2, size, size);
  else if (outcome === INFO) {
    context.beginPath();
    context.moveTo(x, y - size);
    context.lineTo(x + size, y + size * 0.8);
    context.lineTo(x - size, y + size * 0.8);
    context.fill();
  } else {
    context.lineWidth = 1.4;
    context.beginPath();
    context.moveTo(x - size * 0.8, y - size * 0.8);
    context.lineTo(x + size * 0.8, y + size * 0.8);
    context.moveTo(x + size * 0.8, y - size * 0.8);
    context.lineTo(x - size * 0.8, y + size * 0.8);
    context.stroke();
    context.lineWidth = 1;
  }
}

/** Microseconds for people. */
function lengthText(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${digits(us / 1e3)} ms`;
  if (us < 12e7) return `${digits(us / 1e6)} s`;
  return `${Math.floor(us / 6e7)} min ${Math.round((us % 6e7) / 1e6)} s`;
}
const digits = (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const momentText = (us) => `${(us / 1e6).toFixed(3)} s`;
const clockText = (us, step) => `${(us / 1e6).toFixed(step >= 1e6 ? 0 : step >= 1e5 ? 1 : step >= 1e4 ? 2 : step >= 1e3 ? 3 : 6)} s`;
const countText = (count) => Math.round(count).toLocaleString("en").replaceAll(",", "\u202f");
