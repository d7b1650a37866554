"""The engine: many topics against one item, without asking each topic."""
