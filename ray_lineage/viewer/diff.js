/* The page of a change: its list, and how what is new, gone or other is marked in the picture. */
(function () {
  "use strict";
  const { h } = rayStage, { counted } = rayPanel;
  const MARKS = ["", "added", "removed", "edited"];

  /* Classes of tables, columns and edges; of none where nothing is compared. */
  function marks(graph) {
    const diff = graph.data.diff;
    const none = () => "";
    if (!diff) return { changed: none, changedTable: none, changedColumn: none };
    const strongest = (numbers, of) => MARKS[numbers.reduce((mark, k) => (mark && mark !== of[k] ? 3 : of[k] || mark), 0)];
    return {
      changedTable: (table) => MARKS[diff.t[table]],
      changedColumn: (column) => MARKS[diff.c[column]],
      changed: (edge) => strongest(edge.flows, diff.f) || strongest(edge.influences, diff.i) || strongest(edge.feeds, diff.e),
    };
  }

  function overview(graph, act) {
    const { diff, title } = graph.data, own = diff.changes.filter((change) => !change.follows), others = diff.changes.filter((change) => change.follows);
    return h("div", { class: "page" },
      h("h1", {}, title),
      h("p", { class: "sum" }, h("code", {}, diff.base), " \u2192 ", h("code", {}, diff.head), "  \u00b7  ", counted(own.length, "change")),
      own.length ? list(graph, own, act) : h("p", {}, "Nothing that the lineage shows has changed."),
      others.length > 0 && h("details", {}, h("summary", {}, others.length === 1 ? "1 more that follows from these" : `${others.length.toLocaleString("en")} more that follow from these`), list(graph, others, act)));
  }

  function list(graph, changes, act) {
    return h("ul", { class: "changes" }, changes.map((change) => h("li", { class: change.level },
      h("p", {}, h("span", { class: "level" }, change.level), h("span", { class: "tag" }, change.kind), link(graph, change, act)),
      h("p", {}, change.says),
      h("p", { class: "where" }, h("span", { class: "place" }, change.file + (change.line ? ":" + change.line : "")),
        change.reached > 0 && ` reaches ${counted(change.reached, "table")}`, change.owners.length > 0 && ` \u00b7 ${change.owners.join(", ")}`))));
  }

  function link(graph, change, act) {
    const name = change.dataset + (change.column && "." + change.column), table = rayGraph.tableNamed(graph, change.dataset);
    if (table < 0) return h("b", {}, name || change.file);
    return h("button", { class: "link", onclick: () => act.go(table, rayGraph.columnNamed(graph, table, change.column), true) }, h("b", {}, name));
  }

  globalThis.rayDiff = { overview, marks };
})();
