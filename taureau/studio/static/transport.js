// Pause, go on, stop, undo, redo; and where the drawing is.
import { changeIcon } from "./icons.js";
import { byId } from "./page.js";
import { send } from "./socket.js";
import { model, on, working } from "./state.js";
import { number, say, t } from "./texts.js";

/** Show where the drawing is, and let it be paused, stopped, undone. */
export function startTransport() {
  byId("pause").addEventListener("click", pauseOrGo);
  byId("stop").addEventListener("click", stop);
  byId("undo").addEventListener("click", undo);
  byId("redo").addEventListener("click", redo);
  on("state connection language", show);
  on("state frame connection language", showSteps);
}

/** Pause, or go on. */
export function pauseOrGo() {
  if (working()) send("pause");
  else if (model.server.status === "paused") send("go");
}

/** Take the latest change back. */
export function undo() {
  if (model.server.undo) send("undo");
}

/** Make again what was taken back. */
export function redo() {
  if (model.server.redo) send("redo");
}

/** End the drawing as it is. */
export function stop() {
  if (working() || model.server.status === "paused") send("stop");
}

function show() {
  const { status, queue } = model.server, paused = status === "paused";
  changeIcon(byId("pause"), paused ? "go" : "pause");
  say(byId("pause"), paused ? "go" : "pause");
  byId("pause").disabled = byId("stop").disabled = !model.connected || !(working() || paused);
  byId("undo").disabled = !model.server.undo;
  byId("redo").disabled = !model.server.redo;
  const key = status === "waiting" && queue === 0 ? "status_next" : `status_${status}`;
  const text = model.connected ? t(key, { n: number(queue) }) : t(model.elsewhere ? "status_elsewhere" : "status_lost");
  if (byId("status").textContent !== text) byId("status").textContent = text; // a repeated text is not read again
  document.body.dataset.status = status;
}

function showSteps() {
  const { step, total, status } = model.server, running = working() || status === "paused";
  byId("steps").textContent = running && total ? t("steps", { n: number(step), of: number(total) }) : "";
  const bar = byId("progress");
  bar.hidden = !running || !model.connected;
  if (status === "drawing" || status === "paused") {
    bar.max = Math.max(1, total);
    bar.value = step;
  } else bar.removeAttribute("value");
}
