"""Programs were written for these names: they stay as they are. What stands beside them must not have to be sent."""

from collections.abc import Iterator

from graphql import (
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    ObjectTypeDefinitionNode,
    parse,
    print_ast,
)

from deckrental.graphql.schema import schema

PROMISED = """
type Query {
  cart(cart_id: String!): Cart!
  customerCart: Cart!
  cards(search: String!, first: Int = 20): [Card!]!
  cardAvailability(sku: String!, first_day: Date!, last_day: Date!): [DayAvailability!]!
  templateDecks(first: Int = 20): [TemplateDeck!]!
  orders(first: Int = 20): [Order!]!
}
type Mutation {
  generateCustomerToken(email: String!, password: String!): CustomerToken!
  revokeCustomerToken: Boolean!
  createEmptyCart: String!
  addProductsToCart(cart_id: String!, cart_items: [CartItemInput!]!): Cart!
  updateCartItems(cart_id: String!, cart_items: [CartItemInput!]!): Cart!
  removeItemFromCart(cart_id: String!, sku: String!): Cart!
  addTemplateDeckToCart(cart_id: String!, slug: String!): Cart!
  addDeckListToCart(cart_id: String!, text: String!): Cart!
  setRentalPeriod(cart_id: String!, first_day: Date!, last_day: Date!, shipping_method: String!): Cart!
  mergeCarts(source_cart_id: String!, destination_cart_id: String!): Cart!
}
type Cart { cart_id: String!  cart_items: [CartItem!]!  total_cents: Int!  deck_available: Boolean  next_start: Date }
type CartItem { sku: String!  name: String!  quantity: Int!  zone: String!  available: Boolean  short: Int }
input CartItemInput { sku: String!  quantity: Int!  zone: String }
"""

Field = FieldDefinitionNode | InputValueDefinitionNode
Whole = ObjectTypeDefinitionNode | InputObjectTypeDefinitionNode


def fields_of(sdl: str) -> dict[tuple[str, str], Field]:
    """Every field of a schema, by the names of its type and its own."""
    types: list[Whole] = [node for node in parse(sdl).definitions if isinstance(node, Whole)]
    return {(whole.name.value, field.name.value): field for whole in types for field in whole.fields}


def arguments_of(field: Field) -> dict[str, str]:
    """Type and usual value of each, by name."""
    return {
        each.name.value: f"{print_ast(each.type)} = {print_ast(each.default_value) if each.default_value else ''}"
        for each in getattr(field, "arguments", None) or ()
    }


def broken(promised: str, kept: str) -> Iterator[str]:
    """What of the promised schema is not so."""
    there = fields_of(kept)
    for name, field in fields_of(promised).items():
        said = ".".join(name)
        if name not in there:
            yield f"{said} is gone"
            continue
        if print_ast(there[name].type) != print_ast(field.type):
            yield f"{said} is {print_ast(there[name].type)}, not {print_ast(field.type)}"
        wanted, taken = arguments_of(field), arguments_of(there[name])
        for argument, kind in wanted.items():
            if taken.get(argument) != kind:
                yield f"{said} takes {argument}: {taken.get(argument)}, not {kind}"
        for argument in taken.keys() - wanted.keys():
            if taken[argument].endswith("! = "):
                yield f"{said} cannot be asked without {argument}"
    inputs = {
        name[0] for name, field in fields_of(promised).items() if isinstance(field, InputValueDefinitionNode)
    }
    for name in there.keys() - fields_of(promised).keys():
        if name[0] in inputs and print_ast(there[name].type).endswith("!"):
            yield f"{'.'.join(name)} has to be sent now"


def test_every_name_that_was_promised_is_there_as_it_was_promised():
    assert list(broken(PROMISED, schema.as_str())) == []


def test_a_name_that_changes_is_noticed():
    """The comparison itself: each of these breaks a program."""
    for was, becomes in (
        ("customerCart: Cart!", "customerCart: Cart"),
        ("cart_id: String!, sku: String!", "cart_id: String!, sku: String!, zone: String!"),
        ("quantity: Int!  zone: String }", "quantity: Int!  zone: String  note: String! }"),
        ("first: Int = 20): [Order!]!", "first: Int = 10): [Order!]!"),
        ("mergeCarts(source_cart_id: String!", "mergeCarts(source: String!"),
        ("  createEmptyCart: String!\n", ""),
    ):
        assert was in PROMISED
        assert list(broken(PROMISED, PROMISED.replace(was, becomes))), becomes
