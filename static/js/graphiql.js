"use strict";
// Asks as a page of the site does: with the session of whoever is signed in, and its CSRF token.

(() => {
  const place = document.getElementById("graphiql");
  const fetcher = GraphiQL.createFetcher({
    url: window.location.pathname,
    headers: { "X-CSRFToken": place.dataset.csrf },
  });
  ReactDOM.render(React.createElement(GraphiQL, { fetcher, isHeadersEditorEnabled: true }), place);
})();
