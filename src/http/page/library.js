// What is in the libraries: a grid of posters, by filters that stand in the address.

import { get, picture } from "./api.js";
import { busy, choice, el } from "./dom.js";

const PAGE = 60;

const KINDS = [
  ["movie", "Films"], ["movieset", "Film sets"], ["series", "Series"], ["season", "Seasons"], ["episode", "Episodes"],
  ["artist", "Artists"], ["album", "Albums"], ["actor", "Actors"],
];

const FIRST_KIND = { movies: "movie", tv: "series", music: "artist" };

/** The types of pictures there are. */
export const TYPES = [
  "poster", "fanart", "banner", "clearlogo", "clearart", "discart", "landscape", "keyart", "characterart", "thumb", "cover",
  "back", "spine", "actorthumb",
];

/** Shows the library; `query` is what the address says. */
export async function showLibrary(main, query) {
  const libraries = await get("/api/libraries");
  if (libraries.length === 0) {
    main.append(el("h1", {}, "Library"), el("p", {}, "There is no library yet. Add one with ",
      el("code", {}, "posterfs library add films /media/films --kind movies"), "."));
    return;
  }
  const filter = Object.fromEntries(query);
  filter.kind ??= FIRST_KIND[libraries[0].kind];
  const grid = el("ul", { className: "grid" });
  main.append(el("h1", {}, "Library"), filters(filter, libraries), grid);
  await more(main, grid, filter);
}

function filters(filter, libraries) {
  const change = (name) => (value) => {
    const next = new URLSearchParams({ ...filter, [name]: value });
    for (const [key, given] of [...next]) if (!given) next.delete(key);
    location.hash = `#/?${next}`;
  };
  const search = el("input", { type: "search", value: filter.title ?? "", placeholder: "Part of a title" });
  const find = (event) => {
    event.preventDefault();
    change("title")(search.value.trim());
  };
  return el("form", { className: "filters", role: "search", onsubmit: find },
    el("label", {}, el("span", {}, "Title"), search),
    choice("Kind", KINDS, filter.kind, change("kind")),
    choice("Library", [["", "All"], ...libraries.map(({ name }) => [name, name])], filter.library ?? "", change("library")),
    choice("Without a", [["", "–"], ...TYPES.map((type) => [type, type])], filter.missing ?? "", change("missing")),
    choice("Only", [["", "All"], ["locked", "Locked"], ["unmonitored", "Not monitored"], ["unidentified", "Not identified"],
      ["vanished", "Also what is gone"]], filter.only ?? "", change("only")),
    el("button", {}, "Find"));
}

/** Adds a page of items, and a button for the next one. */
async function more(main, grid, filter, after) {
  const { kind, library, missing, title, only } = filter;
  const query = { kind, library, missing, limit: PAGE, after };
  if (title) query.title = /[*?]/.test(title) ? title : `*${title}*`;
  if (only) query[only] = true;
  const page = await get("/api/items", { query });
  const first = page.items.map(card);
  grid.append(...first);
  if (!grid.hasChildNodes()) grid.replaceWith(el("p", {}, "Nothing is like that."));
  if (page.next === null) return;
  const next = el("button", { type: "button", className: "more" }, "More");
  next.addEventListener("click", () => busy(next, async () => {
    const count = grid.children.length;
    next.remove();
    await more(main, grid, filter, page.next);
    grid.children[count]?.querySelector("a").focus();
  }));
  main.append(next);
}

/** An item in a grid. */
export function card(item) {
  const image = el("img", { alt: "", loading: "lazy" });
  const shown = item.picture ? image : el("span", { className: "none" }, "no picture");
  const options = { params: { sha256: item.picture }, query: { width: 320 } };
  if (item.picture) picture(image, "/api/pictures/{sha256}", options);
  const signs = [item.locked?.length && "locked", !item.monitored && "not monitored", item.missing && "gone",
    item.may_be.length > 0 && "not identified"].filter(Boolean).join(", ");
  return el("li", {}, el("a", { href: `#/item/${item.id}` },
    el("span", { className: `frame ${item.type}` }, shown),
    el("span", { className: "title" }, words(item)),
    signs && el("span", { className: "signs" }, signs)));
}

function words(item) {
  if (item.type === "season") return `${item.title}`;
  if (item.type === "episode") return `${item.season}×${String(item.episode).padStart(2, "0")} ${item.title}`;
  return item.year ? `${item.title} (${item.year})` : item.title;
}
