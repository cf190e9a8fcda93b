"""The site for programs, at /graphql/; docs/graphql.md tells them how to use it."""
