// The page that the server shows: a gauge of its memory, a line of who waits, and the pictures of its folder.
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Thumbnails under a budget</title>
<style>
  :root { color-scheme: light dark; --ink: light-dark(#1b1f24, #eceff1); --soft: light-dark(#5b636c, #a5adb5); --line: light-dark(#e4e7ea, #2b3036);
    --used: light-dark(#0072b2, #5cb3f2); --rss: light-dark(#009e73, #3fd0a2); }
  body { font: 15px/1.4 system-ui, sans-serif; color: var(--ink); margin: 0 auto; max-width: 1080px; padding: 20px; }
  header { position: sticky; top: 0; background: Canvas; padding: 8px 0 12px; border-bottom: 1px solid var(--line); }
  .row { display: flex; gap: 24px; align-items: center; flex-wrap: wrap; }
  svg { width: 420px; max-width: 100%; height: 90px; background: var(--line); border-radius: 6px; }
  dl { display: grid; grid-template-columns: auto auto; gap: 0 14px; margin: 0; }
  dt { color: var(--soft); } dd { margin: 0; font-variant-numeric: tabular-nums; text-align: right; }
  #pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); gap: 12px; margin-top: 16px; }
  figure { margin: 0; aspect-ratio: 4 / 3; border-radius: 6px; overflow: hidden; background: var(--line); display: grid; }
  figure > * { grid-area: 1 / 1; width: 100%; height: 100%; } figure img { object-fit: cover; opacity: 0; transition: opacity .4s; }
  figure.failed { place-items: center; color: var(--soft); } .blocks { display: grid; filter: blur(14px); }
  button { font: inherit; padding: 6px 12px; } .over { outline: 3px dashed var(--used); }
</style>
<header>
  <div class="row">
    <svg viewBox="0 0 420 90" preserveAspectRatio="none" aria-label="memory over time">
      <path id="rss" fill="none" stroke="var(--rss)" stroke-width="2"/><path id="used" fill="none" stroke="var(--used)" stroke-width="2"/>
      <line id="limit" x2="420" stroke="var(--soft)" stroke-dasharray="3 4"/>
    </svg>
    <dl>
      <dt style="color: var(--used)">pixels, of the budget</dt><dd id="n-used"></dd>
      <dt style="color: var(--rss)">resident</dt><dd id="n-rss"></dd>
      <dt>waiting</dt><dd id="n-waiting"></dd>
      <dt>answered · refused · gone</dt><dd id="n-answered"></dd>
    </dl>
    <div><button id="many">All pictures, 10 × at once</button><p style="color: var(--soft); margin: 6px 0 0">Drop pictures anywhere to upload them.</p></div>
  </div>
</header>
<main id="pictures"></main>
<script type="module">
  const $ = (id) => document.getElementById(id);
  const mib = (bytes) => Math.round(bytes / 2 ** 20) + ' MiB';
  const history = [];
  const draw = (key, top) => 'M' + history.map((each, i) => (420 - (history.length - 1 - i) * 3.5) + ' ' + (86 - each[key] / top * 78).toFixed(1)).join('L');
  async function look() {
    try {
      const { budget, resident, answered, refused, gone } = await (await fetch('/stats')).json();
      history.push({ used: budget.used, resident });
      if (history.length > 120) history.shift();
      const top = Math.max(budget.capacity ?? 0, ...history.map((each) => Math.max(each.resident, each.used)));
      $('used').setAttribute('d', draw('used', top));
      $('rss').setAttribute('d', draw('resident', top));
      for (const at of ['y1', 'y2']) $('limit').setAttribute(at, budget.capacity === null ? -9 : 86 - budget.capacity / top * 78);
      $('n-used').textContent = mib(budget.used) + ' / ' + (budget.capacity === null ? 'no limit' : mib(budget.capacity));
      $('n-rss').textContent = mib(resident);
      $('n-waiting').textContent = budget.waiting;
      $('n-answered').textContent = answered + ' · ' + refused + ' · ' + gone;
    } finally { setTimeout(look, 250); }
  }
  async function show(ask) {
    const figure = document.createElement('figure');
    $('pictures').append(figure);
    const { colours, columns } = await ask('colours').then((response) => response.ok ? response.json() : { colours: [], columns: 1 });
    const blocks = Object.assign(document.createElement('div'), { className: 'blocks' });
    blocks.style.gridTemplateColumns = 'repeat(' + columns + ', 1fr)';
    for (const colour of colours) blocks.append(Object.assign(document.createElement('i'), { style: 'background:' + colour }));
    figure.append(blocks);
    const response = await ask('thumbnail');
    if (!response.ok) return Object.assign(figure, { className: 'failed', textContent: response.status + ' ' + (await response.text()) });
    const img = new Image();
    img.onload = () => (img.style.opacity = 1);
    img.src = URL.createObjectURL(await response.blob());
    figure.append(img);
  }
  const pathOf = (picture) => picture.split('/').map(encodeURIComponent).join('/');
  const pictures = await (await fetch('/pictures')).json();
  $('many').onclick = () => { for (let n = 0; n < 10; n++) for (const each of pictures) fetch('/contrast/' + pathOf(each)).then((response) => response.blob()); };
  addEventListener('dragover', (event) => { event.preventDefault(); document.body.classList.add('over'); });
  addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('over');
    for (const file of event.dataTransfer.files) show((verb) => fetch('/' + verb + '?width=360', { method: 'POST', body: file }));
  });
  look();
  for (const each of pictures) show((verb) => fetch('/' + verb + '/' + pathOf(each) + '?width=360'));
</script>
`;
