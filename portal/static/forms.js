/* Forms with lines: typeahead, rows, pasting from Excel, running totals in fen, drafts that are never lost. */
(function () {
  'use strict';
  var portal = window.portal, all = portal.all, words = portal.words;
  function make(tag, look, text) { var element = document.createElement(tag); if (look) element.className = look; if (text) element.textContent = text; return element; }

  /* typeahead (combo): what stands in the input is what is posted */
  var later = new WeakMap();
  function parts(input) { var box = input.closest('[data-combo]'); return { box: box, list: box.querySelector('[role=listbox]'), said: box.querySelector('[data-combo-said]'), kind: box.getAttribute('data-combo-kind') }; }
  function ask(input, q) {
    var box = parts(input).box, address = new URL(box.getAttribute('data-combo'), location.href), before = later.get(input) || {};
    if (before.stop) before.stop.abort();
    before.stop = new AbortController(); later.set(input, before);
    address.searchParams.set('q', q);
    return fetch(address, { headers: { Accept: 'application/json' }, credentials: 'same-origin', signal: before.stop.signal }).then(function (answer) { if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); });
  }
  function marked(into, text, q) {
    var at = q ? text.toLowerCase().indexOf(q.toLowerCase()) : -1;
    if (at < 0) { into.appendChild(document.createTextNode(text)); return into; }
    into.appendChild(document.createTextNode(text.slice(0, at))); into.appendChild(make('mark', '', text.slice(at, at + q.length))); into.appendChild(document.createTextNode(text.slice(at + q.length)));
    return into;
  }
  function show(input, answer, q) {
    var p = parts(input), items = answer.items || [], rich = items.some(function (item) { return item.price; });
    p.list.textContent = ''; p.list.classList.toggle('short', !rich); p.list.items = items;
    items.forEach(function (item, index) {
      var row = make('div', 'o' + (item.blocked ? ' blocked' : '')), name = make('span'), number = make('span', 'code ' + (item.blocked ? 'dim' : 'b'));
      row.setAttribute('role', 'option'); row.id = p.list.id + '-' + index; row.setAttribute('aria-selected', 'false');
      if (item.blocked && !item.use) row.setAttribute('aria-disabled', 'true');
      row.appendChild(marked(number, item.number || item.value, q));
      name.appendChild(marked(make('span', item.blocked ? 'ink2' : 'b'), item.name || '', q));
      if (item.spec) { name.appendChild(document.createTextNode(' ')); name.appendChild(make('span', 'ink2', item.spec)); }
      if (item.sub) name.appendChild(make('span', 'tiny as-block ' + (item.blocked ? 'warn' : 'dim'), item.sub));
      row.appendChild(name);
      if (rich) row.appendChild(make('span', 'num yen', item.price ? portal.yuan(portal.fen(item.price)) : ''));
      row.appendChild(item.use ? make('span', 'num small b accent', words.use.replace('{number}', item.use)) : make('span', 'num small ' + (item.tone || 'dim'), item.note || ''));
      row.addEventListener('mousedown', function (event) { event.preventDefault(); take(input, item); });
      p.list.appendChild(row);
    });
    if (!items.length) p.list.appendChild(make('div', 'none', words.none));
    var foot = make('div', 'f'), hint = make('span');
    foot.setAttribute('role', 'presentation');
    ['↑', '↓'].forEach(function (key) { hint.appendChild(make('kbd', '', key)); hint.appendChild(document.createTextNode(' ')); }); hint.appendChild(document.createTextNode(words.keys + '　')); hint.appendChild(make('kbd', '', 'Enter')); hint.appendChild(document.createTextNode(' ' + words.enter));
    foot.appendChild(hint); if (answer.more) foot.appendChild(make('span', '', words.more.replace('{count}', answer.more)));
    if (items.length) p.list.appendChild(foot);
    p.list.hidden = false; input.setAttribute('aria-expanded', 'true'); move(input, items.length ? 0 : -1);
  }
  function move(input, to) {
    var p = parts(input), rows = all('[role=option]', p.list);
    rows.forEach(function (row, index) { row.classList.toggle('on', index === to); row.setAttribute('aria-selected', String(index === to)); });
    p.list.at = to;
    if (rows[to]) { input.setAttribute('aria-activedescendant', rows[to].id); rows[to].scrollIntoView({ block: 'nearest' }); } else input.removeAttribute('aria-activedescendant');
  }
  function close(input) { var p = parts(input); p.list.hidden = true; input.setAttribute('aria-expanded', 'false'); input.removeAttribute('aria-activedescendant'); var l = later.get(input); if (l) { clearTimeout(l.timer); if (l.stop) l.stop.abort(); l.enter = false; } }
  function take(input, item) {
    if (item.blocked && !item.use) return;
    close(input);
    if (item.use) { input.value = item.use; resolve(input); return; }
    input.value = item.value; fill(input, item);
    input.dispatchEvent(new Event('change', { bubbles: true }));
    var row = input.closest('[data-line]'), quantity = row && row.querySelector('[data-quantity]');
    if (quantity && document.activeElement === input) { quantity.focus(); quantity.select(); }
  }
  function fill(input, item) {
    var p = parts(input), row = input.closest('[data-line]') || p.box.parentElement, quantity = row.querySelector('[data-quantity]');
    p.said.textContent = [item.name, item.spec, item.sub].filter(Boolean).join(' '); input.removeAttribute('aria-invalid'); input.classList.remove('is-invalid');
    all('[data-fill]', row).forEach(function (target) { var value = item[target.getAttribute('data-fill')]; if (value === undefined) return; if ('value' in target && target.tagName !== 'LI' && target.tagName !== 'BUTTON') target.value = value; else target.textContent = target.getAttribute('data-fill') === 'price' ? portal.yuan(portal.fen(value)) : value; });
    if (quantity && item.price) { quantity.setAttribute('data-price', item.price); if (!quantity.value) quantity.value = '1'; }
    input.dispatchEvent(new CustomEvent('combo:chosen', { bubbles: true, detail: item })); totals(input);
  }
  function resolve(input) { /* what was typed, pasted or scanned in one go: take the exact match without opening the list */
    var q = input.value.trim(); if (!q) return;
    ask(input, q).then(function (answer) {
      var same = (answer.items || []).filter(function (item) { return String(item.value).toLowerCase() === q.toLowerCase(); })[0];
      if (same && same.use && same.use !== same.value) { input.value = same.use; resolve(input); }
      else if (same) { input.value = same.value; fill(input, same); }
      else { parts(input).said.textContent = words.none; input.setAttribute('aria-invalid', 'true'); input.classList.add('is-invalid'); }
    }).catch(function () {});
  }
  document.addEventListener('input', function (event) {
    var input = event.target; if (!input.matches || !input.matches('[data-combo] [role=combobox]')) return;
    var l = later.get(input) || {}, q = input.value.trim(); later.set(input, l); clearTimeout(l.timer); l.enter = false;
    if (!q) { close(input); parts(input).said.textContent = ''; return; }
    l.busy = true;
    l.timer = setTimeout(function () {
      ask(input, q).then(function (answer) {
        l.busy = false; if (input.value.trim() !== q) return;
        var same = (answer.items || []).filter(function (item) { return String(item.value).toLowerCase() === q.toLowerCase(); })[0];
        if (l.enter && (same || answer.items.length === 1)) { take(input, same || answer.items[0]); return; }
        if (document.activeElement === input) show(input, answer, q);
      }).catch(function (error) { l.busy = false; if (error.name !== 'AbortError') parts(input).said.textContent = words.offline; });
    }, 160);
  });
  document.addEventListener('keydown', function (event) {
    var input = event.target; if (!input.matches || !input.matches('[data-combo] [role=combobox]')) return;
    var p = parts(input), open = !p.list.hidden, count = all('[role=option]', p.list).length, l = later.get(input) || {};
    if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) { event.preventDefault(); if (count) move(input, (p.list.at + (event.key === 'ArrowDown' ? 1 : count - 1)) % count); }
    else if (!open && event.key === 'ArrowDown' && input.value.trim()) { event.preventDefault(); input.dispatchEvent(new Event('input', { bubbles: true })); }
    else if (event.key === 'Enter' && open && p.list.at >= 0) { event.preventDefault(); take(input, p.list.items[p.list.at]); }
    else if (event.key === 'Enter' && l.busy) { event.preventDefault(); l.enter = true; }
    else if (event.key === 'Enter' && input.closest('[data-line]')) event.preventDefault();
    else if (event.key === 'Escape' && open) { event.preventDefault(); close(input); }
    else if (event.key === 'Tab' && open) close(input);
  });
  document.addEventListener('focusout', function (event) { if (event.target.matches && event.target.matches('[data-combo] [role=combobox]')) close(event.target); });

  /* rows */
  function boxOf(element) { return element.closest('[data-lines-box]') || element.closest('form') || document; }
  function rowsIn(box) { return box.querySelector('[data-rows]'); }
  function add(box, focus) {
    var rows = rowsIn(box), pattern = box.querySelector('template[data-line-template]'); if (!rows || !pattern) return null;
    var used = all('[name]', rows).map(function (one) { var found = /-(\d+)-/.exec(one.name); return found ? Number(found[1]) : -1; }), next = Math.max.apply(null, used.concat([Number(rows.getAttribute('data-last') || -1)])) + 1;
    rows.setAttribute('data-last', next);
    var made = document.createElement('template'); made.innerHTML = pattern.innerHTML.split('__index__').join(String(next)).split('__number__').join(String(next + 1));
    var line = made.content.querySelector('[data-line]'); rows.appendChild(made.content);
    if (focus) { var first = line.querySelector('input:not([type=hidden]), select, textarea'); if (first) first.focus(); }
    if (window.htmx) window.htmx.process(line);
    line.dispatchEvent(new CustomEvent('lines:changed', { bubbles: true }));
    return line;
  }
  function remove(line) {
    var box = boxOf(line), rows = rowsIn(box), next = line.nextElementSibling;
    while (next && !next.matches('[data-line]') && next.classList.contains('chkrow')) { var gone = next; next = next.nextElementSibling; gone.remove(); }
    line.remove(); if (!all('[data-line]', rows).length) add(box, true);
    rows.dispatchEvent(new CustomEvent('lines:changed', { bubbles: true })); totals(rows);
  }
  document.addEventListener('click', function (event) {
    var adds = event.target.closest && event.target.closest('[data-add-line]'), removes = event.target.closest && event.target.closest('[data-remove-line]');
    if (adds) add(boxOf(adds), true);
    if (removes) remove(removes.closest('[data-line]'));
  });

  /* pasting from Excel: tabs and line breaks become fields and rows */
  function cells(text) {
    var rows = [[]], cell = '', quoted = false, at;
    for (at = 0; at < text.length; at += 1) {
      var c = text[at];
      if (quoted) { if (c === '"' && text[at + 1] === '"') { cell += '"'; at += 1; } else if (c === '"') quoted = false; else cell += c; }
      else if (c === '"' && cell === '') quoted = true;
      else if (c === '\t') { rows[rows.length - 1].push(cell); cell = ''; }
      else if (c === '\n' || c === '\r') { if (c === '\r' && text[at + 1] === '\n') at += 1; rows[rows.length - 1].push(cell); cell = ''; rows.push([]); }
      else cell += c;
    }
    rows[rows.length - 1].push(cell);
    return rows.map(function (row) { return row.map(function (one) { return one.trim(); }); }).filter(function (row) { return row.some(Boolean); });
  }
  function put(field, text) {
    if (field.tagName === 'SELECT') { var wish = text.toLowerCase(), option = all('option', field).filter(function (one) { return one.value.toLowerCase() === wish || one.textContent.trim().toLowerCase() === wish; })[0] || all('option', field).filter(function (one) { return wish && one.textContent.toLowerCase().indexOf(wish) >= 0; })[0]; if (option) field.value = option.value; }
    else if (field.matches('[data-quantity]')) field.value = portal.halfWidth(text).replace(/[^\d]/g, '');
    else field.value = text;
    field.dispatchEvent(new Event('change', { bubbles: true }));
    if (field.matches('[role=combobox]')) resolve(field);
  }
  function fieldOf(line, column) { return line.querySelector('[data-column="' + column + '"]') || line.querySelector('[name$="-' + column + '"]') || line.querySelector('[name="' + column + '"]'); }
  document.addEventListener('paste', function (event) {
    var table = event.target.closest && event.target.closest('[data-paste-lines]'), text = event.clipboardData && event.clipboardData.getData('text/plain');
    if (!table || !text || !/[\t\n\r]/.test(text.trim())) return;
    event.preventDefault();
    var box = boxOf(table), columns = table.getAttribute('data-paste-lines').split(','), rows = cells(text), counted = columns.indexOf('quantity');
    if (rows.length > 1 && counted >= 0 && rows[0][counted] && !/[\d０-９]/.test(rows[0][counted])) rows.shift(); /* a heading */
    var line = event.target.closest('[data-line]') || all('[data-line]', table)[0], filled = 0;
    rows.forEach(function (row) {
      if (!line) line = add(box, false);
      columns.forEach(function (column, index) { var field = line && fieldOf(line, column); if (field && row[index]) put(field, row[index]); });
      filled += 1; line = line && nextLine(line);
    });
    totals(table); portal.toast(words.pasted.replace('{count}', filled));
  });
  function nextLine(line) { var next = line.nextElementSibling; while (next && !next.matches('[data-line]')) next = next.nextElementSibling; return next; }

  /* running totals, in fen */
  function totals(from) {
    var box = boxOf(from), sum = 0, groups = {};
    all('[data-quantity]', box).forEach(function (input) {
      var line = input.closest('[data-line]') || input.parentElement, own = line.querySelector('[data-price-input]'), price = portal.fen(own ? own.value : input.getAttribute('data-price')), pieces = parseInt(portal.halfWidth(input.value), 10) || 0, amount = price * pieces, purpose = line.querySelector('[data-purpose]'), shown = line.querySelector('[data-line-total]');
      sum += amount; if (purpose) groups[purpose.value] = (groups[purpose.value] || 0) + amount;
      if (shown) shown.textContent = price ? portal.yuan(amount) : '—';
    });
    all('[data-total-goods]', box).forEach(function (target) { target.textContent = portal.yuan(sum); });
    all('[data-addend]', box).forEach(function (input) { sum += portal.fen(input.value); });
    all('[data-total]', box).forEach(function (target) { target.textContent = portal.yuan(sum); });
    all('[data-total-of]', box).forEach(function (target) { target.textContent = portal.yuan(groups[target.getAttribute('data-total-of')] || 0); });
    all('[data-total-after]', box).forEach(function (target) { var left = portal.fen(target.getAttribute('data-total-after')) - sum; target.textContent = portal.yuan(left); target.classList.toggle('bad', left < 0); });
  }
  document.addEventListener('input', function (event) { if (event.target.matches('[data-quantity], [data-price-input], [data-addend], [data-purpose]')) totals(event.target); });
  document.addEventListener('change', function (event) { if (event.target.matches('[data-quantity], [data-price-input], [data-addend], [data-purpose]')) totals(event.target); });
  portal.lines = { add: add, totals: totals, boxOf: boxOf, resolve: resolve };
  document.addEventListener('DOMContentLoaded', function () { all('[data-quantity]').forEach(function (one) { if (!one.closest('template')) totals(one); }); });
})();
