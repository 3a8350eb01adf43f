// The icons, each a few strokes on a square of 24, put before the text of everything with data-icon.
import { drawn, element } from "./page.js";

const STROKES = {
  again: ["M19 12a7 7 0 1 1-2-5l2 2", "M19 4v5h-5"],
  clear: ["M5 19h14", "M8 16 4.5 12.5 13 4l6 6-6 6z"],
  copy: ["M9 9h10v11H9z", "M15 9V4H5v11h4"],
  delete: ["M5 7h14", "M9 7V4h6v3", "M7 7l1 13h8l1-13"],
  dice: ["M5 5h14v14H5z", "M9 9v.1", "M15 15v.1", "M12 12v.1", "M15 9v.1", "M9 15v.1"],
  enough: ["M4 18c4 0 4-12 9-12h7", "M13 6v14"],
  export: ["M12 4v11", "M7 11l5 5 5-5", "M5 20h14"],
  go: ["M8 5l11 7-11 7z"],
  help: ["M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.200-1.5 2.4", "M12 18v.1"],
  importance: ["M12 3v3", "M12 18v3", "M3 12h3", "M18 12h3", "M12 18a6 6 0 1 0 0-12 6 6 0 0 0 0 12z", "M12 12v.1"],
  lock: ["M6 11h12v9H6z", "M8 11V8a4 4 0 0 1 8 0v3"],
  open: ["M3 19V6h6l2 2h8v3", "M3 19l3-8h15l-3 8z"],
  pause: ["M9 5v14", "M15 5v14"],
  pen: ["M4 20l1-4L16 5l3 3L8 19z", "M13 8l3 3"],
  photo: ["M4 5h16v14H4z", "M4 16l5-5 4 4 3-3 4 4", "M15.5 9v.1"],
  redo: ["M19 9H9a5 5 0 0 0 0 10h4", "M15 5l4 4-4 4"],
  regions: ["M4 4h9v9H4z", "M16 10h4v10H10v-4", "M8.5 6.5v4"],
  save: ["M5 4h11l3 3v13H5z", "M8 4v5h7V4", "M8 20v-6h8v6"],
  select: ["M6 4l12 8-6 1-3 6z"],
  stop: ["M7 7h10v10H7z"],
  subject: ["M12 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z", "M5 20c0-8 14-8 14 0"],
  undo: ["M5 9h10a5 5 0 0 1 0 10h-4", "M9 5L5 9l4 4"],
  unlock: ["M6 11h12v9H6z", "M8 11V8a4 4 0 0 1 7.5-2"],
  wall: ["M4 4h7v7H4z", "M13 4h7v7h-7z", "M4 13h7v7H4z", "M13 13h7v7h-7z"],
};

/** Draw the icons of everything below `root`; its text goes into a part of its own. */
export function addIcons(root) {
  for (const each of root.querySelectorAll("[data-icon]")) {
    each.replaceChildren(icon(each.dataset.icon), element("span", { class: "text" }));
  }
}

/** Show another icon. */
export function changeIcon(target, name) {
  if (target.dataset.icon === name) return;
  target.dataset.icon = name;
  target.querySelector("svg").replaceWith(icon(name));
}

function icon(name) {
  const paths = STROKES[name].map((d) => drawn("path", { d }));
  return drawn("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, ...paths);
}
