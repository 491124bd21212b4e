/* The page: reads the data, holds what is looked at, and keeps it in the address. */
(function () {
  "use strict";
  const { h } = rayStage, { counted } = rayPanel;
  const TABLES = 14, ASK_ABOVE = 150, HITS = 40, ROWS_READ = 2000, IN_ADDRESS = 60;
  const HELP = [
    ["/", "search"], ["arrows", "go through the picture"], ["Enter", "select: light the column's paths"], ["c", "centre the table"],
    ["[  ]", "more upstream, more downstream"], ["f", "fold or unfold the columns"], ["Delete", "hide the table"], ["i", "influences on or off"],
    ["t", "the picture as a table"], ["e", "go to the evidence"], ["+  -  0", "zoom in, out, fit"], ["Shift + arrows", "move the picture"], ["h", "all schemas"], ["Esc", "back, clear"], ["?", "this list"],
  ];

  const token = takeToken();
  main().catch((error) => {
    document.body.replaceChildren(h("p", { class: "fault", role: "alert" }, "This page could not be shown: " + error.message));
  });

  async function main() {
    const data = await read();
    const page = build(rayGraph.open(data));
    page.follow();
    globalThis.rayPage = page;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      performance.mark("painted");
      document.documentElement.dataset.ready = "1";
    }));
  }

  /* --- reading */

  async function read() {
    const held = document.getElementById("data");
    const bytes = held ? decoded(held.textContent) : await fetched("data");
    if (!globalThis.DecompressionStream) throw new Error("this browser is too old (it has no DecompressionStream)");
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const data = await new Response(plain).json();
    held?.remove();
    if (data.v !== 1) throw new Error("its data are of another version");
    return data;
  }

  function decoded(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const plain = atob(text), bytes = new Uint8Array(plain.length);
    for (let k = 0; k < plain.length; k++) bytes[k] = plain.charCodeAt(k);
    return bytes;
  }

  async function fetched(path) {
    const answer = await fetch(path, { headers: { "X-Ray-Lineage-Token": token }, cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status === 403 ? "the address lacks its token: open it as `ray_lineage view` prints it" : await answer.text());
    return answer.arrayBuffer();
  }

  /* The server's token comes in the address, is kept for this tab and taken out of what is seen. */
  function takeToken() {
    const given = new URLSearchParams(location.hash.slice(1)), found = given.get("token");
    try {
      if (!found) return sessionStorage.getItem("token") || "";
      sessionStorage.setItem("token", found);
      given.delete("token");
      history.replaceState(null, "", "#" + given);
    } catch {
      /* a frame without an origin has neither storage nor history */
    }
    return found || "";
  }

  /* --- the page */

  function build(graph) {
    const { data } = graph, served = !document.getElementById("data") && Boolean(token);
    const view = { at: "start", schema: -1, focus: -1, tables: new Set(), open: new Set(), selected: -1, table: -1, edge: null, influences: false, certain: false, hidden: new Set(), asTable: false };
    const act = {
      go, centre: (table) => go(table, -1, true), table: selectTable, column: selectColumn, edge: selectEdge, fold, grow, all, whole, hide, home, schema: showSchema,
      source: served ? excerpt : null, ...rayDiff.marks(graph),
    };
    const parts = frame();
    const stage = rayStage.stage(graph, parts.stage, act), beside = rayPanel.panel(graph, act);
    let written = null;

    function frame() {
      const search = h("input", { type: "search", id: "search", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder: "Search tables and columns  ( / )", "aria-label": "Search tables and columns", "aria-expanded": "false", "aria-controls": "hits", "aria-autocomplete": "list" });
      const hits = h("ul", { id: "hits", role: "listbox", "aria-label": "Found", hidden: true });
      const filters = h("details", { class: "filters", "aria-label": "Filters" });
      const bar = h("header", {}, h("button", { class: "brand", onclick: () => home(), title: "all schemas (h)" }, data.title), h("div", { class: "searching", role: "search" }, search, hits),
        filters, h("button", { id: "astable", "aria-pressed": "false", onclick: () => toggleTable() }, "As a table"), h("button", { "aria-label": "Keys", title: "keys (?)", onclick: () => help() }, "?"));
      const picture = h("section", { class: "stage", "aria-label": "Picture of the lineage: arrow keys go through it" });
      const tools = h("div", { class: "tools", role: "toolbar", "aria-label": "Zoom" }, [["+", "zoom in", () => stage.zoom(1.25)], ["\u2212", "zoom out", () => stage.zoom(0.8)], ["Fit", "fit all", () => stage.fit(true)]].map(([text, label, onclick]) => h("button", { "aria-label": label, title: label, onclick }, text)));
      const legend = h("ul", { class: "legend", "aria-hidden": "true" }, ["certain", "possible", "table", "influence", ...(data.diff ? ["added", "removed", "edited"] : [])].map((kind) => h("li", { class: kind }, { table: "tables only", edited: "changed" }[kind] || kind)));
      const start = h("section", { class: "start", "aria-label": "Overview" }), reading = h("section", { class: "reading", "aria-label": "The picture as a table", hidden: true });
      const aside = h("aside", { "aria-label": "Evidence", tabindex: -1 }), live = h("p", { class: "live", role: "status", "aria-live": "polite" });
      const middle = h("main", {}, start, h("div", { class: "canvas", hidden: true }, picture, tools, legend), reading);
      document.body.append(bar, h("div", { class: "body" }, middle, aside), live);
      return { search, hits, filters, bar, stage: picture, canvas: middle.children[1], start, reading, aside, live };
    }

    /* --- what is looked at */

    function go(table, column, anew) {
      const there = view.at === "picture" && view.tables.has(table) && !anew;
      if (!there) {
        view.focus = table;
        view.tables = new Set(rayGraph.around(graph, table, TABLES, wanted));
        view.open.clear();
      }
      view.at = "picture";
      Object.assign(view, { selected: column, table: column < 0 ? table : -1, edge: null });
      show(there ? table : undefined, true);
      stage.setCurrent({ table, column }, true);
    }

    function wanted(table) {
      return !view.hidden.has(data.t.s[table]);
    }

    function selectTable(table) {
      Object.assign(view, { selected: -1, table, edge: null });
      show(table);
      stage.setCurrent({ table, column: -1 }, true);
    }

    function selectColumn(column) {
      const again = view.selected === column, table = graph.owner[column];
      Object.assign(view, { selected: again ? -1 : column, table: again ? table : -1, edge: null });
      show(table);
      stage.setCurrent({ table, column }, true);
    }

    function selectEdge(edge) {
      Object.assign(view, { table: -1, edge });
      tell();
    }

    function fold(table) {
      view.open.has(table) ? view.open.delete(table) : view.open.add(table);
      show(table);
      stage.setCurrent({ table, column: -1 }, true);
    }

    async function grow(table, side) {
      await add(rayGraph.neighbours(graph, table)[side].filter(wanted), table);
    }

    async function all(table, side) {
      await add(rayGraph.reach(graph, [table], side, wanted), table);
    }

    /* The tables of a column's paths, beside what is there or instead of it. */
    async function whole(lit, only) {
      const all = new Set([...lit.up.keys(), ...lit.down.keys()].map((column) => graph.owner[column])), own = graph.owner[view.selected];
      const tables = [...all].filter(wanted);
      if (!only) await add(tables, own);
      else if (tables.length <= ASK_ABOVE || (await asked(tables.length))) {
        view.tables = new Set(tables);
        view.focus = own;
        show();
        stage.setCurrent({ table: own, column: view.selected }, true);
        say(`${counted(tables.length, "table")} in view`);
      }
    }

    async function add(tables, from) {
      const before = view.tables.size, after = new Set([...view.tables, ...tables]);
      if (after.size > ASK_ABOVE && !(await asked(after.size))) return;
      view.tables = after;
      show(from);
      stage.setCurrent({ table: from, column: view.selected >= 0 && graph.owner[view.selected] === from ? view.selected : -1 }, true);
      say(`${counted(after.size - before, "table")} added, ${after.size} in view`);
    }

    function asked(size) {
      return new Promise((resolve) => {
        const dialog = h("dialog", {}, h("p", {}, `${size.toLocaleString("en")} tables would be drawn: that is much to look at.`),
          h("form", { method: "dialog" }, h("button", { value: "yes" }, "Draw them"), h("button", { value: "no", autofocus: true }, "Leave it")));
        dialog.addEventListener("close", () => {
          dialog.remove();
          resolve(dialog.returnValue === "yes");
        });
        document.body.append(dialog);
        dialog.showModal();
      });
    }

    function hide(table) {
      if (view.tables.size < 2) return;
      view.tables.delete(table);
      if (view.focus === table) view.focus = view.tables.values().next().value;
      if (view.table === table || (view.selected >= 0 && graph.owner[view.selected] === table)) Object.assign(view, { table: -1, selected: -1, edge: null });
      show(view.focus);
      stage.setCurrent({ table: view.focus, column: -1 }, true);
    }

    function home() {
      Object.assign(view, { at: "start", selected: -1, table: -1, edge: null, asTable: false });
      show();
    }

    function showSchema(number) {
      Object.assign(view, { at: "schema", schema: number });
      show();
      parts.start.scrollTop = 0;
    }

    /* --- showing it */

    function show(keep, fresh) {
      const picture = view.at === "picture";
      parts.start.hidden = picture;
      parts.canvas.hidden = !picture || view.asTable;
      parts.reading.hidden = !picture || !view.asTable;
      parts.aside.hidden = !picture;
      document.getElementById("astable").hidden = parts.filters.hidden = !picture;
      document.getElementById("astable").setAttribute("aria-pressed", String(view.asTable));
      if (picture) {
        stage.draw(view, keep);
        if (view.asTable) readAsTable();
        if (fresh) say(`${counted(view.tables.size, "table")} around ${graph.fullName(view.focus)}`);
      } else if (view.at === "schema") parts.start.replaceChildren(rayStart.schema(graph, view.schema, act));
      else parts.start.replaceChildren(data.diff ? rayDiff.overview(graph, act) : rayStart.overview(graph, act));
      tell();
      keepAddress();
    }

    function tell() {
      const { scene } = stage, close = h("button", { class: "close", "aria-label": "Clear the selection", onclick: () => clear() }, "\u00d7");
      if (view.at !== "picture") return;
      const found = view.edge ? beside.edge(view.edge) : view.selected >= 0 ? beside.column(view.selected, scene.lit || { up: new Map(), down: new Map() }) : view.table >= 0 ? beside.table(view.table) : null;
      parts.aside.replaceChildren(...(found ? [close, ...found.filter(Boolean)] : [h("p", { class: "hint" }, "Select a column to light its paths, a table or a line to see where it is written.")]));
      parts.aside.scrollTop = 0;
    }

    function clear() {
      Object.assign(view, { selected: -1, table: -1, edge: null });
      show(view.focus);
    }

    function say(text) {
      parts.live.textContent = text;
    }

    function toggleTable() {
      view.asTable = !view.asTable;
      show(view.focus);
      if (view.asTable) parts.reading.querySelector("h2").focus();
      else stage.setCurrent(stage.current, true);
    }

    /* What is drawn, in words. */
    function readAsTable() {
      const rows = [], { flows, influences, feeds } = graph, tables = [...view.tables].filter(wanted), there = new Set(tables);
      const place = (s, after) => `${data.files[graph.statementFile[s]]}:${data.s.l[s] + after}`;
      for (const edge of stage.scene.edges) {
        for (const k of edge.flows) rows.push([full(flows.a[k]), full(flows.b[k]), data.transformations[data.f.h[k] >> 1], data.f.h[k] % 2 ? "possible" : "certain", place(flows.s[k], data.f.l[k])]);
        for (const k of edge.influences) rows.push([full(influences.a[k]), graph.fullName(influences.b[k]), data.influences[data.i.h[k]], "certain", place(influences.s[k], data.i.l[k])]);
        for (const k of edge.feeds) rows.push([graph.fullName(feeds.a[k]), graph.fullName(feeds.b[k]), "table to table", "certain", place(feeds.s[k], 0)]);
      }
      const marked = stage.scene.lit && ((name) => litNames.has(name)), litNames = new Set();
      if (stage.scene.lit) for (const side of ["up", "down"]) for (const column of stage.scene.lit[side].keys()) if (there.has(graph.owner[column])) litNames.add(full(column));
      rows.sort((a, b) => (a[1] === b[1] ? (a[0] < b[0] ? -1 : 1) : a[1] < b[1] ? -1 : 1));
      const shown = (marked ? rows.filter((row) => marked(row[0]) && marked(row[1])) : rows).slice(0, ROWS_READ);
      const head = ["From", "To", "How", "Certainty", "Where"];
      parts.reading.replaceChildren(h("h2", { tabindex: -1 }, marked ? `Edges on the paths of ${full(view.selected)}` : `What is drawn around ${graph.fullName(view.focus)}`),
        h("p", { class: "sum" }, `${counted(tables.length, "table")}, ${counted(rows.length, "edge")}` + (shown.length < rows.length ? `; ${shown.length.toLocaleString("en")} listed` : "")),
        h("table", {}, h("caption", { class: "live" }, "Edges in view"), h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", {}, shown.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
    }

    const full = (column) => graph.fullName(graph.owner[column]) + "." + graph.columnName(column);

    /* --- filters */

    function fillFilters() {
      const check = (label, on, onchange, name) => h("label", {}, h("input", { type: "checkbox", checked: on, onchange: (event) => onchange(event.target.checked), "data-filter": name }), label);
      parts.filters.replaceChildren(h("summary", {}, "Filters"), h("div", { class: "pop" },
        check("Influences: what shapes rows (i)", view.influences, (on) => setFilter("influences", on), "influences"),
        check("Only what is certain", view.certain, (on) => setFilter("certain", on), "certain"),
        data.schemas.length > 1 && h("fieldset", {}, h("legend", {}, "Schemas"), data.schemas.map((name, number) => check(name || "(no schema)", !view.hidden.has(number), (on) => {
          on ? view.hidden.delete(number) : view.hidden.add(number);
          show(view.focus);
        }, "schema")))));
    }

    function setFilter(name, on) {
      view[name] = on;
      parts.filters.querySelector(`[data-filter=${name}]`).checked = on;
      show(view.focus);
    }

    /* --- search */

    let found = [], picked = -1;
    function lookUp() {
      const { hits, more } = rayGraph.search(graph, parts.search.value, HITS);
      found = hits;
      pick(hits.length ? 0 : -1);
      const items = hits.map((hit, k) => h("li", { role: "option", id: "hit" + k, class: `s${data.t.s[hit.table] % 8}`, "aria-selected": String(k === 0), onmousedown: (event) => { event.preventDefault(); choose(k); } },
        h("span", { class: "of" }, graph.schemaName(hit.table)), h("span", { class: "name" }, graph.tableName(hit.table)), hit.column >= 0 && h("b", {}, "." + graph.columnName(hit.column))));
      if (more) items.push(h("li", { class: "note", role: "presentation" }, `and ${more.toLocaleString("en")} more`));
      if (!hits.length && parts.search.value.trim()) items.push(h("li", { class: "note", role: "presentation" }, "nothing has all of these words"));
      parts.hits.replaceChildren(...items);
      openHits(items.length > 0);
      if (parts.search.value.trim()) say(counted(hits.length + more, "name") + " found");
    }

    function openHits(open) {
      parts.hits.hidden = !open;
      parts.search.setAttribute("aria-expanded", String(open));
    }

    function pick(number) {
      parts.hits.children[picked]?.setAttribute("aria-selected", "false");
      picked = number;
      const element = parts.hits.children[picked];
      element?.setAttribute("aria-selected", "true");
      element?.scrollIntoView({ block: "nearest" });
      number >= 0 ? parts.search.setAttribute("aria-activedescendant", "hit" + number) : parts.search.removeAttribute("aria-activedescendant");
    }

    function choose(number) {
      const hit = found[number];
      if (!hit) return;
      openHits(false);
      parts.search.blur();
      go(hit.table, hit.column, true);
    }

    parts.search.addEventListener("input", lookUp);
    parts.search.addEventListener("focus", () => parts.search.value && lookUp());
    parts.search.addEventListener("blur", () => openHits(false));
    parts.search.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (found.length) pick((picked + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
      } else if (event.key === "Enter") {
        event.preventDefault(); // else the button that is reached then would be pressed by the same key
        choose(picked);
      } else if (event.key === "Escape") parts.hits.hidden ? parts.search.blur() : openHits(false);
      event.stopPropagation();
    });

    /* --- keys */

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("dialog, input:not([type=checkbox])")) return;
      const inPicture = view.at === "picture" && !view.asTable, here = stage.current;
      const keys = {
        "/": () => parts.search.focus(), "?": help, h: home, Escape: escape, i: () => view.at === "picture" && setFilter("influences", !view.influences), t: () => view.at === "picture" && toggleTable(),
        e: () => view.at === "picture" && parts.aside.focus(), "+": () => stage.zoom(1.25), "=": () => stage.zoom(1.25), "-": () => stage.zoom(0.8), 0: () => stage.fit(true),
      };
      const ofTable = { c: () => go(here.table, here.column, true), "[": () => grow(here.table, "up"), "]": () => grow(here.table, "down"), f: () => fold(here.table), Delete: () => hide(here.table) };
      const run = keys[event.key] || (inPicture && here && ofTable[event.key]);
      if (run) {
        event.preventDefault();
        run();
      } else if (inPicture && event.key.startsWith("Arrow") && (event.target === document.body || event.target.closest(".stage"))) {
        event.preventDefault();
        step(event);
      }
    });

    function step(event) {
      const far = 80, ways = { ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
      if (event.shiftKey) return stage.pan(...ways[event.key]);
      const next = stage.moved(event.key);
      stage.setCurrent(next || stage.current, true);
    }

    function escape() {
      if (parts.filters.open) parts.filters.open = false;
      else if (view.asTable) toggleTable();
      else if (view.at === "picture" && (view.edge || view.selected >= 0 || view.table >= 0)) {
        clear();
        stage.setCurrent(stage.current, true);
      } else home();
    }

    function help() {
      const dialog = h("dialog", { "aria-label": "Keys" }, h("h2", {}, "Keys"), h("dl", {}, HELP.map(([key, does]) => [h("dt", {}, key), h("dd", {}, does)])),
        h("form", { method: "dialog" }, h("button", { autofocus: true }, "Close")));
      dialog.addEventListener("close", () => dialog.remove());
      document.body.append(dialog);
      dialog.showModal();
    }

    /* --- the address */

    function keepAddress() {
      const said = new URLSearchParams();
      if (view.at === "schema") said.set("schema", data.schemas[view.schema]);
      if (view.at === "picture") {
        said.set("at", graph.fullName(view.focus));
        if (view.selected >= 0) said.set("column", graph.columnName(view.selected));
        if (view.selected >= 0 && graph.owner[view.selected] !== view.focus) said.set("of", graph.fullName(graph.owner[view.selected]));
        const usual = new Set(rayGraph.around(graph, view.focus, TABLES, wanted)), more = [...view.tables].filter((t) => !usual.has(t)), less = [...usual].filter((t) => !view.tables.has(t));
        if (more.length && more.length <= IN_ADDRESS) said.set("more", JSON.stringify(more.map(graph.fullName)));
        if (less.length) said.set("less", JSON.stringify(less.map(graph.fullName)));
        for (const name of ["influences", "certain"]) if (view[name]) said.set(name, "1");
        if (view.hidden.size) said.set("without", JSON.stringify([...view.hidden].map((s) => data.schemas[s])));
      }
      const text = "#" + said;
      if (text === written) return;
      try {
        if (written === null || at(written) === at(text)) history.replaceState(null, "", text);
        else history.pushState(null, "", text);
      } catch {
        /* a frame without an origin has no address of its own */
      }
      written = text;
    }

    const at = (text) => ["at", "schema"].map((name) => new URLSearchParams(text.slice(1)).get(name)).join();

    /* Look at what the address says. */
    function follow() {
      const said = new URLSearchParams(location.hash.slice(1)), list = (name) => listed(said.get(name));
      view.influences = said.get("influences") === "1";
      view.certain = said.get("certain") === "1";
      view.hidden = new Set(list("without").map((name) => data.schemas.indexOf(name)).filter((n) => n >= 0));
      fillFilters();
      const schema = said.has("schema") ? data.schemas.indexOf(said.get("schema")) : -1;
      const named = said.has("at") ? rayGraph.tableNamed(graph, said.get("at")) : -1;
      if (named >= 0) lookAt(named, said, list);
      else if (schema >= 0) showSchema(schema);
      else if (!said.has("at") && data.focus && written === null) lookAt(data.focus[0], new URLSearchParams(data.focus[1] >= 0 ? { column: graph.columnName(data.focus[1]) } : {}), list);
      else {
        home();
        if (said.has("at")) say(`${said.get("at")} is not in this picture`);
      }
    }

    function lookAt(table, said, list) {
      const numbers = (name) => list(name).map((text) => rayGraph.tableNamed(graph, text)).filter((n) => n >= 0);
      const owner = said.has("of") ? rayGraph.tableNamed(graph, said.get("of")) : table;
      const column = said.has("column") && owner >= 0 ? rayGraph.columnNamed(graph, owner, said.get("column")) : -1;
      view.tables = new Set([...rayGraph.around(graph, table, TABLES, wanted), ...numbers("more")]);
      for (const less of numbers("less")) view.tables.delete(less);
      if (column >= 0) view.tables.add(graph.owner[column]);
      Object.assign(view, { at: "picture", focus: table, selected: column, table: column < 0 ? table : -1, edge: null });
      show(undefined, true);
    }

    addEventListener("popstate", () => {
      if (location.hash !== written) {
        written = location.hash;
        follow();
      }
    });

    /* --- what a server adds */

    async function excerpt(file, line) {
      return JSON.parse(new TextDecoder().decode(await fetched(`excerpt?file=${file}&line=${line}`)));
    }

    if (served) document.addEventListener("visibilitychange", async () => {
      if (document.hidden || parts.bar.querySelector(".changed")) return;
      const state = await fetched("state").then((bytes) => new TextDecoder().decode(bytes), () => "");
      if (state && state !== data.state) parts.bar.append(h("button", { class: "changed", onclick: () => location.reload() }, "The graph has changed: reload"));
    });

    return { follow, view, graph, stage, go, act };
  }

  function listed(text) {
    try {
      const found = JSON.parse(text || "[]");
      return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
    } catch {
      return [];
    }
  }

})();
