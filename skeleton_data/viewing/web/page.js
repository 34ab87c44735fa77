"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const layout = data.skeleton;
  const parents = new Set(layout.bones.map(([, parent]) => parent));
  layout.lettered = layout.joints.map((_, j) => j).filter((j) => layout.sides[j] !== "middle" && !parents.has(j));

  const views = data.augmentation;
  const state = { look: { ...STRAIGHT_AHEAD }, draw: 0, waiting: false };
  const recorded = data.recordings.map((recording) => {
    const panel = new Panel(titleOf(recording), layout);
    panel.show(new Track(recording.positions, recording.states));
    return panel;
  });
  const augmented = views === null ? [] : data.recordings.map((recording) => new Panel(`${titleOf(recording)}, ${views.name}`, layout));
  const panels = [...recorded, ...augmented];
  const player = new Player(data.fps, refresh);

  function titleOf(recording) {
    return recording.camera === null ? recording.name : `camera ${recording.camera}`;
  }

  function radiusOf(some) {
    return Math.max(...some.map((panel) => panel.target.radius));
  }

  // Everything is drawn once for a frame of the screen, however much has changed.
  function refresh() {
    if (state.waiting) return;
    state.waiting = true;
    requestAnimationFrame(() => {
      state.waiting = false;
      drawAll();
    });
  }

  function drawAll() {
    const colours = themeColours(data.colours);
    const [near, far] = [radiusOf(recorded), augmented.length ? radiusOf(augmented) : 0];
    recorded.forEach((panel, i) => panel.draw(frameOfRecording(i), player.total, state.look, near, colours));
    augmented.forEach((panel) => panel.draw(player.frame, player.total, state.look, far, colours));
    byId("frame").value = player.frame;
    byId("time").textContent = timeText();
    document.body.classList.toggle("playing", player.playing);
    byId("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
  }

  // The player's frame, or the one that the view beside it is made of.
  function frameOfRecording(i) {
    const view = augmented[i];
    if (!view || !view.source || !byId("match").checked) return player.frame;
    const from = view.source[view.own(player.frame)];
    return from < 0 ? player.frame : Math.round(from);
  }

  function timeText() {
    const last = player.total - 1;
    const frames = `frame ${player.frame} / ${last}`;
    if (data.fps === null) return frames;
    return `${frames} · ${(player.frame / data.fps).toFixed(2)} / ${(last / data.fps).toFixed(2)} s`;
  }

  function showDraw(number) {
    const count = views.draws.length;
    state.draw = ((number % count) + count) % count;
    views.draws[state.draw].forEach((view, i) => augmented[i].show(new Track(view.positions), view.source));
    byId("which").textContent = `draw ${state.draw + 1} of ${count}`;
    byId("steps").replaceChildren(...views.draws[state.draw].flatMap((view, i) => stepsOf(view, data.recordings[i])));
    measure();
    refresh();
  }

  function stepsOf(view, recording) {
    const list = make("dl");
    for (const step of view.steps) {
      const idle = step.words.length === 0;
      const lines = idle ? ["leaves it as it is"] : step.words;
      const words = lines.flatMap((line, i) => (i ? [make("br"), line] : [line]));
      list.append(
        make("dt", idle ? { class: "idle" } : {}, step.transform),
        make("dd", idle ? { class: "idle" } : {}, ...words),
      );
    }
    const call = `pipeline(store[${recording.index}].positions, seed=${views.seed}, epoch=${view.epoch}, index=${recording.index})`;
    return [make("h3", {}, `${titleOf(recording)}, ${views.name}`), list, make("code", {}, call)];
  }

  function measure() {
    player.setTotal(Math.max(...panels.map((panel) => panel.track.frames)));
    byId("frame").max = player.total - 1;
  }

  function reset() {
    Object.assign(state.look, STRAIGHT_AHEAD);
    refresh();
  }

  function theme(name) {
    document.documentElement.dataset.theme = name;
    fillLegend();
    refresh();
  }

  function changeSpeed(by) {
    const speed = byId("speed");
    speed.selectedIndex = Math.max(0, Math.min(speed.options.length - 1, speed.selectedIndex + by));
    player.speed = Number(speed.value);
  }

  function look(yaw, pitch, factor) {
    turn(state.look, yaw, pitch);
    zoom(state.look, factor);
    refresh();
  }

  function fillHead() {
    byId("name").textContent = data.name;
    const facts = [data.class, data.recordings.map((recording) => recording.facts).find(Boolean), data.store];
    if (data.recordings.length > 1) facts.push(`${data.recordings.length} recordings`);
    if (data.fps === null) facts.push("frame rate not known, played at 30 frames a second");
    byId("facts").textContent = facts.filter(Boolean).join(" · ");
  }

  function fillLegend() {
    const bodies = Math.max(...recorded.map((panel) => panel.track.bodies));
    const colours = themeColours(data.colours);
    const entries = Array.from({ length: bodies }, (_, body) => {
      const drawn = SIDES.map((side, k) => line(1 + 8 * k, 8 + 8 * k, colours.body(body)[side]));
      return entry(picture(...drawn), bodies > 1 ? `body ${body + 1}: left, middle, right` : "left, middle, right");
    });
    entries.push(entry(make("b", {}, "L R"), "ends of the body's own left and right limbs"));
    if (recorded.some((panel) => panel.track.states)) {
      entries.push(entry(picture(line(1, 17, "currentColor", "3 3"), ring(20)), "inferred by the sensor (recordings)"));
    } else {
      entries.push(entry("", "which joints were inferred is not in this store"));
    }
    entries.push(entry("", "squares on the floor: 0.5 m"));
    byId("legend").replaceChildren(...entries);
  }

  function entry(mark, text) {
    return make("span", { class: "entry" }, mark, text);
  }

  function shape(tag, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  function picture(...shapes) {
    const element = shape("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" });
    element.append(...shapes);
    return element;
  }

  function line(from, to, colour, dash = "none") {
    return shape("line", { x1: from, x2: to, y1: 6, y2: 6, stroke: colour, "stroke-width": 4, "stroke-dasharray": dash });
  }

  function ring(x) {
    return shape("circle", { cx: x, cy: 6, r: 4, fill: "none", stroke: "currentColor", "stroke-width": 1.6 });
  }

  function build() {
    const stage = byId("stage");
    // Cameras side by side; where the screen is narrow, a recording beside its view, or one below the other.
    const arrange = () => {
      const narrow = innerWidth <= 860;
      const beside = views !== null && (narrow || recorded.length === 1);
      const order = beside ? recorded.flatMap((panel, i) => [panel, augmented[i]]) : panels;
      const columns = beside ? 2 : narrow ? 1 : Math.min(recorded.length, Math.ceil(Math.sqrt(2 * recorded.length)));
      stage.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
      stage.replaceChildren(...order.map((panel) => panel.element));
      document.body.classList.toggle("alone", panels.length === 1);
      // Where the list of what was drawn lies below all pictures, its buttons stay at hand.
      if (narrow) document.querySelector("footer").prepend(byId("draw-again"));
      else byId("drawn").prepend(byId("draw-again"));
      // A page that fits needs no dragging to move it.
      document.body.classList.toggle("fits", document.documentElement.scrollHeight <= innerHeight + 1);
      refresh();
    };
    let wasNarrow = null;
    addEventListener("resize", () => {
      if (wasNarrow !== innerWidth <= 860) arrange();
      wasNarrow = innerWidth <= 860;
      refresh();
    });
    wasNarrow = innerWidth <= 860;
    byId("drawn").hidden = byId("draw-again").hidden = views === null;
    fillHead();
    fillLegend();
    if (views !== null) showDraw(0);
    measure();
    arrange();
  }

  function connect() {
    for (const panel of panels) {
      listenToPointers(panel.canvas, state.look, refresh, reset);
      listenToLanes(panel.lanes, player);
    }
    const draw = (by) => views !== null && showDraw(state.draw + by);
    const clicks = {
      play: () => player.toggle(), previous: () => player.step(-1), next: () => player.step(1), reset,
      closer: () => look(0, 0, 1.25), farther: () => look(0, 0, 0.8), again: () => draw(1), back: () => draw(-1),
      theme: () => theme(isDark() ? "light" : "dark"), help: () => byId("keys").showModal(), match: refresh,
    };
    for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
    byId("frame").addEventListener("input", (event) => {
      player.pause();
      player.go(event.target.valueAsNumber);
    });
    byId("speed").addEventListener("change", () => changeSpeed(0));
    listenToKeys({
      " ": () => player.toggle(), ArrowLeft: () => player.step(-1), ArrowRight: () => player.step(1),
      PageDown: () => player.step(10), PageUp: () => player.step(-10),
      Home: () => player.step(-player.total), End: () => player.step(player.total),
      ArrowUp: () => changeSpeed(1), ArrowDown: () => changeSpeed(-1),
      "shift ArrowLeft": () => look(-0.12, 0, 1), "shift ArrowRight": () => look(0.12, 0, 1),
      "shift ArrowUp": () => look(0, -0.12, 1), "shift ArrowDown": () => look(0, 0.12, 1),
      "+": () => look(0, 0, 1.25), "=": () => look(0, 0, 1.25), "-": () => look(0, 0, 0.8), r: reset,
      d: () => draw(1), D: () => draw(-1), t: clicks.theme, "?": clicks.help,
    });
  }

  // page.html#frame=40&draw=2&yaw=30 opens at a place, paused, to point others to it.
  function begin() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (asked.get(name) && Number.isFinite(Number(asked.get(name))) ? Number(asked.get(name)) : null);
    if (views !== null && number("draw") !== null) showDraw(number("draw") - 1);
    const degrees = Math.PI / 180;
    turn(state.look, (number("yaw") ?? 0) * degrees, (number("pitch") ?? 0) * degrees);
    if (number("zoom") > 0) zoom(state.look, number("zoom"));
    player.go(number("frame") ?? 0);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (number("frame") === null && !still) player.play();
  }

  const preferred = matchMedia("(prefers-color-scheme: dark)");
  document.documentElement.dataset.theme = preferred.matches ? "dark" : "light";
  preferred.addEventListener("change", (event) => theme(event.matches ? "dark" : "light"));
  build();
  connect();
  begin();
})();
