// Searches the names and summaries of `search-index.js`. Texts are only ever set as text, never as markup.
"use strict";
(function () {
  var box = document.getElementById("search");
  var query = document.getElementById("query");
  var results = document.getElementById("results");
  if (!box || !query || !results || typeof ovsmIndex === "undefined") {
    return;
  }
  var limit = 50;

  // Smaller is better; -1 is no match.
  function rank(entry, wanted) {
    var name = entry[0].toLowerCase();
    if (name === wanted) { return 0; }
    if (name.indexOf(wanted) === 0) { return 1; }
    if (name.indexOf(wanted) > 0) { return 2; }
    if ((entry[2] + "/" + name).toLowerCase().indexOf(wanted) >= 0) { return 3; }
    return entry[4].toLowerCase().indexOf(wanted) >= 0 ? 4 : -1;
  }

  function show() {
    var wanted = query.value.trim().toLowerCase();
    var found = [];
    if (wanted) {
      ovsmIndex.forEach(function (entry, position) {
        var value = rank(entry, wanted);
        if (value >= 0) { found.push([value, entry[0].length, position, entry]); }
      });
      found.sort(function (a, b) { return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]; });
    }
    results.textContent = "";
    found.slice(0, limit).forEach(function (match) {
      var entry = match[3];
      var link = document.createElement("a");
      link.href = entry[3];
      link.textContent = entry[0];
      var about = document.createElement("span");
      about.textContent = " " + entry[1] + (entry[2] ? " in " + entry[2] : "") + (entry[4] ? ": " + entry[4] : "");
      var item = document.createElement("li");
      item.appendChild(link);
      item.appendChild(about);
      results.appendChild(item);
    });
  }

  query.addEventListener("input", show);
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && document.activeElement !== query) {
      event.preventDefault();
      query.focus();
    } else if (event.key === "Escape" && document.activeElement === query) {
      query.value = "";
      show();
    }
  });
  box.hidden = false;
})();
