// The figures behind the drawing, for those who want them, and what the server warns of, which all may see.
import { byId, element } from "./page.js";
import { model, on } from "./state.js";
import { number, t } from "./texts.js";

/** Show step, score, loss, seed and warnings. */
export function startDetails() {
  on("state frame language", () => {
    if (byId("details").parentElement.open) show();
  });
  byId("details").parentElement.addEventListener("toggle", show);
  on("state", () => {
    byId("warnings").replaceChildren(...model.server.warnings.map((text) => element("li", {}, text)));
  });
}

function show() {
  const { step, total, score, loss, settings, subject, photo } = model.server;
  const figures = [
    ["figure_step", total ? `${number(step)} / ${number(total)}` : null],
    ["figure_score", typeof score === "number" ? number(score, 4) : null],
    ["figure_loss", typeof loss === "number" ? number(loss, 4) : null],
    ["figure_seed", settings.seed ?? null],
    ["figure_photo", photo ? `${number(photo.width)} × ${number(photo.height)}` : null],
    ["figure_subject", t(`subject_${subject}`)],
    ["figure_version", model.hello?.version ?? null],
  ];
  const rows = figures.filter(([, value]) => value !== null);
  byId("details").replaceChildren(
    ...rows.flatMap(([key, value]) => [element("dt", {}, t(key)), element("dd", {}, String(value))]),
  );
}
