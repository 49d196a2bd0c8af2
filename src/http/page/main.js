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
  const open = keepsPlace ? openDetails() : null;
  const top = window.scrollY;
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
  main.replaceChildren(...drawn.childNodes);
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.dataset.page === (page === "activity" ? "activity" : "library");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (keepsPlace) {
    main.querySelectorAll("details").forEach((details, at) => { if (at in open) details.open = open[at]; });
    window.scrollTo(0, top);
  } else {
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

function openDetails() {
  return [...main.querySelectorAll("details")].map((details) => details.open);
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
