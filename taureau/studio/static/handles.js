// The four control points of a selected stroke, moved by dragging or by arrow keys.
import { byId, drawn } from "./page.js";
import { inUnits, onPaper } from "./paper.js";
import { send } from "./socket.js";
import { changed, model, on } from "./state.js";
import { number, t } from "./texts.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAUSE_MS = 350; // after the last arrow key, the stroke is sent
let handles = [], arms = [], held = null, waiting = null;

/** Show the points of the one stroke that is selected. */
export function startHandles() {
  arms = [0, 1].map(() => drawn("path", { class: "arm" }));
  handles = [0, 1, 2, 3].map((index) => made(index));
  byId("handles").append(...arms, ...handles);
  on("state frame selection tool moved language", show);
  new ResizeObserver(show).observe(byId("paper"));
  show();
}

function made(index) {
  const shape = index === 0 || index === 3 ? drawn("circle", { r: "1" }) : drawn("rect", { x: "-1", y: "-1", width: "2", height: "2" });
  const reach = drawn("circle", { class: "reach", r: "2.6" });
  const handle = drawn("g", { class: "handle", role: "button", tabindex: "0", "data-point": index }, reach, shape);
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    held = stroke();
    event.preventDefault();
    handle.focus({ preventScroll: true });
  });
  handle.addEventListener("pointermove", (event) => held && move(held, index, inUnits(onPaper(event))));
  handle.addEventListener("pointerup", finish);
  handle.addEventListener("pointercancel", finish);
  handle.addEventListener("keydown", (event) => {
    if (!(event.key in ARROWS)) return;
    event.preventDefault();
    held = stroke();
    const far = event.shiftKey ? 10 : 1;
    move(held, index, [0, 1].map((axis) => held.points[2 * index + axis] + far * ARROWS[event.key][axis]));
    clearTimeout(waiting);
    waiting = setTimeout(finish, PAUSE_MS);
  });
  return handle;
}

/** The stroke whose points are shown: the only one selected. */
function stroke() {
  if (model.tool !== "select" || model.selection.size !== 1) return null;
  const [id] = model.selection;
  const found = model.strokes.find((each) => each.id === id) ?? null;
  return held && found && held.id === id ? held : found;
}

function move(moved, index, [x, y]) {
  moved.points.splice(2 * index, 2, Math.round(x * 100) / 100, Math.round(y * 100) / 100);
  changed("moved");
}

function finish() {
  if (held) send("edit", { stroke: held.id, points: held.points, settle: byId("settle").checked });
  held = null;
}

function show() {
  if (held) model.strokes = model.strokes.map((each) => (each.id === held.id ? held : each)); // the hand is right
  const shown = stroke();
  byId("handles").toggleAttribute("hidden", !shown);
  byId("handles").classList.toggle("none", !shown);
  if (!shown) return;
  const p = shown.points;
  arms[0].setAttribute("d", `M${p[0]} ${p[1]}L${p[2]} ${p[3]}`);
  arms[1].setAttribute("d", `M${p[4]} ${p[5]}L${p[6]} ${p[7]}`);
  const units = model.server.canvas.frame[2] / Math.max(1, byId("paper").clientWidth); // in one pixel of the screen
  handles.forEach((handle, index) => {
    const [x, y] = p.slice(2 * index, 2 * index + 2);
    handle.setAttribute("transform", `translate(${x} ${y}) scale(${5.5 * units})`);
    handle.setAttribute("aria-label", t("point", { n: index + 1, x: number(x), y: number(y) }));
  });
}
