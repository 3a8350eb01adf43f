// A budget by region: boxes on the sheet, each with a number of strokes of its own.
import { announce } from "./errors.js";
import { byId, drawn, element } from "./page.js";
import { inUnits } from "./paper.js";
import { draw } from "./settings.js";
import { send } from "./socket.js";
import { model, on } from "./state.js";
import { t } from "./texts.js";

const LEAST = 0.02; // shares of the sheet that a box is wide and high, at least
const FIRST = 4; // strokes of a new box
const MOST = 8; // boxes, as many as the server takes
let regions = [], from = null, to = null;

/** Show the regions, and let their numbers be changed. */
export function startRegions() {
  on("state", (before) => {
    const [now, shown, earlier] = [model.server.regions, regions, before.regions].map((each) => JSON.stringify(each));
    if (now === shown || now === earlier) return; // a number that is being typed stays
    regions = model.server.regions ?? [];
    list();
    show();
  });
  on("tool", show);
  on("language", list);
  byId("regions-clear").addEventListener("click", () => {
    keep([]);
    announce(t("cleared"));
  });
  byId("regions-draw").addEventListener("click", () => {
    const wanted = regions.reduce((sum, region) => sum + region.strokes, 0);
    const strokes = byId("set-strokes");
    strokes.value = Math.max(strokes.valueAsNumber || 1, wanted);
    draw();
  });
  list();
}

/** A corner of a new box. */
export function boxDown(point) {
  from = to = point;
  show();
}

/** The other corner. */
export function boxMove(point) {
  to = point;
  show();
}

/** The box is there, if it is more than a dot. */
export function boxUp() {
  const [left, top, right, bottom] = sides();
  from = null;
  if (right - left < LEAST || bottom - top < LEAST || regions.length >= MOST) return show();
  const box = [...inUnits([left, top]), ...inUnits([right, bottom])].map((value) => Math.round(value * 100) / 100);
  keep([...regions, { box, strokes: FIRST }]);
  announce(t("region", { n: regions.length }));
}

/** The box is taken back. */
export function boxCancel() {
  from = null;
  show();
}

function sides() {
  const inside = [from, to].map((point) => point.map((value) => Math.min(1, Math.max(0, value))));
  const [left, right] = inside.map(([x]) => x).sort((a, b) => a - b);
  const [top, bottom] = inside.map(([, y]) => y).sort((a, b) => a - b);
  return [left, top, right, bottom];
}

function keep(changedRegions) {
  regions = changedRegions;
  send("regions", { regions });
  list();
  show();
}

function show() {
  const group = byId("regions");
  const seen = model.tool === "regions";
  group.classList.toggle("none", !seen);
  group.replaceChildren(...regions.flatMap(({ box: [left, top, right, bottom], strokes }) => [
    drawn("rect", { x: left, y: top, width: right - left, height: bottom - top }),
    label(left, top, strokes),
  ]));
  if (!from) return;
  const [left, top, right, bottom] = sides();
  const [[x, y], [x1, y1]] = [inUnits([left, top]), inUnits([right, bottom])];
  group.append(drawn("rect", { class: "new", x, y, width: x1 - x, height: y1 - y }));
}

function label(left, top, strokes) {
  const size = model.server.canvas.size / 18;
  const text = drawn("text", { x: left + size / 3, y: top + 1.1 * size, "font-size": size });
  text.append(String(strokes));
  return text;
}

function list() {
  byId("region-list").replaceChildren(...regions.map((region, index) => {
    const input = element("input", { type: "number", min: "1", max: byId("set-strokes").max, value: region.strokes, required: "" });
    input.addEventListener("change", () => {
      if (!input.reportValidity()) return;
      keep(regions.map((each, at) => (at === index ? { ...each, strokes: input.valueAsNumber } : each)));
      byId("region-list").querySelectorAll("input")[index].focus();
    });
    const remove = element("button", { type: "button", "aria-label": t("region_remove", { n: index + 1 }) }, "×");
    remove.addEventListener("click", () => {
      keep(regions.filter((_, at) => at !== index));
      byId("regions-clear").focus();
    });
    const name = element("span", {}, t("region", { n: index + 1 }));
    return element("li", {}, element("label", { class: "field" }, name, input), remove);
  }));
  byId("regions-clear").disabled = byId("regions-draw").disabled = regions.length === 0;
}
