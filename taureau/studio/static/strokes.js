// Strokes in the hand: chosen by click or keys, then locked, deleted, drawn again, given a width or a colour.
import { byId } from "./page.js";
import { send } from "./socket.js";
import { changed, levelShown, model, on, select } from "./state.js";
import { number, say, t } from "./texts.js";
import { changeIcon } from "./icons.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
const box = () => byId("strokes");
const groups = () => [...box().children].slice(0, levelShown());
const idOf = (group) => Number(group.dataset.id);

/** Let strokes be chosen and changed. */
export function startStrokes() {
  box().addEventListener("pointerdown", choose);
  box().addEventListener("keydown", walk);
  box().addEventListener("focusin", (event) => {
    const group = event.target.closest(".stroke");
    if (group?.matches(":focus-visible") && model.selection.size === 0) select([idOf(group)]);
  });
  byId("drawing").addEventListener("pointerdown", (event) => {
    if (event.target === event.currentTarget && model.tool === "select") select([]);
  });
  on("state frame level selection tool language", show);
  byId("lock").addEventListener("click", lock);
  byId("delete").addEventListener("click", remove);
  byId("redraw").addEventListener("click", redraw);
  byId("redraw-all").addEventListener("click", redrawAll);
  byId("stroke-width").addEventListener("change", (event) => style({ width: event.target.valueAsNumber }, event.target));
  byId("stroke-color").addEventListener("change", (event) => style({ color: event.target.value }, event.target));
}

/** Lock what is selected; unlock it if all of it is locked. */
export function lock() {
  if (chosen().length) send("lock", { strokes: ids(), locked: !chosen().every((stroke) => stroke.locked) });
}

/** Delete what is selected. */
export function remove() {
  if (chosen().length) send("delete", { strokes: ids() });
}

/** Draw again what is selected; the rest stays. */
export function redraw() {
  if (chosen().length) send("redraw", { strokes: ids() });
}

/** Draw again all that is not locked. */
export function redrawAll() {
  if (model.strokes.length) send("redraw", { strokes: null });
}

const chosen = () => model.strokes.filter((stroke) => model.selection.has(stroke.id));
const ids = () => chosen().map((stroke) => stroke.id);

function style(values, field) {
  if (field.reportValidity() && chosen().length) send("style", { strokes: ids(), ...values });
}

function choose(event) {
  const group = event.target.closest(".stroke");
  if (model.tool !== "select" || !group) return;
  const id = idOf(group);
  if (event.shiftKey || event.ctrlKey || event.metaKey) toggle(id);
  else select([id]);
  group.focus({ preventScroll: true });
  event.preventDefault();
}

function toggle(id) {
  if (!model.selection.delete(id)) model.selection.add(id);
  changed("selection");
}

function walk(event) {
  const group = event.target.closest(".stroke");
  if (!group) return;
  if (event.key === " ") toggle(idOf(group));
  else if (event.key === "Escape") select([]);
  else if (event.key in STEPS) {
    const all = groups();
    const to = all[Math.max(0, Math.min(all.length - 1, all.indexOf(group) + STEPS[event.key]))];
    if (event.shiftKey) model.selection.add(idOf(to));
    select(event.shiftKey ? model.selection : [idOf(to)]);
    reachable(to);
    to.focus({ preventScroll: true });
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

/** One stroke at a time can be reached by Tab: the one in focus, else the first selected, else the first. */
function reachable(wanted = null) {
  const all = groups();
  const to = wanted ?? all.find((group) => group === document.activeElement)
    ?? all.find((group) => model.selection.has(idOf(group))) ?? all[0];
  for (const group of box().children) {
    if (model.tool !== "select" || group.classList.contains("beyond")) group.removeAttribute("tabindex");
    else group.setAttribute("tabindex", group === to ? "0" : "-1");
  }
}

function show() {
  reachable();
  const strokes = chosen(), none = strokes.length === 0;
  for (const id of ["lock", "delete", "redraw", "stroke-width", "stroke-color"]) byId(id).disabled = none;
  byId("redraw-all").disabled = model.strokes.length === 0;
  const locked = !none && strokes.every((stroke) => stroke.locked);
  changeIcon(byId("lock"), locked ? "unlock" : "lock");
  say(byId("lock"), locked ? "unlock" : "lock");
  byId("selection-says").textContent = none ? t("select_how") : t("selected", { n: number(strokes.length) });
  if (none) return;
  for (const [id, value] of [["stroke-width", strokes[0].width.toFixed(1)], ["stroke-color", strokes[0].color]]) {
    if (byId(id) !== document.activeElement) byId(id).value = value;
  }
}
