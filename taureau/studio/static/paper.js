// The sheet: its shape, and the photo under the drawing or beside it.
import { byId, chosen } from "./page.js";
import { address } from "./socket.js";
import { model, on } from "./state.js";

const OVER_PHOTO = new Set(["subject", "importance", "regions"]);
let loaded = 0;
let isLent = false; // the photo is shown for the tool in the hand, and goes with it
let isUnwanted = false; // a person hid it with such a tool in the hand

/** Keep the sheet in the photo's shape. */
export function startPaper() {
  on("state", (before) => {
    const [x, y, width, height] = model.server.canvas.frame;
    byId("drawing").setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    const edge = byId("sheet").firstElementChild;
    for (const [name, value] of Object.entries({ x, y, width, height })) edge.setAttribute(name, value);
    byId("papers").style.setProperty("--ratio", width / height);
    byId("drawing-title").textContent = model.server.photo?.name ?? "";
    document.title = model.server.photo ? `${model.server.photo.name} – taureau` : "taureau";
    if (model.server.photo && JSON.stringify(before.photo) !== JSON.stringify(model.server.photo)) load();
  });
  on("photo", load);
  on("tool", lend);
  for (const radio of document.querySelectorAll("[name=photo-shown]")) radio.addEventListener("change", choose);
  byId("opacity").addEventListener("input", showPhoto);
}

/** A place of the screen in shares of the sheet, 0 to 1. */
export function onPaper(event) {
  const box = byId("paper").getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

/** Shares of the sheet in units of the canvas. */
export function inUnits([across, down]) {
  const [x, y, width, height] = model.server.canvas.frame;
  return [x + across * width, y + down * height];
}

function load() {
  const source = address("photo", { n: ++loaded }); // the number: a new photo has a new address
  byId("photo-under").src = byId("photo-beside").src = source;
  showPhoto();
}

// A tool that is used over the photo shows it, and says so; what a person chooses holds.
function lend() {
  const needed = OVER_PHOTO.has(model.tool);
  if (needed && !isUnwanted && chosen("photo-shown") === "off") {
    place("under").checked = isLent = true;
  } else if (!needed && isLent) {
    place("off").checked = true;
    isLent = false;
  }
  showPhoto();
}

function choose() {
  isLent = false;
  isUnwanted = OVER_PHOTO.has(model.tool) && chosen("photo-shown") === "off";
  showPhoto();
}

const place = (value) => document.querySelector(`[name=photo-shown][value=${value}]`);

function showPhoto() {
  const where = chosen("photo-shown"), under = where === "under";
  byId("photo-under").hidden = !under;
  byId("photo-beside").hidden = where !== "beside";
  byId("papers").classList.toggle("two", where === "beside");
  byId("opacity-field").hidden = !under;
  byId("photo-under").style.opacity = byId("opacity").value / 100;
}
