// What a hand does on the sheet, with a pointer or with keys: down, along, up. Tools take it from here.
import { byId } from "./page.js";
import { onPaper } from "./paper.js";
import { penDown, penMove, penUp, penCancel } from "./pen.js";
import { brushCancel, brushDown, brushMove, brushSize, brushUp } from "./masks.js";
import { boxCancel, boxDown, boxMove, boxUp } from "./regions.js";
import { model, on } from "./state.js";
import { announce } from "./errors.js";
import { number, t } from "./texts.js";

const PEN = { down: penDown, move: penMove, up: penUp, cancel: penCancel, size: () => 0 };
const BRUSH = { down: brushDown, move: brushMove, up: brushUp, cancel: brushCancel, size: brushSize };
const BOX = { down: boxDown, move: boxMove, up: boxUp, cancel: boxCancel, size: () => 0 };
const HANDS = { pen: PEN, subject: BRUSH, importance: BRUSH, regions: BOX };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NEAR = 0.01, FAR = 0.05; // shares of the sheet that an arrow key moves by, without and with Shift
const surface = () => byId("surface");
let at = [0.5, 0.5], down = false;

/** Let the pen and the brushes work on the sheet. */
export function startSurface() {
  const hand = () => HANDS[model.tool];
  surface().addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    surface().setPointerCapture(event.pointerId);
    press(onPaper(event));
  });
  surface().addEventListener("pointermove", (event) => {
    for (const each of [...(event.getCoalescedEvents?.() ?? []), event]) to(onPaper(each));
  });
  surface().addEventListener("pointerup", lift);
  surface().addEventListener("pointercancel", cancel);
  surface().addEventListener("keydown", keys);
  for (const name of ["pointerenter", "focus"]) surface().addEventListener(name, () => showCursor(true));
  surface().addEventListener("pointerleave", () => showCursor(document.activeElement === surface()));
  surface().addEventListener("blur", () => {
    cancel();
    showCursor(false);
  });
  byId("brush-size").addEventListener("input", () => showCursor(!byId("cursor").hidden));
  on("tool language state", () => {
    surface().hidden = !hand() || model.server.photo === null;
    if (hand()) surface().setAttribute("aria-label", t(`surface_${model.tool}`));
    showCursor(document.activeElement === surface());
  });
}

function press(point) {
  at = point;
  down = true;
  HANDS[model.tool].down(at);
  showCursor(true);
}

function to(point) {
  at = point;
  if (down) HANDS[model.tool].move(at);
  showCursor(true);
}

function lift() {
  if (down) HANDS[model.tool].up();
  down = false;
  showCursor(true);
}

function cancel() {
  if (down) HANDS[model.tool]?.cancel();
  down = false;
}

function keys(event) {
  if (event.key in ARROWS) {
    const far = event.shiftKey ? FAR : NEAR;
    const [, , width, height] = model.server.canvas.frame;
    const shape = [1, width / height]; // the same way on paper in both directions
    to(at.map((value, axis) => Math.min(1, Math.max(0, value + far * shape[axis] * ARROWS[event.key][axis]))));
    announce(t("at", { x: number(100 * at[0]), y: number(100 * at[1]) }));
  } else if (event.key === " " || event.key === "Enter") {
    if (down) lift();
    else press(at);
    announce(t(down ? "pen_is_down" : "pen_is_up"));
  } else if (event.key === "Escape" && down) {
    cancel();
    announce(t("pen_is_up"));
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function showCursor(seen) {
  const cursor = byId("cursor");
  cursor.hidden = !seen || surface().hidden;
  const size = HANDS[model.tool]?.size() ?? 0;
  cursor.classList.toggle("brush", size > 0);
  cursor.classList.toggle("down", down);
  cursor.style.left = `${100 * at[0]}%`;
  cursor.style.top = `${100 * at[1]}%`;
  cursor.style.width = size ? `${100 * size}%` : "";
}
