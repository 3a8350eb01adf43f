// The drawing as a file of any format, or on the clipboard; and the command that makes it.
import { OPTIONS } from "./export_options.js";
import { byId, chosen, element } from "./page.js";
import { keep } from "./project.js";
import { get } from "./socket.js";
import { changed, levelShown, model, on } from "./state.js";
import { t } from "./texts.js";

const NAMES = { gcode: "G-code", webp: "WebP", webm: "WebM" };

/** Let the drawing be exported. */
export function startExport() {
  byId("export").addEventListener("click", openExport);
  byId("export-form").addEventListener("submit", (event) => {
    if (event.submitter?.value === "save") {
      event.preventDefault();
      exportIt();
    }
  });
  byId("copy-svg").addEventListener("click", async () => {
    const answer = await get("export", { format: "svg", ...level() });
    if (answer) await copy(await answer.text());
  });
  byId("copy-command").addEventListener("click", () => copy(model.server.command));
  on("hello language", showFormats);
  on("state language", () => {
    byId("command").textContent = model.server.command;
  });
}

/** Open the dialog. */
export function openExport() {
  if (!model.server.photo || byId("export-dialog").open) return;
  byId("copied").textContent = "";
  byId("export-dialog").showModal();
}

/** The level that is shown, where it is not all. */
const level = () => (model.level === null ? {} : { strokes: levelShown() });

async function exportIt() {
  const format = chosen("format");
  const query = Object.fromEntries(
    shownOptions().map((each) => [each.name, value(input(each))]).filter(([, given]) => given !== ""),
  );
  const answer = await get("export", { format, ...level(), ...query });
  if (!answer) return;
  await keep(answer);
  byId("export-dialog").close();
}

const input = ({ id, name }) => byId(`export-${id ?? name}`);

const option = (name) => input({ name });

function shownOptions() {
  const choices = { format: chosen("format"), page: option("page").value, brush: option("brush").value };
  return OPTIONS.filter(({ has }) => has(choices));
}

const value = (field) => (field.type === "checkbox" ? (field.checked ? "true" : "") : field.value);

function showFormats() {
  const formats = model.hello?.formats ?? [];
  const fields = formats.map((format, index) => {
    const radio = element("input", { type: "radio", name: "format", value: format });
    radio.checked = index === 0;
    radio.addEventListener("change", showOptions);
    return element("label", {}, radio, element("span", {}, NAMES[format] ?? format.toUpperCase()));
  });
  byId("formats").replaceChildren(byId("formats").firstElementChild, ...fields);
  byId("export-options").replaceChildren(...OPTIONS.map(field));
  for (const name of ["page", "brush"]) option(name).addEventListener("change", showOptions);
  if (formats.length) showOptions();
}

function showOptions() {
  const format = chosen("format"), page = option("page"), [none, usual] = page.options;
  none.hidden = none.disabled = format !== "svg";
  if (none.disabled && none.selected) usual.selected = true;
  const shown = new Set(shownOptions());
  byId("format-says").textContent = t(`format_${format}`);
  for (const each of OPTIONS) {
    // A field that is not seen must not keep the file back, whatever it has.
    input(each).disabled = input(each).parentElement.hidden = !shown.has(each);
  }
}

function field({ id: own, name, text, choices, has, type = "text", ...more }) {
  const id = `export-${own ?? name}`;
  if (type === "checkbox") {
    return element("label", { class: "check" }, element("input", { id, type }), element("span", {}, t(text)));
  }
  const made = choices
    ? element("select", { id }, ...choices.map(([given, key]) => element("option", { value: given }, key ? t(key) : given.toUpperCase())))
    : element("input", { id, type, ...more });
  return element("label", { class: "field" }, element("span", {}, t(text)), made);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page by another host than this computer may not write to the clipboard directly
    const area = element("textarea", { class: "unseen" });
    area.value = text;
    byId("export-dialog").append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) return changed("error", t("copy_failed"));
  }
  byId("copied").textContent = t("copied");
  return undefined;
}
