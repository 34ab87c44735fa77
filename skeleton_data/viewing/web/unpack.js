"use strict";

const MISSING = -32768;

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// Positions of one recording or view on the stage, which has x to the right, y up and z towards the viewer; the data
// says how its own axes lie there. NaN in x stands for a missing joint.
class Track {
  constructor(packed, states) {
    [this.bodies, this.frames, this.joints] = packed.shape;
    const numbers = new DataView(bytes(packed.numbers).buffer);
    const turn = (x, y, z) => packed.to_stage.map(([a, b, c]) => a * x + b * y + c * z);
    const [cx, cy, cz] = packed.center;
    const count = this.bodies * this.frames * this.joints;
    this.places = new Float32Array(3 * count);
    for (let i = 0; i < count; i++) {
      const at = (k) => numbers.getInt16(6 * i + 2 * k, true);
      const place = at(0) === MISSING
        ? [NaN, NaN, NaN]
        : turn(cx + packed.step * at(0), cy + packed.step * at(1), cz + packed.step * at(2));
      this.places.set(place, 3 * i);
    }
    this.states = states ? bytes(states) : null;
    this.box = boxOnStage(packed, turn);
    this.seen = this.countJoints();
  }

  at(body, frame) {
    return (body * this.frames + frame) * this.joints;
  }

  // Joints that are there, for every body and frame.
  countJoints() {
    const seen = new Uint16Array(this.bodies * this.frames);
    for (let i = 0; i < seen.length; i++) {
      for (let j = 0; j < this.joints; j++) {
        seen[i] += Number.isNaN(this.places[3 * (i * this.joints + j)]) ? 0 : 1;
      }
    }
    return seen;
  }

  jointsSeen(body, frame) {
    return this.seen[body * this.frames + frame];
  }
}

function boxOnStage(packed, turn) {
  const corners = packed.box.map((corner) => turn(...corner));
  const low = corners[0].map((value, k) => Math.min(value, corners[1][k]));
  const high = corners[0].map((value, k) => Math.max(value, corners[1][k]));
  return { low, high };
}
