/* What is typed is kept on this device until it has really been sent: data-draft-key="…" on a form.
   A page that comes back with errors holds the values itself; a sign-in page in between loses nothing. */
(function () {
  'use strict';
  var portal = window.portal, all = portal.all, words = portal.words, WHO = document.body ? (document.body.getAttribute('data-who') || '') + ':' : ':', KEY = 'portal-draft:' + WHO, SENT = 'portal-sent:' + WHO;
  function read(key) { try { return localStorage.getItem(key); } catch (error) { return null; } }
  function write(key, value) { try { if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value); } catch (error) { /* a full or closed store: typing goes on */ } }
  function keys(prefix) { var found = []; try { for (var i = 0; i < localStorage.length; i += 1) if (localStorage.key(i).indexOf(prefix) === 0) found.push(localStorage.key(i)); } catch (error) { /* closed store */ } return found; }
  function fields(form) { return Array.prototype.filter.call(form.elements, function (one) { return one.name && one.name !== 'csrf_token' && !/^(file|password|submit|button)$/.test(one.type) && !(one.type === 'hidden' && !one.hasAttribute('data-draft')); }); }
  function values(form) { return fields(form).map(function (one) { return [one.name, one.type === 'checkbox' || one.type === 'radio' ? [one.value, one.checked] : one.value]; }); }
  function said(form, text, forget) {
    var place = document.querySelector('[data-draft-said]'), box = place || document.createElement('p');
    if (!place) { box.className = 'draft-said'; box.setAttribute('data-draft-said', ''); box.setAttribute('aria-live', 'polite'); form.insertBefore(box, form.firstChild); }
    box.textContent = text;
    if (forget) { var link = document.createElement('a'); link.href = location.href; link.textContent = ' ' + words.forget; link.addEventListener('click', function (event) { event.preventDefault(); write(KEY + form.getAttribute('data-draft-key'), null); form.setAttribute('data-draft-off', ''); location.reload(); }); box.appendChild(link); }
  }
  function clock() { var now = new Date(); return ('0' + now.getHours()).slice(-2) + ':' + ('0' + now.getMinutes()).slice(-2); }
  function keep(form) {
    if (form.hasAttribute('data-draft-off')) return;
    write(KEY + form.getAttribute('data-draft-key'), JSON.stringify({ at: Date.now(), values: values(form) }));
    said(form, words.saved.replace('{time}', clock()), false);
  }
  function restore(form, kept) {
    restoring = true; setTimeout(function () { restoring = false; }, 1500);
    var box = portal.lines.boxOf(form.querySelector('[data-rows]') || form), wanted = kept.values, guard = 0;
    function there(name) { return fields(form).some(function (one) { return one.name === name; }); }
    wanted.forEach(function (pair) { while (/-\d+-/.test(pair[0]) && !there(pair[0]) && guard < 300) { guard += 1; if (!portal.lines.add(box, false)) guard = 300; } });
    var left = fields(form).slice();
    wanted.forEach(function (pair) {
      var at = left.findIndex(function (one) { return one.name === pair[0] && (!Array.isArray(pair[1]) || one.value === pair[1][0]); }); if (at < 0) return;
      var one = left.splice(at, 1)[0]; if (Array.isArray(pair[1])) one.checked = pair[1][1]; else one.value = pair[1];
      one.dispatchEvent(new Event('change', { bubbles: true }));
    });
    all('[role=combobox]', form).forEach(function (one) { if (one.value.trim()) portal.lines.resolve(one); });
    portal.lines.totals(form); said(form, words.restored, true);
  }
  var timer, restoring = false;
  function changed(event) {
    if (restoring) return;
    var form = event.target.form || (event.target.closest && event.target.closest('form')); if (!form || !form.hasAttribute('data-draft-key') || !event.isTrusted && event.type !== 'lines:changed') return;
    clearTimeout(timer); timer = setTimeout(function () { keep(form); }, 400);
  }
  ['input', 'change', 'lines:changed'].forEach(function (kind) { document.addEventListener(kind, changed); });
  document.addEventListener('combo:chosen', function (event) { var form = event.target.form; if (!restoring && form && form.hasAttribute('data-draft-key')) keep(form); });
  document.addEventListener('submit', function (event) {
    var form = event.target; if (event.defaultPrevented || !form.hasAttribute('data-draft-key')) return;
    clearTimeout(timer); keep(form); write(SENT + form.getAttribute('data-draft-key'), '1');
  });
  document.addEventListener('DOMContentLoaded', function () {
    var inside = !!document.querySelector('.shell, .phone'), forms = all('form[data-draft-key]'), how = (performance.getEntriesByType('navigation')[0] || {}).type;
    if (!inside) keys('portal-sent:').forEach(function (name) { write(name, null); }); /* a sign-in or error page: it was not taken */
    keys(SENT).forEach(function (name) {
      var key = name.slice(SENT.length), form = forms.filter(function (one) { return one.getAttribute('data-draft-key') === key; })[0];
      var failed = document.querySelector('.main > .note-bad') || (form && (document.querySelector('body[data-answered], [data-errors], .is-invalid') || how === 'reload' || how === 'back_forward'));
      write(name, null); if (!failed) write(KEY + key, null);
    });
    forms.forEach(function (form) {
      var kept = read(KEY + form.getAttribute('data-draft-key')); if (!kept || document.querySelector('body[data-answered], [data-errors]') || form.hasAttribute('data-draft-server')) return;
      try { kept = JSON.parse(kept); } catch (error) { return; }
      if (JSON.stringify(kept.values) !== JSON.stringify(values(form))) restore(form, kept);
    });
  });
})();
