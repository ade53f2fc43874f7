// One painter for each chart. A painter paints the visible window, and `pick` says what lies under the pointer.

/** Makes the charts that have something to show, in the order of the page. */
function makePanels(timeline, operations) {
  const member = timeline.members;
  const some = (pick) => member.some((one) => pick(one).some((point) => point[1] !== 0));
  const all = {
    faults: timeline.faults.length ? faultPanel(timeline) : null,
    members: member.length ? memberPanel(timeline) : null,
    throughput: operations.count ? throughputPanel(operations) : null,
    latency: operations.count ? latencyPanel(operations) : null,
    clients: operations.count ? clientPanel(timeline, operations) : null,
    lag: some((one) => one.lag) || some((one) => one.commit_lag) ? linePanel(member, LAG_LINES, lagScale(member)) : null,
    clocks: some((one) => one.clock) ? linePanel(member, CLOCK_LINES, clockScale(member)) : null,
  };
  const panels = [];
  for (const [id, panel] of Object.entries(all)) {
    if (!panel) continue;
    const figure = byId(`chart-${id}`);
    figure.hidden = false;
    panels.push({ ...panel, id, canvas: figure.querySelector("canvas") });
  }
  return panels;
}

/** Rows so that faults that overlap do not hide each other. */
function faultPanel(timeline) {
  const ends = [];
  const rows = timeline.faults.map((fault) => {
    let row = ends.findIndex((end) => end <= fault.start_us);
    if (row < 0) row = ends.length;
    ends[row] = fault.end_us;
    return row;
  });
  return {
    height: () => ends.length * 24 + 22,
    ground: false,
    paint(area) {
      const { context, width } = area;
      timeline.faults.forEach((fault, i) => {
        const from = Math.max(across(fault.start_us, width), view.left);
        const to = Math.min(across(fault.end_us, width), width - view.right);
        if (to < view.left || from > width - view.right) return;
        const y = rows[i] * 24 + 2;
        const colour = faultColour(fault);
        context.fillStyle = alpha(colour, fault.effect ? 0.28 : 0.08);
        context.beginPath();
        context.roundRect(from, y, Math.max(to - from, 3), 19, 4);
        context.fill();
        context.strokeStyle = colour;
        context.setLineDash(fault.effect ? [] : [3, 3]);
        context.stroke();
        context.setLineDash([]);
        const kind = fault.kind.replaceAll("-", " ");
        const texts = fault.effect ? [fault.words, kind, kind.slice(0, 4)] : [`no effect: ${fault.words}`, `no effect: ${kind}`, "no effect", "✕"];
        paintFitting(context, texts, from + 6, y + 10, to - from - 9, colours.ink);
      });
    },
    pick(x, y, width) {
      const time = timeAt(x, width);
      const slack = ((view.to - view.from) / width) * 3;
      const i = timeline.faults.findIndex((fault, i) => rows[i] === Math.floor(y / 24) && fault.start_us - slack <= time && time <= fault.end_us + slack);
      return i < 0 ? null : { fault: timeline.faults[i] };
    },
  };
}

const roleColour = (state) => (state === "PRIMARY" ? colours.pass : state === "SECONDARY" ? colours.ok : colours.info);

function memberPanel(timeline) {
  const height = 28;
  return {
    height: () => timeline.members.length * height + 20,
    ground: true,
    paint(area) {
      const { context, width } = area;
      timeline.members.forEach((member, lane) => {
        const y = lane * height + 3;
        paintLabel(area, member.name, y + 11, memberColour(lane));
        for (const part of member.segments) {
          const from = Math.max(across(part.start_us, width), view.left);
          const to = Math.min(across(part.end_us, width), width - view.right);
          if (to <= view.left || from >= width - view.right) continue;
          paintSegment(context, part, from, Math.max(to - from, 1), y);
        }
      });
    },
    pick(x, y, width) {
      const member = timeline.members[Math.floor(y / height)];
      const time = timeAt(x, width);
      const part = member && member.segments.find((part) => part.start_us <= time && time <= part.end_us);
      return part ? { member, part } : null;
    },
  };
}

function paintSegment(context, part, x, width, y) {
  const role = roleColour(part.state);
  if (part.process === "down") {
    context.strokeStyle = colours.faint;
    context.setLineDash([2, 3]);
    context.strokeRect(x + 0.5, y + 0.5, Math.max(width - 1, 1), 21);
    context.setLineDash([]);
  } else {
    context.fillStyle = alpha(role, part.state === "PRIMARY" ? 0.85 : part.state === "SECONDARY" ? 0.22 : part.state ? 0.6 : 0.1);
    context.fillRect(x, y, width, 22);
    if (part.process === "paused") paintHatch(context, x, y, width);
  }
  const state = part.state || "no answer";
  const short = state.slice(0, 3).toLowerCase();
  const texts = {
    down: ["down"],
    paused: [`${state} paused`, "paused", "‖"],
    up: [part.state && part.term !== null ? `${state} · term ${part.term}` : state, state, short],
  }[part.process];
  const bright = part.process !== "down" && part.state === "PRIMARY";
  paintFitting(context, texts, x + 6, y + 11.5, width - 9, bright ? colours.card : colours.ink);
}

function paintHatch(context, x, y, width) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, 22);
  context.clip();
  context.strokeStyle = alpha(colours.ink, 0.45);
  context.beginPath();
  for (let at = x - 22; at < x + width; at += 7) {
    context.moveTo(at, y + 22);
    context.lineTo(at + 22, y);
  }
  context.stroke();
  context.restore();
}

/** Bins of the visible window: how many of each outcome ended in it. */
function throughputPanel(operations) {
  return {
    height: () => 110,
    ground: true,
    paint(area) {
      const { context, width, bottom } = area;
      const room = width - view.left - view.right;
      const bins = Math.max(10, Math.floor(room / 5));
      const length = (view.to - view.from) / bins;
      const counts = [OK, INFO, FAIL].map(() => new Float64Array(bins));
      for (let i = 0; i < operations.count; i++) {
        const end = operations.end[i];
        if (end < view.from || end >= view.to) continue;
        counts[operations.outcome[i]][Math.floor((end - view.from) / length)] += operations.weight[i];
      }
      const perSecond = 1e6 / length;
      let most = 1;
      for (let bin = 0; bin < bins; bin++) most = Math.max(most, counts[OK][bin] + counts[INFO][bin] + counts[FAIL][bin]);
      const top = timeStep(most * perSecond);
      const scale = (bottom - 8) / top;
      for (const value of [top / 2, top]) {
        const y = Math.round(bottom - value * scale) + 0.5;
        context.strokeStyle = colours.grid;
        context.beginPath();
        context.moveTo(view.left, y);
        context.lineTo(width - view.right, y);
        context.stroke();
        paintLabel(area, `${countText(value)}/s`, y);
      }
      for (let bin = 0; bin < bins; bin++) {
        let y = bottom;
        const x = view.left + (bin * room) / bins;
        for (const outcome of [OK, INFO, FAIL]) {
          if (!counts[outcome][bin]) continue;
          const height = Math.max(counts[outcome][bin] * perSecond * scale, outcome === OK ? 1 : 2);
          y -= height;
          context.fillStyle = outcomeColour(outcome);
          context.fillRect(x, y, room / bins - 1, height);
        }
      }
    },
    pick(x, y, width) {
      const length = (view.to - view.from) / Math.max(10, Math.floor((width - view.left - view.right) / 5));
      const from = view.from + Math.floor((timeAt(x, width) - view.from) / length) * length;
      const counts = [0, 0, 0];
      for (let i = 0; i < operations.count; i++) {
        if (operations.end[i] >= from && operations.end[i] < from + length) counts[operations.outcome[i]] += operations.weight[i];
      }
      return { text: OUTCOMES.map((name, outcome) => `${countText(counts[outcome] * (1e6 / length))} ${name}/s`).join(" · ") };
    },
  };
}

const LATENCY_LEAST = 100;

function latencyPanel(operations) {
  let most = 1e4;
  for (let i = 0; i < operations.count; i++) most = Math.max(most, operations.end[i] - operations.start[i]);
  const decades = Math.log10(most * 1.3) - 2;
  const height = 190;
  const place = (us, bottom) => bottom - ((Math.log10(Math.max(us, LATENCY_LEAST)) - 2) / decades) * (bottom - 4);
  return {
    height: () => height,
    ground: true,
    paint(area) {
      const { context, width, bottom } = area;
      for (let us = LATENCY_LEAST; us <= most * 1.3; us *= 10) {
        const y = Math.round(place(us, bottom)) + 0.5;
        context.strokeStyle = colours.grid;
        context.beginPath();
        context.moveTo(view.left, y);
        context.lineTo(width - view.right, y);
        context.stroke();
        paintLabel(area, lengthText(us).replace(".00", "").replace(".0", ""), Math.min(y, bottom - 6));
      }
      paintLatencies(area, operations, place);
      paintQuantiles(area, operations, place);
    },
    pick: (x, y, width) => nearest(operations, x, y, width, (i) => place(operations.end[i] - operations.start[i], height - 18)),
  };
}

/** Each pixel once, whatever the number of operations; what did not end ok lies on top. */
function paintLatencies(area, operations, place) {
  const { context, width, bottom } = area;
  const columns = Math.ceil(width);
  const seen = new Uint8Array(columns * Math.ceil(bottom + 1));
  const later = [];
  context.fillStyle = alpha(colours.ok, 0.55);
  for (let i = 0; i < operations.count; i++) {
    const start = operations.start[i];
    if (start < view.from || start > view.to || operations.end[i] < 0) continue;
    const x = Math.round(across(start, width));
    const y = Math.round(place(operations.end[i] - start, bottom));
    if (operations.outcome[i] !== OK) {
      later.push([operations.outcome[i], x, y]);
      continue;
    }
    const cell = y * columns + x;
    if (seen[cell]) continue;
    seen[cell] = 1;
    context.fillRect(x - 1, y - 1, 2, 2);
  }
  for (const [outcome, x, y] of later) paintMark(context, outcome, x, y, 3);
}

function paintQuantiles(area, operations, place) {
  const { context, width, bottom } = area;
  const bins = Math.max(8, Math.floor((width - view.left) / 12));
  const length = (view.to - view.from) / bins;
  const values = Array.from({ length: bins }, () => []);
  for (let i = 0; i < operations.count; i++) {
    const start = operations.start[i];
    if (operations.outcome[i] !== OK || start < view.from || start >= view.to) continue;
    values[Math.floor((start - view.from) / length)].push(operations.end[i] - start);
  }
  for (const bin of values) bin.sort((one, two) => one - two);
  for (const [share, dash, name] of [[0.5, [], "p50"], [0.99, [4, 2], "p99"]]) {
    context.strokeStyle = colours.ink;
    context.lineWidth = 1.3;
    context.setLineDash(dash);
    context.beginPath();
    let open = false;
    let last = null;
    values.forEach((bin, i) => {
      if (!bin.length) {
        open = false;
        return;
      }
      const point = [across(view.from + (i + 0.5) * length, width), place(bin[Math.floor(share * (bin.length - 1))], bottom)];
      if (open) context.lineTo(...point);
      else context.moveTo(...point);
      open = true;
      last = point;
    });
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
    if (last) paintTag(context, name, Math.min(last[0], width - view.right - 28), last[1] - 9);
  }
}

function paintTag(context, text, x, y) {
  const width = context.measureText(text).width + 8;
  context.fillStyle = alpha(colours.card, 0.85);
  context.fillRect(x - 4, y - 8, width, 15);
  context.fillStyle = colours.ink;
  context.textAlign = "left";
  context.fillText(text, x, y);
}

/** A lane for each client. Far out a pixel is as bad as the worst in it; close up each operation has a box. */
function clientPanel(timeline, operations) {
  const height = Math.max(9, Math.min(22, Math.floor(360 / Math.max(timeline.lanes, 1))));
  return {
    height: () => timeline.lanes * height + 20,
    ground: true,
    paint(area) {
      const { context, width } = area;
      const every = Math.ceil(13 / height);
      for (let lane = 0; lane < timeline.lanes; lane += every) paintLabel(area, `client ${lane}`, lane * height + height / 2);
      const columns = Math.ceil(width);
      const worst = new Uint8Array(columns * timeline.lanes);
      const rank = [1, 3, 2];
      const boxes = [];
      for (let i = 0; i < operations.count; i++) {
        const end = operations.end[i] < 0 ? view.end : operations.end[i];
        if (end < view.from || operations.start[i] > view.to) continue;
        const from = Math.max(Math.floor(across(operations.start[i], width)), view.left);
        const to = Math.min(Math.ceil(across(end, width)), width - view.right);
        if (to - from > 5) {
          boxes.push([i, from, to]);
          continue;
        }
        const row = operations.lane[i] * columns;
        for (let x = from; x <= to; x++) worst[row + x] = Math.max(worst[row + x], rank[operations.outcome[i]]);
      }
      const colour = [null, colours.ok, colours.fail, colours.info];
      for (let lane = 0; lane < timeline.lanes; lane++) {
        for (let x = Math.floor(view.left); x < columns; x++) {
          const value = worst[lane * columns + x];
          if (!value) continue;
          let run = x;
          while (run + 1 < columns && worst[lane * columns + run + 1] === value) run++;
          context.fillStyle = alpha(colour[value], value === 1 ? 0.75 : 1);
          context.fillRect(x, lane * height + 1.5, run - x + 1, height - 3);
          x = run;
        }
      }
      for (const [i, from, to] of boxes) paintBox(context, operations, i, from, to, height);
    },
    pick: (x, y, width) => nearest(operations, x, y, width, (i) => (operations.lane[i] + 0.5) * height, Math.floor(y / height)),
  };
}

function paintBox(context, operations, i, from, to, height) {
  const y = operations.lane[i] * height + 1.5;
  const colour = outcomeColour(operations.outcome[i]);
  context.fillStyle = alpha(colour, i === view.selected ? 0.6 : 0.3);
  context.fillRect(from, y, Math.max(to - from - 1, 1), height - 3);
  context.strokeStyle = colour;
  context.setLineDash(operations.outcome[i] === OK ? [] : [3, 2]);
  context.strokeRect(from + 0.5, y + 0.5, Math.max(to - from - 2, 1), height - 4);
  context.setLineDash([]);
  if (to - from < 60 || height < 13) return;
  context.save();
  context.beginPath();
  context.rect(from, y, to - from - 4, height);
  context.clip();
  context.fillStyle = colours.ink;
  context.textAlign = "left";
  context.fillText(`${operations.request.get(i)} → ${operations.result.get(i)}`, from + 5, y + height / 2 - 1);
  context.restore();
}

/** The operation nearest to the pointer, within 12 pixels or below it. */
function nearest(operations, x, y, width, height, lane = -1) {
  let best = -1;
  let least = 150;
  for (let i = 0; i < operations.count; i++) {
    if (lane >= 0 && operations.lane[i] !== lane) continue;
    if (lane < 0 && operations.end[i] < 0) continue;
    const from = across(operations.start[i], width);
    const to = lane < 0 ? from : across(operations.end[i] < 0 ? view.end : operations.end[i], width);
    const dx = x < from ? from - x : x > to ? x - to : 0;
    if (dx > 12) continue;
    const dy = lane < 0 ? height(i) - y : 0;
    const bonus = operations.outcome[i] === OK ? 0 : 4;
    const distance = dx * dx + dy * dy - bonus;
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best < 0 ? null : { operation: best };
}

const LAG_LINES = [
  { pick: (member) => member.lag, dash: [], step: false },
  { pick: (member) => member.commit_lag, dash: [2, 3], step: false },
];
const CLOCK_LINES = [{ pick: (member) => member.clock, dash: [], step: true }];

/** Linear from zero, in milliseconds. */
function lagScale(members) {
  let most = 10;
  for (const member of members) for (const point of [...member.lag, ...member.commit_lag]) most = Math.max(most, point[1]);
  const top = timeStep(most);
  return { place: (value) => value / top, ticks: [0, top / 2, top] };
}

/** Both sides of zero, logarithmic from 10 ms on: a jump of minutes does not hide one of 100 ms. */
function clockScale(members) {
  const bend = (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / 10);
  let [least, most] = [0, 0];
  for (const member of members) for (const point of member.clock) [least, most] = [Math.min(least, bend(point[1])), Math.max(most, bend(point[1]))];
  const room = most - least || 1;
  const ticks = [0, 100, 1e3, 1e4, 6e4, 6e5, 36e5].flatMap((value) => (value ? [value, -value] : [0]));
  const place = (value) => (bend(value) - least) / room;
  return { place, ticks: ticks.filter((value) => place(value) >= -0.001 && place(value) <= 1.001) };
}

/** A line for each member, named at its end. */
function linePanel(members, lines, scale) {
  const value = (member, line, time) => {
    const point = line.pick(member).findLast((point) => point[0] <= time);
    return point ? point[1] : null;
  };
  return {
    height: () => 110,
    ground: true,
    paint(area) {
      const { context, width, bottom } = area;
      const place = (value) => bottom - 5 - scale.place(value) * (bottom - 14);
      let above = Infinity;
      for (const tick of [...scale.ticks].sort((one, two) => one - two)) {
        const y = place(tick);
        context.strokeStyle = tick === 0 ? colours.line : colours.grid;
        context.beginPath();
        context.moveTo(view.left, y);
        context.lineTo(width - view.right, y);
        context.stroke();
        if (above - y < 12) continue;
        above = y;
        paintLabel(area, signedLength(tick), y);
      }
      const tags = [];
      members.forEach((member, lane) => {
        for (const line of lines) {
          const last = paintLine(area, line, line.pick(member), place, memberColour(lane));
          if (last !== null && line === lines[0]) tags.push([last, member.name, memberColour(lane)]);
        }
      });
      paintTags(context, tags, width - view.right - 2, bottom);
    },
    pick(x, y, width) {
      const time = timeAt(x, width);
      const texts = members.map((member) => `${member.name} ${lines.map((line) => signedLength(value(member, line, time) ?? 0)).join(" / ")}`);
      return { text: texts.join(" · ") };
    },
  };
}

/** Names at the ends of the lines, moved apart where they would cover each other. */
function paintTags(context, tags, x, bottom) {
  tags.sort((one, two) => one[0] - two[0]);
  let below = bottom + 8;
  const places = tags.map((tag) => tag[0] - 8).reverse().map((y) => (below = Math.min(y, below - 13))).reverse();
  const out = Math.max(0, 6 - places[0]);
  tags.forEach(([, name, colour], i) => {
    context.fillStyle = colour;
    context.textAlign = "right";
    context.fillText(name, x, places[i] + out);
  });
}

function paintLine(area, line, points, place, colour) {
  const { context, width, bottom } = area;
  if (!points.length) return null;
  context.save();
  context.beginPath();
  context.rect(view.left, 0, width - view.left - view.right, bottom);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1.7;
  context.setLineDash(line.dash);
  context.beginPath();
  let before = null;
  for (const [time, value] of points) {
    const [x, y] = [across(time, width), place(value)];
    if (before === null) context.moveTo(x, y);
    else {
      if (line.step) context.lineTo(x, before);
      context.lineTo(x, y);
    }
    before = y;
  }
  context.lineTo(width, before);
  context.stroke();
  context.restore();
  return before;
}

function signedLength(ms) {
  if (ms === 0) return "0";
  const sign = ms < 0 ? "−" : "+";
  return sign + lengthText(Math.abs(ms) * 1000).replace(".00", "").replace(".0 ", " ");
}
