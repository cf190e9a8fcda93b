from django.urls import path

from inventory import views

app_name = "inventory"

urlpatterns = [
    path("cards/", views.cards, name="cards"),
    path("cards/names/", views.card_names, name="card_names"),  # no card's slug: inventory.catalogue
    path("cards/<slug:slug>/", views.card, name="card"),
    path("cards/<slug:slug>/face/", views.card_face, name="card_face"),
    path("decks/", views.decks, name="decks"),
    path("decks/<slug:slug>/", views.deck, name="deck"),
]
