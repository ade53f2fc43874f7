// What a mark says: a word while the pointer is over it, everything when it is clicked.

function tell(picked, x, y, operations) {
  const tooltip = byId("tooltip");
  tooltip.hidden = !picked;
  if (!picked) return;
  tooltip.replaceChildren();
  if (picked.operation !== undefined) {
    const i = picked.operation;
    tooltip.append(element("b", "", `#${operations.number[i]} ${operations.request.get(i)}`));
    tooltip.append(element("div", "", `${OUTCOMES[operations.outcome[i]]}: ${operations.result.get(i)}`));
    tooltip.append(element("div", "", `process ${operations.process[i]} at ${momentText(operations.start[i])}, ${lengthOf(operations, i)}`));
  } else if (picked.fault) {
    tooltip.append(element("b", "", picked.fault.kind), element("div", "", picked.fault.words));
    tooltip.append(element("div", "", `${momentText(picked.fault.start_us)} for ${lengthText(picked.fault.end_us - picked.fault.start_us)}${picked.fault.effect ? "" : ", without effect"}`));
  } else if (picked.part) {
    const part = picked.part;
    tooltip.append(element("b", "", `${picked.member.name} ${part.process === "up" ? part.state || "no answer" : part.process}`));
    tooltip.append(element("div", "", `${part.term === null ? "" : `term ${part.term}, `}from ${momentText(part.start_us)} for ${lengthText(part.end_us - part.start_us)}`));
  } else tooltip.append(element("div", "", picked.text));
  const { width, height } = tooltip.getBoundingClientRect();
  tooltip.style.left = `${Math.max(6, Math.min(x + 14, innerWidth - width - 8))}px`;
  tooltip.style.top = `${y + 18 + height > innerHeight ? y - height - 12 : y + 18}px`;
}

const lengthOf = (operations, i) => (operations.end[i] < 0 ? "never answered" : lengthText(operations.end[i] - operations.start[i]));

/** Everything about one operation, and its neighbours on the same key. */
function showOperation(i, operations, timeline, select) {
  const panel = openDetails(`#${operations.number[i]} ${operations.request.get(i)}`);
  const facts = element("dl");
  const fact = (name, value) => facts.append(element("dt", "", name), element("dd", "", value));
  fact("ended", OUTCOMES[operations.outcome[i]]);
  fact(operations.outcome[i] === OK ? "saw" : "error", operations.result.get(i));
  fact("process", operations.process[i]);
  const member = timeline.members[operations.member[i]];
  if (operations.member[i] >= 0) fact("answered by", member ? member.name : `n${operations.member[i]}`);
  fact("asked at", momentText(operations.start[i]));
  fact("took", lengthOf(operations, i));
  if (operations.last[i]) fact("phase", "final reads");
  const end = operations.end[i] < 0 ? view.end : operations.end[i];
  const faults = timeline.faults.filter((fault) => fault.start_us <= end && fault.end_us >= operations.start[i]);
  if (faults.length) {
    facts.append(element("dt", "", "faults then"));
    const list = facts.appendChild(element("dd"));
    for (const fault of faults) {
      const link = list.appendChild(element("a", "", fault.words));
      link.href = `#fault-${fault.index}`;
      list.append(element("br"));
    }
  }
  panel.append(facts);
  if (operations.key[i] >= 0) panel.append(neighbours(i, operations, select));
}

function neighbours(i, operations, select) {
  const list = element("ul", "neighbours");
  const same = (j) => operations.key[j] === operations.key[i];
  const around = [i];
  for (let j = i - 1; j >= 0 && around.length < 4; j--) if (same(j)) around.unshift(j);
  for (let j = i + 1, more = 0; j < operations.count && more < 4; j++) if (same(j)) { around.push(j); more++; }
  list.append(element("li", "faint", `on the same key, by time of request`));
  for (const j of around) {
    const item = list.appendChild(element("li", j === i ? "me" : ""));
    const link = item.appendChild(element("a", "op", `#${operations.number[j]}`));
    link.href = `#op-${operations.number[j]}`;
    link.addEventListener("click", (event) => { event.preventDefault(); select(j); });
    item.append(element("span", "", `${operations.request.get(j)} → ${OUTCOMES[operations.outcome[j]]} ${operations.result.get(j)}`));
  }
  return list;
}

function openDetails(title) {
  const panel = byId("details");
  panel.hidden = false;
  panel.replaceChildren();
  const close = element("button", "plain close", "✕");
  close.type = "button";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", closeDetails);
  panel.append(close, element("h4", "", title));
  return panel;
}

function closeDetails() {
  byId("details").hidden = true;
}
