/* What stands beside the picture: what is known of the selected table, column or edge, and where it is written. */
(function () {
  "use strict";
  const { h } = rayStage;
  const MOST = 200, COLUMNS = 400;

  /* `act` as in stage.js, and `source(file, line) -> Promise of {lines: [[number, text]], note}` or null where there is none. */
  function panel(graph, act) {
    const { data, flows, influences, feeds } = graph;
    const tableLink = (table) => h("button", { class: "link", onclick: () => act.go(table, -1) }, graph.fullName(table));
    const columnLink = (column) => h("button", { class: "link", onclick: () => act.go(graph.owner[column], column) }, graph.fullName(graph.owner[column]), h("b", {}, "." + graph.columnName(column)));

    /* --- one column */

    function column(number, lit) {
      const table = graph.owner[number], type = data.types[data.c.y[number]];
      const into = [...graph.flowsTo(number)], from = [...graph.flowsFrom(number)], shapes = [...graph.influencesFrom(number)];
      return [
        h("h2", {}, h("span", { class: "of" }, graph.fullName(table)), h("span", {}, graph.columnName(number))),
        h("p", { class: "facts" }, [type || "type not declared", graph.kindName(table)].join(" \u00b7 ")),
        note(data.c.d[number]),
        reached(lit),
        section("Comes from", into.length, into.map((flow) => flowItem(flow, columnLink(flows.a[flow]), "up"))),
        section("Feeds", from.length, from.map((flow) => flowItem(flow, columnLink(flows.b[flow]), "down"))),
        section("Shapes rows of", shapes.length, shapes.map((k) => item(tableLink(influences.b[k]), [data.influences[data.i.h[k]]], "", data.i, k, influences.s))),
      ];
    }

    function reached(lit) {
      const said = ["up", "down"].map((side) => {
        const others = [...lit[side].keys()].slice(1), columns = others.length;
        const tables = new Set(others.map((c) => graph.owner[c])).size;
        const what = side === "up" ? "upstream" : "downstream";
        return columns ? h("span", { class: side }, `${counted(columns, "column")} ${what} in ${counted(tables, "table")}`) : h("span", { class: "none" }, `nothing ${what}`);
      });
      return h("p", { class: "reached" }, said, h("button", { onclick: () => act.whole(lit, true) }, "Only these tables"), h("button", { onclick: () => act.whole(lit, false) }, "Add these tables"));
    }

    /* --- one table */

    function table(number) {
      const near = rayGraph.neighbours(graph, number), file = graph.tableFile[number], shaped = [...graph.influencesTo(number)];
      const columns = [];
      for (let c = graph.first[number]; c < Math.min(graph.first[number + 1], graph.first[number] + COLUMNS); c++)
        columns.push(h("li", {}, h("button", { class: "link", onclick: () => act.go(number, c) }, graph.columnName(c)), h("span", { class: "type" }, data.types[data.c.y[c]])));
      return [
        h("h2", {}, h("span", { class: "of" }, graph.schemaName(number)), h("span", {}, graph.tableName(number))),
        h("p", { class: "facts" }, graph.kindName(number) + " \u00b7 ", file < 0 ? "declared nowhere in these files" : "declared in ", file >= 0 && place(file, data.t.l[number])),
        note(data.t.d[number]),
        h("p", { class: "acts" },
          h("button", { onclick: () => act.centre(number) }, "Centre"),
          h("button", { onclick: () => act.all(number, "up") }, "Everything upstream"),
          h("button", { onclick: () => act.all(number, "down") }, "Everything downstream"),
          h("button", { onclick: () => act.hide(number) }, "Hide")),
        section("Comes from", near.up.length, near.up.map((t) => tableItem(t, number))),
        section("Feeds", near.down.length, near.down.map((t) => tableItem(number, t, true))),
        section("Columns", data.t.c[number], columns, "columns"),
        section("Rows shaped by", shaped.length, shaped.map((k) => item(columnLink(influences.a[k]), [data.influences[data.i.h[k]]], "", data.i, k, influences.s))),
      ];
    }

    function tableItem(source, target, downstream) {
      const feed = [...graph.feedsTo(target)].find((k) => feeds.a[k] === source);
      const link = tableLink(downstream ? target : source);
      return feed === undefined ? h("li", {}, link) : h("li", {}, link, written(feeds.s[feed], 0));
    }

    /* --- one edge of the picture: all that runs there */

    function edge(found) {
      const first = found.flows[0] ?? -1;
      const [a, b] = first >= 0 ? [graph.owner[flows.a[first]], graph.owner[flows.b[first]]]
        : found.influences.length ? [graph.owner[influences.a[found.influences[0]]], influences.b[found.influences[0]]]
        : [feeds.a[found.feeds[0]], feeds.b[found.feeds[0]]];
      return [
        h("h2", {}, h("span", { class: "of" }, "From ", tableLink(a), " to ", tableLink(b))),
        section("Columns", found.flows.length, found.flows.map((flow) => flowItem(flow, [columnLink(flows.a[flow]), " \u2192 ", columnLink(flows.b[flow])], "", found.flows.length === 1))),
        section("Shapes rows", found.influences.length, found.influences.map((k) => item([columnLink(influences.a[k]), " \u2192 ", tableLink(influences.b[k])], [data.influences[data.i.h[k]]], "", data.i, k, influences.s))),
        section("Table to table", found.feeds.length, found.feeds.map((k) => h("li", {}, "no column is known to flow here", written(feeds.s[k], 0)))),
      ];
    }

    /* --- pieces */

    const note = (number) => (number ? h("p", { class: "described" }, data.notes[number]) : null);

    function flowItem(flow, name, side, open) {
      const how = data.f.h[flow];
      const words = [data.transformations[how >> 1], how % 2 && "only possible"].filter((w) => w && w !== "identity");
      return item(name, words, data.texts[data.f.x[flow]], data.f, flow, flows.s, open);
    }

    function item(name, words, expression, edges, number, statements, open) {
      return h("li", {},
        h("div", { class: "way" }, name, words.map((word) => h("span", { class: word === "only possible" ? "tag possible" : "tag" }, word.replace("_", " ")))),
        expression && h("code", {}, expression),
        written(statements[number], edges.l[number], open));
    }

    /* Where a statement says so, and its text if it can be had. */
    function written(statement, after, open) {
      const file = graph.statementFile[statement], line = data.s.l[statement] + after, text = data.s.q?.[statement];
      const held = h("div", { class: "text" });
      const verb = data.verbs[data.s.k[statement]].replaceAll("_", " ");
      const show = () => (held.firstChild ? held.replaceChildren() : text ? held.append(h("pre", {}, text)) : excerpt(held, file, line));
      const can = text || act.source;
      if (open && can) show();
      return h("div", { class: "where" }, can ? h("button", { class: "place", title: "show the source", onclick: show }, h("span", {}, `${data.files[file]}:${line}`)) : place(file, line), h("span", { class: "verb" }, verb), held);
    }

    function excerpt(held, file, line) {
      held.append("\u2026");
      act.source(file, line).then(({ lines, note }) => {
        held.replaceChildren(...(lines.length ? [h("pre", {}, lines.map(([number, text]) => h("span", { class: number === line ? "line here" : "line" }, String(number).padStart(5) + "  " + text + "\n")))] : []));
        if (note) held.append(h("p", { class: "note" }, note));
      }, (error) => held.replaceChildren(h("p", { class: "note" }, String(error.message))));
    }

    const place = (file, line) => h("span", { class: "place" }, data.files[file] + (line ? ":" + line : ""));

    function section(title, count, items, kind) {
      if (!count) return null;
      const more = count - Math.min(items.length, kind ? COLUMNS : MOST);
      return h("section", {}, h("h3", {}, title, h("span", { class: "count" }, count.toLocaleString("en"))),
        h("ul", { class: kind || "" }, items.slice(0, kind ? COLUMNS : MOST)), more > 0 && h("p", { class: "note" }, `and ${more.toLocaleString("en")} more`));
    }

    return { column, table, edge };
  }

  function counted(number, noun) {
    return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  }

  globalThis.rayPanel = { panel, counted };
})();
