/* Photo forms (data-upload): shrunk here to 1600 px JPEG, sent at once, tried again when the network drops. */
(function () {
  'use strict';
  var portal = window.portal, words = portal.words, LONGEST = 1600, waiting = 0;
  function shrink(file) {
    return createImageBitmap(file, { imageOrientation: 'from-image' }).then(function (image) {
      var scale = Math.min(1, LONGEST / Math.max(image.width, image.height)), canvas = document.createElement('canvas');
      canvas.width = Math.max(1, Math.round(image.width * scale)); canvas.height = Math.max(1, Math.round(image.height * scale));
      canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
      return new Promise(function (done, failed) { canvas.toBlob(function (blob) { if (blob) done({ blob: blob, canvas: canvas }); else failed(new Error('no blob')); }, 'image/jpeg', 0.85); });
    });
  }
  function tell(slot, text, tone, icon) {
    var box = slot.querySelector('[data-upload-state]'), due = document.createElement('span'), inner = document.createElement('span'); if (!box) return;
    due.className = 'due ' + tone; inner.textContent = text; due.appendChild(portal.picture(icon)); due.appendChild(inner); box.textContent = ''; box.appendChild(due); box.setAttribute('role', 'status');
  }
  function preview(slot, canvas, label) {
    var box = slot.querySelector('[data-preview]'); if (!box) return;
    var small = document.createElement('canvas'), scale = 216 / canvas.width; small.width = 216; small.height = Math.round(canvas.height * scale);
    small.getContext('2d').drawImage(canvas, 0, 0, small.width, small.height); small.setAttribute('role', 'img'); small.setAttribute('aria-label', label); small.className = 'wide';
    box.textContent = ''; box.appendChild(small);
  }
  function again(form) { /* what is there may be taken anew, but asks for it no longer */
    var button = form.querySelector('label[data-again]'); if (!button) return;
    button.classList.remove('btn-primary');
    Array.prototype.forEach.call(button.childNodes, function (one) { if (one.nodeType === 3 && one.textContent.trim()) one.textContent = button.getAttribute('data-again'); });
  }
  function send(form, slot, blob, tries) {
    var body = new FormData(form), field = form.querySelector('input[type=file]');
    body.delete(field.name); body.append(field.name, blob, 'photo.jpg');
    tell(slot, words.sending, 'amber', 'cloud-upload');
    return fetch(form.action, { method: 'POST', body: body, credentials: 'same-origin', headers: { Accept: 'application/json', 'X-Requested-With': 'fetch' } }).then(function (answer) {
      if (answer.status >= 500 || answer.status === 429) throw new TypeError('try again');
      var elsewhere = answer.redirected && new URL(answer.url).pathname !== location.pathname;
      if (answer.ok && !elsewhere) { slot.classList.remove('miss'); slot.classList.add('done'); tell(slot, words.sent, 'ok', 'check'); again(form); field.value = ''; return true; }
      return answer.text().then(function (text) { var sentence = ''; try { var said = JSON.parse(text); sentence = said.error || said.detail || said.title || ''; } catch (error) { /* no JSON: the general sentence */ } tell(slot, sentence || words.failed, 'red', 'alert-circle'); return false; });
    }).catch(function () {
      tell(slot, words.waiting, 'amber', 'wifi-off');
      return new Promise(function (sent) {
        var timer = setTimeout(go, Math.min(30000, 2000 * Math.pow(2, tries)));
        function go() { clearTimeout(timer); window.removeEventListener('online', go); sent(send(form, slot, blob, tries + 1)); }
        window.addEventListener('online', go);
      });
    });
  }
  function refresh() { /* what else on the page depends on the photos (the steps): elements with an id and data-refresh */
    var parts = portal.all('[data-refresh][id]'); if (!parts.length) return;
    fetch(location.href, { credentials: 'same-origin' }).then(function (answer) { return answer.ok ? answer.text() : ''; }).then(function (text) {
      if (!text) return;
      var fresh = new DOMParser().parseFromString(text, 'text/html');
      parts.forEach(function (part) { var now = fresh.getElementById(part.id); if (now) part.replaceWith(document.importNode(now, true)); });
    }).catch(function () {});
  }
  document.addEventListener('change', function (event) {
    var input = event.target, form = input.form;
    if (!form || !form.hasAttribute('data-upload') || input.type !== 'file' || !input.files.length) return;
    var slot = form.closest('li, [data-slot]') || form, file = input.files[0]; waiting += 1;
    shrink(file).then(function (small) { preview(slot, small.canvas, input.getAttribute('aria-label') || ''); return small.blob; }, function () { return /^image\/(jpeg|png|webp|heic|heif)$/.test(file.type) || /\.hei[cf]$/i.test(file.name) ? file : null; }).then(function (blob) {
      if (!blob) { tell(slot, words.tooBig, 'red', 'alert-circle'); return false; }
      return send(form, slot, blob, 0);
    }).then(function (sent) { waiting -= 1; if (sent) { form.dispatchEvent(new CustomEvent('photo:sent', { bubbles: true })); refresh(); } });
  });
  window.addEventListener('beforeunload', function (event) { if (waiting > 0) event.preventDefault(); });
})();
