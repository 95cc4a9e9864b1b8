// Leaf and Cup, release {{release}}
const hour = new Date().getHours();
const moment = hour < 11 ? 'this morning' : hour < 17 ? 'this afternoon' : 'tonight';
document.querySelector('.season').textContent = `Good for ${moment}.`;
