"use strict";

// An element with attributes and text. Names from the data only ever become text, never markup.
function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

// One recording or view: the picture, and below it the frames in which each body is there.
class Panel {
  constructor(title, layout) {
    this.layout = layout;
    this.at = make("span", { class: "at", title: "frame, and the frame of the recording that it is made from" });
    this.what = make("span", { class: "what", title }, title);
    this.canvas = make("canvas", { class: "view", tabindex: "0", role: "img", "aria-label": title });
    this.missing = make("div", { class: "missing" });
    this.nobody = make("div", { class: "nobody" });
    this.lanes = make("canvas", { class: "lanes" });
    const head = make("h2", {}, this.what, this.at);
    this.element = make("div", { class: "panel" }, head, this.canvas, this.nobody, this.missing, this.lanes);
  }

  show(track, source = null) {
    this.track = track;
    this.source = source;
    this.target = frameBox(track.box);
  }

  // Frame of this panel's own that belongs to a frame of the player: the last one where it is past the end.
  own(frame) {
    return Math.min(frame, this.track.frames - 1);
  }

  draw(frame, total, look, radius, colours) {
    const own = this.own(frame);
    const [pen, width, height] = fitted(this.canvas);
    const pixel = devicePixelRatio * Math.min(1.25, Math.max(0.7, Math.min(width, height) / devicePixelRatio / 340));
    const camera = new Camera(look, this.target, radius, width, height);
    pen.clearRect(0, 0, width, height);
    drawFloor(pen, camera, this.track.box, colours);
    pen.globalAlpha = frame > own ? 0.35 : 1;
    drawBodies(pen, camera, this.track, own, this.layout, colours, pixel);
    drawLetters(pen, camera, this.track, own, this.layout, colours, pixel);
    pen.globalAlpha = 1;
    this.tell(frame, own);
    this.drawLanes(own, total, colours);
  }

  tell(frame, own) {
    const last = this.track.frames - 1;
    let text = frame > own ? `ended at ${last}` : `${own} / ${last}`;
    const from = this.source === null ? null : this.source[own];
    if (from !== null) text += from < 0 ? ", from none" : `, from ${Number(from.toFixed(1))}`;
    this.at.textContent = text;
    const absent = [];
    const gone = [];
    for (let body = 0; body < this.track.bodies; body++) {
      const seen = this.track.jointsSeen(body, own);
      if (seen === 0) gone.push(body + 1);
      else if (seen < this.track.joints) absent.push(this.tellJoints(body, own));
    }
    const nobody = gone.length === this.track.bodies;
    this.nobody.textContent = nobody ? "nobody in this frame" : "";
    const missing = nobody || gone.length === 0 ? absent : [`body ${gone.join(", ")}`, ...absent];
    this.missing.textContent = this.missing.title = missing.length ? `missing: ${missing.join("; ")}` : "";
  }

  tellJoints(body, own) {
    const names = this.layout.joints.filter((_, j) => Number.isNaN(this.track.places[3 * (this.track.at(body, own) + j)]));
    const some = names.length > 4 ? `${names.length} joints` : names.join(", ");
    return this.track.bodies > 1 ? `${some} of body ${body + 1}` : some;
  }

  // A lane for each body: full where all joints are there, pale where some are missing, empty where it is not there.
  drawLanes(own, total, colours) {
    const [pen, width, height] = fitted(this.lanes);
    pen.clearRect(0, 0, width, height);
    const { bodies, frames, joints } = this.track;
    const each = width / total;
    const tall = height / Math.max(bodies, 2);
    for (let body = 0; body < bodies; body++) {
      pen.fillStyle = colours.body(body).left;
      for (let t = 0, end = 0; t < frames; t = end) {
        const fullness = (frame) => Math.sign(this.track.jointsSeen(body, frame)) + (this.track.jointsSeen(body, frame) === joints);
        while (end < frames && fullness(end) === fullness(t)) end++;
        pen.globalAlpha = [0, 0.35, 0.85][fullness(t)];
        pen.fillRect(t * each, (body + 0.2) * tall, (end - t) * each, 0.6 * tall);
      }
    }
    pen.globalAlpha = 1;
    pen.fillStyle = colours.text;
    pen.fillRect((own + 0.5) * each - devicePixelRatio, 0, 2 * devicePixelRatio, height);
  }
}

// The pen of a canvas whose pixels are those of the screen.
function fitted(canvas) {
  const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  const height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  return [canvas.getContext("2d"), width, height];
}
