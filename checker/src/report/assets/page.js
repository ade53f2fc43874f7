// The page of one run: start, zoom, keys, links.

async function start() {
  startTheme();
  startCopying();
  startNavigation();
  if (byId("charts")) {
    const { timeline, operations } = await unpack(byId("data").textContent.trim());
    startCharts(timeline, operations);
  }
  document.documentElement.dataset.ready = "yes";
}

/** Shows in the bar which section is read. */
function startNavigation() {
  const links = new Map([...document.querySelectorAll(".links a")].map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver(
    (entries) => entries.forEach((entry) => links.get(entry.target.id).classList.toggle("here", entry.isIntersecting)),
    { rootMargin: "-64px 0px -55% 0px" },
  );
  for (const id of links.keys()) observer.observe(byId(id));
}

function startCharts(timeline, operations) {
  readColours();
  view.end = view.to = Math.max(timeline.end_us, 1);
  if (innerWidth < 700) view.left = 56;
  const panels = makePanels(timeline, operations);
  byId("loading").hidden = true;

  let planned = false;
  const repaint = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      panels.forEach((panel) => paintPanel(panel, timeline, operations));
    });
  };
  const zoom = (from, to) => {
    const length = Math.max(Math.min(to - from, view.end), 20);
    view.from = Math.max(0, Math.min(from, view.end - length));
    view.to = view.from + length;
    panels.forEach((panel) => (panel.image = null));
    repaint();
  };
  const zoomBy = (factor, centre = (view.from + view.to) / 2) => zoom(centre - (centre - view.from) * factor, centre + (view.to - centre) * factor);
  const select = (i) => {
    view.selected = i;
    const [from, to] = [operations.start[i], operations.end[i] < 0 ? operations.start[i] : operations.end[i]];
    if (from < view.from || to > view.to) zoom(from - (view.to - view.from) / 2, from + (view.to - view.from) / 2);
    showOperation(i, operations, timeline, select);
    panels.forEach((panel) => (panel.image = null));
    repaint();
  };

  for (const panel of panels) startPanel(panel, operations, { repaint, zoom, zoomBy, select });
  startButtons(timeline, operations, { zoom, zoomBy, select });
  startKeys(operations, { zoom, zoomBy, select });
  startLinks(operations, select);
  const renew = () => {
    panels.forEach((panel) => (panel.image = null));
    repaint();
  };
  themeListeners.push(() => { readColours(); renew(); });
  new ResizeObserver(renew).observe(byId("panels"));
  panels.forEach((panel) => paintPanel(panel, timeline, operations));
}

/** The chart itself is kept as an image: following the pointer repaints two lines, not 100,000 marks. */
function paintPanel(panel, timeline, operations) {
  const area = panel.image ? panel.area : prepare(panel.canvas, panel.height());
  if (panel.image) {
    area.context.setTransform(1, 0, 0, 1, 0, 0);
    area.context.clearRect(0, 0, panel.canvas.width, panel.canvas.height);
    area.context.drawImage(panel.image, 0, 0);
    const ratio = panel.canvas.width / area.width;
    area.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  } else {
    paintGround(area, panel.ground ? timeline.faults : [], timeline.standstills, panel.ground);
    panel.paint(area);
    panel.image = element("canvas");
    panel.image.width = Math.max(panel.canvas.width, 1);
    panel.image.height = Math.max(panel.canvas.height, 1);
    panel.image.getContext("2d").drawImage(panel.canvas, 0, 0);
    panel.area = area;
  }
  paintMarks(area, operations, timeline.anomalies);
}

function startPanel(panel, operations, { repaint, zoom, zoomBy, select }) {
  const canvas = panel.canvas;
  const pointed = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top, box.width];
  };
  canvas.addEventListener("pointermove", (event) => {
    const [x, y, width] = pointed(event);
    view.hover = timeAt(x, width);
    if (view.drag) view.drag.to = view.hover;
    tell(view.drag ? null : panel.pick(x, y, width), event.clientX, event.clientY, operations);
    repaint();
  });
  canvas.addEventListener("pointerleave", () => {
    view.hover = null;
    tell(null);
    repaint();
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    const [x, , width] = pointed(event);
    canvas.setPointerCapture(event.pointerId);
    view.drag = { from: timeAt(x, width), to: timeAt(x, width), x };
  });
  canvas.addEventListener("pointerup", (event) => {
    const [x, y, width] = pointed(event);
    const drag = view.drag;
    view.drag = null;
    if (drag && Math.abs(drag.x - x) > 5) {
      zoom(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to));
      return;
    }
    const picked = panel.pick(x, y, width);
    if (picked && picked.operation !== undefined) select(picked.operation);
    if (picked && picked.fault) location.hash = `fault-${picked.fault.index}`;
  });
  canvas.addEventListener("dblclick", () => zoom(0, view.end));
  canvas.addEventListener(
    "wheel",
    (event) => {
      // Without a key the wheel moves the page, as everywhere.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const [x, , width] = pointed(event);
      zoomBy(event.deltaY > 0 ? 1.25 : 0.8, timeAt(x, width));
    },
    { passive: false },
  );
}

function startButtons(timeline, operations, { zoom, zoomBy, select }) {
  byId("zoom-in").addEventListener("click", () => zoomBy(0.5));
  byId("zoom-out").addEventListener("click", () => zoomBy(2));
  byId("zoom-all").addEventListener("click", () => zoom(0, view.end));
  const button = byId("to-anomaly");
  if (!button) return;
  button.addEventListener("click", () => {
    const anomaly = timeline.anomalies[0];
    if (!anomaly) return;
    const margin = Math.max((anomaly.end_us - anomaly.start_us) * 0.3, 2000);
    zoom(anomaly.start_us - margin, anomaly.end_us + margin);
    const last = operations.number.indexOf(anomaly.operations[anomaly.operations.length - 1]);
    if (last >= 0) select(last);
  });
}

function startKeys(operations, { zoom, zoomBy, select }) {
  const step = (direction, wanted) => {
    let i = view.selected;
    if (i < 0) {
      i = -1;
      while (i + 1 < operations.count && operations.start[i + 1] < view.from) i++;
      if (direction < 0) i = Math.max(i, 0) + 1;
    }
    do i += direction;
    while (i >= 0 && i < operations.count && !wanted(i));
    if (i >= 0 && i < operations.count) select(i);
  };
  const pan = (share) => zoom(view.from + (view.to - view.from) * share, view.to + (view.to - view.from) * share);
  const keys = {
    ArrowRight: () => step(1, () => true),
    ArrowLeft: () => step(-1, () => true),
    n: () => step(1, (i) => operations.outcome[i] !== OK),
    p: () => step(-1, (i) => operations.outcome[i] !== OK),
    "+": () => zoomBy(0.5),
    "=": () => zoomBy(0.5),
    "-": () => zoomBy(2),
    0: () => zoom(0, view.end),
    "]": () => pan(0.5),
    "[": () => pan(-0.5),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeDetails();
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    // Arrows belong to the page unless the charts have the focus or an operation is open.
    if (event.key.startsWith("Arrow") && byId("details").hidden && !byId("panels").contains(event.target)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** `#op-12` opens operation 12, wherever the link stands. */
function startLinks(operations, select) {
  const follow = () => {
    const found = /^#op-(\d+)$/.exec(location.hash);
    if (!found) return;
    const i = operations.number.indexOf(Number(found[1]));
    if (i >= 0) select(i);
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#op-"]');
    // A second click on the same link changes no hash.
    if (link && (link.getAttribute("href") === location.hash)) follow();
  });
  follow();
}

start();
