// Leaf and Cup, release {{release}}
document.documentElement.dataset.ready = '{{release}}';
