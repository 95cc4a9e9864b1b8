// Leaf and Cup, release {{release}}
const basket = document.querySelector('.cart output');
for (const button of document.querySelectorAll('.shelf button')) {
  button.addEventListener('click', () => { basket.textContent = String(Number(basket.textContent) + 1); });
}
const { api } = document.documentElement.dataset;
for (const tea of api ? document.querySelectorAll('.shelf li') : []) {
  const note = tea.appendChild(document.createElement('small'));
  fetch(`${api}?tea=${tea.querySelector('a').textContent}`)
    .then((response) => (response.ok ? response.json() : Promise.reject(response)))
    .then(({ open, version }) => { note.textContent = `${open} orders open (version ${version})`; })
    .catch(() => { note.textContent = 'orders cannot be read'; });
}
