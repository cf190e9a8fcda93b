"""What stands in the window of a drawn card, as SVG made of the shapes in templates/_components/engravings.html. Pure.

A page of answers shows two dozen of them: as a template each would take longer than the search.
"""

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

_WINDOW = (
    '<svg viewBox="{}" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">{}</svg>'
)


@dataclass(frozen=True, slots=True)
class Engraving:
    """The names are those of shapes in engravings.html, and of nothing else.

    `grounds`: left and right. `light`: sun or moon, in a landscape; there the emblem stands on the horizon.
    """

    emblem: str
    grounds: tuple[str, str]
    rosette: int
    turn: int  # degrees
    light: str = ""
    light_x: int = 0
    light_y: int = 0

    def svg(self, *, tall: bool) -> SafeString:
        """`tall`: where there are no rules, there is room for more sky."""
        parts = self._landscape(tall) if self.light else self._ornament(tall)
        view_box = "0 -112 300 312" if tall else "0 0 300 200"
        return mark_safe(_WINDOW.format(view_box, "".join(['<use href="#sky"/>', *parts])))  # noqa: S308

    def _landscape(self, tall: bool) -> list[str]:
        near, far = (f"ground-{ground}" for ground in self.grounds)
        light_y = self.light_y - 76 if tall else self.light_y
        left, right, scale = (-60, 360, 1.9) if tall else (-40, 350, 1.3)
        horizon = 156 if tall else 176
        height = 1.5 if tall else 1
        emblem_place = "translate(150 66) scale(1.9)" if tall else "translate(150 108) scale(1.5)"
        return [
            _used(self.light, f"translate({self.light_x} {light_y})"),
            _used(far, f"translate({left} {horizon}) scale({scale})"),
            _used(far, f"translate({right} {horizon}) scale({-scale} {scale})"),
            _used(f"emblem-{self.emblem}", emblem_place) if self.emblem else "",
            _used(near, f"translate(0 202) scale(1 {height})"),
            _used(near, f"translate(299 202) scale(-1 {height})"),
        ]

    def _ornament(self, tall: bool) -> list[str]:
        left, right = (f"ground-{ground}" for ground in self.grounds)
        middle, outer, inner = (20, 62, 57) if tall else (94, 50, 46)
        scale, height = (1.3, 1.4) if tall else (1, 1)
        return [
            _used(f"rose-{self.rosette}", f"translate(150 {middle}) rotate({self.turn}) scale({scale})"),
            _used(left, f"translate(0 202) scale(1 {height})"),
            _used(right, f"translate(299 202) scale(-1 {height})"),
            f'<circle cx="150" cy="{middle}" r="{outer}"/>',
            f'<circle cx="150" cy="{middle}" r="{inner}" fill="none" stroke-width=".8"/>',
            _used(f"emblem-{self.emblem}", f"translate(150 {middle}) scale({scale})"),
        ]


def _used(shape: str, place: str) -> str:
    return f'<use href="#{shape}" transform="{place}"/>'
