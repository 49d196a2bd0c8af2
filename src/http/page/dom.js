// Small helpers: elements, words, messages. Text goes in as text only, never as HTML.

/** An element with properties (`on…` are listeners, `data-…` and `aria-…` attributes) and children. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "for" || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button that does nothing more while its work is under way, and tells what went wrong. */
export function button(label, work, properties = {}) {
  const element = el("button", { type: "button", ...properties }, label);
  element.addEventListener("click", () => busy(element, work));
  return element;
}

/** Does work that belongs to an element, once at a time. It is not disabled, as it would lose the keyboard. */
export async function busy(element, work) {
  if (element.ariaDisabled === "true") return;
  element.ariaDisabled = "true";
  try {
    await work();
  } catch (error) {
    say(error.message, true);
  } finally {
    element.ariaDisabled = null;
  }
}

/** A labelled choice; `choices` are pairs of value and words. */
export function choice(label, choices, value, changed) {
  const options = choices.map(([of, words]) => el("option", { value: of, selected: of === value }, words));
  const select = el("select", { onchange: () => changed(select.value) }, options);
  return el("label", {}, el("span", {}, label), select);
}

/** Tells something; an error stays until it is read away. */
export function say(text, isError = false) {
  const message = el("p", { className: isError ? "error" : "" }, text);
  const close = el("button", { type: "button", className: "close", "aria-label": "Dismiss" }, "×");
  close.addEventListener("click", () => message.remove());
  message.append(close);
  document.getElementById("messages").append(message);
  if (!isError) setTimeout(() => message.remove(), 6000);
}

export function time(seconds) {
  const moment = new Date(seconds * 1000);
  const words = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return el("time", { dateTime: moment.toISOString() }, words);
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; count >= 1024 && unit < units.length - 1; unit += 1) count /= 1024;
  return `${unit ? count.toFixed(1) : count} ${units[unit]}`;
}

/** A table; `rows` are lists of cells. It scrolls sideways by itself where the screen is narrow. */
export function table(caption, heads, rows) {
  const cells = (row) => el("tr", {}, row.map((cell) => el("td", {}, cell)));
  const head = el("thead", {}, el("tr", {}, heads.map((head) => head ? el("th", { scope: "col" }, head) : el("td"))));
  const whole = el("table", {}, el("caption", {}, caption), head, el("tbody", {}, rows.map(cells)));
  return el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption }, whole);
}
