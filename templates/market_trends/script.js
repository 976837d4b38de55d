"use strict";
/* The page is whole without this: it puts a source beside the sentence that cites it, and sorts tables. It loads nothing and keeps nothing. */
(() => {
  const make = (name, words, text) => Object.assign(document.createElement(name), { className: words, textContent: text });
  const panel = make("aside", "panel", "");
  const title = make("h2", "panel-title", "Source");
  const close = make("button", "panel-close", "Close");
  const body = make("div", "panel-body", "");
  const more = make("a", "panel-more", "Show among all evidence");
  let from = null;

  panel.id = "panel";
  panel.hidden = true;
  panel.setAttribute("aria-labelledby", "panel-title");
  title.id = "panel-title";
  title.tabIndex = -1;
  close.type = "button";
  panel.append(title, close, body, more);
  document.body.append(panel);

  const shut = () => {
    panel.hidden = true;
    document.body.classList.remove("reading");
    if (from) from.focus();
    from = null;
  };

  const open = (link) => {
    const entry = document.getElementById(link.hash.slice(1));
    const copy = entry.cloneNode(true);
    const head = document.createElement("p");
    copy.removeAttribute("id");
    copy.className = "panel-entry";
    head.className = "panel-source";
    head.textContent = entry.dataset.title;
    body.replaceChildren(head, copy);
    more.hash = link.hash;
    from = link;
    panel.hidden = false;
    document.body.classList.add("reading");
    panel.scrollTop = 0;
    link.scrollIntoView({ block: "nearest", behavior: "instant" });
    title.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest(".cite > a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) shut();
  });
  close.addEventListener("click", shut);
  body.addEventListener("click", (event) => {
    if (event.target.closest("a")) { from = null; shut(); }
  });
  more.addEventListener("click", () => { from = null; shut(); });

  const ranks = { low: 1, medium: 2, high: 3 };
  const key = (row, at) => {
    const text = row.cells[at].textContent.trim();
    const word = text.toLowerCase();
    if (word in ranks) return ranks[word];
    const number = text.replace(/\u2212/g, "-").replace(/,/g, "").match(/[+-]?\d+(\.\d+)?/);
    return row.cells[at].dataset.sort === "number" ? (number ? Number(number[0]) : -Infinity) : word;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = make("button", "sort", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        const sign = way === "ascending" ? 1 : -1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way);
        const rows = [...table.tBodies[0].rows].map((row) => [key(row, at), row]);
        rows.sort(([one], [other]) => (one < other ? -sign : one > other ? sign : 0));
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  }
})();
