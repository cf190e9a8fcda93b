from django.urls import path

from inventory import views

app_name = "inventory"

urlpatterns = [
    path("cards/", views.cards, name="cards"),
    path("cards/<slug:slug>/", views.card, name="card"),
    path("decks/", views.decks, name="decks"),
    path("decks/<slug:slug>/", views.deck, name="deck"),
]
