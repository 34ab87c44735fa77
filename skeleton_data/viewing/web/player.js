"use strict";

// Which frame is shown, and time. Frames are shown as they are: nothing is made up between two of them.
class Player {
  constructor(fps, changed) {
    this.rate = fps ?? 30;
    this.changed = changed;
    this.frame = 0;
    this.total = 1;
    this.speed = 1;
    this.playing = false;
    this.rest = 0;
    this.before = 0;
  }

  setTotal(total) {
    this.total = total;
    this.frame = Math.min(this.frame, total - 1);
  }

  go(frame) {
    this.frame = Math.max(0, Math.min(this.total - 1, Math.round(frame)));
    this.rest = 0;
    this.changed();
  }

  step(frames) {
    this.pause();
    this.go(this.frame + frames);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing) return;
    this.playing = true;
    this.before = performance.now();
    this.changed();
    requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.playing = false;
    this.changed();
  }

  tick(now) {
    if (!this.playing) return;
    // A tab that was hidden does not catch up with what it missed.
    this.rest += Math.min(0.25, Math.max(0, now - this.before) / 1000) * this.rate * this.speed;
    this.before = now;
    const whole = Math.floor(this.rest);
    if (whole > 0) {
      this.rest -= whole;
      this.frame = (this.frame + whole) % this.total;
      this.changed();
    }
    requestAnimationFrame((next) => this.tick(next));
  }
}
