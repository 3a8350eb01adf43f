// A stroke drawn by hand: the way of the hand, sent as a polyline that the server fits.
import { byId } from "./page.js";
import { inUnits } from "./paper.js";
import { send } from "./socket.js";
import { model, on } from "./state.js";

const NEAREST = 1; // canvas units between two points that are kept
const MOST = 400; // points: what is longer is thinned
let points = [], isDown = false;

/** The hand goes down. */
export function penDown(point) {
  isDown = true;
  points = [inUnits(point)];
  show();
}

/** The hand moves. */
export function penMove(point) {
  const [x, y] = inUnits(point), [lastX, lastY] = points.at(-1);
  if (Math.hypot(x - lastX, y - lastY) >= NEAREST) points.push([x, y]);
  show();
}

/** The hand goes up: what is more than a dot becomes a stroke. */
export function penUp() {
  isDown = false;
  const thin = Math.ceil(points.length / MOST);
  const kept = points.filter((_, index) => index % thin === 0 || index === points.length - 1);
  if (kept.length > 1) send("add", { points: kept.map((each) => each.map(rounded)), settle: byId("settle").checked });
  else penCancel();
}

/** The line is taken back. */
export function penCancel() {
  isDown = false;
  points = [];
  show();
}

const rounded = (value) => Math.round(value * 100) / 100;

on("state error", () => { // the line stays until the server shows its stroke; one that is still drawn goes on
  if (!isDown) penCancel();
});

function show() {
  const path = byId("trace");
  path.setAttribute("d", points.length ? `M${points.map((point) => point.join(" ")).join("L")}` : "");
  path.setAttribute("stroke-width", model.strokes.at(-1)?.width ?? model.server.settings.width ?? 3); // as the server will
}
