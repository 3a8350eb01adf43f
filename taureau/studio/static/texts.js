// The words of the page, from one file a language.
import { byId } from "./page.js";
import { changed } from "./state.js";

const KEPT = "taureau-language";
let texts = {};

/** The text with a key; {names} in it are replaced by values. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A number as this language writes it. */
export function number(value, digits = 0) {
  return value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Load the language that was chosen before, or else the browser's, and let it be changed. */
export async function startTexts() {
  const chooser = byId("language");
  const wanted = remembered() ?? navigator.language.slice(0, 2);
  chooser.value = [...chooser.options].some((option) => option.value === wanted) ? wanted : "en";
  chooser.addEventListener("change", async () => {
    localStorage.setItem(KEPT, chooser.value);
    await speak(chooser.value);
    changed("language");
  });
  await speak(chooser.value);
}

function remembered() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a browser that keeps nothing
  }
}

async function speak(language) {
  const file = await fetch(new URL(`texts/${language}.json`, import.meta.url));
  texts = await file.json();
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  for (const each of document.querySelectorAll("[data-text]")) say(each, each.dataset.text);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", t(each.dataset.label));
  for (const each of document.querySelectorAll("[data-alt]")) each.alt = t(each.dataset.alt);
}

/** Let an element show a text, and go on showing it when the language changes. */
export function say(target, key) {
  target.dataset.text = key;
  (target.querySelector(":scope > .text") ?? target).textContent = t(key);
}
