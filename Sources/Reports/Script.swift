// What the page does by itself: sorting the table and showing single images. It reads the data that the page carries and
// loads nothing.

let reportScript = #"""
    "use strict";
    (() => {
      const outcomeKind = query => "o-" + data.kinds[query.o];
      let data, images, chosen = {model: 0, radius: 0, image: null};

      const element = (name, attributes = {}, ...children) => {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
          if (key === "onclick") made.addEventListener("click", value); else if (value !== null) made.setAttribute(key, value);
        }
        made.append(...children);
        return made;
      };
      const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
      const number = value => value === undefined || value === null ? null
        : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(+value.toPrecision(3)).replace("-", "−");
      const className = index => index === undefined || index === null ? "–"
        : data.classes && data.classes[index] !== undefined ? data.classes[index] : String(index);

      function sortTables() {
        for (const table of document.querySelectorAll("table.sortable")) {
          table.querySelectorAll("thead th").forEach((head, column) => {
            head.firstElementChild.addEventListener("click", () => {
              const rising = head.getAttribute("aria-sort") !== "ascending";
              table.querySelectorAll("thead th").forEach(other => other.removeAttribute("aria-sort"));
              head.setAttribute("aria-sort", rising ? "ascending" : "descending");
              const key = row => {
                const cell = row.cells[column];
                return cell.dataset.value !== undefined ? +cell.dataset.value : cell.textContent;
              };
              const compare = (a, b) => {
                const [x, y] = [key(a), key(b)];
                if (x === "" || y === "") return x === y ? 0 : x === "" ? 1 : -1;
                const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
                return rising ? order : -order;
              };
              table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
            });
          });
        }
      }

      // Rows and columns of a picture, or null where the values are none.
      function extent() {
        const shape = data.shape;
        if (shape.length === 2) return [1, shape[0], shape[1]];
        return shape.length === 3 && (shape[0] === 1 || shape[0] === 3) ? shape : null;
      }

      // Draws values from 0 to 255 by channel, row, column.
      function picture(values, paint) {
        const [channels, rows, columns] = extent();
        const canvas = element("canvas", {width: columns, height: rows});
        const context = canvas.getContext("2d"), pixels = context.createImageData(columns, rows);
        for (let i = 0; i < rows * columns; i++) {
          const at = k => values[(channels === 3 ? k : 0) * rows * columns + i];
          pixels.data.set([...paint(at(0), at(1), at(2)), 255], 4 * i);
        }
        context.putImageData(pixels, 0, 0);
        return canvas;
      }
      const asIs = (r, g, b) => [r, g, b];
      // Differences: orange up, blue down, as strong as they are large.
      const asDifference = (r, g, b) => {
        const d = extent()[0] === 3 ? (r + g + b) / 3 : r, k = Math.min(1, Math.abs(d) / 127);
        const [x, y, z] = d > 0 ? [210, 96, 26] : [26, 111, 168];
        return [247 + (x - 247) * k, 246 + (y - 246) * k, 243 + (z - 243) * k];
      };

      const find = (model, radius, image) => data.index.get(model + " " + radius + " " + image);

      function thumbnails() {
        const box = document.getElementById("thumbnails");
        box.replaceChildren(...images.map(image => {
          const query = find(chosen.model, chosen.radius, image.index);
          const word = query ? data.outcomes[query.o] : "not asked yet";
          const shown = image.pixels && extent() ? picture(bytes(image.pixels), asIs)
            : element("span", {}, String(image.index));
          return element("button", {
            type: "button", class: query ? outcomeKind(query) : "", title: `image ${image.index}, label ${className(image.label)}: ${word}`,
            "aria-label": `image ${image.index}: ${word}`, "aria-pressed": chosen.image === image.index,
            onclick: () => { chosen.image = image.index; show(); },
          }, shown);
        }));
      }

      function pictures(image, query) {
        const box = element("div", {class: "pictures"});
        if (!image.pixels || !extent()) return box;
        const original = bytes(image.pixels);
        const add = (canvas, caption) => box.append(element("figure", {}, canvas, element("figcaption", {}, caption)));
        add(picture(original, asIs), `image ${image.index}: ${className(image.label)}`
          + (query && query.p !== undefined && query.p !== query.l ? `, taken for ${className(query.p)}` : ""));
        if (!query || query.x === undefined) return box;
        const example = data.examples[query.x];
        const difference = Int8Array.from(bytes(example.values));
        const moved = original.map((value, i) => Math.max(0, Math.min(255, value + 255 * example.scale * difference[i] / 127)));
        add(picture(moved, asIs), "adversarial example" + (query.c === undefined ? "" : `: taken for ${className(query.c)}`));
        add(picture(difference, asDifference), `difference, up to ${number(example.scale)}: orange brighter, blue darker`);
        return box;
      }

      function matrix(image) {
        const groups = new Map();
        data.models.forEach((model, index) => {
          const key = (data.architectures > 1 ? model.architecture + " " : "") + model.point;
          if (!groups.has(key)) groups.set(key, []);
          groups.get(key).push(index);
        });
        const seeds = [...new Set(data.models.map(model => model.seed))].sort((a, b) => a - b);
        const head = element("tr", {}, element("th", {class: "text"}, "radius, seed"), ...[...groups.keys()].map(key => element("th", {scope: "col"}, key)));
        const rows = data.epsilons.flatMap((epsilon, radius) => seeds.map(seed => element("tr", {},
          element("th", {class: "text", scope: "row"}, `${epsilon}, ${seed}`),
          ...[...groups.values()].map(members => {
            const model = members.find(index => data.models[index].seed === seed);
            const query = model === undefined ? undefined : find(model, radius, image.index);
            if (model === undefined) return element("td");
            const word = query ? data.outcomes[query.o] : "not asked yet";
            return element("td", {}, element("button", {
              type: "button", class: query ? "b-" + data.kinds[query.o] : "", title: word, "aria-label": word,
              "aria-pressed": model === chosen.model && radius === chosen.radius,
              onclick: () => { chosen.model = model; chosen.radius = radius; show(); },
            }));
          }))));
        return element("div", {class: "scroll matrix"}, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
      }

      function detail() {
        const box = document.getElementById("detail");
        const image = images.find(image => image.index === chosen.image);
        if (!image) { box.replaceChildren(); return; }
        const query = find(chosen.model, chosen.radius, image.index);
        const model = data.models[chosen.model];
        const list = element("dl");
        const fact = (name, value) => value === null || value === undefined || value === "" || list.append(element("dt", {}, name), element("dd", {}, value));
        fact("network", `${model.point}, seed ${model.seed}` + (model.accuracy ? `, accuracy ${(100 * model.accuracy).toFixed(2)} %` : ""));
        fact("radius", data.epsilons[chosen.radius]);
        fact("outcome", query ? data.outcomes[query.o] + (query.w ? `: ${query.w}` : "") : "not asked yet");
        if (query) {
          fact("how", data.origins[query.f] + (query.r ? ` (${query.r})` : ""));
          fact("seconds", number(query.s));
          fact("subproblems", number(query.n));
          fact("unstable neurons", number(query.u));
          fact("bound before splits", number(query.b));
          fact("least margin found", number(query.g));
          if (query.b !== undefined && query.g !== undefined) fact("looseness", number(query.g - query.b));
        }
        const note = data.examplesLeftOut ? [element("p", {class: "lead"}, `${data.examplesLeftOut} adversarial examples are left out to keep the page small.`)] : [];
        box.replaceChildren(pictures(image, query), list, element("h3", {}, "This image on every network"), matrix(image), ...note);
      }

      function show() {
        document.getElementById("model").value = chosen.model;
        document.getElementById("radius").value = chosen.radius;
        thumbnails();
        detail();
      }

      function explore() {
        const box = document.getElementById("explorer");
        if (!box || !data.models.length) return;
        box.hidden = false;
        const select = (id, labels, key) => {
          const list = document.getElementById(id);
          list.replaceChildren(...labels.map((label, index) => element("option", {value: index}, label)));
          list.onchange = () => { chosen[key] = +list.value; show(); };
        };
        select("model", data.models.map(model => (data.architectures > 1 ? model.architecture + ", " : "") + `${model.point}, seed ${model.seed}`), "model");
        select("radius", data.epsilons, "radius");
        if (chosen.image === null) {
          const first = data.queries.find(query => query.x !== undefined) || data.queries[0];
          if (first) chosen = {model: first.m, radius: first.e, image: first.i};
        }
        show();
      }

      function start() {
        data = JSON.parse(document.getElementById("data").textContent);
        data.index = new Map(data.queries.map(query => [query.m + " " + query.e + " " + query.i, query]));
        data.architectures = new Set(data.models.map(model => model.architecture)).size;
        const known = new Set(data.images.map(image => image.index));
        images = [...data.images];
        for (const query of data.queries) {
          if (!known.has(query.i)) { known.add(query.i); images.push({index: query.i, label: query.l}); }
        }
        images.sort((a, b) => a.index - b.index);
        sortTables();
        explore();
      }
      addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(part => { part.open = true; }));
      // A live page starts over when its parts are replaced.
      window.secateurStart = start;
      start();
    })();
    """#

/// Asks the server of a live page for its newest form, and puts it in place without moving the page.
let liveScript = #"""
    "use strict";
    (() => {
      const badge = document.createElement("div");
      badge.id = "live";
      badge.textContent = "live";
      document.body.append(badge);
      let tag = null;
      async function ask() {
        try {
          const answer = await fetch("/", {headers: tag ? {"If-None-Match": tag} : {}, cache: "no-store"});
          if (answer.status === 200) {
            const first = tag === null;
            tag = answer.headers.get("ETag");
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            if (!first) {
              const open = [...document.querySelectorAll("details")].map(part => part.open);
              document.querySelector("main").replaceWith(page.querySelector("main"));
              document.getElementById("data").replaceWith(page.getElementById("data"));
              document.querySelectorAll("details").forEach((part, index) => { if (open[index] !== undefined) part.open = open[index]; });
              window.secateurStart();
            }
          }
          badge.textContent = "live";
        } catch (error) {
          badge.textContent = "the run has ended or cannot be reached; this is what came last";
        }
        setTimeout(ask, 2000);
      }
      ask();
    })();
    """#
