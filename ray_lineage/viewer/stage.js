/* The picture on the page: boxes as elements, edges as paths, and how it is moved and gone through. */
(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const FONTS = { name: "600 14px ", schema: "11px ", row: "12.5px " };
  const SMALLEST = 0.08, LARGEST = 2.5, READABLE = 0.55;

  /* An element: attributes, `on*` listeners, and children that are elements or text, never markup. */
  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  /* How wide texts are, remembered. */
  function measurer() {
    const context = document.createElement("canvas").getContext("2d"), known = { name: new Map(), schema: new Map(), row: new Map() };
    const family = getComputedStyle(document.body).fontFamily;
    return (text, font) => {
      let width = known[font].get(text);
      if (width === undefined) {
        context.font = FONTS[font] + family;
        known[font].set(text, (width = context.measureText(text).width));
      }
      return width;
    };
  }

  function stage(graph, root, act) {
    const lines = document.createElementNS(SVG, "svg"), boxes = h("div", { class: "boxes" });
    lines.setAttribute("aria-hidden", "true");
    const world = h("div", { class: "world" }, boxes);
    world.prepend(lines);
    root.replaceChildren(world);
    const measure = measurer(), camera = { x: 0, y: 0, scale: 1 };
    const self = { scene: null, places: new Map(), current: null, view: null };

    function draw(view, keep) {
      const anchor = keep !== undefined && self.places.get(keep);
      self.view = view;
      self.scene = rayScene.scene(graph, view, measure, self.places);
      const { x, y } = self.scene.layout, old = self.places;
      self.places = new Map(self.scene.boxes.map((b, k) => [b.table, { x: x[k], y: y[k], w: b.w, h: b.h }]));
      const elements = self.scene.boxes.map((b) => boxElement(graph, b, self.scene, view, act));
      boxes.replaceChildren(...elements);
      drawLines();
      place(elements, anchor ? old : null);
      if (anchor && self.places.get(keep)) {
        const now = self.places.get(keep);
        camera.x += (anchor.x - now.x) * camera.scale;
        camera.y += (anchor.y - now.y) * camera.scale;
        aim();
      } else fit();
      setCurrent(self.current && self.places.has(self.current.table) ? self.current : { table: view.focus, column: -1 }, false);
    }

    function place(elements, old) {
      const moves = old && elements.length < 80 && !matchMedia("(prefers-reduced-motion: reduce)").matches;
      self.scene.boxes.forEach((b, k) => {
        const now = self.places.get(b.table), from = (moves && old.get(b.table)) || now;
        elements[k].style.width = b.w + "px";
        elements[k].style.height = b.h + "px";
        elements[k].style.transform = `translate(${from.x}px,${from.y}px)`;
      });
      if (!moves) return;
      boxes.getBoundingClientRect();
      self.scene.boxes.forEach((b, k) => {
        const now = self.places.get(b.table);
        elements[k].classList.add("moving");
        elements[k].style.transform = `translate(${now.x}px,${now.y}px)`;
      });
    }

    function drawLines() {
      const { layout, edges, lit } = self.scene, made = { "": [], up: [], down: [] };
      edges.forEach((edge, number) => {
        if (!layout.routes[number]) return;
        const which = rayScene.side(graph, edge, lit), path = document.createElementNS(SVG, "path");
        const back = layout.layer[edge.a] > layout.layer[edge.b];
        const kind = edge.influences.length ? "influence" : edge.feeds.length ? "feed" : edge.possible ? "possible" : "flow";
        path.setAttribute("d", rayLayout.curve(layout.routes[number]));
        path.setAttribute("class", `${kind} ${which || (lit ? "dim" : "")} ${back ? "back" : ""} ${act.changed(edge)}`);
        path.dataset.edge = number;
        if (edge.flows.length > 1) path.style.strokeWidth = Math.min(1.2 + Math.log2(edge.flows.length) * 0.6, 5);
        if (which || back) path.setAttribute("marker-end", `url(#${which || "plain"})`);
        made[which].push(path);
      });
      lines.replaceChildren(markers(), ...made[""], ...made.up, ...made.down);
      const box = layout.box;
      lines.setAttribute("viewBox", `${box.x - 50} ${box.y - 50} ${box.w + 100} ${box.h + 100}`);
      lines.style.width = box.w + 100 + "px";
      lines.style.height = box.h + 100 + "px";
      lines.style.transform = `translate(${box.x - 50}px,${box.y - 50}px)`;
    }

    /* --- camera */

    function aim() {
      world.style.transform = `translate(${camera.x}px,${camera.y}px) scale(${camera.scale})`;
    }

    function fit(all) {
      const box = self.scene.layout.box, room = root.getBoundingClientRect(), edge = 48;
      if (!room.width) return;
      const scale = Math.min(1, (room.width - edge * 2) / box.w, (room.height - edge * 2) / box.h);
      const focus = self.places.get(self.view.focus);
      camera.scale = Math.max(SMALLEST, scale);
      let x = box.x + box.w / 2, y = box.y + box.h / 2;
      if (scale < READABLE && !all && focus) {
        camera.scale = READABLE + 0.2;
        const half = { w: room.width / 2 / camera.scale - edge, h: room.height / 2 / camera.scale - edge };
        x = box.w < half.w * 2 ? x : focus.x + focus.w / 2;
        y = box.h < half.h * 2 ? y : focus.y + Math.min(focus.h, half.h) / 2;
      }
      camera.x = room.width / 2 - x * camera.scale;
      camera.y = room.height / 2 - y * camera.scale;
      aim();
    }

    function zoom(factor, x, y) {
      const room = root.getBoundingClientRect(), cx = x ?? room.width / 2, cy = y ?? room.height / 2;
      const scale = Math.min(LARGEST, Math.max(SMALLEST, camera.scale * factor));
      camera.x = cx - ((cx - camera.x) * scale) / camera.scale;
      camera.y = cy - ((cy - camera.y) * scale) / camera.scale;
      camera.scale = scale;
      aim();
    }

    function pan(dx, dy) {
      camera.x += dx;
      camera.y += dy;
      aim();
    }

    function intoSight(table) {
      const place = self.places.get(table), room = root.getBoundingClientRect();
      if (!place) return;
      const left = place.x * camera.scale + camera.x, top = place.y * camera.scale + camera.y;
      const right = left + place.w * camera.scale, bottom = top + Math.min(place.h * camera.scale, room.height - 60);
      const dx = left < 30 ? 30 - left : right > room.width - 30 ? room.width - 30 - right : 0;
      const dy = top < 30 ? 30 - top : bottom > room.height - 30 ? room.height - 30 - bottom : 0;
      if (dx || dy) pan(dx, dy);
    }

    /* --- the one place that the keyboard is at */

    function setCurrent(place, focus) {
      boxes.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
      self.current = place;
      const element = elementOf(place);
      element?.setAttribute("tabindex", "0");
      if (focus) {
        intoSight(place.table);
        element?.focus({ preventScroll: true });
      }
    }

    function elementOf({ table, column }) {
      const box = boxes.querySelector(`[data-table="${table}"]`);
      return box?.querySelector(column >= 0 ? `[data-column="${column}"]` : ".head") || box?.querySelector(".head");
    }

    /* Where an arrow key leads: up and down through a table's lines, then to the table above or below; left and right along an
       edge, if there is one. */
    function moved(key) {
      const { boxes: all, at } = self.scene, here = self.current, box = all[at.get(here.table)];
      if (!box) return null;
      const rows = [-1, ...box.rows.map((row) => row.column)], place = Math.max(0, rows.indexOf(here.column));
      if (key === "ArrowDown" && place + 1 < rows.length) return { table: here.table, column: rows[place + 1] };
      if (key === "ArrowUp" && place > 0) return { table: here.table, column: rows[place - 1] };
      return key === "ArrowDown" || key === "ArrowUp" ? beside(key) : along(key);
    }

    function along(key) {
      const { boxes: all, edges, at } = self.scene, here = self.current, k = at.get(here.table), right = key === "ArrowRight";
      const ends = edges.filter((e) => (right ? e.a : e.b) === k).map((e) => (right ? { box: e.b, own: e.from, port: e.to } : { box: e.a, own: e.to, port: e.from }));
      const found = ends.find((e) => here.column >= 0 && e.own === here.column) || ends.sort((e, f) => distance(e.box) - distance(f.box))[0];
      return found ? { table: all[found.box].table, column: all[found.box].rows.some((r) => r.column === found.port) ? found.port : -1 } : null;
    }

    function distance(box) {
      return Math.abs(self.places.get(self.scene.boxes[box].table).y - self.places.get(self.current.table).y);
    }

    function beside(key) {
      const { boxes: all, at, layout } = self.scene, k = at.get(self.current.table), down = key === "ArrowDown";
      const same = all.map((_, n) => n).filter((n) => layout.layer[n] === layout.layer[k] && (down ? layout.y[n] > layout.y[k] : layout.y[n] < layout.y[k]));
      const next = same.sort((m, n) => Math.abs(layout.y[m] - layout.y[k]) - Math.abs(layout.y[n] - layout.y[k]))[0];
      return next === undefined ? null : { table: all[next].table, column: down ? -1 : all[next].rows.at(-1)?.column ?? -1 };
    }

    /* --- the mouse */

    let drag = null;
    root.addEventListener("pointerdown", (event) => {
      if (event.button || event.target.closest("button")) return;
      drag = { x: event.clientX, y: event.clientY };
      root.setPointerCapture(event.pointerId);
    });
    root.addEventListener("pointermove", (event) => {
      if (!drag) return;
      pan(event.clientX - drag.x, event.clientY - drag.y);
      drag = { x: event.clientX, y: event.clientY };
    });
    for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, () => (drag = null));
    root.addEventListener("wheel", (event) => {
      event.preventDefault();
      const room = root.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY * 0.01), event.clientX - room.left, event.clientY - room.top);
      else if (event.shiftKey) pan(-event.deltaY, 0);
      else pan(-event.deltaX, -event.deltaY);
    }, { passive: false });
    lines.addEventListener("click", (event) => {
      const number = event.target.dataset?.edge;
      if (number !== undefined) act.edge(self.scene.edges[number]);
    });
    return Object.assign(self, { draw, fit, zoom, pan, setCurrent, moved, elementOf, root });
  }

  function boxElement(graph, box, scene, view, act) {
    const { table } = box, full = graph.fullName(table), kind = graph.kindName(table);
    const rows = box.rows.map((row) => rowElement(graph, row, scene, view, act));
    const counted = `${graph.data.t.c[table]} columns, ${box.up} more tables upstream, ${box.down} more downstream`;
    return h("div", {
      class: `box s${graph.data.t.s[table] % 8} ${table === view.focus ? "focus" : ""} ${act.changedTable(table)}`, role: "group",
      "aria-label": `${full}, ${kind}, ${counted}`, "data-table": table,
    },
    h("button", { class: "head", tabindex: -1, title: full, "aria-pressed": String(view.table === table), onclick: () => act.table(table), ondblclick: () => act.centre(table) },
      box.caption.map((line) => h("span", { class: "schema" }, line)),
      box.name.map((line) => h("span", { class: "name" }, line)),
      box.self && h("span", { class: "self", title: "also feeds itself", "aria-label": "also feeds itself" }, "\u21ba")),
    rows,
    box.foldTop >= 0 && h("button", { class: "fold", tabindex: -1, "aria-expanded": String(view.open.has(table)), onclick: () => act.fold(table) },
      view.open.has(table) ? "fewer columns" : `+${box.rest} column${box.rest === 1 ? "" : "s"}`),
    box.up > 0 && h("button", { class: "rim up", tabindex: -1, title: `${box.up} more upstream`, "aria-label": `show ${box.up} more tables upstream of ${full}`, onclick: () => act.grow(table, "up") }, `+${box.up}`),
    box.down > 0 && h("button", { class: "rim down", tabindex: -1, title: `${box.down} more downstream`, "aria-label": `show ${box.down} more tables downstream of ${full}`, onclick: () => act.grow(table, "down") }, `+${box.down}`));
  }

  function rowElement(graph, row, scene, view, act) {
    const { column } = row, lit = scene.lit;
    const which = !lit ? "" : column === view.selected ? "selected" : lit.up.has(column) ? "up" : lit.down.has(column) ? "down" : "dim";
    const told = which === "up" ? ", upstream of the selected column" : which === "down" ? ", downstream of the selected column" : "";
    return h("button", {
      class: `row ${which} ${act.changedColumn(column)}`, tabindex: -1, "data-column": column, "aria-pressed": String(column === view.selected),
      "aria-label": graph.columnName(column) + told, onclick: () => act.column(column),
    }, row.lines.map((line) => h("span", {}, line)));
  }

  function markers() {
    const defs = document.createElementNS(SVG, "defs");
    for (const id of ["plain", "up", "down"]) {
      const marker = document.createElementNS(SVG, "marker"), shape = document.createElementNS(SVG, "path");
      for (const [name, value] of Object.entries({ id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }))
        marker.setAttribute(name, value);
      shape.setAttribute("d", "M0,0 L8,4 L0,8 Z");
      shape.setAttribute("class", "tip " + id);
      marker.append(shape);
      defs.append(marker);
    }
    return defs;
  }

  globalThis.rayStage = { stage, h };
})();
