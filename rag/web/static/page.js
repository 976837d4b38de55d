"use strict";
// The page works without this. With it: a source opens beside its sentence, files can be dropped, progress moves.

const told = document.body.appendChild(Object.assign(document.createElement("p"), { className: "hidden", role: "status" }));
const say = (form, text) => { form.querySelector(".said").textContent = text; };

// ── a source beside its sentence ────────────────────────────────────────────────────────────────────────────────
let opener = null;

function closePanel() {
  document.getElementById("panel")?.remove();
  opener?.focus();
  opener = null;
}

async function openPanel(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) { location.assign(link.href); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const passage = page.getElementById("passage");
  if (!passage) { location.assign(link.href); return; }
  document.getElementById("panel")?.remove();
  opener = link;
  const panel = document.createElement("aside");
  panel.id = "panel";
  panel.className = "panel";
  panel.setAttribute("aria-labelledby", "panel-title");
  const bar = document.createElement("div");
  bar.className = "bar";
  const title = document.createElement("a");
  title.id = "panel-title";
  title.href = link.href;
  title.textContent = passage.querySelector("h1").textContent;
  const close = document.createElement("button");
  close.className = "quiet";
  close.textContent = "Close";
  close.addEventListener("click", closePanel);
  bar.append(title, close);
  passage.querySelector("h1").remove();
  passage.querySelector("form")?.remove();
  panel.append(bar, document.importNode(passage, true));
  document.body.append(panel);
  close.focus();
  const under = link.getBoundingClientRect().bottom - panel.getBoundingClientRect().top;
  if (innerWidth <= 640 && under > 0) scrollBy(0, under + 24);
  const mark = panel.querySelector("mark");
  if (mark) panel.scrollTop = mark.offsetTop - panel.clientHeight / 3;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.cite");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  openPanel(link).catch(() => location.assign(link.href));
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && opener) closePanel(); });

// ── a question whether something is meant: Escape says no ───────────────────────────────────────────────────────
for (const asked of document.querySelectorAll("details.confirm")) {
  asked.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !asked.open || opener) return;
    asked.open = false;
    asked.querySelector("summary").focus();
  });
}

// ── whoever ticks a name means those who are ticked ─────────────────────────────────────────────────────────────
for (const ticks of document.querySelectorAll("[data-ticks]")) {
  ticks.addEventListener("change", () => { ticks.closest("form").querySelector(`[value="${ticks.dataset.ticks}"]`).checked = true; });
}

// ── a choice's own field chooses it; the clocks are this browser's, where nothing is said of them ───────────────
for (const own of document.querySelectorAll("[data-chooses]")) {
  own.addEventListener("input", () => { own.form.querySelector(`[type=radio][value="${own.dataset.chooses}"]`).checked = true; });
}
for (const zone of document.querySelectorAll("[data-zone]")) zone.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;

// ── forms that take a while; Enter asks ─────────────────────────────────────────────────────────────────────────
for (const form of document.querySelectorAll("form[data-waits]")) {
  form.addEventListener("submit", () => {
    say(form, form.dataset.waits);
    form.querySelector("button").disabled = true;
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-waits]")) { form.querySelector("button").disabled = false; say(form, ""); }
});
document.getElementById("question")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); event.target.form.requestSubmit(); }
});

// ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────
const drop = document.getElementById("upload");
if (drop) {
  const input = drop.querySelector("input"), button = drop.querySelector("button"), bar = drop.querySelector("progress");
  const send = (files) => {
    if (!files.length) return;
    const data = new FormData();
    for (const file of files) data.append("files", file);
    const request = new XMLHttpRequest();
    request.open("POST", "/api/documents");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total; });
    request.addEventListener("load", () => {
      if (request.status === 202) { location.assign(`/runs/${request.response.run.id}`); return; }
      failed(request.response?.error ?? "The upload was refused.");
    });
    request.addEventListener("error", () => failed("The server did not answer; is rag serve still running?"));
    const failed = (text) => { bar.hidden = true; button.disabled = false; say(drop, text); };
    bar.hidden = false;
    bar.value = 0;
    button.disabled = true;
    say(drop, `Sending ${files.length === 1 ? files[0].name : `${files.length} files`} …`);
    request.send(data);
  };
  drop.addEventListener("submit", (event) => { event.preventDefault(); send(input.files); });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") send(event.dataTransfer.files);
    });
  }
}

// ── a run ───────────────────────────────────────────────────────────────────────────────────────────────────────
const run = document.querySelector("[data-run]");
if (run) {
  const bar = run.querySelector("progress"), log = run.querySelector(".log");
  const source = new EventSource(`/api/runs/${run.dataset.run}/events`);
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    if (told.total) { bar.max = 1; bar.value = told.share ?? told.done / told.total; } else { bar.removeAttribute("value"); }
    const chunks = told.of_chunks ? `; ${told.chunks} of ${told.of_chunks} chunks` : "";
    if (told.stage) say(run, told.total ? `${told.stage}: ${told.done} of ${told.total}${chunks}` : `${told.stage} …`);
    if (told.path && told.status !== "unchanged") {
      const line = document.createElement("li");
      line.textContent = `${told.status}: ${told.path}${told.reason ? ` (${told.reason})` : ""}`;
      log.prepend(line);
      while (log.children.length > 200) log.lastChild.remove();
    }
  });
  source.addEventListener("end", () => { source.close(); location.reload(); });
}

// ── an answer that is being put into words ──────────────────────────────────────────────────────────────────────
for (const writing of document.querySelectorAll("[data-writing]")) {
  const source = new EventSource(writing.dataset.writing), drafts = writing.querySelector(".drafts");
  source.addEventListener("message", (event) => {
    const line = document.createElement("p");
    line.textContent = JSON.parse(event.data).unverified;
    drafts.lastElementChild.append(line);
    drafts.hidden = false;
  });
  source.addEventListener("end", async () => {
    source.close();
    const turn = writing.closest(".turn");
    const answer = await fetch(location.pathname);
    const now = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(turn.id);
    if (!now) { location.reload(); return; }
    turn.replaceWith(document.importNode(now, true));
    told.textContent = "The answer stands; it is checked.";
  });
}

// ── a marked passage is brought into sight ──────────────────────────────────────────────────────────────────────
if (location.hash === "#mark") document.getElementById("mark")?.focus({ preventScroll: false });
