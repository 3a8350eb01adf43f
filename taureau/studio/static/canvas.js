// The drawing as SVG: one group a stroke, moved as frames arrive.
import { byId, drawn } from "./page.js";
import { levelShown, model, on } from "./state.js";
import { t } from "./texts.js";

const shown = new Map(); // by id: the group and its paths
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const CALM_MS = 1000;
let asked = false, last = 0;

/** Show the strokes whenever they change; less often where the person wants less motion. */
export function startCanvas() {
  on("state selection level tool language moved", show);
  on("frame", () => {
    if (asked || (calm.matches && performance.now() - last < CALM_MS)) return;
    asked = true;
    requestAnimationFrame(show);
  });
}

/** The curve of a stroke's eight numbers. */
export function curve([x0, y0, x1, y1, x2, y2, x3, y3]) {
  return `M${x0} ${y0}C${x1} ${y1} ${x2} ${y2} ${x3} ${y3}`;
}

function show() {
  asked = false;
  last = performance.now();
  const box = byId("strokes");
  const there = new Set(model.strokes.map((stroke) => stroke.id));
  for (const [id, { group }] of shown) {
    if (there.has(id)) continue;
    group.remove();
    shown.delete(id);
  }
  model.strokes.forEach((stroke, rank) => {
    if (!shown.has(stroke.id)) shown.set(stroke.id, made(stroke.id));
    update(shown.get(stroke.id), stroke, rank);
    const { group } = shown.get(stroke.id);
    if (box.children[rank] !== group) box.insertBefore(group, box.children[rank] ?? null);
  });
  describe(box);
}

function made(id) {
  const [halo, ink, hit] = ["halo", "ink", "hit"].map((name) => drawn("path", { class: name }));
  return { halo, ink, hit, group: drawn("g", { class: "stroke", role: "option", "data-id": id }, halo, ink, hit) };
}

function update({ group, halo, ink, hit }, stroke, rank) {
  const d = curve(stroke.points);
  for (const path of [halo, ink, hit]) path.setAttribute("d", d);
  ink.setAttribute("stroke-width", stroke.width);
  halo.setAttribute("stroke-width", stroke.width + 5);
  ink.setAttribute("stroke", stroke.color);
  group.classList.toggle("beyond", rank >= levelShown());
  group.classList.toggle("locked", stroke.locked);
  group.setAttribute("aria-selected", String(model.selection.has(stroke.id)));
  const label = t(stroke.locked ? "stroke_locked" : "stroke", { n: rank + 1, of: model.strokes.length });
  if (group.getAttribute("aria-label") !== label) group.setAttribute("aria-label", label);
}

function describe(box) {
  const usable = model.tool === "select" && model.strokes.length > 0;
  if (usable) {
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-multiselectable", "true");
    box.setAttribute("aria-label", t("strokes"));
  } else for (const name of ["role", "aria-multiselectable", "aria-label"]) box.removeAttribute(name);
  box.toggleAttribute("aria-hidden", false);
  if (!usable) box.setAttribute("aria-hidden", "true");
  byId("drawing").setAttribute("aria-label", t("drawing_of", { n: levelShown() }));
}
