// The options of `taureau export`, and which formats take them. Only an SVG can be without a page.
const PAGES = ["svg", "pdf", "dxf", "gcode", "hpgl"];

/** Every option: its name in the request, its text, and its field. */
export const OPTIONS = [
  { name: "page", text: "page", formats: PAGES, 
    choices: [["", "page_none"], ...["a4", "a5", "a3", "a2", "letter", "legal"].map((size) => [size])] },
  { name: "margin", text: "margin", formats: PAGES, placeholder: "10mm" },
  { name: "pen_width", text: "pen_width", formats: PAGES, placeholder: "0.5mm" },
  { name: "fit", text: "fit", formats: PAGES, choices: [["photo", "fit_photo"], ["drawing", "fit_drawing"]] },
  { name: "order", text: "order", formats: PAGES,
    choices: [["shortest", "order_shortest"], ["drawn", "order_drawn"], ["importance", "order_longest"]] },
  { name: "colors", text: "pens", formats: PAGES, type: "number", min: "1", max: "16" },
  { name: "profile", text: "machine", formats: ["gcode"], choices: [["servo", "machine_servo"], ["z", "machine_z"], ["laser", "machine_laser"]] },
  { name: "size", text: "size", formats: ["png"], type: "number", min: "16", max: "8192", placeholder: "1024" },
  { name: "animate", text: "animate", formats: ["svg"], type: "number", min: "0.1", max: "3600", step: "0.1" },
  { name: "landscape", text: "landscape", formats: PAGES, type: "checkbox" },
  { name: "marks", text: "marks", formats: PAGES, type: "checkbox" },
];

/** The options that a format takes; an SVG without a page takes that alone. */
export function optionsOf(format, page) {
  const taken = OPTIONS.filter(({ formats }) => formats.includes(format));
  return format === "svg" && page === "" ? taken.slice(0, 1) : taken;
}
