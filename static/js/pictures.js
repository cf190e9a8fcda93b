// A picture of a card lies on the card as it is drawn; one that cannot be loaded is taken away again.

function isBroken(picture) {
  return picture.complete && picture.currentSrc !== "" && picture.naturalWidth === 0;
}

document.addEventListener(
  "error",
  (event) => {
    if (event.target.matches?.(".drawn-picture")) event.target.remove();
  },
  true, // errors of pictures do not bubble
);

for (const picture of document.querySelectorAll(".drawn-picture")) {
  if (isBroken(picture)) picture.remove();
}
