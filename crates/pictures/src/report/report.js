'use strict';
// Picks what was worked out elsewhere: for every question and source the last change up to the date. It works out nothing about what stands.
// Words of the ledger become text, never markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const PAGE = 40;
  const SVG = 'http://www.w3.org/2000/svg';
  const state = { day: data.start, page: 0, find: '', only: 'all', open: null };
  let behind = null;

  const entry = (index) => {
    // They come last in the file: until it is read to its end there is nothing to show.
    if (document.readyState === 'loading') return undefined;
    if (!behind) behind = JSON.parse(byId('entries').textContent);
    return behind[index];
  };

  const notes = new Map();
  const notesOn = (index) => {
    if (!notes.size) {
      entry(index);
      if (!behind) return [];
      notes.set(-1, []);
      for (const [at, found] of Object.entries(behind)) {
        if (found.event && found.event.kind === 'note') {
          const on = found.event.of;
          notes.set(on, (notes.get(on) || []).concat(Number(at)));
        }
      }
    }
    return notes.get(index) || [];
  };

  // Years before 0 and after 9999 have a sign and six digits; ours have as few as they need, and at least four.
  const iso = (day) => new Date(day * 86400000).toISOString().split('T')[0].replace(/^([+-])0{1,2}(?=\d{4})/, '$1');

  const make = (tag, attributes, ...content) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === true) element.setAttribute(name, '');
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...content.filter((part) => part != null));
    return element;
  };
  const said = (text, tag = 'span', attributes = {}) => make(tag, { dir: 'auto', ...attributes }, text);

  // The last change up to a day; changes are in order and begin with their day.
  const at = (changes, day) => {
    let low = 0;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (changes[middle][0] <= day) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  const verdictAt = (question, day) => {
    const found = question.v[at(question.v, day)];
    return found ? found[1] : -1;
  };
  // A list of entries may begin with how many stay from the change before.
  const entriesOf = (changes, upTo) => {
    let all = [];
    for (let k = 0; k <= upTo; k += 1) {
      const list = changes[k][6];
      all = list.length && list[0] < 0 ? all.slice(0, -list[0]).concat(list.slice(1)) : list;
    }
    return all;
  };
  // A conflict of texts that are not the same, told apart from one between figures; the verdicts' numbers come before it.
  const WORDS = data.verdicts.findIndex(([name]) => name === 'different-words');
  const word = (verdict) => (verdict < 0 ? 'nothing yet' : data.verdicts[verdict][0].replace(/-/g, ' '));

  const chosen = () => {
    const find = state.find.trim().toLowerCase();
    return data.questions.filter((q) => {
      const verdict = verdictAt(q, state.day);
      if (state.only === 'disputes' && !(verdict === 0 || verdict === 1 || verdict === WORDS)) return false;
      if (state.only === 'differ' && !(verdict >= 0 && (verdict <= 4 || verdict === WORDS))) return false;
      return !find || `${q.s} ${q.p}`.toLowerCase().includes(find);
    });
  };

  // Beside its answer it denies, accepts or declines something.
  const takes = (change) => data.states[change[2]] === 'claims' && change[7].length > 0;
  const letterOf = (verdict) => make('span', { class: 'letter', 'aria-hidden': 'true' }, data.verdicts[verdict][1]);

  const cellOf = (question, source) => {
    const changes = question.c.find((c) => c[0] === source);
    const place = changes ? at(changes[1], state.day) : -1;
    const change = place < 0 ? null : changes[1][place];
    if (!change || change[1] < 0) {
      return make('td', { class: 'none' }, make('span', { 'aria-hidden': 'true' }, '·'), make('span', { class: 'hidden' }, 'nothing recorded'));
    }
    const isOpen = state.open && state.open.question === question && state.open.source === source;
    const button = make('button', {
      type: 'button', class: `v${change[1]}`, 'aria-expanded': String(Boolean(isOpen)), 'aria-controls': 'detail',
      'data-question': String(data.questions.indexOf(question)), 'data-source': String(source),
    }, letterOf(change[1]), said(change[3] + (change[5] & 1 ? ' (?)' : '') + (takes(change) ? ' ⚑' : ''), 'span', { class: 'words' }),
    make('span', { class: 'hidden' }, `, ${[data.sources[source], ...change[7], word(change[1])].join(', ')}. Show the entries`));
    return make('td', {}, button);
  };

  const fill = () => {
    const questions = chosen();
    const pages = Math.max(1, Math.ceil(questions.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    const shown = questions.slice(state.page * PAGE, (state.page + 1) * PAGE);
    const columns = [...new Set(shown.flatMap((q) => q.c.map((c) => c[0])))].sort((a, b) => a - b);
    const head = make('tr', {}, make('th', { scope: 'col' }, 'question'), make('th', { scope: 'col' }, 'verdict'),
      ...columns.map((c) => said(data.sources[c], 'th', { scope: 'col' })));
    document.querySelector('#matrix thead').replaceChildren(head);
    // A body for each subject: its heading is that of a group of rows.
    const bodies = [];
    let subject = null;
    for (const question of shown) {
      if (question.s !== subject) {
        subject = question.s;
        bodies.push(make('tbody', {}, make('tr', { class: 'subject' }, said(subject, 'th', { scope: 'rowgroup', colspan: String(columns.length + 2) }))));
      }
      const verdict = verdictAt(question, state.day);
      const isOpen = state.open && state.open.question === question && state.open.source === null;
      const opener = make('button', {
        type: 'button', 'aria-expanded': String(Boolean(isOpen)), 'aria-controls': 'detail',
        'data-question': String(data.questions.indexOf(question)),
      }, said(question.p, 'span', { class: 'words' }));
      bodies[bodies.length - 1].append(make('tr', {}, make('th', { scope: 'row', class: 'question' }, opener),
        verdict < 0 ? make('td', { class: 'none' }, make('span', { 'aria-hidden': 'true' }, '·'), make('span', { class: 'hidden' }, word(verdict)))
          : make('td', { class: 'verdict' }, make('span', { class: `swatch v${verdict}`, 'aria-hidden': 'true' }, data.verdicts[verdict][1]), word(verdict)),
        ...columns.map((c) => cellOf(question, c))));
    }
    document.querySelectorAll('#matrix tbody').forEach((body) => body.remove());
    byId('matrix').append(...(bodies.length ? bodies : [make('tbody', {})]));
    byId('pages').textContent = `${questions.length ? state.page * PAGE + 1 : 0}–${state.page * PAGE + shown.length} of ${questions.length}`;
    byId('printed').textContent = printed(questions.length, shown.length);
    byId('back').disabled = state.page === 0;
    byId('next').disabled = state.page >= pages - 1;
    const counts = new Map();
    for (const question of data.questions) {
      const verdict = verdictAt(question, state.day);
      counts.set(verdict, (counts.get(verdict) || 0) + 1);
    }
    const told = [...counts].sort((a, b) => (a[0] < 0) - (b[0] < 0) || a[0] - b[0]).map(([v, n]) => `${word(v)}: ${n}`);
    byId('status').textContent = `As of ${iso(state.day)}, questions by verdict: ${told.join(', ')}.`;
    byId('date').textContent = iso(state.day);
    const slider = byId('slider');
    slider.value = String(state.day);
    slider.setAttribute('aria-valuetext', iso(state.day));
    byId('earlier').disabled = neighbour(-1) === null;
    byId('later').disabled = neighbour(1) === null;
  };

  // What paper does not show: the choices made above the table, and the questions on other pages of it.
  const printed = (all, shown) => {
    const only = byId('only').selectedOptions[0].textContent;
    const chosen = [state.only === 'all' ? '' : `Only ${only}.`, state.find.trim() ? `Only questions with “${state.find.trim()}” in their names.` : ''];
    const some = shown < all ? `These are the questions ${state.page * PAGE + 1} to ${state.page * PAGE + shown} of ${all}; the others stand on other pages of the screen.` : '';
    const whole = all < data.questions.length ? `${data.questions.length} questions in all.` : '';
    return [...chosen, some, whole].filter(Boolean).join(' ');
  };

  // The nearest day before or after on which a chosen question changes.
  const days = [...new Set(data.questions.flatMap((q) => q.v.map((v) => v[0]).concat(...q.c.map((c) => c[1].map((k) => k[0])))))].sort((a, b) => a - b);
  const neighbour = (way) => {
    const place = at(days.map((d) => [d]), state.day);
    const before = days[place] === state.day ? place - 1 : place;
    const day = way < 0 ? days[before] : days[place + 1];
    return day === undefined ? null : day;
  };

  const link = (address, label) => {
    // An address is somebody's words too: only the web's own kinds become links.
    if (!/^https?:\/\//i.test(address)) return said(address);
    return make('a', { href: address, rel: 'noreferrer noopener', target: '_blank', dir: 'ltr' }, label || address);
  };

  const eventOf = (event) => {
    const facts = make('dl', {}, ...(event.facts || []).flatMap(([name, text]) => [make('dt', {}, name), said(text, 'dd')]));
    const parts = [said(event.says, 'div', { class: 'says' })];
    if (event.quote) parts.push(said(event.quote, 'blockquote'));
    if (event.facts) parts.push(facts);
    for (const cite of event.cites || []) {
      const where = make('div', {}, 'read at ', cite.url ? link(cite.url) : '', cite.archived ? ' · ' : '', cite.archived ? link(cite.archived, 'archived copy') : '');
      if (cite.url || cite.archived) parts.push(where);
      if (cite.blake3) parts.push(make('div', {}, `captured file, BLAKE3 ${cite.blake3}`));
      if (cite.exact) parts.push(make('blockquote', { dir: 'auto' }, cite.exact[0], make('mark', {}, cite.exact[1]), cite.exact[2]));
    }
    if (event.now) parts.push(make('div', {}, 'It now reads:'), ...eventOf(event.now));
    return parts;
  };

  const articleOf = (index) => {
    const found = entry(index);
    if (!found) return make('article', {}, `#${index}`);
    const by = found.recorder ? ` by ${found.recorder}` : '';
    const clock = found.imported_clock ? ' (another system\'s clock)' : '';
    const recorded = said(`#${index}, recorded ${found.recorded}${by}${clock}`, 'div');
    const parts = found.event ? eventOf(found.event) : ['The body of this entry was erased.'];
    return make('article', { 'data-entry': String(index) }, ...parts, recorded);
  };

  const drawn = (tag, attributes, text) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // Each source has a colour, and after a round of colours another sign: 72 are told apart. They are those of the other charts.
  const COLOURS = 12;
  const SIGNS = [
    'M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z', 'M-3.5 -3.5H3.5V3.5H-3.5Z', 'M0 -5L5 0L0 5L-5 0Z', 'M0 -5L5 3.6H-5Z', 'M0 5L5 -3.6H-5Z',
    'M-5 0L-2.4 -4H2.4L5 0L2.4 4H-2.4Z',
  ];
  const colourOf = (source) => (data.sources[source] === 'unattributed' ? 'var(--soft)' : `var(--s${source % COLOURS})`);
  const signOf = (source, x, y) => drawn('path', {
    class: 'sign', d: SIGNS[(source + Math.floor(source / COLOURS)) % SIGNS.length], transform: `translate(${x} ${y})`, fill: colourOf(source),
  });

  // What a bar says. A stance is no second time of the words before it.
  const barOf = (change, before) => {
    const took = change[7].join('; ');
    if (!took) return change[3];
    if (data.states[change[2]] !== 'claims') return `⚑ ${took}`;
    return before && before[3] === change[3] ? `⚑ ${took} (before: ${change[3]})` : `${change[3]}; ⚑ ${took}`;
  };

  // One question over time: steps and bands of numbers, bars of words, a line at the date.
  const chartOf = (question) => {
    const W = 448;
    const left = 50;
    const right = 438;
    const first = Math.min(...question.v.map((v) => v[0]));
    const end = Math.max(data.last, first + 1) + Math.max(1, (data.last - first) * 0.02);
    const x = (day) => left + ((Math.min(Math.max(day, first), end) - first) / (end - first)) * (right - left);
    const pieces = question.c.map(([source, changes]) => ({
      source, colour: colourOf(source),
      parts: changes.map((change, k) => ({ from: x(change[0]), to: k + 1 < changes.length ? x(changes[k + 1][0]) : right, change })),
    }));
    const numbers = pieces.flatMap((p) => p.parts.flatMap((part) => part.change[4].flatMap(([a, b]) => [a, b]))).filter((n) => n !== null);
    const svg = drawn('svg', { role: 'img', 'font-size': 11, fill: 'none' });
    svg.append(drawn('title', {}, `${question.p} over time`));
    let y = 10;
    if (numbers.length) {
      let low = Math.min(...numbers);
      const high = Math.max(...numbers);
      const spread = high > low ? high - low : Math.max(Math.abs(high), 1) * 0.5;
      low = low >= 0 && (low <= high * 0.5 || low - spread * 0.1 < 0) ? 0 : low - spread * 0.1;
      const top = high + spread * 0.12;
      const H = 170;
      const place = (n) => y + H - ((n - low) / (top - low)) * H;
      const ticks = tickOf(low, top);
      for (const tick of ticks) {
        svg.append(drawn('line', { x1: left, x2: right, y1: place(tick), y2: place(tick), stroke: 'var(--rule)' }));
        svg.append(drawn('text', { x: left - 6, y: place(tick) + 4, 'text-anchor': 'end', fill: 'var(--soft)' }, tick.toLocaleString('en').replace(/,/g, '\u00a0')));
      }
      for (const { source, colour, parts } of pieces) {
        let d = '';
        let before = null;
        const signs = [];
        for (const { from, to, change } of parts) {
          for (const [a, b, about] of change[4]) {
            const line = place(a === null ? b : a);
            if (a !== null && b !== null && a !== b) {
              svg.append(drawn('rect', { x: from, y: place(b), width: Math.max(to - from, 0.5), height: place(a) - place(b), fill: colour, 'fill-opacity': 0.18 }));
              d += `M${from} ${place(b)}H${to}`;
            } else if (a === null || b === null) {
              const reach = b === null ? -22 : 22;
              svg.append(drawn('rect', { x: from, y: Math.min(line, line + reach), width: Math.max(to - from, 0.5), height: 22, fill: colour, 'fill-opacity': 0.1 }));
            }
            if (change[4].length === 1 && before !== null && before.to === from) d += `M${from} ${before.y}V${line}`;
            if (about) svg.append(drawn('path', { d: `M${from} ${line}H${to}`, stroke: colour, 'stroke-width': 2, 'stroke-dasharray': '6 4' }));
            else d += `M${from} ${line}H${to}`;
            // Where changes are near one another there is room for a sign now and then.
            if (!signs.length || from - signs[signs.length - 1][0] > 24) signs.push([from, line]);
            before = { to, y: line };
          }
          if (!change[4].length) before = null;
        }
        svg.append(drawn('path', { d, stroke: colour, 'stroke-width': 2 }), ...signs.map(([from, line]) => signOf(source, from, line)));
      }
      y += H + 6;
    }
    for (const { source, colour, parts } of pieces) {
      const lasts = parts.length && parts[parts.length - 1];
      const words = parts.filter(({ change }) => change[1] >= 0 && !change[4].length);
      const name = drawn('text', { x: left + 12, y: y + 12, fill: colour, 'font-weight': 600 }, data.sources[source]
        + (lasts && lasts.change[4].length ? `: ${[lasts.change[3], ...lasts.change[7].map((took) => `⚑ ${took}`)].join('; ')} in the end` : ''));
      svg.append(signOf(source, left + 4, y + 8), name);
      y += 17;
      if (!words.length) continue;
      let before = null;
      for (const { from, to, change } of words) {
        const bar = drawn('rect', { x: from, y, width: Math.max(to - from - 1, 1), height: 17, rx: 2, stroke: colour, fill: colour, 'fill-opacity': 0.12 });
        const whole = barOf(change, before);
        before = change;
        bar.append(drawn('title', {}, `${iso(change[0])}: ${whole}`));
        svg.append(bar);
        const room = Math.floor((to - from - 8) / 6.4);
        const text = [...whole];
        if (room > 1) svg.append(drawn('text', { x: from + 4, y: y + 12.5, fill: 'var(--ink)' }, text.length > room ? `${text.slice(0, room - 1).join('')}…` : whole));
      }
      y += 21;
    }
    svg.append(drawn('line', { x1: left, x2: right, y1: y + 3, y2: y + 3, stroke: 'var(--soft)' }));
    svg.append(drawn('text', { x: left, y: y + 17, fill: 'var(--soft)' }, iso(first)));
    svg.append(drawn('text', { x: right, y: y + 17, 'text-anchor': 'end', fill: 'var(--soft)' }, iso(data.last)));
    const now = x(state.day);
    svg.append(drawn('line', { x1: now, x2: now, y1: 4, y2: y + 3, stroke: 'var(--ink)', 'stroke-dasharray': '2 3' }));
    if (now > left + 100 && now < right - 100) svg.append(drawn('text', { x: now, y: y + 17, 'text-anchor': 'middle', fill: 'var(--ink)' }, iso(state.day)));
    svg.setAttribute('viewBox', `0 0 ${W} ${y + 24}`);
    return svg;
  };

  const tickOf = (low, high) => {
    const rough = (high - low) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
    const ticks = [];
    for (let n = Math.ceil(low / step); n * step <= high && ticks.length < 12; n += 1) ticks.push(Number((n * step).toPrecision(12)));
    return ticks;
  };

  // What a source says at the date, as a heading has it.
  const answerOf = (question, source) => {
    const changes = question.c.find((c) => c[0] === source);
    const k = changes ? at(changes[1], state.day) : -1;
    return k < 0 || changes[1][k][1] < 0 ? '' : changes[1][k][3];
  };
  const short = (text) => ([...text].length > 40 ? `${[...text].slice(0, 39).join('')}…` : text);

  // Why the verdict is what it is: the pairs of the source that was opened first, the others when they are asked for.
  const reasonsOf = (question, [reasons, untold], source) => {
    const named = (s) => `${data.sources[s]} (${short(answerOf(question, s))})`;
    const own = [];
    const others = [];
    for (const [decides, isStance, why, pairs] of reasons) {
      for (const [a, b] of pairs) {
        const mine = source === a || source === b;
        const line = isStance ? `${data.sources[a]} ${why} ${data.sources[b]}`
          : mine ? `with ${named(source === a ? b : a)}: ${why}` : `${named(a)} and ${named(b)}: ${why}`;
        if (mine) own.push(line);
        else if (decides) others.push(line);
      }
    }
    const list = (lines) => make('ul', {}, ...lines.map((line) => said(line, 'li')));
    const first = source === null ? others.splice(0, 6) : own;
    const left = untold ? ` (${untold} more are not in this page)` : '';
    const rest = others.length ? make('details', {}, make('summary', {}, `${others.length} other pairs${left}`), list(others)) : null;
    return [first.length ? list(first) : null, rest].filter(Boolean);
  };

  const detail = () => {
    const { question, source } = state.open;
    const title = source === null ? question.p : `${data.sources[source]}: ${question.p}`;
    byId('detail-title').textContent = title;
    const place = at(question.v, state.day);
    const parts = [said(question.s, 'div'), make('div', {}, `As of ${iso(state.day)}: ${word(verdictAt(question, state.day))}`)];
    if (place >= 0) parts.push(...reasonsOf(question, question.v[place][2], source));
    parts.push(chartOf(question));
    for (const [which, changes] of question.c) {
      if (source !== null && which !== source) continue;
      const k = at(changes, state.day);
      const change = k < 0 ? null : changes[k];
      if (!change || change[1] < 0) {
        if (source !== null) parts.push(make('p', {}, 'Nothing of this source is recorded for this date.'));
        continue;
      }
      const took = change[7].length ? make('span', { class: 'took' }, ` · ⚑ ${change[7].join('; ')}`) : null;
      parts.push(make('h3', { dir: 'auto' }, `${data.sources[which]}: ${change[3]}`, took));
      const remarks = [];
      if (change[5] & 1) remarks.push('the date is uncertain');
      if (change[5] & 2) remarks.push('order within the day unknown');
      if (remarks.length) parts.push(make('ul', {}, ...remarks.map((remark) => said(remark, 'li'))));
      const list = entriesOf(changes, k);
      const some = list.slice(-60);
      if (some.length < list.length) parts.push(make('p', {}, `${list.length} entries; the last ${some.length}:`));
      for (const index of some) {
        parts.push(articleOf(index));
        parts.push(...notesOn(index).map(articleOf));
      }
    }
    byId('detail-body').replaceChildren(...parts);
  };

  const open = (question, source) => {
    state.open = { question, source };
    document.querySelector('main').classList.add('open');
    byId('detail').hidden = false;
    detail();
    fill();
    byId('detail-title').focus();
  };
  const close = () => {
    if (!state.open) return;
    const { question, source } = state.open;
    state.open = null;
    document.querySelector('main').classList.remove('open');
    byId('detail').hidden = true;
    fill();
    const which = source === null ? ':not([data-source])' : `[data-source="${source}"]`;
    const opener = document.querySelector(`button[data-question="${data.questions.indexOf(question)}"]${which}`);
    if (opener) opener.focus();
  };
  const go = (day) => {
    state.day = day;
    fill();
    if (state.open) detail();
  };

  byId('title').textContent = data.title;
  byId('lines').replaceChildren(...data.lines.map((line) => said(line, 'p')));
  byId('audit').textContent = data.audit.join(' ');
  byId('audit').className = data.sound ? '' : 'unsound';
  byId('first').textContent = iso(data.first);
  byId('last').textContent = iso(data.last);
  byId('key').replaceChildren(...data.verdicts.map(([name, letter], v) => make('span', { class: 'item' },
    make('span', { class: `swatch v${v}`, 'aria-hidden': 'true' }, letter), name.replace(/-/g, ' '))));
  const slider = byId('slider');
  slider.min = String(data.first);
  slider.max = String(data.last);
  slider.addEventListener('input', () => go(Number(slider.value)));
  byId('earlier').addEventListener('click', () => { const day = neighbour(-1); if (day !== null) go(day); });
  byId('later').addEventListener('click', () => { const day = neighbour(1); if (day !== null) go(day); });
  byId('find').addEventListener('input', () => { state.find = byId('find').value; state.page = 0; fill(); });
  byId('only').addEventListener('change', () => { state.only = byId('only').value; state.page = 0; fill(); });
  byId('back').addEventListener('click', () => { state.page -= 1; fill(); });
  byId('next').addEventListener('click', () => { state.page += 1; fill(); });
  byId('close').addEventListener('click', close);
  byId('matrix').addEventListener('click', (event) => {
    const button = event.target.closest('button[data-question]');
    if (!button) return;
    const source = button.dataset.source === undefined ? null : Number(button.dataset.source);
    open(data.questions[Number(button.dataset.question)], source);
  });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') close(); });
  document.addEventListener('DOMContentLoaded', () => { if (state.open) detail(); });
  fill();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
})();
