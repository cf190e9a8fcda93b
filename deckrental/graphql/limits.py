"""How much one request may ask for, measured before anything of it is done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
)
from strawberry.extensions import SchemaExtension

from accounts.callers import Caller
from accounts.rates import TooMany
from deckrental.graphql.callers import count_fields

MOST_TOKENS = 2_000
MOST_DEPTH = 8
MOST_ALIASES = 20
MOST_FIELDS = 500
MOST_FRAGMENTS = 50
_THE_SCHEMA = ("__schema", "__type")  # asked for where that is allowed, by tools that need many levels of it


class TooComplex(GraphQLError):
    """The request asks for more at once than one request may: `most` of `what`."""

    def __init__(self, what: str, most: int) -> None:
        self.what, self.most = what, most
        super().__init__(f"This request has too many {what}: {most} are the most. Ask in several requests.")


@dataclass(frozen=True, slots=True)
class Size:
    """Of a selection, its fragments written out: levels, fields in all, and how many of them have another name."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0


class Measure:
    """Sizes of the operations of a document. Each fragment is measured once, however often it is used.

    Else a document of a thousand words could take longer to measure than the universe is old.
    """

    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, Size] = {}
        self._operations = [
            node for node in document.definitions if isinstance(node, OperationDefinitionNode)
        ]

    def largest(self) -> Size:
        sizes = [self._of(operation.selection_set) for operation in self._operations]
        return Size(
            depth=max((size.depth for size in sizes), default=0),
            fields=sum(size.fields for size in sizes),
            aliases=sum(size.aliases for size in sizes),
        )

    def at_the_top(self) -> int:
        """Fields of the query or mutation itself, each of which is a question or a change."""
        return max((self._at_the_top(each.selection_set, set()) for each in self._operations), default=0)

    def _at_the_top(self, selections: SelectionSetNode, used: set[str]) -> int:
        fields = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                fields += not node.name.value.startswith("__")
            elif isinstance(node, InlineFragmentNode):
                fields += self._at_the_top(node.selection_set, used)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in used:
                used.add(node.name.value)  # what is written out twice is done once
                fragment = self._fragments.get(node.name.value)
                fields += self._at_the_top(fragment.selection_set, used) if fragment else 0
        return fields

    def _of(self, selections: SelectionSetNode | None) -> Size:
        depth = fields = aliases = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                if node.name.value in _THE_SCHEMA:
                    continue
                inner = self._of(node.selection_set)
                inner = Size(inner.depth + 1, inner.fields + 1, inner.aliases + (node.alias is not None))
            elif isinstance(node, FragmentSpreadNode):
                inner = self._of_fragment(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                inner = self._of(node.selection_set)
            depth = max(depth, inner.depth)
            fields += inner.fields
            aliases += inner.aliases
        return Size(depth, fields, aliases)

    def _of_fragment(self, name: str) -> Size:
        if name not in self._measured:
            self._measured[name] = Size()  # one that uses itself is refused by validation
            fragment = self._fragments.get(name)
            self._measured[name] = self._of(fragment.selection_set) if fragment else Size()
        return self._measured[name]


class Limits(SchemaExtension):
    """Refuses what is too large, and outside DEBUG what asks for the schema itself."""

    def on_operation(self) -> Iterator[None]:
        # Later it is the name of the first operation, where none was given.
        self._named = self.execution_context.operation_name is not None
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        if not settings.DEBUG:
            self.execution_context.validation_rules += (NoSchemaIntrospectionCustomRule,)
        yield

    def on_validate(self) -> Iterator[None]:
        document = self.execution_context.graphql_document
        if document is not None:
            refused = (
                too_complex(document)
                or which_operation(document, self._named)
                or too_many_at_once(document, self.execution_context.context)
            )
            if refused is not None:
                self.execution_context.pre_execution_errors = [refused]
        yield


def which_operation(document: DocumentNode, named: bool) -> GraphQLError | None:
    """Of several operations the caller must name one; the library would take the first."""
    if named or sum(isinstance(node, OperationDefinitionNode) for node in document.definitions) < 2:
        return None
    return GraphQLError("Say with “operationName” which operation of the query you mean.")


def too_many_at_once(document: DocumentNode, caller: Caller) -> GraphQLError | None:
    """Else whoever asks for twenty things by twenty names asks twenty times as often as the limits let them."""
    try:
        count_fields(caller, Measure(document).at_the_top())
    except TooMany as error:
        return GraphQLError(str(error), original_error=error)
    return None


def too_complex(document: DocumentNode) -> TooComplex | None:
    """What of it is too much. Asked before validation, which takes long over what is large."""
    fragments = sum(isinstance(node, FragmentDefinitionNode) for node in document.definitions)
    if fragments > MOST_FRAGMENTS:
        return TooComplex("fragments", MOST_FRAGMENTS)
    size = Measure(document).largest()
    for what, measured, most in (
        ("levels", size.depth, MOST_DEPTH),
        ("fields", size.fields, MOST_FIELDS),
        ("aliases", size.aliases, MOST_ALIASES),
    ):
        if measured > most:
            return TooComplex(what, most)
    return None
