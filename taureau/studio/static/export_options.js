// The options of `taureau export`, and which of them a file can have: a page, a drawing that moves, a brush, or none.
const PAPERS = ["svg", "pdf", "dxf", "gcode", "hpgl"], MOVING = ["gif", "webp", "apng", "mp4", "webm"];

/** Every option: its name in the request, its text, its field, and whether a file of some format and choices has it. */
export const OPTIONS = [
  { name: "page", text: "page", has: ({ format }) => PAPERS.includes(format),
    choices: [["", "page_none"], ...["a4", "a5", "a3", "a2", "letter", "legal"].map((size) => [size])] },
  { name: "brush", text: "export_brush", has: ({ format, page }) => format === "png" || isBareSvg(format, page),
    choices: [["", "export_brush_none"], ["ink", "export_brush_ink"], ["pencil", "export_brush_pencil"]] },
  { name: "animate", text: "animate", type: "number", min: "0.1", max: "120", step: "0.1", placeholder: "10",
    has: ({ format, page, brush }) => MOVING.includes(format) || (isBareSvg(format, page) && brush === "") },
  { name: "hold", text: "hold", type: "number", min: "0", max: "60", step: "0.1", placeholder: "2",
    has: ({ format }) => MOVING.includes(format) },
  { name: "size", text: "size", type: "number", min: "16", max: "4096", has: ({ format }) => format === "png" },
  { name: "size", id: "moving-size", text: "size", type: "number", min: "16", max: "1024", placeholder: "448",
    has: ({ format }) => MOVING.includes(format) },
  { name: "margin", text: "margin", has: onPage, placeholder: "10mm" },
  { name: "pen_width", text: "pen_width", has: onPage, placeholder: "0.5mm" },
  { name: "fit", text: "fit", has: onPage, choices: [["photo", "fit_photo"], ["drawing", "fit_drawing"]] },
  { name: "order", text: "order", has: onPage,
    choices: [["shortest", "order_shortest"], ["drawn", "order_drawn"], ["importance", "order_longest"]] },
  { name: "colors", text: "pens", has: onPage, type: "number", min: "1", max: "16" },
  { name: "profile", text: "machine", has: ({ format }) => format === "gcode",
    choices: [["servo", "machine_servo"], ["z", "machine_z"], ["laser", "machine_laser"]] },
  { name: "photo", text: "photo_fades", has: ({ format }) => MOVING.includes(format), type: "checkbox" },
  { name: "landscape", text: "landscape", has: onPage, type: "checkbox" },
  { name: "marks", text: "marks", has: onPage, type: "checkbox" },
];

/** Only an SVG can be without a page. */
export const isBareSvg = (format, page) => format === "svg" && page === "";

function onPage({ format, page }) {
  return PAPERS.includes(format) && !isBareSvg(format, page);
}
