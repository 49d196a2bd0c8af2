// The public API, with the key. Paths are told as the API's own document writes them, with {names} for what is filled in.

const KEY = "posterfs-key";

export const get = (path, options) => call("GET", path, options);
export const post = (path, options) => call("POST", path, { body: {}, ...options });
export const put = (path, options) => call("PUT", path, options);
export const patch = (path, options) => call("PATCH", path, options);
export const remove = (path, options) => call("DELETE", path, options);

/** Asks, and returns the answer as JSON. `params` fill the path, `query` stands behind it, `body` is JSON, `file` a picture. */
async function call(method, path, options) {
  return (await send(method, path, options)).json();
}

async function send(method, path, { params = {}, query = {}, body, file, signal } = {}) {
  const headers = { "X-Api-Key": sessionStorage.getItem(KEY) ?? "" };
  if (method !== "GET") headers["Content-Type"] = file ? file.type || "image/*" : "application/json";
  const request = { method, headers, body: file ?? (body && JSON.stringify(body)), signal, credentials: "omit" };
  const response = await fetch(address(path, params, query), request);
  if (response.status === 401) {
    await askForKey(headers["X-Api-Key"]);
    return send(method, path, { params, query, body, file, signal });
  }
  if (!response.ok) throw new Error(await problem(response));
  return response;
}

function address(path, params, query) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]));
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "" && value !== false);
  const behind = new URLSearchParams(given).toString();
  // Relative, so that a proxy may show all of this below a path of its own.
  return new URL(`.${filled}${behind && `?${behind}`}`, document.baseURI);
}

async function problem(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

let asking = null;

/** Asks for the key, once for all who need it. `wrong` is what they tried. */
function askForKey(wrong) {
  if ((sessionStorage.getItem(KEY) ?? "") !== wrong) return Promise.resolve();
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("key");
    const input = document.getElementById("key-value");
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(KEY, input.value);
      input.value = "";
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((entry) => entry.isIntersecting)) {
    seen.unobserve(entry.target);
    entry.target.load();
  }
}, { rootMargin: "300px" });

/** Fills an image once it comes into sight. An address could not carry the key, so its bytes are fetched. */
export function picture(image, path, options) {
  image.load = async () => {
    try {
      const blob = await (await send("GET", path, options)).blob();
      const url = URL.createObjectURL(blob);
      image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
      image.src = url;
    } catch (error) {
      const none = Object.assign(document.createElement("span"), { className: "none", textContent: "no preview", title: error.message });
      image.replaceWith(none);
    }
  };
  seen.observe(image);
}

/** Listens for as long as the page is open: `heard(name, value)` is called for each event. */
export async function events(path, heard) {
  for (;;) {
    try {
      const response = await send("GET", path);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const blocks = (rest + part.value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const name = /^event: ?(.*)$/m.exec(block)?.[1];
          const data = /^data: ?(.*)$/m.exec(block)?.[1];
          if (name && data) heard(name, JSON.parse(data));
        }
      }
    } catch {
      // It may be starting anew.
    }
    heard("gone", null);
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}
