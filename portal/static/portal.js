/* What pages need beyond HTML: theme, menus, keys, dialogs, choosing rows, short lists. No framework.
   forms.js has typeahead, lines, totals and drafts; photos.js has uploads. Everything hangs on data attributes:
   portal/templates/components/README.md lists them. */
(function () {
  'use strict';
  var root = document.documentElement;
  var said = document.getElementById('portal-words');
  var words = said ? JSON.parse(said.textContent) : {};
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function typing(element) { return !!element && (/^(TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable || (element.tagName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(element.type))); }
  function seen(element) { return !!(element.offsetWidth || element.offsetHeight || element.getClientRects().length); }
  function picture(name) {
    var svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    svg.setAttribute('class', 'i'); svg.setAttribute('aria-hidden', 'true'); use.setAttribute('href', words.icons + '#i-' + name); svg.appendChild(use);
    return svg;
  }
  function halfWidth(text) { return String(text || '').replace(/[０-９]/g, function (wide) { return String.fromCharCode(wide.charCodeAt(0) - 65248); }); }
  function yuan(fen) { return (fen < 0 ? '-' : '') + '¥' + (Math.abs(fen) / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ','); }
  function fen(text) { var clean = halfWidth(text).replace(/[．]/g, '.').replace(/[^\d.\-]/g, ''); return clean === '' || isNaN(clean) ? 0 : Math.round(parseFloat(clean) * 100); }
  function toast(text, button, act) {
    var box = document.querySelector('.toasts'), one = document.createElement('div'), span = document.createElement('span');
    if (!box) return null;
    one.className = 'toast-p'; one.setAttribute('role', 'status'); one.appendChild(picture('check')); span.textContent = text; one.appendChild(span);
    if (button) { var link = document.createElement('a'); link.href = '#'; link.textContent = button; link.addEventListener('click', function (e) { e.preventDefault(); one.remove(); act(); }); one.appendChild(link); }
    box.appendChild(one); fade(one, button ? 15000 : 6000);
    return one;
  }
  function fade(one, after) { setTimeout(function () { if (one.matches(':hover') || one.contains(document.activeElement)) fade(one, 2000); else one.remove(); }, after); }
  window.portal = { words: words, all: all, typing: typing, seen: seen, picture: picture, yuan: yuan, fen: fen, halfWidth: halfWidth, toast: toast };

  /* clicks: theme, menus, drawer, toasts, copying, photos */
  document.addEventListener('click', function (event) {
    var at = event.target.closest ? event.target : event.target.parentElement, hit;
    if (at.closest('[data-theme-toggle]')) {
      var dark = root.getAttribute('data-bs-theme') === 'dark' ? 'light' : 'dark';
      root.setAttribute('data-bs-theme', dark);
      document.cookie = 'portal_theme=' + dark + '; path=/; max-age=31536000; samesite=lax' + (location.protocol === 'https:' ? '; secure' : '');
    }
    all('details[data-menu][open], .acts details.step-ask[open]').forEach(function (menu) { if (!menu.contains(at)) menu.open = false; });
    var side = document.querySelector('[data-side]');
    if (side && at.closest('[data-side-open]')) { event.preventDefault(); side.classList.add('open'); (side.querySelector('a.nav') || side).focus(); }
    else if (side && side.classList.contains('open') && (at.closest('[data-side-close]') || !side.contains(at))) { event.preventDefault(); side.classList.remove('open'); }
    if ((hit = at.closest('[data-toast-close]'))) hit.closest('.toast-p').remove();
    if ((hit = at.closest('[data-copy]')) && navigator.clipboard) navigator.clipboard.writeText(hit.getAttribute('data-copy')).then(function () { toast(words.copied); });
    if ((hit = at.closest('a[data-photo]')) && !event.ctrlKey && !event.metaKey) { event.preventDefault(); enlarge(hit); }
    if ((hit = at.closest('[aria-disabled=true]'))) event.preventDefault();
    if (at.closest('[data-opens]')) setTimeout(openTarget, 0);
  });
  function enlarge(link) {
    var box = document.createElement('dialog'), image = document.createElement('img');
    box.className = 'photo'; image.src = link.href; image.alt = (link.querySelector('img') || {}).alt || ''; box.appendChild(image);
    box.addEventListener('click', function () { box.close(); }); box.addEventListener('close', function () { box.remove(); link.focus(); });
    document.body.appendChild(box); box.showModal();
  }
  function openTarget() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === 'DETAILS') { target.open = true; var field = target.querySelector('textarea, input:not([type=hidden])'); if (field) field.focus(); }
  }
  window.addEventListener('hashchange', openTarget);
  document.addEventListener('toggle', function (event) {
    if (event.target.matches && event.target.matches('details.step-ask[open]')) { var field = event.target.querySelector('textarea'); if (field) field.focus(); }
  }, true);

  /* keys: "/" to the search box, Escape closes, data-key presses or focuses, lists move with j and k */
  document.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') {
      all('details[data-menu][open]').forEach(function (menu) { menu.open = false; menu.querySelector('summary').focus(); });
      var side = document.querySelector('[data-side].open'); if (side) side.classList.remove('open');
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(document.activeElement) || document.querySelector('dialog[open]')) return;
    if (event.key === '/') { var find = all('[data-search]').filter(seen)[0]; if (find) { event.preventDefault(); find.focus(); find.select(); } return; }
    var key = event.key.toLowerCase(), wanted = all('[data-key]').filter(function (one) { return one.getAttribute('data-key').toLowerCase() === key && (seen(one) || one.type === 'radio') && !one.disabled; })[0];
    if (wanted) {
      if (event.key === 'Enter' && /^(A|BUTTON|SUMMARY)$/.test(document.activeElement.tagName)) return;
      event.preventDefault();
      if (typing(wanted)) { wanted.focus(); if (wanted.select) wanted.select(); } else { wanted.click(); if (wanted.type === 'radio') wanted.focus(); }
      return;
    }
    var table = document.querySelector('[data-list-keys]');
    if (table && /^(j|k|x|enter)$/.test(key)) listKey(table, key, event);
  });
  function listKey(table, key, event) {
    var rows = all('tbody tr', table).filter(seen), here = rows.findIndex(function (row) { return row.classList.contains('at'); });
    if (key === 'j' || key === 'k') {
      var next = rows[Math.max(0, Math.min(rows.length - 1, here + (key === 'j' ? 1 : here < 0 ? 1 : -1)))];
      rows.forEach(function (row) { row.classList.toggle('at', row === next); });
      if (next) { event.preventDefault(); next.scrollIntoView({ block: 'nearest' }); }
    } else if (here >= 0 && key === 'x') { var box = rows[here].querySelector('[data-bulk-one]'); if (box) { event.preventDefault(); box.click(); } }
    else if (here >= 0 && key === 'enter' && document.activeElement === document.body) { var link = rows[here].querySelector('a[href]'); if (link) link.click(); }
  }

  /* forms: a question first, one press only */
  document.addEventListener('submit', function (event) {
    var form = event.target, by = event.submitter, question = (by && by.getAttribute('data-confirm')) || form.getAttribute('data-confirm');
    if (question && !form.hasAttribute('data-asked')) { event.preventDefault(); ask(question, by, function () { form.setAttribute('data-asked', ''); form.requestSubmit(by || undefined); }); return; }
    form.removeAttribute('data-asked');
    if ((form.getAttribute('method') || '').toLowerCase() !== 'post' || form.hasAttribute('data-upload') || event.defaultPrevented) return; /* htmx or a question took it */
    if (form.hasAttribute('data-sent')) { event.preventDefault(); return; }
    form.setAttribute('data-sent', '');
    setTimeout(function () { buttons(form).forEach(function (button) { button.classList.add('busy'); button.setAttribute('aria-busy', 'true'); }); }, 0);
    setTimeout(function () { free(form); }, 10000);
  });
  function buttons(form) { return Array.prototype.filter.call(form.elements, function (one) { return one.type === 'submit'; }); } /* those outside it too (form="…") */
  function free(form) { form.removeAttribute('data-sent'); form.removeAttribute('data-asked'); buttons(form).forEach(function (button) { button.classList.remove('busy'); button.removeAttribute('aria-busy'); }); }
  window.addEventListener('pageshow', function () { all('form[data-sent]').forEach(free); });
  function ask(question, by, yes) {
    var box = document.querySelector('dialog[data-ask]');
    if (!box || !box.showModal) { if (window.confirm(question)) yes(); return; }
    var agree = box.querySelector('[data-ask-yes]'), refuse = box.querySelector('[data-ask-no]');
    box.querySelector('[data-ask-words]').textContent = question;
    agree.textContent = (by && by.textContent.trim()) || agree.textContent;
    agree.className = 'btn ' + (by && by.classList.contains('btn-bad') ? 'btn-bad' : 'btn-primary');
    agree.onclick = function () { box.close(); yes(); }; refuse.onclick = function () { box.close(); };
    box.onclose = function () { if (by) by.focus(); };
    box.showModal(); refuse.focus();
  }
  document.addEventListener('change', function (event) {
    if (event.target.matches('[data-submit]') && event.target.form) event.target.form.requestSubmit();
    if (event.target.matches('[data-bulk-all], [data-bulk-one]')) choose(event.target);
  });
  document.addEventListener('input', function (event) { if (event.target.matches('[data-filter-rows]')) narrow(event.target); });
  document.addEventListener('submit', function (event) { /* empty filters stay out of the address */
    if (!event.target.matches('[data-filters]')) return;
    all('input, select', event.target).forEach(function (one) { if (!one.value) { one.disabled = true; setTimeout(function () { one.disabled = false; }, 0); } });
  });
  function narrow(input) {
    var table = document.querySelector(input.getAttribute('data-filter-rows')), wish = input.value.trim().toLowerCase();
    if (table) all('tbody tr', table).forEach(function (row) { row.hidden = wish !== '' && row.textContent.toLowerCase().indexOf(wish) < 0; });
  }

  /* choosing rows */
  function choose(box) {
    var form = box.closest('[data-bulk]') || document, ones = all('[data-bulk-one]', form);
    if (box.matches('[data-bulk-all]')) ones.forEach(function (one) { one.checked = box.checked; });
    counted(form);
  }
  function counted(form) {
    var ones = all('[data-bulk-one]', form), on = ones.filter(function (one) { return one.checked; }), bar = form.querySelector('[data-bulk-bar]'), every = form.querySelector('[data-bulk-all]');
    ones.forEach(function (one) { var row = one.closest('tr'); if (row) row.classList.toggle('sel', one.checked); });
    if (every) { every.checked = on.length > 0 && on.length === ones.length; every.indeterminate = on.length > 0 && on.length < ones.length; }
    if (!bar) return;
    bar.hidden = on.length === 0; bar.querySelector('[data-bulk-count]').textContent = on.length;
    var sum = on.reduce(function (total, one) { return total + fen(one.getAttribute('data-amount')); }, 0);
    bar.querySelector('[data-bulk-sum]').textContent = on.some(function (one) { return one.hasAttribute('data-amount'); }) ? yuan(sum) : '';
  }
  document.addEventListener('click', function (event) {
    var none = event.target.closest && event.target.closest('[data-bulk-none]');
    if (none) { var form = none.closest('[data-bulk]'); all('[data-bulk-one]', form).forEach(function (one) { one.checked = false; }); counted(form); }
  });

  /* files dropped on their field */
  ['dragover', 'dragleave', 'drop'].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var box = event.target.closest && event.target.closest('label[data-drop]'); if (!box) return;
      event.preventDefault(); box.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop' && event.dataTransfer.files.length) { var input = box.querySelector('input[type=file]'); input.files = event.dataTransfer.files; input.dispatchEvent(new Event('change', { bubbles: true })); }
    });
  });

  /* short lists to search in: tom-select, loaded only where one is */
  var loading;
  function load() {
    if (loading) return loading;
    var own = document.querySelector('[data-portal-css]');
    [words.pickCss, words.pickVendors].forEach(function (address) { var link = document.createElement('link'); link.rel = 'stylesheet'; link.href = address; own.parentNode.insertBefore(link, own); });
    loading = new Promise(function (done, failed) { var script = document.createElement('script'); script.src = words.pickJs; script.onload = done; script.onerror = failed; document.head.appendChild(script); });
    return loading;
  }
  function named(list) { var label = list.id && document.querySelector('label[for="' + CSS.escape(list.id) + '"]'); if (label && !list.hasAttribute('aria-label')) list.setAttribute('aria-label', label.textContent.trim()); return list; }
  function pick(within) {
    var lists = all('select[data-pick]', within).filter(function (one) { return !one.tomselect; });
    if (lists.length) load().then(function () { lists.forEach(function (one) { if (!one.tomselect) new window.TomSelect(named(one), { maxOptions: 300, sortField: [{ field: '$order' }], allowEmptyOption: true, plugins: one.multiple ? ['remove_button'] : [], render: { no_results: function () { var none = document.createElement('div'); none.className = 'no-results option'; none.textContent = words.none; return none; } } }); }); }, function () {});
  }

  function begin(within) {
    pick(within);
    all('form[method=post]', within).forEach(function (form) { form.noValidate = true; }); /* the server says it, in the reader's language and beside the field */
    all('[data-bulk]', within).forEach(counted);
    all('.side .nav.on', within).forEach(function (here) { here.scrollIntoView({ block: 'nearest' }); }); /* a long menu shows where one is */
    all('[data-scroll-current] .cur', within).forEach(function (current) { var list = current.closest('[data-scroll-current]'); list.scrollTop = current.offsetTop - list.offsetTop - 150; });
    all('[data-toast]', within).forEach(function (one) { if (!one.hasAttribute('data-fading')) { one.setAttribute('data-fading', ''); fade(one, 8000); } });
  }
  document.addEventListener('DOMContentLoaded', function () { begin(document); openTarget(); var wrong = document.querySelector('[data-errors]'); if (wrong) wrong.focus(); });
  document.addEventListener('htmx:after:swap', function (event) { begin(event.target instanceof Element ? event.target : document); });
})();
