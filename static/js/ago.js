// How old something is, counted up every second: <time data-age="3" data-seconds="{n} s ago" data-minutes data-hours>.
// The server says the age, so that a wrong clock of the reader's does not matter.

const known = new WeakMap();

function ageOf(element) {
  const said = `${element.dateTime} ${element.dataset.age}`;
  if (known.get(element)?.said !== said) known.set(element, { said, since: performance.now() - 1000 * element.dataset.age });
  return Math.max(0, Math.floor((performance.now() - known.get(element).since) / 1000));
}

function words(element, seconds) {
  const { seconds: inSeconds, minutes, hours } = element.dataset;
  if (seconds < 120) return inSeconds.replace("{n}", seconds);
  if (seconds < 7200) return minutes.replace("{n}", Math.floor(seconds / 60));
  return hours.replace("{n}", Math.floor(seconds / 3600));
}

function tell() {
  for (const element of document.querySelectorAll("time[data-age]")) {
    const said = words(element, ageOf(element));
    if (element.textContent !== said) element.textContent = said;
  }
}

tell();
setInterval(tell, 1000);
document.addEventListener("concord:refreshed", tell);
