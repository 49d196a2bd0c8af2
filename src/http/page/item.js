// One item: of each type of picture what is shown, what could be, and what happened.

import { get, picture, post, put, remove } from "./api.js";
import { busy, button, bytes, choice, el, say, table, time } from "./dom.js";
import { card } from "./library.js";

/** Candidates of one type that are laid out at first. */
const FIRST = 12;

/** Shows an item. `again` draws the page anew after a change. */
export async function showItem(main, id, again) {
  const params = { id };
  const [item, candidates, children, history] = await Promise.all([
    get("/api/items/{id}", { params }),
    get("/api/items/{id}/candidates", { params }),
    get("/api/items/{id}/children", { params }),
    get("/api/items/{id}/history", { params }),
  ]);
  const act = (words, work) => async () => {
    await work();
    say(words);
    await again();
  };
  document.title = `${item.name} – posterfs`;
  main.append(el("h1", {}, item.name), facts(item), buttons(item, params, act),
    ...item.types.flatMap((type) => places(item, type)).map((type) => section(item, type, candidates, act)));
  if (children.length) main.append(el("h2", {}, "Belongs to it"), el("ul", { className: "grid" }, children.map(card)));
  main.append(events(item, history, act), details(item));
}

function facts(item) {
  const ids = Object.entries(item.ids).map(([provider, id]) => `${provider}:${id}`).join(" ");
  const words = [`${item.type} of ${item.library}`, ids, item.missing && "the last scan did not find it",
    !item.monitored && "not monitored: automatic steps leave it alone"].filter(Boolean);
  return el("p", { className: "facts" }, words.join(" · "), el("br"), el("code", {}, item.path));
}

function buttons(item, params, act) {
  return el("div", { className: "row" },
    button("Publish", act("It is published.", () => post("/api/publish", { body: { items: [item.id] } }))),
    button("Unpublish", act("It is no longer shown.", () => post("/api/items/{id}/unpublish", { params }))),
    button("Ask the providers", act("The providers are asked; this takes a moment.",
      () => post("/api/jobs", { body: { task: "enrich", items: [item.id] } }))),
    button(item.monitored ? "Stop monitoring" : "Monitor", act("Done.",
      () => post("/api/items/{id}/monitor", { params, body: { monitored: !item.monitored } }))));
}

/** The places of a type: fanart has several, by number. */
function places(item, type) {
  const numbered = Object.keys(item.images).filter((word) => kindOf(word) === type && word !== type);
  return [type, ...numbered.sort((one, other) => one.localeCompare(other, undefined, { numeric: true }))];
}

function section(item, type, candidates, act) {
  const image = item.images[type] ?? { selected: null, shown: null, locked: false, lock: "", originals: [], notes: [] };
  const offered = candidates.filter((candidate) => kindOf(candidate.type) === type);
  const shown = image.shown ?? image.selected?.sha256;
  const state = image.shown ? "shown" : image.selected ? "chosen, not published" : image.originals.length ? "of your own" : "none";
  return el("section", { "aria-label": type, className: "type" },
    el("h2", {}, type, " ", el("small", {}, state, image.locked ? ` · ${image.lock || "locked"}` : "")),
    el("div", { className: "now" },
      shown && cached(type, `The ${type} of ${item.name}`, shown),
      el("div", {}, selected(image), image.notes.map((note) => el("p", {}, note)), tools(item, type, image, act))),
    offered.length > 0 && offers(item, offered, act));
}

/** A picture of the cache in its frame. */
function cached(type, alt, sha256) {
  const image = el("img", { alt });
  picture(image, "/api/pictures/{sha256}", { params: { sha256 }, query: { width: 320 } });
  return el("span", { className: `frame ${kindOf(type)}` }, image);
}

/** A candidate in its frame, also one that is not in the cache. */
function preview(candidate, alt) {
  const image = el("img", { alt });
  picture(image, "/api/candidates/{id}/picture", { params: { id: candidate.id }, query: { width: 320 } });
  return el("span", { className: `frame ${kindOf(candidate.type)}` }, image);
}

/** `fanart` of `fanart2`. */
function kindOf(type) {
  return type.replace(/\d+$/, "");
}

function selected({ selected, shown, originals }) {
  const own = originals.map((path) => el("p", {}, "There before us: ", el("code", {}, path)));
  if (!selected) return own;
  const words = `${selected.width}×${selected.height}, ${bytes(selected.bytes)}, from ${selected.provider ?? selected.source}`;
  const differs = shown && shown !== selected.sha256 && el("p", {}, "Something else is chosen than what is shown: publish it.");
  return [el("p", {}, words, selected.author && `, by ${selected.author}`), differs, own];
}

function tools(item, type, image, act) {
  const params = { id: item.id, type };
  const lock = image.locked ? "unlock" : "lock";
  const file = el("input", { type: "file", accept: "image/jpeg,image/png,image/webp,image/gif" });
  const upload = act("It is chosen, locked and shown.", () => put("/api/items/{id}/select/{type}",
    { params, query: { publish: true }, file: file.files[0] }));
  file.addEventListener("change", () => file.files.length && busy(file, upload));
  const url = el("input", { type: "url", placeholder: "https://…", required: true });
  const fetchIt = act("It is chosen, locked and shown.", () => post("/api/items/{id}/select",
    { params, body: { type, url: url.value, publish: true } }));
  const submit = (event) => {
    event.preventDefault();
    busy(url, fetchIt);
  };
  return el("div", { className: "row" },
    button(image.locked ? "Unlock" : "Lock", act("Done.",
      () => post("/api/items/{id}/lock", { params, body: { fields: [type], to: lock } }))),
    image.selected && button("Choose none", act("There is none now, and it is locked.",
      () => remove("/api/items/{id}/select/{type}", { params }))),
    el("details", {}, el("summary", {}, "Choose another picture"),
      el("label", {}, el("span", {}, `A file as ${type}`), file),
      el("form", { onsubmit: submit }, el("label", {}, el("span", {}, "An address"), url), el("button", {}, "Choose"))));
}

function offers(item, offered, act) {
  const list = el("ul", { className: "grid offers" });
  const add = (some) => list.append(...some.map((candidate) => offer(item, candidate, act)));
  add(offered.slice(0, FIRST));
  const rest = offered.slice(FIRST);
  const all = rest.length > 0 && el("button", { type: "button", className: "more" }, `${rest.length} more`);
  if (all) all.addEventListener("click", () => { all.remove(); add(rest); });
  return el("details", { open: offered.length > 0 }, el("summary", {}, `Candidates: ${offered.length}`), list, all);
}

function offer(item, candidate, act) {
  const params = { id: candidate.id };
  const signs = [candidate.shown && "shown", candidate.selected && "chosen", candidate.blocked && "blocked",
    candidate.refused && `refused: ${candidate.refused}`].filter(Boolean).join(", ");
  const size = candidate.width ? `${candidate.width}×${candidate.height}` : "size not known";
  const votes = candidate.vote_count ? `, ${candidate.vote_average?.toFixed(1)} of ${candidate.vote_count} votes` : "";
  const words = `${candidate.provider}, ${size}, ${candidate.language ?? "no text"}${votes}`;
  const verb = candidate.blocked
    ? button("Unblock", act("It may be chosen again.", () => post("/api/candidates/{id}/unblock", { params })))
    : button("Block", act("It is never chosen again.", () => post("/api/candidates/{id}/block", { params })));
  const choose = act("It is chosen, locked and shown.", () => post("/api/items/{id}/select",
    { params: { id: item.id }, body: { type: candidate.type, candidate: candidate.id, publish: true } }));
  return el("li", { className: candidate.selected ? "chosen" : candidate.blocked ? "blocked" : "" },
    preview(candidate, `Candidate ${candidate.id}: ${words}`),
    score(candidate), el("span", {}, words), signs && el("span", { className: "signs" }, signs),
    el("div", { className: "row" }, !candidate.selected && !candidate.blocked && button("Choose", choose), verb));
}

function score({ score, score_parts: parts }) {
  if (score === null) return el("span", {}, "no score");
  const lines = Object.entries(parts ?? {}).map(([part, points]) => el("li", {}, `${part} ${points.toFixed(1)}`));
  return el("details", {}, el("summary", {}, `score ${score.toFixed(1)}`), el("ul", {}, lines));
}

function events(item, history, act) {
  const back = (generation) => async () => {
    const body = { generation: String(generation), item: item.id };
    const plan = await post("/api/rollback", { query: { dry_run: true }, body });
    const words = `${plan.added} names would be added, ${plan.changed} changed and ${plan.removed} removed. Go back?`;
    if (confirm(words)) await act("It shows again what it showed then.", () => post("/api/rollback", { body }))();
  };
  const rows = history.map((event) => [
    event.generation ?? "", time(event.time), event.author, event.reason, `+${event.added} ~${event.changed} -${event.removed}`,
    event.generation && button("Go back to it", back(event.generation), { "aria-label": `Go back to generation ${event.generation}` }),
  ]);
  return el("details", {}, el("summary", {}, "What happened"),
    table("What happened, newest first", ["Generation", "When", "Who", "Why", "Names", ""], rows));
}

function details(item) {
  const paths = item.mappings.map(({ path, image_type: type }) => [el("code", {}, path), type]);
  const fields = item.fields.map(({ field, value, source, lock }) => [field, value, source, lock]);
  return el("details", {}, el("summary", {}, "Names and fields"),
    table("What is shown under which names", ["Name", "Type"], paths),
    table("What is known", ["Field", "Value", "From", "Lock"], fields));
}
