"use strict";

// Drawing in three dimensions on a plain canvas: a few hundred lines and circles, sorted from far to near, need no more.

const SIDES = ["left", "middle", "right"];
const STRAIGHT_AHEAD = { yaw: 0, pitch: 0.12, zoom: 1 };

// Colours of the page as it looks now, and of the sides of each body.
function themeColours(palettes) {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  const bodies = palettes[isDark() ? "dark" : "light"];
  return { card: of("card"), grid: of("grid"), text: of("text"), body: (number) => bodies[number % bodies.length] };
}

function isDark() {
  return document.documentElement.dataset.theme === "dark";
}

// What a panel looks at: the middle of where the bodies are, from far enough to see them all whichever way they turn.
function frameBox(box) {
  const middle = box.low.map((value, k) => (value + box.high[k]) / 2);
  const [x, y, z] = box.high.map((value, k) => (value - box.low[k]) / 2);
  return { middle, radius: Math.max(y, Math.hypot(x, z), 0.3), floor: box.low[1] };
}

// Turns the stage about its middle and puts it on a canvas of some size, in perspective.
class Camera {
  constructor(look, target, radius, width, height) {
    const { yaw, pitch, zoom } = look;
    [this.sinYaw, this.cosYaw] = [Math.sin(yaw), Math.cos(yaw)];
    [this.sinPitch, this.cosPitch] = [Math.sin(pitch), Math.cos(pitch)];
    this.middle = target.middle;
    this.distance = 4.5 * radius;
    this.scale = (0.44 * Math.min(width, height) * zoom) / radius;
    this.centre = [width / 2, height / 2];
  }

  // Right and down on the canvas, depth towards the viewer, and how large things look there.
  project(x, y, z) {
    const [dx, dy, dz] = [x - this.middle[0], y - this.middle[1], z - this.middle[2]];
    const right = dx * this.cosYaw + dz * this.sinYaw;
    const towards = dz * this.cosYaw - dx * this.sinYaw;
    const up = dy * this.cosPitch - towards * this.sinPitch;
    const near = towards * this.cosPitch + dy * this.sinPitch;
    const size = this.distance / Math.max(this.distance - near, 0.1 * this.distance);
    return [this.centre[0] + this.scale * size * right, this.centre[1] - this.scale * size * up, near, size];
  }
}

const CELL = 0.5; // metres

function drawFloor(pen, camera, box, colours) {
  const [x0, x1] = [Math.floor(box.low[0] / CELL - 1) * CELL, Math.ceil(box.high[0] / CELL + 1) * CELL];
  const [z0, z1] = [Math.floor(box.low[2] / CELL - 1) * CELL, Math.ceil(box.high[2] / CELL + 1) * CELL];
  // Far wilder data than people makes no more lines than can be seen.
  const cell = CELL * Math.ceil(Math.max(x1 - x0, z1 - z0) / CELL / 40);
  pen.lineCap = "butt";
  pen.strokeStyle = colours.grid;
  pen.lineWidth = 1;
  pen.beginPath();
  const line = (a, b) => {
    pen.moveTo(...camera.project(...a));
    pen.lineTo(...camera.project(...b));
  };
  for (let x = x0; x <= x1 + 1e-6; x += cell) line([x, box.low[1], z0], [x, box.low[1], z1]);
  for (let z = z0; z <= z1 + 1e-6; z += cell) line([x0, box.low[1], z], [x1, box.low[1], z]);
  pen.stroke();
}

// All bodies of one frame: a list of shapes with their depths, drawn from far to near.
function drawBodies(pen, camera, track, frame, layout, colours, pixel) {
  const shapes = [];
  for (let body = 0; body < track.bodies; body++) {
    const start = track.at(body, frame);
    const palette = colours.body(body);
    const isGuessed = (joint) => track.states !== null && track.states[start + joint] < 2;
    const seen = [];
    for (let j = 0; j < track.joints; j++) {
      const place = track.places.subarray(3 * (start + j), 3 * (start + j) + 3);
      if (!Number.isNaN(place[0])) seen[j] = camera.project(...place);
    }
    const depths = seen.map((at) => at?.[2]);
    for (const [a, b] of layout.bones) {
      if (!seen[a] || !seen[b]) continue;
      const [depth, guessed] = [(seen[a][2] + seen[b][2]) / 2, isGuessed(a) || isGuessed(b)];
      const colour = palette[layout.sides[a]];
      shapes.push({ depth, draw: () => drawBone(pen, seen[a], seen[b], colour, guessed, colours, pixel) });
      // A joint lies on its bones, not under those that lead away from the viewer.
      for (const end of [a, b]) depths[end] = Math.max(depths[end], depth + 1e-3);
    }
    seen.forEach((at, j) => {
      shapes.push({ depth: depths[j], draw: () => drawJoint(pen, at, layout, j, palette, isGuessed(j), colours, pixel) });
    });
  }
  shapes.sort((a, b) => a.depth - b.depth);
  for (const shape of shapes) shape.draw();
}

function drawBone(pen, from, to, colour, guessed, colours, pixel) {
  const width = 3.6 * pixel * (from[3] + to[3]) / 2;
  pen.lineCap = "round";
  const stroke = (style, thickness, dash) => {
    pen.strokeStyle = style;
    pen.lineWidth = thickness;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(from[0], from[1]);
    pen.lineTo(to[0], to[1]);
    pen.stroke();
  };
  // A rim in the colour of the card tells which of two limbs is in front.
  stroke(colours.card, width + 2.4 * pixel, []);
  stroke(colour, guessed ? 0.6 * width : width, guessed ? [1.2 * width, 1.5 * width] : []);
  pen.setLineDash([]);
}

function drawJoint(pen, at, layout, joint, palette, guessed, colours, pixel) {
  const radius = (layout.joints[joint] === "head" ? 7 : 3.1) * pixel * at[3];
  pen.beginPath();
  pen.arc(at[0], at[1], radius, 0, 2 * Math.PI);
  pen.fillStyle = guessed ? colours.card : palette[layout.sides[joint]];
  pen.fill();
  pen.strokeStyle = guessed ? palette[layout.sides[joint]] : colours.card;
  pen.lineWidth = (guessed ? 1.6 : 1) * pixel;
  pen.stroke();
}

// L and R at the ends of the limbs, whatever the colours.
function drawLetters(pen, camera, track, frame, layout, colours, pixel) {
  pen.font = `600 ${10.5 * pixel}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  for (let body = 0; body < track.bodies; body++) {
    for (const joint of layout.lettered) {
      const place = track.places.subarray(3 * (track.at(body, frame) + joint));
      if (Number.isNaN(place[0])) continue;
      const [x, y] = camera.project(place[0], place[1], place[2]);
      const letter = layout.sides[joint] === "left" ? "L" : "R";
      pen.strokeStyle = colours.card;
      pen.lineWidth = 3 * pixel;
      pen.strokeText(letter, x, y + 13 * pixel);
      pen.fillStyle = colours.text;
      pen.fillText(letter, x, y + 13 * pixel);
    }
  }
}
