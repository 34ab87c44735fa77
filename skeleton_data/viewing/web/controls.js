"use strict";

const FARTHEST = 0.2;
const CLOSEST = 12;

function turn(look, yaw, pitch) {
  look.yaw += yaw;
  look.pitch = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, look.pitch + pitch));
}

function zoom(look, factor) {
  look.zoom = Math.max(FARTHEST, Math.min(CLOSEST, look.zoom * factor));
}

// Dragging and pinching on a canvas. All panels share one look, so they turn together.
function listenToPointers(canvas, look, changed, reset) {
  const fingers = new Map();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const before = fingers.size === 2 ? spread() : 0;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 1) turn(look, dx * 0.009, dy * 0.009);
    else if (fingers.size === 2 && before > 0) zoom(look, spread() / before);
    changed();
  });
  const release = (event) => fingers.delete(event.pointerId);
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(end, release);
  canvas.addEventListener("dblclick", reset);
  const wheel = (event) => {
    event.preventDefault();
    zoom(look, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)));
    changed();
  };
  canvas.addEventListener("wheel", wheel, { passive: false });
}

// Dragging along the lanes below a picture goes to that frame.
function listenToLanes(canvas, player) {
  const go = (event) => {
    if (event.buttons === 0) return;
    player.pause();
    player.go(Math.floor(((event.offsetX + 0.5) / canvas.clientWidth) * player.total));
  };
  canvas.addEventListener("pointerdown", go);
  canvas.addEventListener("pointermove", go);
}

function listenToKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target.closest("select, button, input") : null;
    // Lists keep their own keys, and so does whatever a key is pressed on that acts by it.
    if (target?.matches("select")) return;
    if (event.key === " " && target?.matches("button, input[type=checkbox]")) return;
    const name = event.shiftKey && event.key.length > 1 ? `shift ${event.key}` : event.key;
    const act = keys[name];
    if (!act) return;
    event.preventDefault();
    act();
  });
  // A button that was clicked would take the next space for itself, where people mean to pause.
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button, input[type=checkbox]") : null;
    if (button && event.detail > 0) button.blur();
  });
}
