// What a drawing begins with: how many strokes, how wide, which seed, in colour or not.
import { byId } from "./page.js";
import { send } from "./socket.js";
import { model, on, select } from "./state.js";

const SEEDS = 10_000; // short enough to be told to a friend

/** Let the settings be chosen, and the drawing be begun anew. */
export function startSettings() {
  byId("settings").addEventListener("submit", (event) => {
    event.preventDefault();
    draw();
  });
  byId("new-seed").addEventListener("click", () => {
    byId("set-seed").value = Math.floor(Math.random() * SEEDS);
    draw();
  });
  on("hello", () => {
    byId("prompt-field").hidden = !model.hello.prompt;
    byId("set-strokes").max = model.hello.limits.strokes;
  });
  on("state", (before) => {
    const now = model.server.settings;
    if (JSON.stringify(before.settings) === JSON.stringify(now)) return;
    byId("set-strokes").value = now.strokes ?? byId("set-strokes").value;
    byId("set-width").value = now.width ?? "";
    byId("set-color").checked = now.color ?? byId("set-color").checked;
    byId("set-seed").value = now.seed ?? byId("set-seed").value;
    byId("prompt").value = now.prompt ?? "";
  });
}

/** Begin a drawing with the settings as they are. */
export function draw() {
  if (!byId("settings").reportValidity()) return;
  const settings = {
    strokes: byId("set-strokes").valueAsNumber,
    seed: byId("set-seed").valueAsNumber,
    width: byId("set-width").value === "" ? null : byId("set-width").valueAsNumber, // empty: as lines weigh
    color: byId("set-color").checked,
  };
  const prompt = byId("prompt").value.trim();
  model.level = null;
  select([]);
  send("draw", prompt === (model.server.settings.prompt ?? "") ? { settings } : { settings, prompt }); // one step to undo
}
