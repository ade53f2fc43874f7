// The page over all runs: filters and keys.

function startFilters() {
  const rows = [...byId("rows").rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const tiles = [...document.querySelectorAll(".tile")];
  let on = -1;
  const apply = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set(tiles.filter((tile) => tile.ariaPressed === "true").map((tile) => tile.dataset.verdict));
    const workload = byId("workload").value;
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = verdicts.has(row.dataset.verdict) && words.every((word) => texts[i].includes(word)) && (!workload || row.dataset.workloads.split(" ").includes(workload));
      row.hidden = !fits;
      shown += fits;
    });
    byId("shown").textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
  };
  const move = (direction) => {
    const visible = rows.filter((row) => !row.hidden);
    if (!visible.length) return;
    on = Math.max(0, Math.min(visible.length - 1, on + direction));
    rows.forEach((row) => row.classList.toggle("on", row === visible[on]));
    visible[on].querySelector("a").focus();
  };
  for (const tile of tiles) {
    tile.addEventListener("click", () => {
      tile.ariaPressed = tile.ariaPressed === "true" ? "false" : "true";
      apply();
    });
  }
  byId("search").addEventListener("input", apply);
  byId("workload").addEventListener("change", apply);
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      event.preventDefault();
      byId("search").focus();
    }
    if (event.key === "j") move(1);
    if (event.key === "k") move(-1);
  });
}

startTheme();
if (byId("rows")) startFilters();
document.documentElement.dataset.ready = "yes";
