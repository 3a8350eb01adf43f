// How many strokes are shown: at once, here, because every beginning of the strokes is a drawing.
import { byId, drawn } from "./page.js";
import { send } from "./socket.js";
import { changed, levelShown, model, on } from "./state.js";
import { number, t } from "./texts.js";

const SHARE = 0.85; // of what all strokes show, as `taureau draw -n auto` takes it
let wanted = false; // whether the server's answer decides the level

/** Let the slider choose the level. */
export function startLevels() {
  byId("level").addEventListener("input", (event) => show(event.target.valueAsNumber));
  byId("enough").addEventListener("click", enough);
  on("state frame level language", update);
  on("state", () => {
    if (wanted && model.server.enough !== null) {
      wanted = false;
      show(model.server.enough);
    }
  });
}

/** Show so many strokes. */
export function show(count) {
  const all = model.strokes.length;
  if (all === 0) return;
  const level = Math.max(1, Math.min(all, count));
  model.level = level === all ? null : level;
  changed("level");
}

function enough() {
  if (model.server.enough !== null) {
    show(model.server.enough);
    return;
  }
  wanted = true;
  send("enough", { share: SHARE });
}

function update() {
  const all = model.strokes.length, slider = byId("level"), count = levelShown();
  byId("levels").classList.toggle("idle", all < 2);
  slider.disabled = byId("enough").disabled = all < 2;
  slider.max = Math.max(1, all);
  slider.value = Math.max(1, count);
  const text = t("level_shown", { n: number(count), of: number(all) });
  slider.setAttribute("aria-valuetext", text);
  byId("level-shown").textContent = text;
  byId("curve").replaceChildren(...line(model.server.curve, all));
}

/** What the first strokes show, over the slider. */
function line(shares, all) {
  if (!shares || shares.length !== all || all < 2) return [];
  const points = shares.map((share, index) => `${(100 * index) / (all - 1)} ${22 - 20 * Math.max(0, Math.min(1, share))}`);
  return [
    drawn("path", { class: "area", d: `M0 24L${points.join("L")}L100 24Z` }),
    drawn("path", { class: "line", d: `M${points.join("L")}` }),
  ];
}
