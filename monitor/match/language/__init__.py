"""The query language: text in, tree out, or a refusal that says where and what would be right."""
