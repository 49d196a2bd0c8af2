// Which page is shown, by what stands behind the `#`, and what happens meanwhile.

import { events } from "./api.js";
import { showActivity } from "./activity.js";
import { say } from "./dom.js";
import { showItem } from "./item.js";
import { showLibrary } from "./library.js";

const main = document.getElementById("main");
let turn = 0;

/** Draws the page that the address names. What is drawn late, as somebody went on meanwhile, is not shown. */
async function draw({ keepsPlace }) {
  turn += 1;
  const mine = turn;
  const [path, query] = location.hash.slice(1).split("?");
  const [, page, id] = path.split("/");
  const drawn = document.createElement("div");
  const again = () => draw({ keepsPlace: true });
  document.title = "posterfs";
  try {
    if (page === "item") await showItem(drawn, id, again);
    else if (page === "activity") await showActivity(drawn, again);
    else await showLibrary(drawn, new URLSearchParams(query));
  } catch (error) {
    if (mine === turn) say(error.message, true);
  }
  if (mine !== turn) return;
  const [open, held, top] = [openDetails(), nameOf(document.activeElement), window.scrollY];
  main.replaceChildren(...drawn.childNodes);
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.dataset.page === (page === "activity" ? "activity" : "library");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (keepsPlace) {
    for (const details of main.querySelectorAll("details")) details.open = open.get(nameOf(details)) ?? details.open;
    window.scrollTo(0, top);
    const [section] = held.split("/");
    const all = [...main.querySelectorAll("button, summary, input, a")];
    const again = all.find((one) => nameOf(one) === held) ?? all.find((one) => nameOf(one).startsWith(`${section}/`));
    (again ?? main).focus({ preventScroll: true });
  } else {
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

/** By what a part of the page is known again when it is drawn anew: its section, and its words without numbers. */
function nameOf(element) {
  const words = (element.querySelector("summary") ?? element).textContent.replace(/\d+/g, "");
  return `${element.closest("section")?.ariaLabel ?? ""}/${element.ariaLabel ?? words}`;
}

function openDetails() {
  return new Map([...main.querySelectorAll("details")].map((details) => [nameOf(details), details.open]));
}

const live = document.getElementById("live");
const now = { jobs: { queued: 0 }, progress: [] };

/** Tells in the head of the page what is under way. */
function heard(name, value) {
  if (name === "gone") {
    live.textContent = "posterfs does not answer";
    return;
  }
  now[name] = value;
  const running = now.progress.map(({ task, noun, done, total }) => `${task}: ${done}${total ? ` of ${total}` : ""} ${noun}`);
  const waiting = now.jobs.queued ? [`${now.jobs.queued} waiting`] : [];
  live.textContent = [...running, ...waiting].join(" · ");
}

window.addEventListener("hashchange", () => draw({ keepsPlace: false }));
await draw({ keepsPlace: false });
events("/api/events", heard);
