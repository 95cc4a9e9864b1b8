// Leaf and Cup, release {{release}}
const basket = document.querySelector('.cart output');
for (const button of document.querySelectorAll('.shelf button')) {
  button.addEventListener('click', () => { basket.textContent = String(Number(basket.textContent) + 1); });
}
