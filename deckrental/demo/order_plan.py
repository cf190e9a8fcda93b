"""The orders of the demo, as data: who rents what, when, and how far it has come.

Days are counted in days on which the shop is open: 0 is today, or the next open day; 1 the one after that; -1 the
last one before today. So the plan is the same story on any day of the week and of the year. `SATURDAY` and `SUNDAY`
are those of the next weekend that begins after day 1.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from deckrental.demo.sign_ins import CUSTOMER, EMAILS
from inventory.shop_calendar import ShopCalendar


class Weekend(StrEnum):
    SATURDAY = "saturday"
    SUNDAY = "sunday"


SATURDAY, SUNDAY = Weekend.SATURDAY, Weekend.SUNDAY
Day = int | Weekend

PICKUP, STANDARD, EXPRESS = "pickup", "standard", "express"  # shipping methods of the demo


@dataclass(frozen=True, slots=True)
class Person:
    """`guest`: without an account."""

    name: str
    email: str
    street: str = "Sample Street 12"
    postcode: str = "12345"
    city: str = "Sampleton"
    country: str = "Germany"
    guest: bool = True


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order of the demo. `deck`: a template deck by its slug; `cards`: a list of its own.

    `first` and `last`: the days with the customer. The rest is what happened on days that are over: `placed`, `left`
    the shop, came `back`, was `cancelled`; None: has not. Where cards are short, the customer waits with these dates.
    `card`: how they pay.
    """

    who: Person
    first: Day
    last: Day
    placed: int
    deck: str = ""
    cards: str = ""
    shipping: str = PICKUP
    left: int | None = None
    back: int | None = None
    cancelled: int | None = None
    card: str = "pm_card_mastercard"


ROBIN = Person("Robin Sample", EMAILS[CUSTOMER], guest=False)  # who can sign in to the demo

PLAN = (
    # Over: two came back in time, one was cancelled.
    PlannedOrder(ROBIN, deck="goblins-all-the-way", placed=-11, first=-9, last=-6, left=-9, back=-6),
    PlannedOrder(
        Person("Ines Albrecht", "ines@players.example"),
        deck="pond-patrol",
        shipping=EXPRESS,
        placed=-10,
        first=-8,
        last=-3,
        left=-9,
        back=-2,
        card="pm_card_amex",
    ),
    PlannedOrder(ROBIN, deck="banner-at-dawn", placed=-4, first=SATURDAY, last=SUNDAY, cancelled=-3),
    # Late. What is in it somebody else waits for.
    PlannedOrder(
        Person("Jonas Weber", "jonas@players.example"),
        deck="paper-thin",
        placed=-9,
        first=-8,
        last=-2,
        left=-8,
        card="pm_card_visa_debit",
    ),
    PlannedOrder(
        Person("Mira Novak", "mira@players.example"),
        cards="3 Death's Shadow\n4 Lightning Bolt\n4 Brainstorm\n4 Ponder",
        placed=-1,
        first=SATURDAY,
        last=SUNDAY,
        card="pm_card_discover",
    ),
    # Out: due today, due tomorrow, due later.
    PlannedOrder(
        Person("Tom Okafor", "tom@players.example"),
        deck="banner-at-dawn",
        placed=-5,
        first=-4,
        last=0,
        left=-4,
        card="pm_card_amex",
    ),
    PlannedOrder(
        Person(
            "Lea Fontaine", "lea@players.example", "3 rue de l'Exemple", "54321", "Exempleville", "France"
        ),
        deck="a-thousand-drakes",
        shipping=EXPRESS,
        placed=-6,
        first=-4,
        last=0,
        left=-5,
        card="pm_card_discover",
    ),
    PlannedOrder(ROBIN, deck="tempo-lesson", shipping=STANDARD, placed=-5, first=-1, last=3, left=-3),
    # To be packed: two today, one tomorrow.
    PlannedOrder(
        Person("Sam Ortiz", "sam@players.example", "Example Lane 7", "23456", "Specimen"),
        deck="treetop-market",
        shipping=STANDARD,
        placed=-1,
        first=2,
        last=5,
        card="pm_card_visa_debit",
    ),
    PlannedOrder(
        Person("Ada Lindqvist", "ada@players.example"),
        deck="kitchen-fire",
        placed=-2,
        first=0,
        last=1,
        card="pm_card_amex",
    ),
    PlannedOrder(
        Person("Noor Haddad", "noor@players.example", "Sample Square 1", "12346", "Sampleton"),
        deck="toll-road",
        shipping=EXPRESS,
        placed=-2,
        first=2,
        last=4,
        card="pm_card_discover",
    ),
    # For the weekend.
    PlannedOrder(ROBIN, deck="pond-patrol", placed=-1, first=SATURDAY, last=SUNDAY),
    # Waiting for cards: a Karn for one, a Jace for two, of whom the second stands behind the first.
    PlannedOrder(ROBIN, deck="seven-in-the-woods", placed=-3, first=2, last=4),
    PlannedOrder(
        Person("Piet de Vries", "piet@players.example"),
        deck="quiet-library",
        placed=-3,
        first=2,
        last=4,
        card="pm_card_visa_debit",
    ),
    PlannedOrder(
        Person("Yuki Tanaka", "yuki@players.example", "Example Lane 9", "23456", "Specimen"),
        cards="2 Jace, the Mind Sculptor\n1 Snapcaster Mage\n4 Ponder\n4 Lightning Bolt",
        shipping=EXPRESS,
        placed=-1,
        first=3,
        last=5,
        card="pm_card_amex",
    ),
)


@dataclass(frozen=True, slots=True)
class PlanDays:
    """Turns the days of the plan into days of the calendar."""

    today: date
    calendar: ShopCalendar

    def day(self, day: Day) -> date:
        if isinstance(day, Weekend):
            saturday = self.day(1) + timedelta(days=1)
            saturday += timedelta(days=(5 - saturday.weekday()) % 7)
            return saturday if day == SATURDAY else saturday + timedelta(days=1)
        if day < 0:
            return self.calendar.before(self.today - timedelta(days=1), -day - 1)
        return self.calendar.after(self.today, day)
