// Locking leaves through this empty document, so that the browser can collect everything the app held in memory.
// The part after # is the address (ids only) to return to.
const way = location.hash.slice(1);
location.replace(/^\/app\/[\w/-]*$/.test(way) ? way : "/app/");
