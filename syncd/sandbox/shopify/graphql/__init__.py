"""A small GraphQL server on the standard library: reads documents, checks them against a schema, runs them."""
