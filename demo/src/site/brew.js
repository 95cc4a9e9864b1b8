// Leaf and Cup, release {{release}}
const minutes = { Sencha: 2, Assam: 4, Oolong: 3, Rooibos: 6 };
for (const tea of document.querySelectorAll('.shelf li')) {
  tea.title = `${minutes[tea.querySelector('a').textContent]} minutes, as release {{release}} brews it`;
}
