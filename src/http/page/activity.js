// What posterfs does and did: health, jobs, webhooks, generations.

import { get, post, put, remove } from "./api.js";
import { button, bytes, el, say, table, time } from "./dom.js";

const TASKS = [["scan", "Scan"], ["enrich", "Ask the providers"], ["publish", "Publish"], ["verify", "Verify"],
  ["gc", "Tidy the cache"], ["backup", "Back up"]];

/** Shows it. `again` draws the page anew after a change. */
export async function showActivity(main, again) {
  const [status, jobs, webhooks, history] = await Promise.all([
    get("/api/status"), get("/api/jobs", { query: { limit: 25 } }), get("/api/webhooks", { query: { limit: 25 } }),
    get("/api/history", { query: { limit: 25 } }),
  ]);
  const act = (words, work) => async () => {
    await work();
    say(words);
    await again();
  };
  main.append(el("h1", {}, "Activity"), health(status),
    el("div", { className: "row" }, TASKS.map(([task, label]) => button(label, act("It waits for its turn.",
      () => post("/api/jobs", { body: { task } }))))),
    jobTable(jobs, act), webhookTable(webhooks, act), historyTable(history, act));
}

function health(status) {
  const lines = [
    ["Version", status.version], ["Libraries", status.libraries], ["Items", `${status.entities}, ${status.missing} gone`],
    ["Candidates", status.candidates], ["Cache", `${status.cache_files} pictures, ${bytes(status.cache_bytes)}`],
    ["Names shown", status.mappings], ["Pictures of your own", status.originals],
    ["Jobs", `${status.jobs.running} running, ${status.jobs.queued} waiting, ${status.jobs.dead} given up`],
    ["Verified", verified(status.verification)],
  ];
  const mounts = status.mounts.map((mount) => el("li", {}, el("code", {}, mount.mountpoint), " shows ",
    el("code", {}, mount.source), mount.read_only ? " (read-only)" : ""));
  return el("section", { "aria-label": "Health" },
    el("dl", { className: "numbers" }, lines.map(([word, value]) => el("div", {}, el("dt", {}, word), el("dd", {}, value)))),
    mounts.length ? el("ul", {}, mounts) : el("p", { className: "error" }, "Nothing is mounted: players see no artwork."));
}

function verified(verification) {
  if (!verification) return "never";
  return [time(verification.at), verification.findings ? `: ${verification.findings} things are wrong` : ": all is well"];
}

function jobTable(jobs, act) {
  const rows = jobs.map((job) => {
    const params = { id: job.id };
    const retry = job.state === "dead" || (job.state === "queued" && job.attempts > 0);
    const drop = job.state === "dead" || job.state === "queued";
    const verbs = [
      retry && button("Retry", act("It is tried again.", () => post("/api/jobs/{id}/retry", { params })), { "aria-label": `Retry job ${job.id}` }),
      drop && button("Drop", act("It is dropped.", () => remove("/api/jobs/{id}", { params })), { "aria-label": `Drop job ${job.id}` }),
    ];
    return [job.id, job.words, el("span", { className: job.state }, job.state), job.asked_by, time(job.asked_at),
      job.outcome ?? "", el("div", { className: "row" }, verbs)];
  });
  return table("Jobs, newest first", ["Job", "Task", "State", "Asked by", "When", "Outcome", ""], rows);
}

function webhookTable(webhooks, act) {
  const rows = webhooks.map((webhook) => {
    const replay = () => post("/api/webhooks/replay/{id}", { params: { id: webhook.id } });
    return [webhook.id, time(webhook.received_at), webhook.manager, webhook.event,
      el("span", { className: webhook.outcome }, webhook.outcome), webhook.told,
      button("Replay", act("It was taken once more.", replay), { "aria-label": `Replay webhook ${webhook.id}` })];
  });
  return table("Webhooks, newest first", ["Webhook", "When", "From", "Event", "Outcome", "What follows", ""], rows);
}

function historyTable(history, act) {
  const back = (generation) => async () => {
    const body = { generation: String(generation) };
    const plan = await post("/api/rollback", { query: { dry_run: true }, body });
    const words = `${plan.added} names would be added, ${plan.changed} changed and ${plan.removed} removed, in all libraries. Go back?`;
    if (confirm(words)) await act("It is shown again.", () => post("/api/rollback", { body }))();
  };
  const tag = (generation) => async () => {
    const name = prompt("A name for this generation: a letter, then letters, digits, -, _ and .");
    if (name) await act("It has a name.", () => put("/api/tags/{name}", { params: { name }, body: { generation } }))();
  };
  const rows = history.map((line) => {
    const number = String(line.generation);
    const verbs = !line.forgotten && el("div", { className: "row" },
      button("Go back to it", back(number), { "aria-label": `Go back to generation ${number}` }),
      button("Name it", tag(number), { "aria-label": `Name generation ${number}` }));
    return [number, (line.tags ?? []).join(" "), time(line.time), line.author, line.reason,
      `+${line.added} ~${line.changed} -${line.removed}`, verbs];
  });
  return table("What was shown, newest first", ["Generation", "Name", "When", "Who", "Why", "Names", ""], rows);
}
